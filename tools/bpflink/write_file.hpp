// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace tool {

/// Puts a file of this text at the path, in one step: readers see the old one or the new one.
/// Everybody may read it. Throws std::system_error, and then leaves the old one.
void write_file(std::string const& path, std::string_view text);

} // namespace tool
