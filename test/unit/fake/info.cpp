// SPDX-License-Identifier: Apache-2.0
// BPF_OBJ_GET_INFO_BY_FD, with all that a caller can get wrong in it.
#include "model.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace fake {
namespace {

// The kinds that the library has no struct for, as they overlay the others' fields.
struct perf_event_info {
    std::uint32_t type;
    std::uint32_t padding;
    std::uint64_t name;
    std::uint32_t name_len;
};
struct kprobe_multi_info {
    std::uint64_t addrs;
    std::uint32_t count;
    std::uint32_t flags;
    std::uint64_t missed;
    std::uint64_t cookies;
};
struct uprobe_multi_info {
    std::uint64_t path;
    std::uint64_t offsets;
    std::uint64_t ref_ctr_offsets;
    std::uint64_t cookies;
    std::uint32_t path_size;
    std::uint32_t count;
    std::uint32_t flags;
    std::uint32_t pid;
};

template <class Fields>
Fields overlay(uapi::link_info const& info) {
    static_assert(sizeof(Fields) <= sizeof info.bytes);
    Fields fields;
    std::memcpy(&fields, info.bytes, sizeof fields);
    return fields;
}

template <class Fields>
void write(uapi::link_info& info, Fields const& fields) {
    std::memcpy(info.bytes, &fields, sizeof fields);
}

} // namespace

int kernel::copy_out(std::uint64_t address, void const* from, std::size_t size) {
    constexpr std::uint64_t lowest = 64 * 1'024; // vm.mmap_min_addr
    constexpr std::uint64_t end_of_user_space = 1ULL << 47;
    constexpr std::uint64_t all_of_ours = 1ULL << 32; // position-independent executables
    if (address < lowest || address >= end_of_user_space) return -EFAULT;
    if (address < all_of_ours) {
        ++stray_addresses_;
        return -EFAULT;
    }
    std::memcpy(reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), from, size);
    return 0;
}

/// `length` goes in as the buffer's and comes out as the name's, with its zero byte.
int kernel::copy_name(std::uint64_t address, std::uint32_t& length, std::string const& name) {
    auto const room = length;
    if ((address == 0) != (room == 0)) return -EINVAL;
    auto const needed = static_cast<std::uint32_t>(name.size()) + 1;
    length = needed;
    if (address == 0) return 0;
    if (room >= needed) return copy_out(address, name.c_str(), needed);
    std::string const start = name.substr(0, room - 1);
    int const outcome = copy_out(address, start.c_str(), room);
    return outcome < 0 ? outcome : -ENOSPC;
}

