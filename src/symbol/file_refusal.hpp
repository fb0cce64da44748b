// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Says why a file with symbols, or with a list of them, was not opened.
[[nodiscard]] tl::unexpected<error> refuse_open(int outcome, std::string const& path);

/// Says why it was opened, and cannot be read.
[[nodiscard]] tl::unexpected<error> refuse_read(int outcome, std::string const& path);

} // namespace bpflink
