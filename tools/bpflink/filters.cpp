// SPDX-License-Identifier: Apache-2.0
#include "filters.hpp"

#include "process.hpp"

#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fnmatch.h>
#include <functional>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

/// An option that takes one value, or several with commas, and may be repeated.
void add_list(parameters const& takes, std::string const& name, std::string const& type,
              std::string const& description, std::function<void(std::string const&)> take) {
    takes
        .list(
            name,
            [take = std::move(take)](std::vector<std::string> const& words) {
                for (auto const& word : words)
                    take(word);
            },
            description)
        .shown_as(type);
}

auto into(std::vector<std::string>& words) {
    return [&words](std::string const& word) { words.push_back(word); };
}

bl::link_state parse_state(std::string const& word) {
    using enum bl::link_state;
    for (auto const state : {attached, defunct, unknown})
        if (word == to_string(state)) return state;
    throw usage_error{fmt::format("'{}' is not a state: give attached, defunct or unknown", word)};
}

/// A number above those of processes is an inode.
bl::result<bl::netns_inode> netns_of(std::string const& word) {
    constexpr std::uint32_t least_inode = 0xF0000000; // PROC_DYNAMIC_FIRST
    if (is_number(word))
        if (auto const number = parse_id(word); number >= least_inode)
            return bl::netns_inode{number};
    return bl::netns_inode_of(netns_path_of(word));
}

/// The process, though /proc may hide it: the kernel's iterator over descriptors does not.
bl::result<unsigned> find_any_process(unsigned process) {
    auto found = find_process(process);
    if (!found && found.error() == bl::errc::permission_denied) return process;
    return found;
}

/// Whether /proc tells what it has open.
bool may_be_looked_into(unsigned process) {
    std::error_code failure;
    std::filesystem::directory_iterator const first{fmt::format("/proc/{}/fd", process), failure};
    if (first != std::filesystem::directory_iterator{})
        static_cast<void>(std::filesystem::read_symlink(*first, failure));
    // Closed meanwhile; or /proc hides the process.
    return !failure || (failure.value() == ENOENT && find_process(process));
}

bool is_any_of(auto const& wanted, auto const& value) {
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

} // namespace

void filters::add_to(parameters const& takes) {
    add_list(takes, "--type", "TYPE", "Only links of this type: xdp, or a number",
             [this](std::string const& word) { types_.push_back(parse_type(word)); });
    add_list(takes, "--program", "PROGRAM", "Only links that run this program: its id, or a pin",
             [this](std::string const& word) { programs_.push_back(parse_program(word)); });
    add_list(takes, "--name", "GLOB", "Only links of programs with such a name: 'count_*'",
             into(names_));
    add_list(takes, "--interface", "IF", "Only links on this interface: eth0, or NETNS:eth0",
             into(interfaces_));
    add_list(takes, "--cgroup", "DIR", "Only links on this cgroup", into(cgroups_));
    add_list(takes, "--netns", "NETNS",
             "Only links in this network namespace: a name, PID, path or inode",
             [this](std::string const& word) {
                 if (is_number(word)) static_cast<void>(parse_id(word)); // of the right size
                 netns_.push_back(word);
             });
    add_list(takes, "--state", "STATE", "Only links in this state: attached, defunct or unknown",
             [this](std::string const& word) { states_.push_back(parse_state(word)); });
}

void filters::add_momentary_to(parameters const& takes) {
    add_list(takes, "--process", "PID", "Only links that this process has open",
             [this](std::string const& word) { processes_.push_back(parse_id(word)); });
    takes.flag("--pinned", pinned_,
               "Only pinned links, with their paths on every bpffs mounted here");
}

