// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"
#include "output.hpp"
#include "parameters.hpp"
#include "problems.hpp"

#include <csignal>
#include <exception>
#include <malloc.h>
#include <system_error>
#include <vector>

namespace {

constexpr int usage_failure = 2;

void complain_of(tool::usage_error const& mistake) {
    tool::complain(mistake.what());
    tool::complain("see bpflink " + mistake.command + (mistake.command.empty() ? "" : " ") +
                   "--help");
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
        complain_of(e);
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
