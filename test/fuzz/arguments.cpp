// SPDX-License-Identifier: Apache-2.0
// A command line of the tool, its words ended by zero bytes. It is read, and what it asks for is
// not done.
#include "command_line.hpp"
#include "fuzz.hpp"
#include "parameters.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    fuzz::kernel const machine; // which reading does not enter
    std::vector<std::string> words;
    while (!in.rest().empty())
        words.emplace_back(in.until('\0'));
    try {
        fuzz::require(static_cast<bool>(tool::read_command_line(std::move(words))),
                      "what is read can be done");
    } catch (tool::usage_error const& e) {
        fuzz::require(!std::string_view{e.what()}.empty(), "a mistake is named");
    }
    return 0;
}
