// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/link_type.hpp>

#include <array>
#include <compare>
#include <string_view>

namespace bpflink {

/// A kernel release. Says where something first appeared; features of a running kernel are probed.
struct kernel_version {
    int major = 0; ///< the 5 of 5.10
    int minor = 0; ///< the 10

    /// The older release is less.
    friend constexpr auto operator<=>(kernel_version const&, kernel_version const&) = default;
};

/// The object that BPF_LINK_UPDATE swaps on a kind of link.
enum class update_unit : unsigned char {
    none,    ///< nothing: the kernel refuses
    program, ///< the program
    map,     ///< the map (struct_ops)
};

/// The operations of a kind of link, as the kernel's bpf_link_ops say.
struct link_traits {
    link_type type;        ///< the kind
    std::string_view name; ///< as to_string(link_type)
    update_unit update;    ///< the object that link::update swaps
    bool detachable;       ///< whether link::detach works
    kernel_version since;  ///< the first release with links of this kind
};

/// The one table of link traits: the concepts, the run-time checks, the tool and the docs read it.
/// @kernel struct bpf_link_ops of each kind, read at v7.2; detach of struct_ops since 6.11
inline constexpr std::array<link_traits, 16> link_traits_table{{
    {link_type::unspec, "unspec", update_unit::none, false, {}},
    {link_type::raw_tracepoint, "raw_tracepoint", update_unit::none, false, {5, 7}},
    {link_type::tracing, "tracing", update_unit::none, false, {5, 7}},
    {link_type::cgroup, "cgroup", update_unit::program, true, {5, 7}},
    {link_type::iter, "iter", update_unit::program, false, {5, 8}},
    {link_type::netns, "netns", update_unit::program, true, {5, 8}},
    {link_type::xdp, "xdp", update_unit::program, true, {5, 9}},
    {link_type::perf_event, "perf_event", update_unit::none, false, {5, 15}},
    {link_type::kprobe_multi, "kprobe_multi", update_unit::none, false, {5, 18}},
    {link_type::struct_ops, "struct_ops", update_unit::map, true, {6, 4}},
    {link_type::netfilter, "netfilter", update_unit::none, true, {6, 4}},
    {link_type::tcx, "tcx", update_unit::program, true, {6, 6}},
    {link_type::uprobe_multi, "uprobe_multi", update_unit::none, false, {6, 6}},
    {link_type::netkit, "netkit", update_unit::program, true, {6, 7}},
    {link_type::sockmap, "sockmap", update_unit::program, true, {6, 10}},
    {link_type::tracing_multi, "tracing_multi", update_unit::none, false, {7, 2}},
}};

/// The row of a kind of link; nullptr for a kind newer than this library.
[[nodiscard]] constexpr link_traits const* find_traits(link_type type) noexcept {
    auto const index = static_cast<unsigned>(type);
    return index < link_traits_table.size() ? &link_traits_table[index] : nullptr;
}

static_assert(
    [] {
        for (unsigned i = 0; i != link_traits_table.size(); ++i)
            if (link_traits_table[i].type != static_cast<link_type>(i)) return false;
        return true;
    }(),
    "the table is indexed by the kernel's numbers");

} // namespace bpflink
