// SPDX-License-Identifier: Apache-2.0
// bpf(2), command by command, and perf_event_open(2).
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

bool is_detachable(bl::link_type type) {
    using enum bl::link_type;
    constexpr std::array all{cgroup, netns, xdp, struct_ops, netfilter, tcx, netkit, sockmap};
    return std::ranges::count(all, type) != 0;
}

bool takes_new_program(bl::link_type type) {
    using enum bl::link_type;
    constexpr std::array all{cgroup, iter, netns, xdp, tcx, netkit, sockmap};
    return std::ranges::count(all, type) != 0;
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

std::string text_at(std::uint64_t address) {
    return reinterpret_cast<char const*>(static_cast<std::uintptr_t>(address));
}

template <class T>
std::vector<T> array_at(std::uint64_t address, std::uint32_t count) {
    auto const* const first = reinterpret_cast<T const*>(static_cast<std::uintptr_t>(address));
    return std::vector<T>(first, first ? first + count : first);
}

int install_new_link(kernel& k, link_facts facts, std::shared_ptr<program> prog) {
    auto made = std::make_shared<link>();
    facts.id = k.next_id_;
    made->facts = std::move(facts);
    made->prog = std::move(prog);
    int const fd = k.install(made, created_link_name);
    if (fd < 0) return fd;
    k.newest_link_ = k.next_id_++;
    k.links_[k.newest_link_] = made;
    return fd;
}

/// bpf_mprog_tuple_relative(), and of cgroups get_anchor_link(): a descriptor 0 is none.
void check_order(kernel const& k, uapi::link_create_attr const& attr) {
    if ((attr.flags & (uapi::f_before | uapi::f_after)) == 0 || (attr.flags & uapi::f_id) != 0)
        return;
    bool const is_link = (attr.flags & uapi::f_link) != 0;
    if (attr.order.relative == 0) {
        if (is_link) throw refusal{EINVAL};
    } else if (is_link) {
        k.get<link>(attr.order.relative);
    } else {
        k.get<program>(attr.order.relative);
    }
}

void check_cgroup(kernel const& k, std::uint32_t fd) {
    auto const where = k.find<directory>(fd);
    if (!where || !where->is_cgroup) throw refusal{EBADF};
}

int create_iter(kernel& k, uapi::link_create_attr const& attr, std::shared_ptr<program> prog) {
    if (prog->type != bl::program_type::tracing || prog->expected != bl::attach_type::trace_iter)
        return -EINVAL;
    link_facts facts{.type = bl::link_type::iter, .name = "task"};
    auto const* const info = reinterpret_cast<void const*>(attr.iter.info);
    if (info && attr.iter.info_len == sizeof(uapi::iter_cgroup_info)) {
        std::memcpy(&k.last_iter_cgroup, info, sizeof k.last_iter_cgroup);
        facts.cgroup_id = 7'777;
        if (!k.walks_tasks) facts.name = "cgroup";
        facts.order = k.last_iter_cgroup.order;
    } else if (info && attr.iter.info_len == sizeof(uapi::iter_task_info)) {
        auto& task = k.last_iter_task;
        std::memcpy(&task, info, sizeof task);
        facts.name = "task_file";
        facts.tid = k.knows_tasks ? task.tid : 0;
        facts.pid = !k.knows_tasks ? 0 : task.pid_fd != 0 ? 55U : task.pid;
    } else if (info) {
        uapi::iter_map_info map_info;
        std::memcpy(&map_info, info, sizeof map_info);
        k.last_create_map = map_info.map_fd;
        if (map_info.map_fd == 0) return -EBADF;
        auto const over = k.get<map>(map_info.map_fd);
        if (!k.walks_tasks) {
            facts.target = over->id;
            facts.name = "bpf_map_elem";
        }
    }
    return install_new_link(k, std::move(facts), std::move(prog));
}

int create_uprobe_multi(kernel& k, uapi::link_create_attr const& attr,
                        std::shared_ptr<program> prog) {
    constexpr std::string_view own = "/proc/thread-self/fd/";
    auto const& asked = attr.uprobe_multi;
    auto const path = text_at(asked.path);
    if (!path.starts_with(own)) return -EBADF; // "/", as attach_to_nothing() has it
    auto const file = k.find<named_file>(std::stoi(path.substr(own.size())));
    if (!file) return -ENOENT;
    k.last_probed_text = file->text;
    auto const array = [&](std::uint64_t address) {
        return array_at<std::uint64_t>(address, asked.count);
    };
    return install_new_link(k,
                            {.type = bl::link_type::uprobe_multi,
                             .attach = static_cast<bl::attach_type>(attr.attach_type),
                             .flags = asked.flags,
                             .pid = asked.pid,
                             .addresses = array(asked.offsets),
                             .ref_ctr_offsets = array(asked.ref_ctr_offsets),
                             .cookies = array(asked.cookies)},
                            std::move(prog));
}

int create(kernel& k, uapi::link_create_attr const& attr) {
    k.last_create = attr;
    k.last_create_map.reset();
    auto const attach = static_cast<bl::attach_type>(attr.attach_type);
    if (attach == bl::attach_type::struct_ops)
        return install_new_link(
            k, {.type = bl::link_type::struct_ops, .target = k.get<map>(attr.prog_fd)->id},
            nullptr);
    auto const prog = k.get<program>(attr.prog_fd);
    auto const made = [&](link_facts facts) { return install_new_link(k, std::move(facts), prog); };
    auto const type = link_type_of(attach);
    if ((type == bl::link_type::tracing || type == bl::link_type::raw_tracepoint) &&
        !k.creates_tracing_links)
        return -EINVAL;
    if (prog->type == bl::program_type::ext) {
        // bpf_tracing_prog_attach(): a descriptor 0 is none
        if ((attr.target != 0) != (attr.target_btf_id != 0)) return -EINVAL;
        if (attr.target != 0) k.get<program>(attr.target);
        return made(
            {.type = bl::link_type::tracing, .target = attr.target, .btf = attr.target_btf_id});
    }
    if (attach == bl::attach_type::xdp) {
        if (prog->type != bl::program_type::xdp || !k.has_interface(attr.target)) return -EINVAL;
        auto all = k.xdp_on(attr.target);
        if (program_of_mode(all, attr.flags) != 0) return -EBUSY;
        return made({.type = bl::link_type::xdp, .target = attr.target, .flags = attr.flags});
    }
    if (attach == bl::attach_type::tcx_ingress || attach == bl::attach_type::tcx_egress) {
        if (prog->type != bl::program_type::sched_cls) return -EINVAL;
        if (!k.has_interface(attr.target)) return -ENODEV;
        check_order(k, attr);
        return made({.type = bl::link_type::tcx, .attach = attach, .target = attr.target});
    }
    if (attach == bl::attach_type::trace_iter) return create_iter(k, attr, prog);
    if (is_cgroup_hook(attach)) {
        check_cgroup(k, attr.target);
        check_order(k, attr);
        return made({.type = bl::link_type::cgroup, .attach = attach, .cgroup_id = 7'777});
    }
    if (type == bl::link_type::uprobe_multi) return create_uprobe_multi(k, attr, prog);
    if (attach == bl::attach_type::trace_kprobe_multi)
        k.last_addresses =
            array_at<std::uint64_t>(attr.kprobe_multi.addresses, attr.kprobe_multi.count);
    if (type == bl::link_type::tracing_multi)
        k.last_functions =
            array_at<std::uint32_t>(attr.tracing_multi.ids, attr.tracing_multi.count);
    if (type == bl::link_type::unspec) return -EINVAL;
    return made({.type = type, .attach = attach, .target = attr.target, .btf = attr.target_btf_id});
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

std::deque<read_step> records_of_links(kernel const& k) {
    std::deque<read_step> reads;
    for (auto const& entry : k.links_)
        if (auto const l = entry.second.lock(); l && l->settled)
            add_record(reads, raw_record_of(*l));
    return reads;
}

std::deque<read_step> records_of_descriptors(kernel const& k) {
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
    for (auto const& [number, open] : k.descriptors_)
        if (auto const l = k.find<link>(number))
            add(k.process_id, "own", 1, static_cast<std::uint32_t>(number), *l);
    for (auto const& each : k.others) {
        if (each.refusal == ENOENT) continue; // it has ended
        // Where a process's first thread has ended, every other thread is walked.
        for (int thread = each.in_thread ? 2 : 1; thread != 0; --thread)
            for (std::uint32_t number = 0; number != each.links.size(); ++number)
                add(each.number, each.command, static_cast<std::uint64_t>(each.number) + 1, number,
                    *each.links[number]);
    }
    return reads;
}

/// As src/snapshot/netns_of_link.bpf.c.
std::uint32_t netns_told(kernel const& k, int fd) {
    if (fd < 0) return k.own_netns;
    auto const l = k.find<link>(fd);
    if (!l) return netns_untold;
    switch (l->facts.type) {
    case bl::link_type::netns: return l->defunct ? std::uint32_t{netns_gone} : l->facts.target;
    case bl::link_type::xdp:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
    case bl::link_type::netfilter: return l->defunct ? std::uint32_t{netns_gone} : l->facts.netns;
    case bl::link_type::perf_event:
    case bl::link_type::uprobe_multi:
        return l->facts.pid == 0 ? std::uint32_t{process_every}
               : std::ranges::count(k.processes, static_cast<int>(l->facts.pid)) == 0
                   ? std::uint32_t{process_ended}
                   : process_first + l->facts.pid;
    default: return netns_untold;
    }
}

/// Whether a link is on an open file.
std::uint32_t file_told(kernel& k, int link_fd, int fd) {
    auto const l = k.find<link>(link_fd);
    auto const open = k.find<named_file>(fd);
    auto const found = k.find<found_name>(fd);
    auto const file = found ? found->file : open;
    if (!l || !file || !k.tells_probed_files) return netns_untold;
    auto const& facts = l->facts;
    auto const probed = facts.inode != 0 ? facts.inode : k.body_of(facts.name)->inode;
    return probed == file->inode ? std::uint32_t{file_same} : std::uint32_t{file_other};
}

/// What an array has at a key.
std::string& value_of(map& array, void const* key, int number_if_absent) {
    std::uint32_t index = 0;
    std::memcpy(&index, key, sizeof index);
    if (index >= array.values.size()) throw refusal{number_if_absent};
    return array.values[index];
}

template <class Objects>
int open_by_id(kernel& k, Objects const& all, std::uint32_t id, char const* name) {
    auto const found = all.find(id);
    auto const held = found == all.end() ? nullptr : found->second.lock();
    return held ? k.install(held, name) : -ENOENT;
}

} // namespace
} // namespace fake

namespace bpflink::sys {

opened prog_load(uapi::prog_load_attr const& attr) noexcept {
    return entered(prog_load, [&](kernel& k) {
        if ((attr.prog_flags & uapi::f_sleepable) != 0 && !k.has_sleepers) return -EINVAL;
        auto loaded = std::make_shared<program>();
        loaded->type = static_cast<bl::program_type>(attr.prog_type);
        loaded->expected = static_cast<bl::attach_type>(attr.expected_attach_type);
        loaded->function = attr.attach_btf_id;
        loaded->types = attr.attach_btf_id != 0 ? kernel_types : 0;
        return k.install(loaded, opened_program_name);
    });
}

opened link_create(uapi::link_create_attr const& attr) noexcept {
    return entered(link_create, [&](kernel& k) { return create(k, attr); });
}

opened raw_tracepoint_open(uapi::raw_tracepoint_attr const& attr) noexcept {
    return entered(raw_tracepoint_open, [&](kernel& k) {
        if (attr.cookie != 0 && !k.takes_tracepoint_cookies) return -EINVAL; // CHECK_ATTR()
        auto const prog = k.get<program>(attr.prog_fd);
        k.last_cookie = attr.cookie;
        using enum bl::program_type;
        link_facts facts{.type = bl::link_type::raw_tracepoint, .cookie = attr.cookie};
        if (attr.name == 0) {
            if (prog->type != tracing && prog->type != lsm && prog->type != ext) return -EINVAL;
            if (prog->expected != bl::attach_type::trace_raw_tp) {
                if (prog->was_attached && !k.attaches_again) return -ENOENT;
                prog->was_attached = true;
                facts.type = bl::link_type::tracing;
            }
            facts.attach = prog->expected;
            facts.name = "loaded for";
        } else {
            if (prog->type != raw_tracepoint && prog->type != raw_tracepoint_writable)
                return -EINVAL;
            facts.name = text_at(attr.name);
            bool const is_there = facts.name == "bpf_xdp_link_attach_failed"
                                      ? k.says_to_xdp.has_value()
                                      : std::ranges::count(k.tracepoints, facts.name) != 0;
            if (!is_there) return -ENOENT;
        }
        return install_new_link(k, std::move(facts), prog);
    });
}

int link_update(uapi::link_update_attr const& attr) noexcept {
    return entered(link_update, [&](kernel& k) {
        if ((attr.flags & ~uapi::f_replace) != 0) return -EINVAL;
        auto const l = k.get<link>(attr.link_fd);
        k.last_update = attr;
        bool const replace = (attr.flags & uapi::f_replace) != 0;
        if (l->facts.type == bl::link_type::struct_ops) {
            auto const next = k.get<map>(attr.new_fd);
            if (replace && k.get<map>(attr.old_fd)->id != l->facts.target) return -EPERM;
            if (next->id == l->facts.target) return -EIO; // a real one would stop the machine
            l->facts.target = next->id;
            return 0;
        }
        auto const next = k.get<program>(attr.new_fd);
        auto const old = replace ? k.get<program>(attr.old_fd) : nullptr;
        if (!replace && attr.old_fd != 0) return -EINVAL;
        if (l->facts.type == bl::link_type::netfilter) return -EOPNOTSUPP;
        if (!takes_new_program(l->facts.type)) return -EINVAL;
        if (l->defunct) return -ENOLINK;
        if (old && old != l->prog) return -EPERM;
        if (next->type != l->prog->type) return -EINVAL;
        bool const is_there_for = next->function == l->prog->function;
        if (l->facts.type == bl::link_type::cgroup) { // whatever it was loaded for
            if (!is_there_for) return -ENOENT;
        } else if (next->expected != l->prog->expected || !is_there_for) {
            return -EINVAL;
        }
        l->prog = next;
        return 0;
    });
}

int link_detach(int fd) noexcept {
    return entered(link_detach, [&](kernel& k) {
        auto const l = k.get<link>(fd);
        if (!is_detachable(l->facts.type)) return -EOPNOTSUPP;
        l->defunct = true;
        return 0;
    });
}

int link_get_next_id(std::uint32_t after, std::uint32_t& next) noexcept {
    return entered(link_get_next_id, [&](kernel& k) {
        if (after >= INT_MAX) return -EINVAL;
        for (auto entry = k.links_.upper_bound(after); entry != k.links_.end(); ++entry)
            if (!entry->second.expired()) {
                next = entry->first;
                return 0;
            }
        return -ENOENT;
    });
}

opened link_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(link_get_fd_by_id, [&](kernel& k) {
        auto const* const found = k.find_link(id);
        if (found && !found->settled) return -EAGAIN;
        return open_by_id(k, k.links_, id, opened_link_name);
    });
}

opened prog_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(prog_get_fd_by_id,
                   [&](kernel& k) { return open_by_id(k, k.programs_, id, opened_program_name); });
}

opened map_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(map_get_fd_by_id,
                   [&](kernel& k) { return open_by_id(k, k.maps_, id, opened_map_name); });
}