int kernel::fill(link const& l, uapi::link_info& info) {
    auto const& facts = l.facts;
    auto const target = l.defunct ? 0 : facts.target;
    auto const attach = static_cast<std::uint32_t>(facts.attach);
    switch (facts.type) {
    case bl::link_type::raw_tracepoint:
        if (reports_cookies) info.raw_tracepoint.cookie = facts.cookie;
        return copy_name(info.raw_tracepoint.name, info.raw_tracepoint.name_len, facts.name);
    case bl::link_type::tracing:
        info.tracing.attach_type = attach;
        if (reports_tracing_targets) {
            info.tracing.target_obj_id = facts.object;
            info.tracing.target_btf_id = facts.btf;
        }
        if (reports_cookies) info.tracing.cookie = facts.cookie;
        return 0;
    case bl::link_type::cgroup:
        info.cgroup.cgroup_id = l.defunct ? 0 : facts.cgroup_id;
        info.cgroup.attach_type = attach;
        return 0;
    case bl::link_type::iter:
        if (int const outcome = copy_name(info.iter.name, info.iter.name_len, facts.name))
            return outcome;
        if (target != 0) info.iter.map_id = target;
        return 0;
    case bl::link_type::netns:
        info.netns.netns_ino = target;
        info.netns.attach_type = attach;
        return 0;
    case bl::link_type::xdp: info.device.ifindex = target; return 0;
    case bl::link_type::tcx:
    case bl::link_type::netkit:
        info.device.ifindex = target;
        info.device.attach_type = attach;
        return 0;
    case bl::link_type::struct_ops: info.map.map_id = target; return 0;
    case bl::link_type::sockmap:
        info.map.map_id = target;
        info.map.attach_type = attach;
        return 0;
    case bl::link_type::netfilter:
        info.netfilter.pf = facts.netfilter[0];
        info.netfilter.hooknum = facts.netfilter[1];
        info.netfilter.priority = static_cast<std::int32_t>(facts.netfilter[2]);
        info.netfilter.flags = facts.netfilter[3];
        return 0;
    case bl::link_type::perf_event: {
        auto fields = overlay<perf_event_info>(info);
        fields.type = 5; // BPF_PERF_EVENT_TRACEPOINT
        int const outcome = copy_name(fields.name, fields.name_len, facts.name);
        write(info, fields);
        return outcome;
    }
    case bl::link_type::kprobe_multi: {
        auto fields = overlay<kprobe_multi_info>(info);
        auto room = fields.count;
        if ((fields.addrs == 0) != (room == 0)) return -EINVAL;
        if (fields.cookies != 0 && room == 0) return -EINVAL;
        fields.count = static_cast<std::uint32_t>(facts.addresses.size());
        fields.flags = 0;
        fields.missed = 0;
        write(info, fields);
        if (fields.addrs == 0) return 0;
        int const too_small = room < fields.count ? -ENOSPC : 0;
        room = std::min(room, fields.count);
        int const outcome =
            copy_out(fields.addrs, facts.addresses.data(), room * sizeof(std::uint64_t));
        return outcome < 0 ? outcome : too_small;
    }
    case bl::link_type::uprobe_multi: {
        auto fields = overlay<uprobe_multi_info>(info);
        if ((fields.path == 0) != (fields.path_size == 0)) return -EINVAL;
        bool const arrays = (fields.offsets | fields.ref_ctr_offsets | fields.cookies) != 0;
        if (arrays && fields.count == 0) return -EINVAL;
        fields.count = 1;
        write(info, fields);
        return 0;
    }
    default: std::memcpy(info.bytes, facts.unknown.data(), facts.unknown.size()); return 0;
    }
}

int kernel::sys_obj_get_info(int fd, void* info, std::uint32_t& size) {
    auto const found = descriptors_.find(fd);
    if (found == descriptors_.end()) return -EBADF;
    auto const answer = [&](auto const& fields, std::uint32_t known) {
        size = std::min(size, known);
        std::memset(info, 0, size);
        std::memcpy(info, &fields, std::min<std::size_t>(size, sizeof fields));
        return 0;
    };
    if (auto const* const prog = std::get_if<std::shared_ptr<program>>(&found->second.what)) {
        auto const type = static_cast<std::uint32_t>((*prog)->type);
        return answer(std::array{type, (*prog)->id}, 232);
    }
    if (auto const* const m = std::get_if<std::shared_ptr<map>>(&found->second.what))
        return answer(std::array{(*m)->type, (*m)->id}, 80);
    if (std::holds_alternative<std::shared_ptr<btf>>(found->second.what))
        return answer(std::array<std::uint32_t, 2>{}, 32);

    auto const* const l = std::get_if<std::shared_ptr<link>>(&found->second.what);
    if (!l) return -EINVAL;
    auto const* const bytes = static_cast<unsigned char const*>(info);
    for (auto behind = info_size; behind < size; ++behind)
        if (bytes[behind] != 0) return -E2BIG;
    auto const length = std::min(size, info_size);
    uapi::link_info answered{};
    std::memcpy(&answered, info, length);
    answered.type = static_cast<std::uint32_t>((*l)->facts.type);
    answered.id = (*l)->id();
    answered.prog_id = (*l)->prog ? (*l)->prog->id : 0;
    if (int const outcome = fill(**l, answered)) return outcome;
    std::memcpy(info, &answered, length);
    size = length;
    return 0;
}

} // namespace fake
