// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <stdexcept>
#include <string>
#include <sysexits.h>
#include <type_traits>
#include <utility>

namespace service {

/// The reason that ends the service, in a line, and its exit status.
struct failure : std::runtime_error {
    failure(int number, std::string const& why) : std::runtime_error{why}, status{number} {}
    int status;
};

/// The value of a result, or the end of the service.
/// @param status  unless privileges are missing
template <class T>
T or_end(bpflink::result<T> outcome, int status) {
    if (!outcome) {
        auto const& why = outcome.error();
        throw failure{why == bpflink::errc::permission_denied ? EX_NOPERM : status, why.message()};
    }
    if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

} // namespace service
