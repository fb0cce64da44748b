// SPDX-License-Identifier: Apache-2.0
// What /proc tells of processes, as far as the library reads it.
#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

namespace fake {
namespace {

constexpr std::uint64_t first_pid_namespace = 0xefff'fffc;
constexpr std::uint64_t home_mounts = 4'026'531'841U;
constexpr std::string_view proc = "/proc/";

/// "/proc/7/fd/3" is process 7 and "fd/3"; the thread itself is its process.
bool split(std::string_view path, int own, int& process, std::string& rest) {
    if (!path.starts_with(proc)) return false;
    path.remove_prefix(proc.size());
    auto const slash = std::min(path.find('/'), path.size());
    std::string const who{path.substr(0, slash)};
    rest = path.substr(std::min(slash + 1, path.size()));
    if (who == "thread-self")
        process = own;
    else if (!who.empty() && who.find_first_not_of("0123456789") == who.npos)
        process = std::stoi(who);
    else
        return false;
    return true;
}

} // namespace

other_process& kernel::add_process(int number, std::string command) {
    others.push_back({.number = number, .command = std::move(command)});
    others.back().mounts = mounts;
    others.back().mount_namespace = home_mounts;
    return others.back();
}

other_process const* kernel::find_other(int number) const {
    auto const found = std::ranges::find(others, number, &other_process::number);
    return found == others.end() ? nullptr : &*found;
}

/// Empty where the path is none of these.
std::optional<std::string> kernel::proc_file(std::string_view path) const {
    int process = 0;
    std::string rest;
    if (!has_proc || !split(path, process_id, process, rest)) return std::nullopt;
    auto const* const other = find_other(process);
    if (!other && process != process_id) return std::nullopt;
    if (rest == "mountinfo") return other ? other->mounts : mounts;
    if (rest == "comm") return (other ? other->command : "own") + "\n";
    return std::nullopt;
}

int kernel::sys_descriptor_of(int process, int number) {
    if (auto const* const other = find_other(process)) {
        auto const at = static_cast<std::size_t>(number);
        return at < other->links.size() ? install(other->links[at], opened_link_name) : -EBADF;
    }
    if (process != process_id) return -ESRCH;
    auto const found = descriptors_.find(number);
    return found == descriptors_.end() ? -EBADF : install(found->second.what, found->second.name);
}

/// False where the path is none of these.
bool kernel::list_proc(std::string_view path, std::vector<std::string>& directories,
                       std::vector<std::string>& names, int& outcome) const {
    outcome = 0;
    if (!has_proc) return false;
    if (path == "/proc") {
        names.emplace_back("mounts");
        std::vector<int> numbers{process_id};
        for (auto const& each : others)
            numbers.push_back(each.number);
        std::ranges::sort(numbers);
        for (int const number : numbers)
            directories.push_back(std::to_string(number));
        return true;
    }
    int process = 0;
    std::string rest;
    if (!split(path, process_id, process, rest)) return false;
    auto const* const other = find_other(process);
    if (!other && process != process_id) return false;
    if (rest == "task") {
        directories.push_back(std::to_string(process));
        if (other && other->in_thread) directories.push_back(std::to_string(process + 1));
        return true;
    }
    bool const is_threads = rest.starts_with("task/");
    if (is_threads) rest = rest.substr(rest.find('/', 5) + 1);
    if (rest != "fd") return false;
    if (other) {
        outcome = -other->refusal;
        if (is_threads == other->in_thread)
            for (std::size_t i = 0; i != other->links.size(); ++i)
                names.push_back(std::to_string(i));
    } else {
        for (auto const& each : descriptors_)
            names.push_back(std::to_string(each.first));
    }
    return true;
}

/// 0 where the path is none of these; a negated errno.
std::int64_t kernel::proc_inode(std::string_view path) const {
    int process = 0;
    std::string rest;
    if (!has_proc || !split(path, process_id, process, rest)) return 0;
    auto const* const other = find_other(process);
    if (!other && process != process_id) return 0;
    if (other && other->refusal != 0) return -other->refusal;
    std::uint64_t inode = 0;
    if (rest == "ns/pid") inode = pid_namespace != 0 ? pid_namespace : first_pid_namespace;
    if (rest == "ns/mnt") inode = other ? other->mount_namespace : home_mounts;
    if (rest == "root") inode = other ? other->root : 2;
    return static_cast<std::int64_t>(inode);
}

int kernel::sys_list_link(void* stream, std::string_view name, std::span<char> into) {
    auto const& path = static_cast<listing*>(stream)->path;
    int process = 0;
    std::string rest;
    if (!split(path, process_id, process, rest)) return -ENOENT;
    std::string text = opened_link_name;
    if (process == process_id) {
        auto const found = descriptors_.find(std::stoi(std::string{name}));
        if (found == descriptors_.end()) return -ENOENT;
        text = found->second.name;
    }
    auto const length = std::min(into.size(), text.size());
    std::copy_n(text.begin(), length, into.begin());
    return static_cast<int>(length);
}

} // namespace fake
