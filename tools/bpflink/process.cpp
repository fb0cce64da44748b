// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <cerrno>
#include <climits>
#include <csignal>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <sys/stat.h>

namespace tool {
namespace {

namespace bl = bpflink;

bool is_there(char const* path) {
    struct stat facts{};
    return ::stat(path, &facts) == 0;
}

/// Whether the kernel has it, which /proc may hide.
bool may_be_signalled(unsigned process) {
    if (process == 0 || process > INT_MAX) return false; // these would be groups
    return ::kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM;
}

} // namespace

bl::result<unsigned> find_process(unsigned process) {
    auto const place = fmt::format("/proc/{}", process);
    if (is_there(place.c_str())) return process;
    auto const refuse = [&](int code, bl::errc condition, std::string advice) {
        return tl::unexpected{
            bl::error{code, bl::operation::open, condition, place, std::move(advice)}};
    };
    if (!is_there("/proc/self"))
        return refuse(ENOENT, bl::errc::not_found,
                      "/proc is not mounted, which tells of processes: mount it");
    if (may_be_signalled(process))
        return refuse(EACCES, bl::errc::permission_denied,
                      "/proc hides the process (hidepid): ask as its user, or with CAP_SYS_PTRACE");
    return refuse(ENOENT, bl::errc::not_found, "there is no such process");
}

} // namespace tool
