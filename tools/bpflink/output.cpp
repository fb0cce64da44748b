// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include "text.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace tool {
namespace {

[[noreturn]] void fail() {
    throw std::system_error{errno, std::generic_category(), "writing to standard output"};
}

} // namespace

void print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail();
}

void say(std::string_view line) {
    print(printable(line) + "\n");
}

void flush() {
    if (std::fflush(stdout) != 0) fail();
}

void complain(std::string_view message) noexcept {
    std::fprintf(stderr, "bpflink: %s\n", printable(message).c_str());
}

} // namespace tool