bool filters::resolve(problems& report) {
    bool all = true;
    auto const each = [&](auto const& words, auto find, auto add) {
        for (auto const& word : words) {
            if (auto found = report.value_of(find(word)))
                add(*std::move(found));
            else
                all = false;
        }
    };
    each(programs_, id_of, [&](bl::program_id id) { program_ids_.insert(id); });
    each(interfaces_, find_interface,
         [&](interface_place place) { interface_places_.push_back(std::move(place)); });
    each(
        cgroups_, [](std::string const& path) { return bl::cgroup_id_of(path); },
        [&](bl::cgroup_id id) { cgroup_ids_.insert(id); });
    each(netns_, netns_of, [&](bl::netns_inode inode) { netns_inodes_.insert(inode); });
    if (processes_.empty()) return all;
    auto const holders = report.value_of(bl::holders());
    if (!holders) return false;
    std::set<unsigned> found;
    std::string unseen;
    for (auto const& [id, held] : *holders) {
        unseen = held.unseen;
        for (auto const& holder : held.processes) {
            auto const process = static_cast<unsigned>(holder.process);
            if (!is_any_of(processes_, process)) continue;
            found.insert(process);
            held_.insert(id);
        }
    }
    bool is_sure = true;
    auto others = processes_;
    std::erase_if(others, [&](unsigned process) { return found.contains(process); });
    each(others, find_any_process,
         [&](unsigned process) { is_sure = is_sure && may_be_looked_into(process); });
    if (!is_sure && !unseen.empty()) report.note("there may be more links: " + unseen);
    return all;
}

bool filters::may_match(bl::link_info const& info) const {
    return is_any_of(types_, info.type) && is_any_of(program_ids_, info.program) &&
           (processes_.empty() || held_.contains(info.id));
}

bl::match filters::is_on_interface(record const& link) const {
    if (interfaces_.empty()) return bl::match::yes;
    auto const place = bl::record_of(link.info).target;
    auto const* const index = std::get_if<bl::ifindex>(&place);
    if (!index) return bl::match::no;
    auto found = bl::match::no;
    for (auto const& wanted : interface_places_) {
        if (wanted.index != *index) continue;
        bool const is_here = wanted.netns_path.empty();
        if (link.netns ? *link.netns == wanted.netns : is_here && link.device) // proven otherwise
            return bl::match::yes;
        if (!link.netns && !link.device) found = bl::match::unknown;
    }
    return found;
}

bl::match filters::is_in_netns(record const& link) const {
    if (netns_.empty()) return bl::match::yes;
    if (link.netns) return netns_inodes_.contains(*link.netns) ? bl::match::yes : bl::match::no;
    bool const is_untold = may_have_netns(link.info.type) && link.state != bl::link_state::defunct;
    return is_untold ? bl::match::unknown : bl::match::no;
}

bl::match filters::judge(record const& link) const {
    auto const has_name = [&](std::string const& glob) {
        return link.program && ::fnmatch(glob.c_str(), link.program->name.c_str(), 0) == 0;
    };
    auto const place = bl::record_of(link.info).target;
    auto const* const cgroup = std::get_if<bl::cgroup_id>(&place);
    bool const others_match = may_match(link.info) && is_any_of(states_, link.state) &&
                              (names_.empty() || std::ranges::any_of(names_, has_name)) &&
                              (cgroups_.empty() || (cgroup && cgroup_ids_.contains(*cgroup)));
    if (!others_match) return bl::match::no;
    auto const on_interface = is_on_interface(link);
    auto const in_netns = is_in_netns(link);
    if (on_interface == bl::match::no || in_netns == bl::match::no) return bl::match::no;
    bool const is_sure = on_interface == bl::match::yes && in_netns == bl::match::yes;
    return is_sure ? bl::match::yes : bl::match::unknown;
}

void filters::keep_matching(std::vector<record>& links, problems const& report) const {
    std::size_t in_doubt = 0;
    std::erase_if(links, [&](record const& link) {
        auto const its = judge(link);
        if (its == bl::match::unknown) ++in_doubt;
        return its != bl::match::yes;
    });
    if (in_doubt != 0)
        report.note(fmt::format(
            "there may be more links: nothing tells the network namespace of {}", in_doubt));
}

} // namespace tool
