// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <cerrno>
#include <climits>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

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

/// A mount of cgroup2.
struct cgroup_mount {
    std::string root; ///< the cgroup at its top, as this cgroup namespace names it
    std::string place;
};

std::vector<cgroup_mount> cgroup_mounts() {
    std::vector<cgroup_mount> all;
    std::ifstream lines{"/proc/thread-self/mountinfo"};
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" - cgroup2 ") == std::string::npos) continue;
        std::istringstream words{line};
        std::string skipped; // the ids of the mount and of its parent, and the device
        auto& [root, place] = all.emplace_back();
        words >> skipped >> skipped >> skipped >> root >> place;
    }
    return all;
}

/// A cgroup's directory on a mount, if that shows it. Both are named from this cgroup namespace,
/// and begin with /.. where they are not below its top.
std::optional<std::string> directory_on(cgroup_mount const& mount, std::string_view cgroup) {
    auto const root = mount.root == "/" ? std::string_view{} : mount.root;
    if (!cgroup.starts_with(root)) return std::nullopt;
    auto const below = cgroup.substr(root.size());
    bool const is_whole = below.empty() || below.starts_with('/'); // and not a part of a name
    if (!is_whole || below == "/.." || below.starts_with("/../")) return std::nullopt;
    return mount.place + std::string{below};
}

/// Its cgroup of version 2, as this cgroup namespace names it; empty where there is none.
std::string cgroup_of(unsigned process) {
    std::ifstream lines{fmt::format("/proc/{}/cgroup", process)};
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("0::")) return line.substr(3);
    return {};
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

bl::result<std::string> cgroup_directory_of(unsigned process) {
    auto const cgroup = cgroup_of(process);
    if (cgroup.empty()) return cgroup;
    for (auto const& mount : cgroup_mounts())
        if (auto directory = directory_on(mount, cgroup)) return *std::move(directory);
    return tl::unexpected{
        bl::error{ENOENT, bl::operation::resolve_cgroup, bl::errc::not_found,
                  fmt::format("{} of process {}", cgroup, process),
                  "no cgroup2 file system that is mounted here shows it: ask from where one does"}};
}

} // namespace tool