opened btf_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(btf_get_fd_by_id, [&](kernel& k) {
        if (id != kernel_types && id != program_types) return -ENOENT;
        return k.install(std::make_shared<btf>(btf{id}), "anon_inode:btf");
    });
}

int prog_bind_map(int prog_fd, int map_fd) noexcept {
    return entered(prog_bind_map, [&](kernel& k) {
        k.get<program>(prog_fd);
        k.get<map>(map_fd);
        return 0;
    });
}

int prog_test_run(int prog_fd, int argument, std::uint32_t& answer, int second) noexcept {
    return entered(prog_test_run, [&](kernel& k) {
        auto const prog = k.get<program>(prog_fd);
        if (!prog->listens && !prog->tells_netns) return -EINVAL;
        answer = prog->listens ? 0
                 : second >= 0 ? file_told(k, argument, second)
                               : netns_told(k, argument);
        if (!prog->listens || argument == xdp_words_listen) return 0;
        if (argument == xdp_words_first && k.misses_words != 0) {
            --k.misses_words;
            ++prog->misses;
            return 0;
        }
        auto const at = static_cast<std::size_t>(argument - xdp_words_first) * sizeof answer;
        if (at < prog->heard.size())
            std::memcpy(&answer, &prog->heard[at],
                        std::min(sizeof answer, prog->heard.size() - at));
        return 0;
    });
}

