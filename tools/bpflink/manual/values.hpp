// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace tool {

/// The words that can stand for a value, for a shell that is to complete it.
struct value_words {
    std::string words;   ///< with blanks between them
    std::string command; ///< a shell command that prints more, each with its description in a line
    bool paths = false;  ///< whether a path may be said as well
};

/// @param value  as --help names it: "ID|PATH", "TYPE", ...
[[nodiscard]] value_words words_for(std::string_view value);

} // namespace tool
