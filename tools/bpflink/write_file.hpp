// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace tool {

/// Puts a file of this text at the path, in one step: readers see the old one or the new one.
/// Everybody may read it. Symbolic links stay, and the file behind them is the one that is
/// replaced. Throws std::system_error, or std::runtime_error for what is not a regular file; the
/// old one stays then.
void write_file(std::string const& path, std::string_view text);

} // namespace tool