int prog_test_run_on_nothing(int prog_fd) noexcept {
    return entered(prog_test_run_on_nothing, [&](kernel& k) {
        auto const expected = k.get<program>(prog_fd)->expected;
        bool const is_for_map =
            expected == bl::attach_type::xdp_devmap || expected == bl::attach_type::xdp_cpumap;
        return is_for_map ? -EINVAL : -EFAULT;
    });
}

int map_look_up(int map_fd, void const* key, void* value) noexcept {
    return entered(map_look_up, [&](kernel& k) {
        auto const of = k.get<map>(map_fd);
        std::memcpy(value, value_of(*of, key, ENOENT).data(), of->value_size);
        return 0;
    });
}

int map_update(int map_fd, void const* key, void const* value) noexcept {
    return entered(map_update, [&](kernel& k) {
        auto const of = k.get<map>(map_fd);
        std::memcpy(value_of(*of, key, E2BIG).data(), value, of->value_size);
        return 0;
    });
}

int map_look_up_nothing(int map_fd) noexcept {
    return entered(map_look_up_nothing, [&](kernel& k) {
        k.get<map>(map_fd);
        return -EFAULT;
    });
}

opened iter_create(int fd) noexcept {
    return entered(iter_create, [&](kernel& k) {
        auto const l = k.get<link>(fd);
        if (l->facts.type != bl::link_type::iter) return -EINVAL;
        auto output = l->prog->walks_links         ? records_of_links(k)
                      : l->prog->walks_descriptors ? records_of_descriptors(k)
                                                   : l->output;
        return k.install(std::make_shared<iterator_run>(iterator_run{std::move(output)}),
                         "anon_inode:bpf_iter");
    });
}

