// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/hook/traits.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace bpflink {

/// The step that is refused.
enum class refused_step {
    request, ///< the hook itself: a mistake in it, seen before the kernel is asked
    attach,  ///< the attach, by the kernel
    update,  ///< the next program of a link that is there
    query,   ///< to list what is on the hook
};

/// A cause of a refusal that the library knows. An error's message has the one that it found;
/// docs/errors.md has them all.
struct known_refusal {
    refused_step step{};           ///< the step that is refused
    int number = 0;                ///< errno
    std::optional<errc> condition; ///< empty where none fits
    std::string_view cause;        ///< a clause; "{}" in it is for what is found when it happens
    std::string_view remedy;       ///< what to do about it; empty where nothing helps
    std::string_view source;       ///< the kernel's function that refuses
};

namespace detail {
[[nodiscard]] std::vector<known_refusal> known_refusals(hook_row const& row);
}

/// All causes that are known for a hook: its own first, then those of every attach, and of every
/// update.
/// @cost no system call; allocates. The texts are the library's, and stay
/// @threads any
template <hook_like H>
[[nodiscard]] std::vector<known_refusal> known_refusals() {
    return detail::known_refusals(hook_traits<H>::row());
}

} // namespace bpflink
