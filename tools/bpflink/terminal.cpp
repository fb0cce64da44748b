// SPDX-License-Identifier: Apache-2.0
#include "terminal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace tool {
namespace {

std::string_view variable(char const* name) {
    char const* const text = std::getenv(name);
    return text ? text : "";
}

} // namespace

std::size_t output_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    auto const text = variable("COLUMNS");
    std::size_t given = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), given);
    if (problem == std::errc{} && end == text.data() + text.size() && given > 0) return given;
    return std::numeric_limits<std::size_t>::max();
}

std::size_t prose_width() {
    return ::isatty(STDOUT_FILENO) == 1 ? std::min(output_width(), most_readable)
                                        : std::numeric_limits<std::size_t>::max();
}

std::size_t output_height() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
    return std::numeric_limits<std::size_t>::max();
}

bool on_terminal() {
    return ::isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb";
}

bool wants_colour() {
    return on_terminal() && variable("NO_COLOR").empty();
}

} // namespace tool
