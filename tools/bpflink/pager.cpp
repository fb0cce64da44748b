// SPDX-License-Identifier: Apache-2.0
#include "pager.hpp"

#include "output.hpp"
#include "terminal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

namespace tool {
namespace {

std::string pager() {
    for (auto const* const name : {"BPFLINK_PAGER", "PAGER"})
        if (auto const* const said = std::getenv(name)) return said;
    return ::access("/usr/bin/less", X_OK) == 0 || ::access("/bin/less", X_OK) == 0 ? "less" : "";
}

} // namespace

void print_long(std::string const& text) {
    auto const lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    auto const command = lines < output_height() ? std::string{} : pager();
    if (command.empty()) return print(text);
    ::setenv("LESS", "FRX", 0); // colours as they are, and no page where one is enough
    flush();
    auto* const reader = ::popen(command.c_str(), "w");
    if (!reader) return print(text);
    // The reader may leave the pager early.
    std::fwrite(text.data(), 1, text.size(), reader);
    auto const outcome = ::pclose(reader);
    constexpr int not_executable = 126; // and above: there is no such program, says the shell
    if (WIFEXITED(outcome) && WEXITSTATUS(outcome) >= not_executable) print(text);
}

} // namespace tool
