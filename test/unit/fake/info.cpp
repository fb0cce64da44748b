// SPDX-License-Identifier: Apache-2.0
// BPF_OBJ_GET_INFO_BY_FD, with all that a caller can get wrong in it.
#include "model.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace fake {
namespace {

void copy_out(kernel& k, std::uint64_t address, void const* from, std::size_t size) {
    constexpr std::uint64_t lowest = 64 * 1'024; // vm.mmap_min_addr
    constexpr std::uint64_t end_of_user_space = 1ULL << 47;
    if (address < lowest || address >= end_of_user_space) throw refusal{EFAULT};
    if (address < lowest_own_address) {
        ++k.stray_addresses_;
        throw refusal{EFAULT};
    }
    std::memcpy(reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), from, size);
}

/// `length` goes in as the buffer's and comes out as the name's, with its zero byte.
void copy_name(kernel& k, std::uint64_t address, std::uint32_t& length, std::string const& name) {
    auto const room = length;
    if ((address == 0) != (room == 0)) throw refusal{EINVAL};
    auto const needed = static_cast<std::uint32_t>(name.size()) + 1;
    length = needed;
    if (address == 0) return;
    if (room >= needed) return copy_out(k, address, name.c_str(), needed);
    copy_out(k, address, name.substr(0, room - 1).c_str(), room);
    throw refusal{ENOSPC};
}

/// Kernels before 6.12 leave the length as it came in.
void copy_perf_name(kernel& k, std::uint64_t address, std::uint32_t& length,
                    std::string const& name) {
    auto told = length;
    copy_name(k, address, told, name);
    if (k.reports_path_lengths) length = told;
}

/// Elements that `from` lacks are 0.
template <class T>
void copy_array(kernel& k, std::uint64_t address, std::vector<T> const& from, std::size_t count) {
    if (address == 0) return;
    auto elements = from;
    elements.resize(count);
    return copy_out(k, address, elements.data(), count * sizeof(T));
}

void copy_addresses(kernel& k, std::uint64_t address, std::vector<std::uint64_t> const& from,
                    std::size_t count) {
    return copy_array(k, address, k.shows_addresses ? from : std::vector<std::uint64_t>{}, count);
}

void fill_iter(kernel& k, link const& l, uapi::link_info::iter_part& info) {
    auto const& facts = l.facts;
    copy_name(k, info.name, info.name_len, facts.name);
    if (facts.name == "cgroup") {
        info.cgroup.order = facts.order;
        info.cgroup.cgroup_id = facts.cgroup_id;
    } else if (facts.name.starts_with("task")) {
        if (facts.tid != 0) info.task.tid = facts.tid;
        if (facts.pid != 0) info.task.pid = facts.pid;
    } else if (facts.target != 0 && !l.defunct) {
        info.map_id = facts.target;
    }
    return;
}

void fill_perf_event(kernel& k, link_facts const& facts, uapi::link_info::perf_event_part& info) {
    if (!k.reports_perf_events) return;
    using type = uapi::perf_event_type;
    switch (facts.event) {
    case type::uprobe:
    case type::uretprobe: {
        auto& to = info.uprobe;
        copy_perf_name(k, to.file_name, to.name_len, facts.name);
        to.offset = facts.offset;
        if (k.reports_probe_cookies) to.cookie = facts.cookie;
        if (k.reports_ref_ctr_offset) to.ref_ctr_offset = facts.ref_ctr_offset;
        break;
    }
    case type::kprobe:
    case type::kretprobe: {
        auto& to = info.kprobe;
        copy_perf_name(k, to.func_name, to.name_len, facts.name);
        to.offset = facts.offset;
        to.address = k.shows_addresses ? facts.address : 0;
        if (k.reports_missed) to.missed = facts.missed;
        if (k.reports_probe_cookies) to.cookie = facts.cookie;
        break;
    }
    case type::tracepoint: {
        auto& to = info.tracepoint;
        copy_perf_name(k, to.name, to.name_len, facts.name);
        if (k.reports_probe_cookies) to.cookie = facts.cookie;
        break;
    }
    case type::event:
        info.event.type = facts.target;
        info.event.config = facts.config;
        if (k.reports_probe_cookies) info.event.cookie = facts.cookie;
        break;
    default: // newer than the library
        std::memcpy(static_cast<void*>(&info), facts.unknown.data(), sizeof info);
        break;
    }
    info.type = facts.event;
    return;
}

