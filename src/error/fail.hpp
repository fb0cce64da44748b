// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <string>
#include <utility>

namespace [[gnu::visibility("hidden")]] bpflink {

/// An error out of what a sys function returned. `outcome` is a negated errno.
[[nodiscard]] inline tl::unexpected<error> fail(int outcome, operation where,
                                                std::string subject = {}) {
    return tl::unexpected{error{-outcome, where, std::move(subject)}};
}

[[nodiscard]] inline tl::unexpected<error> fail(int outcome, operation where, errc condition,
                                                std::string subject = {}, std::string advice = {}) {
    return tl::unexpected{error{-outcome, where, condition, std::move(subject), std::move(advice)}};
}

} // namespace bpflink