int prog_query(uapi::prog_query_attr& attr) noexcept {
    return entered(prog_query, [&](kernel& k) {
        k.last_query = attr;
        auto there = k.on_hook;
        attr.attach_flags = k.hook_flags;
        if (is_cgroup_hook(static_cast<bl::attach_type>(attr.attach_type))) {
            check_cgroup(k, attr.target);
            auto const& path = k.descriptor_at(static_cast<int>(attr.target)).name;
            if (auto const own = k.on_cgroups.find(path); own != k.on_cgroups.end()) {
                there.clear();
                if (own->second.program != 0) there.push_back({own->second.program, 0});
                attr.attach_flags = own->second.flags;
            }
        }
        auto const room = attr.count;
        attr.count = static_cast<std::uint32_t>(there.size());
        attr.revision = k.hook_revision;
        if (attr.prog_ids == 0 || there.empty()) return 0;
        auto const put = [](std::uint64_t array, std::size_t index, std::uint32_t value) {
            if (array != 0) reinterpret_cast<std::uint32_t*>(array)[index] = value;
        };
        for (std::size_t i = 0; i != std::min<std::size_t>(room, there.size()); ++i) {
            put(attr.prog_ids, i, there[i].program);
            put(attr.link_ids, i, there[i].link);
        }
        return room < there.size() ? -ENOSPC : 0;
    });
}

opened perf_event_open(uapi::perf_event_attr const& attr, int pid, int cpu) noexcept {
    return entered(perf_event_open, [&](kernel& k) {
        constexpr std::uint32_t breakpoint = 5; // PERF_TYPE_BREAKPOINT
        bool const is_named = attr.name != 0 && attr.type != breakpoint;
        k.last_perf_event = {attr, is_named ? text_at(attr.name) : "", pid, cpu};
        return k.install(std::make_shared<plain_file>(), "anon_inode:[perf_event]");
    });
}

} // namespace bpflink::sys
