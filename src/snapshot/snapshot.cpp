// SPDX-License-Identifier: Apache-2.0
#include "info/netns_of.hpp"
#include "info/record.hpp"
#include "snapshot/by_walk.hpp"
#include "snapshot/own_program.hpp"
#include "snapshot/raw_link_info.h"
#include "snapshot/raw_link_record.h"
#include "snapshot/raw_records.hpp"

#include <bpflink/link.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/views/snapshot.hpp>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace bpflink {
namespace {

link_target target_of(raw_link_record const& raw) {
    switch (raw.target_kind) {
    case raw_target_ifindex: return ifindex{raw.device.index};
    case raw_target_cgroup: return cgroup_id{raw.target};
    case raw_target_netns: return netns_inode{static_cast<std::uint32_t>(raw.target)};
    case raw_target_map: return map_id{static_cast<std::uint32_t>(raw.target)};
    default: return {};
    }
}

/// Empty where the kernel does not tell.
std::optional<netns_inode> netns_of(raw_link_record const& raw) {
    switch (raw.target_kind) {
    case raw_target_ifindex:
        if (raw.device.index != 0 && raw.device.netns == 0) return std::nullopt;
        return netns_inode{raw.device.netns};
    case raw_target_netns:
    case raw_target_within: return netns_inode{static_cast<std::uint32_t>(raw.target)};
    default: return std::nullopt;
    }
}

/// Empty where a descriptor has to be asked.
std::optional<link_info> info_of(raw_link_info const& raw) {
    if (raw.told == raw_info_untold) return std::nullopt;
    auto const& record = raw.record;
    auto const attach = static_cast<attach_type>(record.attach);
    auto const map = [&] {
        map_id const id{static_cast<std::uint32_t>(record.target)};
        return id == map_id{} ? std::nullopt : std::optional{id};
    };
    link_info info{static_cast<link_type>(record.type), link_id{record.id},
                   program_id{record.program}, unknown_details{}};
    auto& details = info.details;
    switch (info.type) {
    case link_type::raw_tracepoint: {
        auto& told = details.emplace<raw_tracepoint_details>();
        told.name.assign(raw.name, ::strnlen(raw.name, sizeof raw.name));
        if (raw.told == raw_info_told_with_cookie) told.cookie = cookie{raw.cookie};
        break;
    }
    case link_type::cgroup: details = cgroup_details{cgroup_id{record.target}, attach}; break;
    case link_type::netns:
        details = netns_details{netns_inode{static_cast<std::uint32_t>(record.target)}, attach};
        break;
    case link_type::xdp: details = xdp_details{ifindex{record.device.index}}; break;
    case link_type::tcx: details = tcx_details{ifindex{record.device.index}, attach}; break;
    case link_type::netkit: details = netkit_details{ifindex{record.device.index}, attach}; break;
    case link_type::struct_ops: details = struct_ops_details{map()}; break;
    case link_type::sockmap: details = sockmap_details{map(), attach}; break;
    default: return std::nullopt;
    }
    return info;
}

result<void> read_infos(own_program::loaded program, std::vector<result<link_info>>& into) {
    return for_each_raw<raw_link_info>(program, [&](raw_link_info const& raw) {
        if (raw.record.program == program.id.value()) return;
        if (auto told = info_of(raw)) {
            into.emplace_back(*std::move(told));
            return;
        }
        auto info = link::from_id(link_id{raw.record.id}).and_then(&link::info);
        if (info || info.error() != errc::not_found) into.push_back(std::move(info));
    });
}

link_record record_of(raw_link_record const& raw) {
    auto const type = static_cast<link_type>(raw.type);
    std::optional<attach_type> told;
    if (raw.attach != raw_attach_untold) told = static_cast<attach_type>(raw.attach);
    return {link_id{raw.id}, type,         program_id{raw.program}, attach_type_of(type, told),
            target_of(raw),  netns_of(raw)};
}

result<void> take_by_iterator(own_program::loaded program, std::vector<link_record>& into) {
    // No link of the program is anybody's but a snapshot's, of this thread or another.
    return for_each_raw<raw_link_record>(program, [&](raw_link_record const& raw) {
        if (raw.program != program.id.value()) into.push_back(record_of(raw));
    });
}

/// Adds network namespaces, which no info has.
struct with_netns {
    netns_reader namespaces{};

    void operator()(link_record& record, link const& l) {
        if (!is_in_netns(record.type) || record.netns) return;
        if (auto told = namespaces.of(l.fd())) record.netns = *told;
    }
};

} // namespace

result<void> snapshotter::take(std::vector<link_record>& into) {
    into.clear();
    unseen_.clear();
    why_ = error{0, operation::prog_load};
    if (preferred_ == snapshot_source::iterator) {
        source_ = snapshot_source::iterator;
        auto taken = links_program().get().and_then(
            [&](own_program::loaded program) { return take_by_iterator(program, into); });
        if (taken) return taken;
        why_ = std::move(taken).error();
        into.clear();
    }
    source_ = snapshot_source::walk;
    auto taken = take_by_walk(into, unseen_, with_netns{});
    if (taken) return taken;
    into.clear();
    unseen_.clear();
    // That walking takes a privilege says nothing to whom the iterator had served without it.
    bool const was_expected = why_ == errc::permission_denied || why_ == errc::not_supported;
    if (why_.code() && !was_expected && taken.error() == errc::permission_denied)
        return tl::unexpected{why_};
    return taken;
}

result<std::vector<result<link_info>>> infos_at_once() {
    std::vector<result<link_info>> all;
    return infos_program()
        .get()
        .and_then([&](own_program::loaded program) { return read_infos(program, all); })
        .map([&] { return std::move(all); });
}

} // namespace bpflink
