// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/sys.hpp"
#include "error/fail.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/fd.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] inline std::uint32_t raw_fd(fd_view fd) noexcept {
    return static_cast<std::uint32_t>(fd.get());
}

/// Refuses a program that is known to be loaded for another attach type than these, or for none.
[[nodiscard]] result<void> check_expected(detail::borrowed_program const& prog,
                                          std::span<attach_type const> wanted,
                                          std::string const& subject);
[[nodiscard]] inline result<void> check_expected(detail::borrowed_program const& prog,
                                                 attach_type wanted, std::string const& subject) {
    return check_expected(prog, {&wanted, 1}, subject);
}

/// An array as the kernel takes it; 0 for none.
template <class T>
[[nodiscard]] std::uint64_t address_of(std::span<T const> array) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    return array.empty() ? 0 : reinterpret_cast<std::uintptr_t>(array.data());
}

/// Attaches to what cannot be. A kernel that has the attach type refuses that in its own way, and
/// one that does not by EINVAL, as it does many mistakes. The errno; 0 if it was taken after all.
[[nodiscard]] int attach_to_nothing(fd_view program, attach_type attach);

/// The new descriptor, or the kernel's refusal with advice on it.
[[nodiscard]] inline result<unique_fd> created(sys::opened&& made, operation where,
                                               std::string subject, std::string advice = {}) {
    if (made) return std::move(made);
    error e{-made.outcome(), where, std::move(subject)};
    if (!advice.empty()) e.add_advice(advice);
    return tl::unexpected{std::move(e)};
}

} // namespace bpflink
