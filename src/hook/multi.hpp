// SPDX-License-Identifier: Apache-2.0
#pragma once

// What hooks with many places in one link share.

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// "1 cookie", "2 cookies".
[[nodiscard]] std::string several(std::size_t count, std::string_view what);

/// What EINVAL of a multi link means: a kernel that does not have the kind, or another mistake.
[[nodiscard]] tl::unexpected<error> refused_multi(detail::borrowed_program const& prog,
                                                  attach_type attach, std::string subject);

} // namespace bpflink
