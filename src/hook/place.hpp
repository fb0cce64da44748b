// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a link is at a place: the comparisons that several hooks share.

#include "hook/typed.hpp"

#include <bpflink/error.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/match.hpp>
#include <bpflink/query.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

using detail::located_link;

[[nodiscard]] constexpr match yes_or_no(bool is_so) noexcept {
    return is_so ? match::yes : match::no;
}

/// Of several comparisons: `no` where one says so, and `yes` only where all do.
[[nodiscard]] constexpr match both(match a, match b) noexcept {
    if (a == match::no || b == match::no) return match::no;
    return a == match::yes && b == match::yes ? match::yes : match::unknown;
}

/// The link's: detail::is_at has seen that it has them.
template <class Hook>
[[nodiscard]] typename hook_traits<Hook>::details const& details_of(located_link const& l) {
    return std::get<typename hook_traits<Hook>::details>(l.info.details);
}

/// Whether what kept the answer away will do so again, as opposed to what may be told a moment
/// later.
[[nodiscard]] inline bool tells_nothing(error const& why) noexcept {
    return why == errc::not_supported || why == errc::permission_denied;
}

/// An answer, or `unknown` where nothing tells.
[[nodiscard]] inline result<match> unless_told_nothing(result<match> told) {
    if (!told && tells_nothing(told.error())) return match::unknown;
    return told;
}

/// The attach type that the hook names, or else that the program would be attached for.
template <class Hook>
[[nodiscard]] match is_of_attach_type(Hook const& where, located_link const& l,
                                      std::optional<attach_type> is) noexcept {
    auto wanted = where.attach;
    if (!wanted && l.prog) wanted = attach_type_of(*l.prog, hook_traits<Hook>::row());
    if (!wanted || !is) return match::unknown;
    return yes_or_no(*wanted == *is);
}

/// Whether a link is on an interface of this network namespace, by a list of what is on that: this
/// is complete. Unknown where the kernel does not list the links, or not to this process.
template <class Hook>
[[nodiscard]] match is_listed(Hook const& where, link_id id) {
    auto const there = query(where);
    // No interface here has the index.
    if (!there) return there.error() == errc::not_found ? match::no : match::unknown;
    // It tells no links of xdp; but a link would be seen by its program.
    if constexpr (std::same_as<Hook, hook::xdp>)
        return there->entries.empty() ? match::no : match::unknown;
    else
        return yes_or_no(std::ranges::find(there->entries, std::optional{id},
                                           &hook_query::entry::link) != there->entries.end());
}

/// Whether the device that a link is on, or the packet filter, is in the network namespace of the
/// calling thread.
/// @errors EMFILE, ENOMEM  a later look may tell
/// @cost 3 system calls
[[nodiscard]] result<match> is_in_this_netns(fd_view link);

/// The same of the interface of xdp, tcx and netkit, once the index is known to be that.
/// @cost 3 system calls, and those of a query where the program of the library's own may not load
template <class Hook>
[[nodiscard]] result<match> is_on_this_interface(Hook const& where, located_link const& l) {
    auto told = is_in_this_netns(l.fd);
    if (!told || *told != match::unknown) return told;
    return is_listed(where, l.info.id);
}

/// Of hooks on interfaces that have several attach types.
template <class Hook>
[[nodiscard]] result<match> is_at_device(Hook where, located_link const& l) {
    auto const& on = details_of<Hook>(l);
    if (on.ifindex != where.ifindex) return match::no;
    auto const type = is_of_attach_type(where, l, on.attach);
    if (type == match::no) return type;
    where.attach = on.attach;
    return is_on_this_interface(where, l).map([&](match here) { return both(type, here); });
}

/// Where a program was loaded to be attached.
struct program_target {
    program_id id; // of the program
    program_type type = program_type::unspec;
    std::optional<std::uint32_t> function; // its BTF id; since 6.0
    std::uint32_t types = 0; // the BTF object that has it; 0: nothing told, as of a program that
                             // was attached to a function of another program's
};

/// @errors EBADF  not open
/// @cost 1 system call
[[nodiscard]] result<program_target> target_of(fd_view program);

/// The attach target of the program that a link runs. Empty where it cannot be told, or the link
/// has another program by now.
/// @errors EMFILE, ENOMEM
/// @cost 3 system calls
[[nodiscard]] result<std::optional<program_target>> target_of_running(located_link const& l);

/// The BTF object of a program; empty where that cannot be told.
/// @errors EMFILE, ENOMEM
/// @cost 3 system calls
[[nodiscard]] result<std::optional<std::uint32_t>> types_of_program(program_id id);

/// Of links on a function's trampoline: whether the named program was loaded for that function, and
/// for the link's attach type.
/// @param all  the attach types that the hook has
/// @cost as has_same_target
[[nodiscard]] result<match> is_at_function(located_link const& l, std::span<attach_type const> all);

/// The addresses of each function, in the order of the names; none where there is no such function,
/// and 0 for one that is hidden.
/// @errors not_supported, permission_denied  nothing tells; and EMFILE, ENOMEM
[[nodiscard]] result<std::vector<std::vector<std::uint64_t>>>
function_addresses(std::span<std::string_view const> names);

/// Whether a probe at an address is at one of these, with an offset.
[[nodiscard]] match is_among(std::uint64_t address, std::span<std::uint64_t const> all,
                             std::uint64_t offset) noexcept;

/// Whether the named program, where there is one, was loaded for the function that the link's was.
/// @cost 1 system call, and 3 more where the link runs another program
[[nodiscard]] result<match> has_same_target(located_link const& l);

/// Whether the next program of a link was loaded for another function than the one that runs.
[[nodiscard]] detail::finding is_for_another_function(detail::attempt const& tried);

/// Whether two tables of struct_ops have one name, of which the kernel registers one at a time.
/// Unknown where their struct has none, or it cannot be read.
/// @cost 5 system calls; reads the kernel's types, some milliseconds
[[nodiscard]] match has_name_of(fd_view table, map_id other);

/// Refuses a place that is not what the hook takes, as a query of it would.
/// @param outcome  errno, negated
template <class Hook>
[[nodiscard]] tl::unexpected<error> refuse_place(int outcome, operation what, Hook const& where,
                                                 attach_type attach, std::uint32_t target) {
    auto const& row = hook_traits<Hook>::row();
    auto asked = request_of(where);
    asked.attach = attach;
    asked.target = target;
    return refuse(outcome, what, describe(where), {.row = row, .request = &asked},
                  {row.query_causes, usual_causes()});
}

} // namespace bpflink
