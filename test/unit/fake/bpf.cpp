// SPDX-License-Identifier: Apache-2.0
// bpf(2), command by command.
#include "hook/xdp_words.h"
#include "model.hpp"
#include "snapshot/netns_answer.h"
#include "snapshot/raw_link_descriptor.h"
#include "snapshot/raw_link_record.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

namespace fake {
namespace {

bool is_cgroup_hook(bl::attach_type attach) {
    auto const number = static_cast<unsigned>(attach);
    auto const between = [&](unsigned low, unsigned high) {
        return number >= low && number <= high;
    };
    return between(0, 3) || number == 6 || between(8, 15) || between(18, 22) || between(29, 32) ||
           number == 34 || between(49, 53);
}

/// By the flag of a mode; automatic means the driver.
std::uint32_t& program_of_mode(xdp_ids& all, std::uint32_t mode) {
    return mode == 2 ? all.generic : mode == 8 ? all.offload : all.driver;
}

bool is_detachable(bl::link_type type) {
    switch (type) {
    case bl::link_type::cgroup:
    case bl::link_type::netns:
    case bl::link_type::xdp:
    case bl::link_type::struct_ops:
    case bl::link_type::netfilter:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
    case bl::link_type::sockmap: return true;
    default: return false;
    }
}

bool takes_new_program(bl::link_type type) {
    switch (type) {
    case bl::link_type::cgroup:
    case bl::link_type::iter:
    case bl::link_type::netns:
    case bl::link_type::xdp:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
    case bl::link_type::sockmap: return true;
    default: return false;
    }
}

/// The kind of link of attach types that the model only takes, whatever the program and target.
bl::link_type link_type_of(bl::attach_type attach) {
    using enum bl::attach_type;
    switch (attach) {
    case trace_raw_tp: return bl::link_type::raw_tracepoint;
    case trace_fentry:
    case trace_fexit:
    case trace_fsession:
    case modify_return:
    case lsm_mac: return bl::link_type::tracing;
    case lsm_cgroup: return bl::link_type::cgroup;
    case flow_dissector:
    case sk_lookup: return bl::link_type::netns;
    case perf_event: return bl::link_type::perf_event;
    case trace_kprobe_multi:
    case trace_kprobe_session: return bl::link_type::kprobe_multi;
    case trace_uprobe_multi:
    case trace_uprobe_session: return bl::link_type::uprobe_multi;
    case trace_fentry_multi:
    case trace_fexit_multi:
    case trace_fsession_multi: return bl::link_type::tracing_multi;
    case netfilter: return bl::link_type::netfilter;
    case netkit_primary:
    case netkit_peer: return bl::link_type::netkit;
    case sk_skb_stream_parser:
    case sk_skb_stream_verdict:
    case sk_skb_verdict:
    case sk_msg_verdict: return bl::link_type::sockmap;
    default: return bl::link_type::unspec;
    }
}

/// The record that src/snapshot/all_links.bpf.c writes.
raw_link_record raw_record_of(link const& l) {
    auto const& facts = l.facts;
    raw_link_record r{};
    r.id = l.id();
    r.type = static_cast<std::uint32_t>(facts.type);
    r.program = l.prog ? l.prog->id : 0;
    auto const target = [&](raw_target kind, std::uint64_t number) {
        r.target_kind = kind;
        r.target = l.defunct ? 0 : number;
    };
    switch (facts.type) {
    case bl::link_type::cgroup: target(raw_target_cgroup, facts.cgroup_id); break;
    case bl::link_type::netns: target(raw_target_netns, facts.target); break;
    case bl::link_type::xdp:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
        r.target_kind = raw_target_ifindex;
        if (!l.defunct) r.device = {facts.target, facts.netns};
        break;
    case bl::link_type::netfilter: target(raw_target_within, facts.netns); break;
    case bl::link_type::struct_ops:
    case bl::link_type::sockmap: target(raw_target_map, facts.target); break;
    case bl::link_type::iter:
        if (facts.target != 0)
            target(raw_target_map, facts.target);
        else if (facts.cgroup_id != 0)
            target(raw_target_cgroup, facts.cgroup_id);
        break;
    default: break;
    }
    switch (facts.type) {
    case bl::link_type::tracing:
    case bl::link_type::cgroup:
    case bl::link_type::netns:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
    case bl::link_type::sockmap:
    case bl::link_type::tracing_multi: r.attach = static_cast<std::uint16_t>(facts.attach); break;
    default: break;
    }
    return r;
}

int signed_fd(std::uint32_t number) {
    return static_cast<int>(number);
}

std::string text_at(std::uint64_t address) {
    return reinterpret_cast<char const*>(static_cast<std::uintptr_t>(address));
}

} // namespace

int kernel::install_new_link(link_facts facts, std::shared_ptr<program> prog) {
    auto made = std::make_shared<link>();
    facts.id = next_id_;
    made->facts = std::move(facts);
    made->prog = std::move(prog);
    int const fd = install(made, created_link_name);
    if (fd < 0) return fd;
    ++next_id_;
    newest_link_ = made->id();
    links_[newest_link_] = made;
    return fd;
}

int kernel::sys_prog_load(uapi::prog_load_attr const& attr) {
    auto loaded = std::make_shared<program>();
    loaded->type = static_cast<bl::program_type>(attr.prog_type);
    loaded->expected = static_cast<bl::attach_type>(attr.expected_attach_type);
    loaded->function = attr.attach_btf_id;
    loaded->types = attr.attach_btf_id != 0 ? kernel_types : 0;
    return install(loaded, program_name);
}

/// bpf_mprog_tuple_relative(), and of cgroups get_anchor_link(): a descriptor 0 is none.
int kernel::check_order(uapi::link_create_attr const& attr) const {
    if ((attr.flags & (uapi::f_before | uapi::f_after)) == 0 || (attr.flags & uapi::f_id) != 0)
        return 0;
    bool const is_link = (attr.flags & uapi::f_link) != 0;
    if (attr.order.relative == 0) return is_link ? -EINVAL : 0;
    int outcome;
    if (is_link)
        static_cast<void>(get<link>(signed_fd(attr.order.relative), outcome));
    else
        static_cast<void>(get<program>(signed_fd(attr.order.relative), outcome));
    return outcome;
}

int kernel::sys_link_create(uapi::link_create_attr const& attr) {
    last_create = attr;
    last_create_map.reset();
    int outcome;
    auto const attach = static_cast<bl::attach_type>(attr.attach_type);
    if (attach == bl::attach_type::struct_ops) {
        auto const table = get<map>(signed_fd(attr.prog_fd), outcome);
        if (!table) return outcome;
        return install_new_link({.type = bl::link_type::struct_ops, .target = table->id}, nullptr);
    }
    auto const prog = get<program>(signed_fd(attr.prog_fd), outcome);
    if (!prog) return outcome;
    if (link_type_of(attach) == bl::link_type::tracing && attr.tracing.cookie != 0 &&
        !takes_tracing_cookies)
        return -EINVAL;
    if (prog->type == bl::program_type::ext) {
        // bpf_tracing_prog_attach(): a descriptor 0 is none
        if ((attr.target != 0) != (attr.target_btf_id != 0)) return -EINVAL;
        if (attr.target != 0 && !get<program>(signed_fd(attr.target), outcome)) return outcome;
        return install_new_link(
            {.type = bl::link_type::tracing, .target = attr.target, .btf = attr.target_btf_id},
            prog);
    }
    if (attach == bl::attach_type::xdp) {
        if (prog->type != bl::program_type::xdp) return -EINVAL;
        if (!has_interface(attr.target)) return -EINVAL;
        auto all = xdp_on(attr.target);
        if (program_of_mode(all, attr.flags) != 0) return -EBUSY;
        return install_new_link(
            {.type = bl::link_type::xdp, .target = attr.target, .flags = attr.flags}, prog);
    }
    if (attach == bl::attach_type::tcx_ingress || attach == bl::attach_type::tcx_egress) {
        if (prog->type != bl::program_type::sched_cls) return -EINVAL;
        if (!has_interface(attr.target)) return -ENODEV;
        if (int const order = check_order(attr); order < 0) return order;
        return install_new_link(
            {.type = bl::link_type::tcx, .attach = attach, .target = attr.target}, prog);
    }
    if (attach == bl::attach_type::trace_iter) {
        if (prog->type != bl::program_type::tracing || prog->expected != attach) return -EINVAL;
        if (attr.iter.info != 0 && attr.iter.info_len == sizeof(uapi::iter_cgroup_info)) {
            std::memcpy(&last_iter_cgroup, reinterpret_cast<void const*>(attr.iter.info),
                        sizeof last_iter_cgroup);
            return install_new_link({.type = bl::link_type::iter,
                                     .cgroup_id = 7'777,
                                     .name = walks_tasks ? "task" : "cgroup",
                                     .order = last_iter_cgroup.order},
                                    prog);
        }
        if (attr.iter.info != 0 && attr.iter.info_len == sizeof(uapi::iter_task_info)) {
            std::memcpy(&last_iter_task, reinterpret_cast<void const*>(attr.iter.info),
                        sizeof last_iter_task);
            auto const& task = last_iter_task;
            auto const pid = task.pid_fd != 0 ? 55U : task.pid;
            return install_new_link({.type = bl::link_type::iter,
                                     .name = "task_file",
                                     .tid = knows_tasks ? task.tid : 0,
                                     .pid = knows_tasks ? pid : 0},
                                    prog);
        }
        if (attr.iter.info != 0) {
            uapi::iter_map_info info;
            std::memcpy(&info, reinterpret_cast<void const*>(attr.iter.info), sizeof info);
            last_create_map = info.map_fd;
            if (info.map_fd == 0) return -EBADF;
            auto const over = get<map>(signed_fd(info.map_fd), outcome);
            if (!over) return outcome;
            if (!walks_tasks)
                return install_new_link(
                    {.type = bl::link_type::iter, .target = over->id, .name = "bpf_map_elem"},
                    prog);
        }
        return install_new_link({.type = bl::link_type::iter, .name = "task"}, prog);
    }
    if (is_cgroup_hook(attach)) {
        auto const where = get<directory>(signed_fd(attr.target), outcome);
        if (!where || !where->is_cgroup) return -EBADF;
        if (int const order = check_order(attr); order < 0) return order;
        return install_new_link(
            {.type = bl::link_type::cgroup, .attach = attach, .cgroup_id = 7'777}, prog);
    }
    if (attach == bl::attach_type::trace_kprobe_multi) {
        auto const* const first =
            reinterpret_cast<std::uint64_t const*>(attr.kprobe_multi.addresses);
        last_addresses.assign(first, first ? first + attr.kprobe_multi.count : first);
    }
    if (link_type_of(attach) == bl::link_type::tracing_multi) {
        auto const* const first = reinterpret_cast<std::uint32_t const*>(attr.tracing_multi.ids);
        last_functions.assign(first, first ? first + attr.tracing_multi.count : first);
    }
    if (attach == bl::attach_type::trace_uprobe_multi ||
        attach == bl::attach_type::trace_uprobe_session) {
        constexpr std::string_view own = "/proc/thread-self/fd/";
        auto const path = text_at(attr.uprobe_multi.path);
        if (!path.starts_with(own)) return -EBADF; // "/", as attach_to_nothing() has it
        auto const file = get<named_file>(std::stoi(path.substr(own.size())), outcome);
        if (!file) return -ENOENT;
        last_probed_text = file->text;
        auto const array = [&](std::uint64_t address) {
            auto const* const first = reinterpret_cast<std::uint64_t const*>(address);
            return std::vector<std::uint64_t>(first,
                                              first ? first + attr.uprobe_multi.count : first);
        };
        return install_new_link({.type = bl::link_type::uprobe_multi,
                                 .attach = attach,
                                 .flags = attr.uprobe_multi.flags,
                                 .pid = attr.uprobe_multi.pid,
                                 .addresses = array(attr.uprobe_multi.offsets),
                                 .ref_ctr_offsets = array(attr.uprobe_multi.ref_ctr_offsets),
                                 .cookies = array(attr.uprobe_multi.cookies)},
                                prog);
    }
    if (auto const type = link_type_of(attach); type != bl::link_type::unspec)
        return install_new_link(
            {.type = type, .attach = attach, .target = attr.target, .btf = attr.target_btf_id},
            prog);
    return -EINVAL;
}

int kernel::sys_raw_tracepoint_open(uapi::raw_tracepoint_attr const& attr) {
    if (attr.cookie != 0 && !takes_tracepoint_cookies) return -EINVAL; // CHECK_ATTR()
    int outcome;
    auto const prog = get<program>(signed_fd(attr.prog_fd), outcome);
    if (!prog) return outcome;
    last_cookie = attr.cookie;
    if (attr.name == 0) {
        if (prog->type != bl::program_type::tracing && prog->type != bl::program_type::lsm &&
            prog->type != bl::program_type::ext)
            return -EINVAL;
        auto const type = prog->expected == bl::attach_type::trace_raw_tp
                              ? bl::link_type::raw_tracepoint
                              : bl::link_type::tracing;
        return install_new_link(
            {.type = type, .attach = prog->expected, .name = "loaded for", .cookie = attr.cookie},
            prog);
    }
    if (prog->type != bl::program_type::raw_tracepoint &&
        prog->type != bl::program_type::raw_tracepoint_writable)
        return -EINVAL;
    auto name = text_at(attr.name);
    bool const is_there = name == "bpf_xdp_link_attach_failed"
                              ? says_to_xdp.has_value()
                              : std::ranges::find(tracepoints, name) != tracepoints.end();
    if (!is_there) return -ENOENT;
    return install_new_link(
        {.type = bl::link_type::raw_tracepoint, .name = std::move(name), .cookie = attr.cookie},
        prog);
}

int kernel::sys_link_update(uapi::link_update_attr const& attr) {
    if ((attr.flags & ~uapi::f_replace) != 0) return -EINVAL;
    int outcome;
    auto const l = get<link>(signed_fd(attr.link_fd), outcome);
    if (!l) return outcome;
    last_update = attr;
    bool const replace = (attr.flags & uapi::f_replace) != 0;
    if (l->facts.type == bl::link_type::struct_ops) {
        auto const next = get<map>(signed_fd(attr.new_fd), outcome);
        if (!next) return outcome;
        if (replace) {
            auto const old = get<map>(signed_fd(attr.old_fd), outcome);
            if (!old) return outcome;
            if (old->id != l->facts.target) return -EPERM;
        }
        l->facts.target = next->id;
        return 0;
    }
    return update_program(*l, attr.new_fd, replace, attr.old_fd);
}

int kernel::update_program(link& l, std::uint32_t next_fd, bool replace, std::uint32_t old_fd) {
    int outcome;
    auto const next = get<program>(signed_fd(next_fd), outcome);
    if (!next) return outcome;
    std::shared_ptr<program> old;
    if (replace) {
        old = get<program>(signed_fd(old_fd), outcome);
        if (!old) return outcome;
    } else if (old_fd != 0) {
        return -EINVAL;
    }
    if (l.facts.type == bl::link_type::netfilter) return -EOPNOTSUPP;
    if (!takes_new_program(l.facts.type)) return -EINVAL;
    if (l.defunct) return -ENOLINK;
    if (old && old != l.prog) return -EPERM;
    if (next->type != l.prog->type || next->expected != l.prog->expected) return -EINVAL;
    l.prog = next;
    return 0;
}

int kernel::sys_link_detach(int fd) {
    int outcome;
    auto const l = get<link>(fd, outcome);
    if (!l) return outcome;
    if (!is_detachable(l->facts.type)) return -EOPNOTSUPP;
    l->defunct = true;
    return 0;
}

int kernel::sys_link_get_next_id(std::uint32_t after, std::uint32_t& next) {
    if (after >= INT_MAX) return -EINVAL;
    for (auto entry = links_.upper_bound(after); entry != links_.end(); ++entry)
        if (!entry->second.expired()) {
            next = entry->first;
            return 0;
        }
    return -ENOENT;
}

int kernel::sys_link_get_fd_by_id(std::uint32_t id) {
    auto* const found = find_link(id);
    if (!found) return -ENOENT;
    if (!found->settled) return -EAGAIN;
    return install(found->shared_from_this(), opened_link_name);
}

int kernel::sys_prog_get_fd_by_id(std::uint32_t id) {
    auto const found = programs_.find(id);
    auto const held = found == programs_.end() ? nullptr : found->second.lock();
    if (!held) return -ENOENT;
    return install(held, program_name);
}

int kernel::sys_map_get_fd_by_id(std::uint32_t id) {
    auto const found = maps_.find(id);
    auto const held = found == maps_.end() ? nullptr : found->second.lock();
    if (!held) return -ENOENT;
    return install(held, map_name);
}

int kernel::sys_btf_get_fd_by_id(std::uint32_t id) {
    if (id != kernel_types && id != program_types) return -ENOENT;
    return install(std::make_shared<btf>(btf{id}), "anon_inode:btf");
}

int kernel::sys_prog_bind_map(int prog_fd, int map_fd) {
    int outcome;
    if (!get<program>(prog_fd, outcome)) return outcome;
    if (!get<map>(map_fd, outcome)) return outcome;
    return 0;
}

/// What src/bpf/netns_of_link.bpf.c answers.
int kernel::sys_prog_test_run(int prog_fd, int argument, std::uint32_t& answer) {
    int outcome;
    auto const prog = get<program>(prog_fd, outcome);
    if (!prog) return outcome;
    if (prog->listens) {
        answer = 0;
        if (argument == xdp_words_listen) return 0;
        auto const at = static_cast<std::size_t>(argument - xdp_words_first) * sizeof answer;
        if (at < prog->heard.size())
            std::memcpy(&answer, &prog->heard[at],
                        std::min(sizeof answer, prog->heard.size() - at));
        return 0;
    }
    if (!prog->tells_netns) return -EINVAL;
    if (argument < 0) {
        answer = own_netns;
        return 0;
    }
    auto const l = get<link>(argument, outcome);
    answer = netns_untold;
    if (!l) return 0;
    switch (l->facts.type) {
    case bl::link_type::netns:
        answer = l->defunct ? std::uint32_t{netns_gone} : l->facts.target;
        break;
    case bl::link_type::xdp:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
    case bl::link_type::netfilter:
        answer = l->defunct ? std::uint32_t{netns_gone} : l->facts.netns;
        break;
    case bl::link_type::perf_event:
    case bl::link_type::uprobe_multi:
        answer = l->facts.pid == 0 ? std::uint32_t{process_every}
                 : std::ranges::count(processes, static_cast<int>(l->facts.pid)) == 0
                     ? std::uint32_t{process_ended}
                     : process_first + l->facts.pid;
        break;
    default: break;
    }
    return 0;
}

int kernel::sys_prog_test_run_on_nothing(int prog_fd) {
    int outcome;
    auto const prog = get<program>(prog_fd, outcome);
    if (!prog) return outcome;
    bool const is_for_map = prog->expected == bl::attach_type::xdp_devmap ||
                            prog->expected == bl::attach_type::xdp_cpumap;
    return is_for_map ? -EINVAL : -EFAULT;
}

/// The programs of an interface; automatic means the driver.
xdp_ids kernel::xdp_on(std::uint32_t index, bool links) const {
    xdp_ids all;
    if (auto const found = interface_facts.find(index); found != interface_facts.end())
        all = found->second.without_link;
    for (auto const& entry : links_) {
        auto const l = entry.second.lock();
        if (!links || !l || l->defunct || l->facts.type != bl::link_type::xdp ||
            l->facts.target != index || l->facts.netns != own_netns)
            continue;
        program_of_mode(all, l->facts.flags) = l->prog->id;
    }
    return all;
}

int kernel::sys_neighbour_with_xdp(std::uint32_t index, bl::sys::side where,
                                   std::span<char, 16> name) const {
    auto const is_above = [&](std::uint32_t one, std::uint32_t other) {
        auto const found = interface_facts.find(other);
        return found != interface_facts.end() && found->second.above == one;
    };
    for (auto const& [each, own] : interfaces) {
        auto const all = xdp_on(each);
        bool const is_next =
            where == bl::sys::side::above ? is_above(each, index) : is_above(index, each);
        if (!is_next || (all.offload | all.driver | all.generic) == 0) continue;
        std::ranges::copy(own + '\0', name.begin());
        return 1;
    }
    return 0;
}

int kernel::sys_xdp_replace_by_itself(std::uint32_t index, int prog_fd, unsigned mode) const {
    int outcome;
    auto const prog = get<program>(prog_fd, outcome);
    if (!prog) return outcome;
    auto all = xdp_on(index);
    auto without = xdp_on(index, false);
    auto const there = program_of_mode(all, mode);
    if (there != program_of_mode(without, mode)) return -EBUSY;
    return there == prog->id ? 0 : -EEXIST;
}

int kernel::sys_map_look_up(int map_fd, void const* key, void* value) {
    int outcome;
    auto const of = get<map>(map_fd, outcome);
    if (!of) return outcome;
    std::uint32_t index = 0;
    std::memcpy(&index, key, sizeof index);
    if (index >= of->values.size()) return -ENOENT;
    std::memcpy(value, of->values[index].data(), of->value_size);
    return 0;
}

int kernel::sys_map_update(int map_fd, void const* key, void const* value) {
    int outcome;
    auto const of = get<map>(map_fd, outcome);
    if (!of) return outcome;
    std::uint32_t index = 0;
    std::memcpy(&index, key, sizeof index);
    if (index >= of->values.size()) return -E2BIG;
    std::memcpy(of->values[index].data(), value, of->value_size);
    return 0;
}

int kernel::sys_map_look_up_nothing(int map_fd) {
    int outcome;
    return get<map>(map_fd, outcome) ? -EFAULT : outcome;
}

int kernel::sys_iter_create(int fd) {
    int outcome;
    auto const l = get<link>(fd, outcome);
    if (!l) return outcome;
    if (l->facts.type != bl::link_type::iter) return -EINVAL;
    auto output = l->prog->walks_links         ? records_of_links()
                  : l->prog->walks_descriptors ? records_of_descriptors()
                                               : l->output;
    return install(std::make_shared<iterator_run>(iterator_run{std::move(output)}),
                   "anon_inode:bpf_iter");
}

/// As bpf_seq_read() hands them over: whole records, no more than fit into its buffer.
template <class Raw>
void add_record(std::deque<read_step>& reads, Raw const& record) {
    constexpr std::size_t most = 32 * 1024 / sizeof record * sizeof record;
    if (reads.empty() || std::get<std::string>(reads.back()).size() == most)
        reads.emplace_back(std::string{});
    std::get<std::string>(reads.back())
        .append(reinterpret_cast<char const*>(&record), sizeof record);
}

std::deque<read_step> kernel::records_of_links() const {
    std::deque<read_step> reads;
    for (auto const& entry : links_)
        if (auto const l = entry.second.lock(); l && l->settled)
            add_record(reads, raw_record_of(*l));
    return reads;
}

std::deque<read_step> kernel::records_of_descriptors() const {
    std::deque<read_step> reads;
    auto const add = [&](int process, std::string const& command, std::uint64_t table,
                         std::uint32_t number, link const& l) {
        raw_link_descriptor record{};
        record.table = table;
        record.link = l.id();
        record.program = l.prog ? l.prog->id : 0;
        record.process = static_cast<std::uint32_t>(process);
        record.number = number;
        command.copy(record.command, sizeof record.command - 1);
        add_record(reads, record);
    };
    for (auto const& [number, open] : descriptors_)
        if (auto const* const l = std::get_if<std::shared_ptr<link>>(&open.what))
            add(process_id, "own", 1, static_cast<std::uint32_t>(number), **l);
    for (auto const& each : others) {
        if (each.refusal == ENOENT) continue; // it has ended
        // Where a process's first thread has ended, every other thread is walked.
        for (int thread = each.in_thread ? 2 : 1; thread != 0; --thread)
            for (std::uint32_t number = 0; number != each.links.size(); ++number)
                add(each.number, each.command, static_cast<std::uint64_t>(each.number) + 1, number,
                    *each.links[number]);
    }
    return reads;
}

int kernel::sys_load_object(std::span<std::byte const> file) {
    // What the process keeps, it keeps from one fake kernel to the next: never the same number.
    static std::uint32_t newest_id = 1'000'000;
    std::string_view const bytes{reinterpret_cast<char const*>(file.data()), file.size()};
    if (bytes.find("bpflink_infos") != bytes.npos) return -ENOENT; // the kernel's tests have it
    auto loaded = std::make_shared<program>();
    loaded->id = ++newest_id;
    if (bytes.find("bpflink_words") != bytes.npos) {
        loaded->type = bl::program_type::raw_tracepoint;
        loaded->listens = true;
        if (says_to_xdp) loaded->heard = *says_to_xdp;
    } else if (bytes.find("bpflink_netns") != bytes.npos) {
        loaded->type = bl::program_type::raw_tracepoint;
        loaded->tells_netns = true;
    } else {
        loaded->type = bl::program_type::tracing;
        loaded->expected = bl::attach_type::trace_iter;
        bool const walks_descriptors = bytes.find("bpflink_descriptors") != bytes.npos;
        (walks_descriptors ? loaded->walks_descriptors : loaded->walks_links) = true;
    }
    return install(loaded, program_name);
}

int kernel::sys_prog_query(uapi::prog_query_attr& attr) {
    last_query = attr;
    auto there = on_hook;
    attr.attach_flags = hook_flags;
    if (is_cgroup_hook(static_cast<bl::attach_type>(attr.attach_type))) {
        int outcome;
        auto const where = get<directory>(signed_fd(attr.target), outcome);
        if (!where || !where->is_cgroup) return -EBADF;
        auto const own = on_cgroups.find(descriptors_.find(signed_fd(attr.target))->second.name);
        if (own != on_cgroups.end()) {
            there.clear();
            if (own->second.program != 0) there.push_back({own->second.program, 0});
            attr.attach_flags = own->second.flags;
        }
    }
    auto const room = attr.count;
    attr.count = static_cast<std::uint32_t>(there.size());
    attr.revision = hook_revision;
    if (attr.prog_ids == 0 || there.empty()) return 0;
    auto const put = [](std::uint64_t array, std::size_t index, std::uint32_t value) {
        if (array != 0) reinterpret_cast<std::uint32_t*>(array)[index] = value;
    };
    for (std::size_t i = 0; i != std::min<std::size_t>(room, there.size()); ++i) {
        put(attr.prog_ids, i, there[i].program);
        put(attr.link_ids, i, there[i].link);
    }
    return room < there.size() ? -ENOSPC : 0;
}

int kernel::sys_perf_event_open(uapi::perf_event_attr const& attr, int pid, int cpu) {
    constexpr std::uint32_t breakpoint = 5; // PERF_TYPE_BREAKPOINT
    last_perf_event = {
        attr, attr.name != 0 && attr.type != breakpoint ? text_at(attr.name) : std::string{}, pid,
        cpu};
    return install(std::make_shared<plain_file>(), "anon_inode:[perf_event]");
}

int kernel::sys_open_file(std::string_view path) {
    auto const found = files.find(path);
    auto const told = found == files.end() ? proc_file(path) : found->second;
    if (!told) return -ENOENT;
    return install(std::make_shared<iterator_run>(iterator_run{{*told}}), std::string{path});
}

int kernel::sys_program_name_in_types(int fd, std::span<char> into) {
    int outcome;
    auto const prog = get<program>(fd, outcome);
    if (!prog) return outcome;
    if (prog->own_types == 0) return -ENOENT;
    return static_cast<int>(prog->name.copy(into.data(), into.size()));
}

int kernel::sys_program_function(int fd, std::string_view name) {
    int outcome;
    if (!get<program>(fd, outcome)) return outcome;
    return name == "replaceable" ? 17 : -ENOENT;
}

int kernel::sys_set_filter(int socket, std::optional<int> program) {
    if (!is_open(socket)) return -EBADF;
    last_filter = program;
    return 0;
}

int kernel::sys_read(int fd, std::span<std::byte> into) {
    int outcome;
    if (auto const timer = get<awaited_file>(fd, outcome)) {
        if (timer->next > now_) return -EAGAIN;
        while (timer->next <= now_)
            timer->next += timer->period;
        return sizeof(std::uint64_t);
    }
    auto const run = get<iterator_run>(fd, outcome);
    if (!run) return outcome;
    if (run->left.empty()) return 0;
    auto& step = run->left.front();
    if (auto const* const number = std::get_if<int>(&step)) {
        int const failure = -*number;
        run->left.pop_front();
        return failure;
    }
    auto& text = std::get<std::string>(step);
    auto const count = std::min({text.size(), into.size(), most_read});
    std::memcpy(into.data(), text.data(), count);
    text.erase(0, count);
    if (text.empty()) run->left.pop_front();
    return static_cast<int>(count);
}

} // namespace fake
