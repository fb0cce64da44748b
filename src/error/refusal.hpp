// SPDX-License-Identifier: Apache-2.0
#pragma once

// A refusal as data: the causes of each errno, and the looks that tell them apart.

#include "error/fail.hpp"

#include <bpflink/match.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink::detail {

struct borrowed_program;
struct hook_row;
[[gnu::visibility("hidden")]] extern hook_row const no_hook; // for calls without a hook; all empty

/// The request to the kernel, for a look at why it refused.
struct attempt {
    hook_row const& row = no_hook;
    borrowed_program const* prog = nullptr; // or the map that stands in its place
    void const* request = nullptr;          // of a type that the operation's looks know

    template <class Request>
    [[nodiscard]] Request const& as() const noexcept {
        return *static_cast<Request const*>(request);
    }
};

/// The finding of a look about one cause.
struct finding {
    match is = match::unknown;
    std::string what = {}; // stands for the "{}" of the row's cause
};

/// One cause of one errno.
struct refusal {
    int number;              // errno
    errc condition;          // errc{} where none fits
    std::string_view cause;  // a clause; "{}" is for what the look found
    std::string_view remedy; // what to do about it; empty where nothing helps
    std::string_view source; // the kernel's function that says so
    // Whether this is the cause. Without a look it is one of those that are left.
    finding (*look)(attempt const&) = nullptr;
};

} // namespace bpflink::detail

namespace [[gnu::visibility("hidden")]] bpflink {

using refusals = std::span<detail::refusal const>;

/// The rows of several tables, as one.
template <std::size_t... Sizes>
[[nodiscard]] constexpr auto joined(std::array<detail::refusal, Sizes> const&... tables) {
    std::array<detail::refusal, (Sizes + ...)> all{};
    std::size_t at = 0;
    auto const add = [&](auto const& table) {
        for (detail::refusal const& row : table)
            all[at++] = row;
    };
    (add(tables), ...);
    return all;
}

/// The one function that says why the kernel refused. It looks, in the order of the rows, until a
/// look says yes. Those that say no are out. Of several that are left, all are told, and the
/// condition is the one that they share; errc{} where they differ. An errno without a row has its
/// usual condition.
/// @param outcome  errno, negated
[[nodiscard]] tl::unexpected<error> refuse(int outcome, operation what, std::string subject,
                                           detail::attempt const& tried,
                                           std::initializer_list<refusals> all);

/// The error of one cause.
[[nodiscard]] tl::unexpected<error> refuse_by(detail::refusal const& row, detail::finding found,
                                              operation what, std::string subject);

/// Refuses the first mistake whose look says yes. It stands before the call to the kernel, so its
/// looks make no system call.
/// @param subject  called for the message alone
template <class Subject>
[[nodiscard]] result<void> check(detail::attempt const& tried, refusals mistakes, operation what,
                                 Subject subject) {
    for (detail::refusal const& row : mistakes)
        if (auto found = row.look(tried); found.is == match::yes)
            return refuse_by(row, std::move(found), what, subject());
    return {};
}

} // namespace bpflink
