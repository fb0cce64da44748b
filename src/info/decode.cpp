// SPDX-License-Identifier: Apache-2.0
#include "info/answer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace bpflink::detail {
namespace {

using uapi::perf_event_type;

template <class To, class Field>
std::optional<To> nonzero(Field value) {
    if (value == 0) return std::nullopt;
    return To{value};
}

template <class To, class Field>
std::optional<To> reported(answer const& a, Field const& field) {
    if (!is_reported(a, field)) return std::nullopt;
    return To{field};
}

/// The arrays that the kernel was offered, with as many elements as it has.
class columns {
public:
    columns(answer const& a, std::size_t number, std::uint32_t count)
        : a_{a}, room_{a.arrays.size() / number}, size_{std::min<std::size_t>(room_, count)} {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::uint64_t at(std::size_t column, std::size_t i) const {
        return a_.arrays[column * room_ + i];
    }
    /// An element of the first one, which has elements half as wide.
    [[nodiscard]] std::uint32_t narrow_at(std::size_t i) const {
        std::uint32_t value;
        std::memcpy(&value, reinterpret_cast<char const*>(a_.arrays.data()) + i * sizeof value,
                    sizeof value);
        return value;
    }

private:
    answer const& a_;
    std::size_t room_;
    std::size_t size_;
};

unknown_details bytes_of(uapi::link_info const& raw) {
    unknown_details details;
    std::memcpy(details.bytes.data(), raw.bytes, sizeof raw.bytes);
    return details;
}

link_details decode_perf_event(answer&& a) {
    auto const& event = a.raw.perf_event;
    switch (event.type) {
    case perf_event_type::unspec: return perf_event_details{};
    case perf_event_type::uprobe:
    case perf_event_type::uretprobe:
        return perf_event_details{
            perf_uprobe{event.type == perf_event_type::uretprobe, std::move(a.name),
                        event.uprobe.offset, reported<cookie>(a, event.uprobe.cookie),
                        reported<std::uint64_t>(a, event.uprobe.ref_ctr_offset)}};
    case perf_event_type::kprobe:
    case perf_event_type::kretprobe:
        return perf_event_details{perf_kprobe{event.type == perf_event_type::kretprobe,
                                              std::move(a.name), event.kprobe.offset,
                                              nonzero<std::uint64_t>(event.kprobe.address),
                                              reported<std::uint64_t>(a, event.kprobe.missed),
                                              reported<cookie>(a, event.kprobe.cookie)}};
    case perf_event_type::tracepoint:
        return perf_event_details{
            perf_tracepoint{std::move(a.name), reported<cookie>(a, event.tracepoint.cookie)}};
    case perf_event_type::event:
        return perf_event_details{perf_counter{event.event.type, event.event.config,
                                               reported<cookie>(a, event.event.cookie)}};
    default: return bytes_of(a.raw);
    }
}

kprobe_multi_details decode_kprobe_multi(answer const& a) {
    constexpr std::uint32_t on_return = 1; // BPF_F_KPROBE_MULTI_RETURN
    auto const& raw = a.raw.kprobe_multi;
    kprobe_multi_details details;
    if (raw.count == 0) return details;
    details.retprobe = (raw.flags & on_return) != 0;
    details.missed = reported<std::uint64_t>(a, raw.missed);
    columns const all{a, 2, raw.count};
    bool const has_cookies = has_function_cookies(a);
    details.functions.reserve(all.size());
    for (std::size_t i = 0; i != all.size(); ++i)
        details.functions.push_back(
            {nonzero<std::uint64_t>(all.at(0, i)),
             has_cookies ? std::optional{cookie{all.at(1, i)}} : std::nullopt});
    return details;
}

uprobe_multi_details decode_uprobe_multi(answer&& a) {
    constexpr std::uint32_t on_return = 1; // BPF_F_UPROBE_MULTI_RETURN
    auto const& raw = a.raw.uprobe_multi;
    uprobe_multi_details details;
    if (raw.count == 0) return details;
    details.retprobe = (raw.flags & on_return) != 0;
    details.binary = std::move(a.name);
    details.pid = raw.pid;
    columns const all{a, 3, raw.count};
    details.places.reserve(all.size());
    for (std::size_t i = 0; i != all.size(); ++i)
        details.places.push_back({all.at(0, i), all.at(1, i), cookie{all.at(2, i)}});
    return details;
}

tracing_multi_details decode_tracing_multi(answer const& a) {
    auto const& raw = a.raw.tracing_multi;
    tracing_multi_details details;
    if (raw.count == 0) return details;
    details.attach = static_cast<attach_type>(raw.attach_type);
    details.btf_object = raw.btf_obj_id;
    columns const all{a, 3, raw.count};
    details.functions.reserve(all.size());
    for (std::size_t i = 0; i != all.size(); ++i) {
        details.functions.push_back(
            {btf_id{all.narrow_at(i)}, nonzero<std::uint64_t>(all.at(1, i)), cookie{all.at(2, i)}});
    }
    return details;
}

iter_details decode_iter(answer&& a) {
    auto const& raw = a.raw.iter;
    iter_details details;
    details.target_name = std::move(a.name);
    details.map = nonzero<map_id>(raw.map_id);
    std::string_view const target = details.target_name;
    if (target == "cgroup" && raw.cgroup.cgroup_id != 0) {
        details.cgroup_id = cgroup_id{raw.cgroup.cgroup_id};
        details.order = static_cast<cgroup_iter_order>(raw.cgroup.order);
    }
    if (target == "task" || target == "task_file" || target == "task_vma") {
        details.tid = nonzero<std::uint32_t>(raw.task.tid);
        details.pid = nonzero<std::uint32_t>(raw.task.pid);
    }
    return details;
}

} // namespace

link_details decode(answer&& a) {
    auto const& raw = a.raw;
    auto const attach = [](std::uint32_t type) { return static_cast<attach_type>(type); };
    // The kernel counts the zero byte, and the room for a path may be far too much.
    a.name.resize(std::strlen(a.name.c_str()));
    if (a.name.capacity() >= longest_path) a.name.shrink_to_fit();
    switch (static_cast<link_type>(raw.type)) {
    case link_type::raw_tracepoint:
        return raw_tracepoint_details{std::move(a.name),
                                      reported<cookie>(a, raw.raw_tracepoint.cookie)};
    case link_type::tracing:
        return tracing_details{nonzero<attach_type>(raw.tracing.attach_type),
                               reported<std::uint32_t>(a, raw.tracing.target_obj_id),
                               reported<btf_id>(a, raw.tracing.target_btf_id),
                               reported<cookie>(a, raw.tracing.cookie)};
    case link_type::cgroup:
        return cgroup_details{cgroup_id{raw.cgroup.cgroup_id}, attach(raw.cgroup.attach_type)};
    case link_type::iter: return decode_iter(std::move(a));
    case link_type::netns:
        return netns_details{netns_inode{raw.netns.netns_ino}, attach(raw.netns.attach_type)};
    case link_type::xdp: return xdp_details{ifindex{raw.device.ifindex}};
    case link_type::perf_event: return decode_perf_event(std::move(a));
    case link_type::kprobe_multi: return decode_kprobe_multi(a);
    case link_type::struct_ops: return struct_ops_details{nonzero<map_id>(raw.map.map_id)};
    case link_type::netfilter: {
        constexpr std::uint32_t defragments = 1; // BPF_F_NETFILTER_IP_DEFRAG
        return netfilter_details{static_cast<protocol_family>(raw.netfilter.pf),
                                 static_cast<netfilter_hook>(raw.netfilter.hooknum),
                                 raw.netfilter.priority, (raw.netfilter.flags & defragments) != 0};
    }
    case link_type::tcx:
        return tcx_details{ifindex{raw.device.ifindex}, attach(raw.device.attach_type)};
    case link_type::uprobe_multi: return decode_uprobe_multi(std::move(a));
    case link_type::netkit:
        return netkit_details{ifindex{raw.device.ifindex}, attach(raw.device.attach_type)};
    case link_type::sockmap:
        return sockmap_details{nonzero<map_id>(raw.map.map_id), attach(raw.map.attach_type)};
    case link_type::tracing_multi: return decode_tracing_multi(a);
    default: return bytes_of(raw);
    }
}

} // namespace bpflink::detail