void fill_kprobe_multi(kernel& k, link_facts const& facts,
                       uapi::link_info::kprobe_multi_part& info) {
    if (!k.reports_perf_events) return;
    auto const room = info.count;
    if ((info.addresses == 0) != (room == 0)) throw refusal{EINVAL};
    auto const cookies = k.reports_probe_cookies ? info.cookies : 0;
    if (cookies != 0 && room == 0) throw refusal{EINVAL};
    info.count = static_cast<std::uint32_t>(facts.addresses.size());
    info.flags = facts.flags;
    if (k.reports_missed) info.missed = facts.missed;
    if (room == 0) return;
    auto const copied = std::min(room, info.count);
    copy_array(k, cookies, facts.cookies, copied);
    copy_addresses(k, info.addresses, facts.addresses, copied);
    if (room < info.count) throw refusal{ENOSPC};
}

void fill_uprobe_multi(kernel& k, link_facts const& facts,
                       uapi::link_info::uprobe_multi_part& info) {
    if (!k.reports_uprobe_multi) return;
    constexpr std::uint32_t longest = 4'096; // PATH_MAX
    if ((info.path == 0) != (info.path_size == 0)) throw refusal{EINVAL};
    auto const room = info.count;
    bool const arrays = (info.offsets | info.ref_ctr_offsets | info.cookies) != 0;
    if (arrays && room == 0) throw refusal{EINVAL};
    info.count = static_cast<std::uint32_t>(facts.addresses.size());
    info.flags = facts.flags;
    info.pid = facts.pid;
    if (info.path != 0 || k.reports_path_lengths) {
        auto const needed = static_cast<std::uint32_t>(facts.name.size()) + 1;
        if (!k.reports_path_lengths && info.path_size > longest) throw refusal{E2BIG};
        auto const path_room = info.path_size == 0 ? longest : std::min(info.path_size, longest);
        if (needed > path_room) throw refusal{ENAMETOOLONG};
        if (info.path != 0) copy_out(k, info.path, facts.name.c_str(), needed);
        info.path_size = needed;
    }
    if (!arrays) return;
    auto const copied = std::min(room, info.count);
    copy_array(k, info.offsets, facts.addresses, copied);
    copy_array(k, info.ref_ctr_offsets, facts.ref_ctr_offsets, copied);
    copy_array(k, info.cookies, facts.cookies, copied);
    if (room < info.count) throw refusal{ENOSPC};
}

/// As 7.3 answered when it was asked.
void fill_tracing_multi(kernel& k, link_facts const& facts,
                        uapi::link_info::tracing_multi_part& info) {
    if (!k.reports_tracing_multi) return;
    auto const room = info.count;
    bool const arrays = (info.ids | info.addresses | info.cookies) != 0;
    if (arrays && room == 0) throw refusal{EINVAL};
    info.attach_type = static_cast<std::uint32_t>(facts.attach);
    info.btf_obj_id = facts.object;
    info.count = static_cast<std::uint32_t>(facts.ids.size());
    if (!arrays) return;
    auto const copied = std::min(room, info.count);
    copy_array(k, info.ids, facts.ids, copied);
    copy_addresses(k, info.addresses, facts.addresses, copied);
    copy_array(k, info.cookies, facts.cookies, copied);
    if (room < info.count) throw refusal{ENOSPC};
}

void fill(kernel& k, link const& l, uapi::link_info& info) {
    auto const& facts = l.facts;
    auto const target = l.defunct ? 0 : facts.target;
    auto const attach = static_cast<std::uint32_t>(facts.attach);
    switch (facts.type) {
    case bl::link_type::raw_tracepoint:
        if (k.reports_cookies) info.raw_tracepoint.cookie = facts.cookie;
        return copy_name(k, info.raw_tracepoint.name, info.raw_tracepoint.name_len, facts.name);
    case bl::link_type::tracing:
        info.tracing.attach_type = attach;
        if (k.reports_tracing_targets) {
            info.tracing.target_obj_id = facts.object;
            info.tracing.target_btf_id = facts.btf;
        }
        if (k.reports_cookies) info.tracing.cookie = facts.cookie;
        return;
    case bl::link_type::cgroup:
        info.cgroup.cgroup_id = l.defunct ? 0 : facts.cgroup_id;
        info.cgroup.attach_type = attach;
        return;
    case bl::link_type::iter: return fill_iter(k, l, info.iter);
    case bl::link_type::netns:
        info.netns.netns_ino = target;
        info.netns.attach_type = attach;
        return;
    case bl::link_type::xdp: info.device.ifindex = target; return;
    case bl::link_type::tcx:
    case bl::link_type::netkit:
        info.device.ifindex = target;
        info.device.attach_type = attach;
        return;
    case bl::link_type::struct_ops: info.map.map_id = target; return;
    case bl::link_type::sockmap:
        info.map.map_id = target;
        info.map.attach_type = attach;
        return;
    case bl::link_type::netfilter:
        info.netfilter.pf = facts.netfilter[0];
        info.netfilter.hooknum = facts.netfilter[1];
        info.netfilter.priority = static_cast<std::int32_t>(facts.netfilter[2]);
        info.netfilter.flags = facts.netfilter[3];
        return;
    case bl::link_type::perf_event: return fill_perf_event(k, facts, info.perf_event);
    case bl::link_type::kprobe_multi: return fill_kprobe_multi(k, facts, info.kprobe_multi);
    case bl::link_type::uprobe_multi: return fill_uprobe_multi(k, facts, info.uprobe_multi);
    case bl::link_type::tracing_multi: return fill_tracing_multi(k, facts, info.tracing_multi);
    default: std::memcpy(info.bytes, facts.unknown.data(), facts.unknown.size()); return;
    }
}

} // namespace
} // namespace fake

