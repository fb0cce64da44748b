// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/hook/struct_ops.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/link.hpp>
#include <bpflink/map_ref.hpp>
#include <bpflink/match.hpp>
#include <bpflink/typed_link.hpp>

#include <concepts>
#include <variant>

namespace bpflink {

namespace detail {

template <class L>
concept any_link = std::same_as<L, link> || is_typed_link<L>;

/// For a caller who has the link's info already: makes no system call but those of the hook.
/// @param prog  null: none is named
template <has_place H>
[[nodiscard]] result<match> is_at(borrowed_program const* prog, H const& where, fd_view l,
                                  link_info const& info) {
    if (hook_traits<H>::matches(info) == match::no) return match::no;
    if (state_of(info) == link_state::defunct) return match::no;
    if (!std::holds_alternative<typename hook_traits<H>::details>(info.details))
        return match::unknown; // newer than this library
    return hook_traits<H>::is_at(where, {l, info, prog});
}

template <has_place H, any_link L>
[[nodiscard]] result<match> is_at(borrowed_program const* prog, H const& where, L const& l) {
    return l.info().and_then(
        [&](link_info const& info) { return is_at(prog, where, l.fd(), info); });
}

} // namespace detail

/// Whether a link is on this hook, at this place. Compared are the kind of hook, and
///   xdp, tcx, netkit        the interface: its index, and the network namespace of the device
///   cgroup, netns, sockmap  the cgroup, the namespace, the map
///   netfilter               family, hook, priority, and the network namespace
///   iter                    what is walked, and the map, cgroup, process or thread
///   raw_tracepoint, tracepoint   the tracepoint
///   kprobe, kprobe_multi    all functions, with offset and return
///   uprobe, uprobe_multi    the file itself, all offsets, return, and process
///   usdt                    the file itself, all places of the probe, and process
///   tracing_multi           all functions
/// and the attach type, where the hook has several. The mode of xdp, order, cookies, sessions,
/// counters and fragments are not compared: they apply when a link is made.
///
/// `unknown` where nothing tells. Some places are in the program: those of tracing, lsm, tp_btf,
/// freplace, struct_ops and iter, and the attach type where the hook names none. For them put the
/// program in front. docs/kernels.md lists the kernels that do not tell a place.
///
/// A link that has lost its place is nowhere: `no`. The answer is `no`, too, if `where` names an
/// interface, or a cgroup's path, that is not there.
/// @param where  as for attach; interfaces are those of the calling thread's network namespace
/// @param l      a link, or a typed_link of any hook
/// @errors invalid_argument  `where` names no such thing: a closed descriptor, a file that is not
///                           a cgroup, a namespace, or a program with such functions
///         EMFILE, ENOMEM    it could not be asked just now
///         and as link::info
/// @kernel as link::info; the network namespace of a device since 5.10, by a program of the
///         library's own; where that may not load, a query proves tcx and netkit
/// @cost as link::info, and nothing where that says no. Else netns 2 system calls more, sockmap 1,
///       xdp, tcx, netkit and netfilter 3, cgroup 2 by its descriptor and 4 by its path; the first
///       in a process that is on a device loads the program, 3 ms (15 before 5.17). Of probes,
///       their symbols are resolved, as by attach
template <has_place H, detail::any_link L>
[[nodiscard]] result<match> is_at(H const& where, L const& l) {
    return detail::is_at(nullptr, where, l);
}

/// The same for the place where attach would put this program: the function or tracepoint that it
/// was loaded for, and its attach type.
/// @param prog   borrowed; which program the link runs is not compared
/// @param where  as above
/// @param l      as above
/// @kernel since 6.0 for places in a program, unless the link runs this very one
/// @cost 1 system call more where the place is in the program; 4 more where the link runs another
///       one, and looking at that needs CAP_SYS_ADMIN
template <class P, has_place H, detail::any_link L>
    requires program_for<P, H>
[[nodiscard]] result<match> is_at(P const& prog, H const& where, L const& l) {
    auto const lent = detail::borrow(prog);
    return detail::is_at(&lent, where, l);
}

/// The same for a struct_ops table, which is for the struct that its map is made for.
template <detail::any_link L>
[[nodiscard]] result<match> is_at(map_ref const& map, hook::struct_ops const& where, L const& l) {
    detail::borrowed_program const lent{map.fd()};
    return detail::is_at(&lent, where, l);
}

} // namespace bpflink
