// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The text as one line that sends a terminal no command, as names come from whoever could make
/// them. Bytes that are not printable UTF-8 are escaped.
/// @param quote  this character is escaped, too, which makes it reversible
[[nodiscard]] std::string one_line(std::string_view text, char quote = '\0');

} // namespace bpflink
