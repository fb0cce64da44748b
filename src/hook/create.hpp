// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../fail.hpp"
#include "../sys.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/fd.hpp>

#include <cerrno>
#include <cstdint>
#include <string>

namespace bpflink {

[[nodiscard]] inline std::uint32_t raw_fd(fd_view fd) noexcept {
    return static_cast<std::uint32_t>(fd.get());
}

/// Refuses a program that is known to be loaded for another attach type.
[[nodiscard]] inline result<void> check_expected(detail::borrowed_program const& prog,
                                                 attach_type needed, std::string const& subject) {
    if (!prog.expected || *prog.expected == needed) return {};
    return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                "the program was loaded for attach type " + to_string(*prog.expected) + ", and " +
                    to_string(needed) + " is needed");
}

/// The new descriptor, or the kernel's refusal with advice on it.
[[nodiscard]] inline result<unique_fd> created(int outcome, operation where, std::string subject,
                                               std::string advice = {}) {
    if (outcome >= 0) return unique_fd{outcome};
    error e{-outcome, where, std::move(subject)};
    if (!advice.empty()) e.add_advice(advice);
    return tl::unexpected{std::move(e)};
}

} // namespace bpflink
