// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"
#include "facts.hpp"
#include "process.hpp"
#include "record.hpp"
#include "walk.hpp"

#include <bpflink/lifecycle/holders.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include <sys/stat.h>

namespace tool::on {
namespace {

namespace bl = bpflink;

/// Which file a path leads to.
using file_identity = std::pair<dev_t, ino_t>;

std::optional<file_identity> identity_of(std::string const& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) < 0) return std::nullopt;
    return file_identity{found.st_dev, found.st_ino};
}

/// A place of a uprobe in a file.
struct probe {
    std::uint64_t offset;
    attached program;
};

struct find_probes {
    record const& link;
    std::set<file_identity> const& files;
    std::optional<std::uint32_t> process; // of which all others are left out
    std::vector<probe>& to;

    void operator()(auto const&) const {}
    void operator()(bl::perf_event_details const& d) const { std::visit(*this, d.event); }
    void operator()(bl::perf_uprobe const& d) const {
        if (is_wanted(d.binary)) add(d.retprobe, d.binary, d.offset, {});
    }
    void operator()(bl::uprobe_multi_details const& d) const {
        if (!is_wanted(d.binary)) return;
        auto const of = d.pid.value_or(0);
        if (process && of != 0 && of != *process) return;
        auto const note = of == 0 ? std::string{} : fmt::format("process {} alone", of);
        for (auto const& place : d.places)
            add(d.retprobe.value_or(false), d.binary, place.offset, note);
    }

private:
    [[nodiscard]] bool is_wanted(std::string const& path) const {
        // Relative to the process that attached it, which is not this one.
        if (path.starts_with("/proc/self/") || path.starts_with("/proc/thread-self/")) return false;
        auto const found = identity_of(path);
        return found && files.contains(*found);
    }
    void add(bool retprobe, std::string const& path, std::uint64_t offset, std::string note) const {
        to.push_back({offset,
                      {retprobe ? "uretprobe" : "uprobe", link.info.program, link.info.id,
                       fmt::format("{}+{:#x}", path, offset), std::move(note)}});
    }
};

void add_probes(std::set<file_identity> const& files, std::optional<std::uint32_t> process,
                lookup& names, programs& to, problems& report) {
    std::vector<probe> found;
    for (auto const& link : all_links(
             [](bl::link_info const& info) {
                 return info.type == bl::link_type::perf_event ||
                        info.type == bl::link_type::uprobe_multi;
             },
             names, report))
        std::visit(find_probes{link, files, process, found}, link.info.details);
    std::ranges::sort(found, {},
                      [](probe const& each) { return std::pair{each.offset, each.program.link}; });
    for (auto& each : found)
        to.push_back(std::move(each.program));
}

/// The files that a process has mapped to be run.
std::set<file_identity> executables_of(unsigned process) {
    std::set<file_identity> files;
    std::ifstream maps{fmt::format("/proc/{}/maps", process)};
    for (std::string line; std::getline(maps, line);) {
        auto const path = line.find('/');
        if (path == std::string::npos || line.find(" r-xp ") == std::string::npos) continue;
        if (auto const file =
                identity_of(fmt::format("/proc/{}/root{}", process, line.substr(path))))
            files.insert(*file);
    }
    return files;
}

void add_held(unsigned process, lookup& names, programs& to, problems& report) {
    auto const holders = report.value_of(bl::holders());
    if (!holders) return;
    auto const holds = [&](bl::link_info const& info) {
        auto const held = holders->find(info.id);
        return held != holders->end() &&
               std::ranges::find(held->second.processes, static_cast<int>(process),
                                 &bl::process_holder::process) != held->second.processes.end();
    };
    for (auto const& link : all_links(holds, names, report))
        to.push_back(
            {to_string(link.info.type), link.info.program, link.info.id, target_of(link), "open"});
}

void add_cgroup_of(unsigned process, programs& to, problems& report) {
    auto const directory = report.value_of(cgroup_directory_of(process));
    if (directory && !directory->empty()) add_cgroup(*directory, to, report);
}

} // namespace

void add_file(std::string const& path, lookup& names, programs& to, problems& report) {
    if (auto const file = identity_of(path)) add_probes({*file}, std::nullopt, names, to, report);
}

void add_process(unsigned process, lookup& names, programs& to, problems& report) {
    add_held(process, names, to, report);
    add_probes(executables_of(process), process, names, to, report);
    add_cgroup_of(process, to, report);
    add_netns(fmt::format("/proc/{}/ns/net", process), to, report);
}

} // namespace tool::on
