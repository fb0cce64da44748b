// SPDX-License-Identifier: Apache-2.0
#include "kernel_case.hpp"

#include "eventually.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

unsigned cases_watched = 0;
bool case_skipped = false;
std::set<std::uint32_t> own_programs;

struct surroundings {
    std::string mounts;
    std::string cgroup;
    std::string directory;
    ino_t network = 0;
    std::set<std::uint32_t> links;
} as_found;

std::string contents(char const* path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

ino_t network_namespace() {
    struct stat facts{};
    ::stat("/proc/thread-self/ns/net", &facts);
    return facts.st_ino;
}

surroundings look_around() {
    surroundings now;
    now.mounts = contents("/proc/self/mounts");
    now.cgroup = contents("/proc/self/cgroup");
    now.directory = std::filesystem::current_path();
    now.network = network_namespace();
    return now;
}

/// The first version 2 cgroup mount of /proc/self/mounts.
std::string cgroup_mount() {
    std::ifstream mounts{"/proc/self/mounts"};
    for (std::string device, place, type, rest; mounts >> device >> place >> type;
         std::getline(mounts, rest))
        if (type == "cgroup2") return place;
    return {};
}

/// Entries that sandbox made: it names them by the process.
void find_own_names(std::string const& directory, std::vector<std::string>& found) {
    std::error_code ignored;
    auto const prefix = "bpflink_test_" + std::to_string(::getpid()) + "_";
    for (auto const& entry : std::filesystem::directory_iterator{directory, ignored})
        if (entry.path().filename().string().starts_with(prefix))
            found.push_back("a directory: " + entry.path().string());
}

void find_own_links(std::vector<std::string>& found) {
    // Others come and go on the same machine: only those that run a program of ours are ours.
    for (auto&& entry : bl::infos()) {
        if (!entry)
            found.push_back("no answer: " + entry.error().message());
        else if (own_programs.contains(entry->program.value()) &&
                 !as_found.links.contains(entry->id.value()))
            found.push_back("link " + std::to_string(entry->id.value()) + " (" +
                            to_string(entry->type) + ")");
    }
}

} // namespace

kernel_case::kernel_case() : descriptors_{sandbox::open_descriptors()} {
    ++cases_watched;
}

kernel_case::~kernel_case() {
    CHECK_MESSAGE(sandbox::open_descriptors() == descriptors_, "a descriptor leaks");
    // The kernel frees a link that lost its last pin a moment later.
    auto left = leftovers();
    static_cast<void>(eventually([&] {
        if (!left.empty()) left = leftovers();
        return left.empty();
    }));
    for (auto const& what : left)
        FAIL_CHECK("left behind: ", what);
}

unsigned kernel_case::watched() noexcept {
    return cases_watched;
}

void skip_case(std::string const& reason) {
    case_skipped = true;
    skip_part(reason);
}

void skip_part(std::string const& reason) {
    std::printf("SKIP: %s\n", reason.c_str());
    std::fflush(stdout);
}

bool take_skipped() noexcept {
    return std::exchange(case_skipped, false);
}

void note_own_program(std::uint32_t id) {
    own_programs.insert(id);
}

void remember_as_found() {
    as_found = look_around();
    for (auto&& id : bl::link_ids())
        if (id) as_found.links.insert(id->value());
}

std::vector<std::string> leftovers() {
    std::vector<std::string> found;
    find_own_links(found);
    auto const now = look_around();
    if (now.mounts != as_found.mounts) found.emplace_back("a mount");
    if (now.cgroup != as_found.cgroup) found.emplace_back("the process is in a cgroup");
    if (now.network != as_found.network) found.emplace_back("the thread is in a network namespace");
    if (now.directory != as_found.directory) found.emplace_back("the process changed directory");
    find_own_names(cgroup_mount(), found);
    find_own_names(std::filesystem::temp_directory_path(), found);
    if (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD)
        found.emplace_back("a child process");
    return found;
}