namespace bpflink::sys {

int obj_get_info(int fd, void* info, std::uint32_t& size) noexcept {
    return entered(obj_get_info, [&](kernel& k) {
        auto const answer = [&](auto const& fields, std::uint32_t known) {
            size = std::min(size, known);
            std::memset(info, 0, size);
            std::memcpy(info, &fields, std::min<std::size_t>(size, sizeof fields));
            return 0;
        };
        if (auto const prog = k.find<program>(fd)) {
            uapi::program_info told{};
            told.start.type = static_cast<std::uint32_t>(prog->type);
            told.start.id = prog->id;
            told.start.jited_prog_len = prog->compiled;
            told.ifindex = prog->device;
            told.attach_btf_obj_id = prog->types;
            told.attach_btf_id = prog->function;
            told.btf_id = prog->own_types;
            told.start.tag = 0x0807'0605'0403'0201;
            told.start.load_time = 5'000;
            told.start.created_by_uid = 33;
            told.run_cnt = prog->run_count;
            told.run_time_ns = prog->run_time;
            told.recursion_misses = prog->misses;
            prog->name.copy(told.name, sizeof told.name - 1);
            if (size >= sizeof told.start + sizeof told.map_ids) {
                uapi::program_info asked{};
                std::memcpy(&asked, info, sizeof asked.start + sizeof asked.map_ids);
                auto const room = std::min<std::size_t>(asked.start.nr_map_ids, prog->maps.size());
                copy_array(k, asked.map_ids, prog->maps, room);
            }
            told.start.nr_map_ids = static_cast<std::uint32_t>(prog->maps.size());
            return answer(told, k.tells_functions ? 232 : k.tells_misses ? 224 : 208);
        }
        if (auto const m = k.find<map>(fd)) {
            auto const count = static_cast<std::uint32_t>(m->values.size());
            uapi::map_info_start told{.type = m->type,
                                      .id = m->id,
                                      .key_size = count == 0 ? 0U : 4U,
                                      .value_size = m->value_size,
                                      .max_entries = count,
                                      .flags = m->flags,
                                      .name = {},
                                      .ifindex = 0,
                                      .value_type = m->value_type};
            m->name.copy(told.name, sizeof told.name - 1);
            return answer(told, 80);
        }
        if (auto const types = k.find<btf>(fd)) {
            uapi::btf_info told{};
            told.id = types->id;
            told.kernel_btf = told.id == kernel_types ? 1 : 0;
            uapi::btf_info asked{};
            std::memcpy(&asked, info, std::min<std::size_t>(k.info_size, sizeof asked));
            std::string_view const name = told.id == kernel_types ? "vmlinux" : "one";
            if (asked.name_len > name.size())
                std::memcpy(reinterpret_cast<char*>(asked.name), name.data(), name.size());
            return answer(told, 32);
        }

        auto const l = k.get<link>(fd);
        auto const* const bytes = static_cast<unsigned char const*>(info);
        for (auto behind = k.info_size; behind < size; ++behind)
            if (bytes[behind] != 0) return -E2BIG;
        auto const length = std::min(size, k.info_size);
        uapi::link_info answered{};
        std::memcpy(&answered, info, length);
        answered.type = static_cast<std::uint32_t>(l->facts.type);
        answered.id = l->id();
        answered.prog_id = l->prog ? l->prog->id : 0;
        fill(k, *l, answered);
        std::memcpy(info, &answered, length);
        size = length;
        return 0;
    });
}

} // namespace bpflink::sys
