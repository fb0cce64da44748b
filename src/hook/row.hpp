// SPDX-License-Identifier: Apache-2.0
#pragma once

// The library's own facts of a hook, beside those that hook_traits has.

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/create.hpp"
#include "hook/section.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/hook/all.hpp>
#include <bpflink/program_type.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink::detail {

/// The way to ask the kernel for a hook: a program to load for it, and an attach that cannot be.
struct probe {
    program_type program;
    std::optional<attach_type> expected = std::nullopt; // by the program
    char const* target = nullptr;                       // the kernel's type that it is loaded for
    std::optional<attach_type> attach = std::nullopt;   // by the link; none: loading is enough
    int known = 0;             // the answer of a kernel with the hook to the attach
    bool for_real = false;     // loading proves nothing: it is attached to its target, and closed
    char const* pmu = nullptr; // the other thing that is needed
    bool locked_down = false;  // where the kernel's lockdown is confidentiality
};

/// A capability that an attach needs; sys_admin stands in for the newer two.
enum class capability : unsigned { net_admin = 12, sys_admin = 21, perfmon = 38, bpf = 39 };

struct hook_row {
    // The traits' own.
    std::string_view name = {};
    std::span<program_type const> program_types = {};
    std::span<attach_type const> attach_types = {};
    std::optional<detail::probe> asked_by = std::nullopt; // none: only an attach tells
    // To attach, or to open the event. bpf(2) may ask everybody for CAP_BPF beside them.
    std::array<capability, 2> needs = {};
    std::span<refusal const> mistakes = {}; // seen in the request, before the kernel is asked
    std::span<refusal const> opening = {};  // of refusals of a perf event, which is opened first
    std::span<refusal const> causes = {};   // of refusals of the link
    std::span<refusal const> update_causes = {}; // of refusals of the next program
    std::span<refusal const> query_causes = {};  // of refusals to list what is there
    std::span<section const> sections = {};      // that libbpf has for such programs
};

} // namespace bpflink::detail

namespace [[gnu::visibility("hidden")]] bpflink {

/// The request to swap a link's program or map, for the looks of rows.
struct update_request {
    fd_view link;
    fd_view next;
    std::optional<fd_view> expected;
};

/// A hook's row, with what its traits say already.
template <class Hook>
[[nodiscard]] constexpr detail::hook_row row_for(detail::hook_row facts) noexcept {
    facts.name = hook_traits<Hook>::name;
    facts.program_types = hook_traits<Hook>::program_types;
    facts.attach_types = hook_traits<Hook>::attach_types;
    return facts;
}

/// Calls `f` with the row of each of all_hooks, in their order.
template <class F>
void each_row(F f) {
    [&]<class... Hooks>(type_list<Hooks...>) { (f(hook_traits<Hooks>::row()), ...); }(all_hooks{});
}
inline constexpr std::size_t number_of_hooks = []<class... Hooks>(type_list<Hooks...>) {
    return sizeof...(Hooks);
}(all_hooks{});

/// Causes that lie in the program, which the kernel looks at first. They stand before a hook's own.
[[nodiscard]] refusals program_causes() noexcept;
/// The same, where the hook takes programs.
[[nodiscard]] inline refusals program_causes(detail::hook_row const& row) noexcept {
    return row.program_types.empty() ? refusals{} : program_causes();
}

/// Causes that every attach has, whatever the hook. They stand behind a hook's own.
[[nodiscard]] refusals usual_causes() noexcept;

/// The same of every other command of bpf(2), such as to tell, to update or to pin an object.
[[nodiscard]] refusals command_causes() noexcept;

/// The same of every other system call.
[[nodiscard]] refusals common_causes() noexcept;

/// "a, b or c"
template <class Numbers>
[[nodiscard]] std::string either_of(Numbers const& all) {
    std::string names;
    for (auto const each : all)
        names += (names.empty() ? "" : each == all.back() ? " or " : ", ") + to_string(each);
    return names;
}

// Looks for the rows of several hooks.

/// The fact, if it is known.
[[nodiscard]] inline detail::finding yes_if(bool is_so, std::string what = {}) {
    return {is_so ? match::yes : match::no, std::move(what)};
}

/// Whether a descriptor is not open.
[[nodiscard]] detail::finding is_closed(fd_view fd, std::string what = {});

/// Whether this thread lacks any of these, and which.
[[nodiscard]] detail::finding missing_of(std::span<detail::capability const> needed);

inline constexpr std::string_view in_own_user_namespace =
    "the process is in a user namespace of its own, whose capabilities do not count here";

/// Whether the process is in a user namespace of its own, whose capabilities do not count for BPF.
[[nodiscard]] detail::finding in_other_user_namespace(detail::attempt const&);

/// The errno alone tells, whatever else it may mean to other hooks.
[[nodiscard]] inline detail::finding always(detail::attempt const&) {
    return {match::yes};
}

/// The program may have been loaded for another attach type: it is not known for which.
[[nodiscard]] inline detail::finding may_be_loaded_for_another(detail::attempt const& tried) {
    return {tried.prog->expected ? match::no : match::unknown};
}

/// The program is known to be loaded for an attach type that the hook does not have.
[[nodiscard]] detail::finding loaded_for_another(detail::attempt const& tried);

/// The same, and one that is known to be loaded for none.
[[nodiscard]] detail::finding not_loaded_for_it(detail::attempt const& tried);

/// The kernel has programs of this type that sleep. It does not tell which do.
[[nodiscard]] detail::finding may_sleep(detail::attempt const& tried);

/// The kernel does not have the hook.
[[nodiscard]] detail::finding kernel_is_without(detail::attempt const& tried);

/// Attaches by one of the kernel's two commands, or says why not: by the hook's own causes, then
/// the usual ones.
/// @param subject  the place, called for the message alone
template <class Attr, class Subject>
[[nodiscard]] result<unique_fd> attach_by(sys::opened (*ask)(Attr const&) noexcept, operation what,
                                          Attr const& attr, detail::attempt const& tried,
                                          Subject subject) {
    if (auto clear = check(tried, tried.row.mistakes, what, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto made = ask(attr);
    if (made) return made;
    return refuse(made.outcome(), what, subject(), tried,
                  {program_causes(tried.row), tried.row.causes, usual_causes()});
}

/// Attaches by BPF_LINK_CREATE.
template <class Subject>
[[nodiscard]] result<unique_fd> create_link(uapi::link_create_attr const& attr,
                                            detail::attempt const& tried, Subject subject) {
    return attach_by(sys::link_create, operation::link_create, attr, tried, subject);
}

/// Attaches by BPF_RAW_TRACEPOINT_OPEN.
template <class Subject>
[[nodiscard]] result<unique_fd> open_raw_tracepoint(uapi::raw_tracepoint_attr const& attr,
                                                    detail::attempt const& tried, Subject subject) {
    return attach_by(sys::raw_tracepoint_open, operation::raw_tracepoint_open, attr, tried,
                     subject);
}

} // namespace bpflink
