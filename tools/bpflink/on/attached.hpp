// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lookup.hpp"
#include "places.hpp"
#include "problems.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_record.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tool::on {

/// A program that runs at a place, by a link or without.
struct attached {
    std::string hook; ///< "tcx_ingress", "uprobe"
    bpflink::program_id program;
    std::optional<bpflink::link_id> link; ///< empty: it is not a link's
    std::string from{};                   ///< where on the place, or the place that it comes from
    std::string note{};
    /// The revision of its hook, 0 where the kernel does not count that, if no look saw its link.
    /// Empty where it has one, or the kernel tells that it is not a link's.
    std::optional<bpflink::revision> unseen{};

    friend bool operator==(attached const&, attached const&) = default;
};

/// All at one place; of one hook, in the order that they run in.
using programs = std::vector<attached>;

/// The note about a program without a link.
inline constexpr auto not_a_link = "not a link";
/// And where the links cannot be told, or not all of them.
inline constexpr auto perhaps_a_link = "perhaps a link";

// Each appends the programs at a place. A place that cannot be asked for is reported.

/// XDP, tcx, filters of tc, and netkit.
void add_interface(interface_place const& where, programs& to, problems& report);
/// Of a network namespace: flow_dissector, sk_lookup, and netfilter.
/// @param path  of the namespace
void add_netns(std::string const& path, programs& to, problems& report);
/// The programs that run for processes of a cgroup: its own, then those of the ones above.
/// @param directory  of a cgroup of version 2
void add_cgroup(std::string const& directory, programs& to, problems& report);
/// Of a map: struct_ops, sockmap, iterators over its elements.
/// @param map  its id
/// @param fd   its descriptor; borrowed
void add_map(bpflink::map_id map, bpflink::fd_view fd, programs& to, problems& report);
/// Uprobes in a file, by their offsets.
void add_file(std::string const& path, lookup& names, programs& to, problems& report);
/// Of a process: the links that it has open, uprobes in the files that it runs, its cgroup's and
/// its network namespace's.
void add_process(unsigned process, lookup& names, programs& to, problems& report);

/// Whether a failed query means that there is no such hook here.
[[nodiscard]] bool is_absent(bpflink::error const& e);

} // namespace tool::on
