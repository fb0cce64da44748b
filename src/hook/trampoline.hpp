// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Attaches a program to the function that it was loaded for.
/// @param prog     with `expected` known where there is a cookie
/// @param subject  for messages
[[nodiscard]] result<unique_fd> attach_where_loaded(detail::borrowed_program const& prog,
                                                    cookie value, std::string subject);

} // namespace bpflink
