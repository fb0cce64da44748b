// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/attach_type.hpp"

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

/// The program type that an attach type takes on a hook; unspec for those of other hooks.
using attach_types_of_hook = program_type (*)(attach_type) noexcept;

/// The attach type that the program was loaded for, else the only one that the hook has for its
/// type.
/// @errors invalid_argument  loaded for another hook's (what is needed is named); not known
[[nodiscard]] result<attach_type> attach_type_of(detail::borrowed_program const& prog,
                                                 attach_types_of_hook takes,
                                                 std::string const& subject);

/// The attach type to attach by: the one that is named, else the program's.
/// @param subject  called for the message alone
template <class Subject>
[[nodiscard]] result<attach_type> attach_type_meant(std::optional<attach_type> named,
                                                    detail::borrowed_program const& prog,
                                                    attach_types_of_hook takes, Subject subject) {
    if (named) return *named;
    return attach_type_of(prog, takes, subject());
}

/// A place, with the attach type where it is named.
[[nodiscard]] inline std::string with_attach_type(std::string place,
                                                  std::optional<attach_type> attach) {
    return attach ? std::move(place) + ", " + to_string(*attach) : place;
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

/// The mistake, if any, in a pair of program type and attach type.
/// @param needed  the type that the attach type takes on this hook; unspec for none
/// @param hook    "a cgroup": whose attach type it should be
[[nodiscard]] inline std::string mismatch(program_type is, program_type needed, attach_type attach,
                                          std::string_view hook) {
    if (needed == program_type::unspec)
        return "attach type " + to_string(attach) + " is not " + std::string{hook} + "'s";
    if (is == needed) return {};
    return "the program is of type " + to_string(is) + ", and " + to_string(needed) +
           " is needed for " + to_string(attach);
}

/// The new descriptor, or the kernel's refusal with advice on it.
[[nodiscard]] inline result<unique_fd> created(sys::opened&& made, operation where,
                                               std::string subject, std::string advice = {}) {
    if (made) return std::move(made);
    error e{-made.outcome(), where, std::move(subject)};
    if (!advice.empty()) e.add_advice(advice);
    return tl::unexpected{std::move(e)};
}

} // namespace bpflink
