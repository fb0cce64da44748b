// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "parameters.hpp"
#include "problems.hpp"

#include <csignal>
#include <exception>
#include <malloc.h>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr int usage_failure = 2;

void complain_of(tool::usage_error const& mistake, std::string_view command) {
    tool::complain(mistake.what());
    auto const help =
        tool::is_command(command) ? std::string{command} + " --help" : std::string{"--help"};
    tool::complain("see bpflink " + help);
}

} // namespace

int main(int argc, char** argv) {
#ifdef M_MMAP_THRESHOLD
    // Thousands of links may be listed: memory that grows is not mapped anew, page by page.
    ::mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
    ::mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
#endif
    tool::reserve_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN); // some callers ignore it, and that shall make no difference
    try {
        auto const act = tool::read_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
        int const code = act();
        tool::flush();
        return code;
    } catch (tool::usage_error const& e) {
        complain_of(e, argc > 1 ? argv[1] : "");
        return usage_failure;
    } catch (std::system_error const& e) {
        // The reader has read enough, which is not our failure.
        if (e.code() == std::errc::broken_pipe) return 0;
        tool::complain(e.what());
    } catch (std::exception const& e) {
        tool::complain(e.what());
    }
    return tool::failure;
}
