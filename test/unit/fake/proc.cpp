// SPDX-License-Identifier: Apache-2.0
// Processes, and what /proc tells of them, as far as the library reads it.
#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

namespace fake {
namespace {

constexpr std::uint64_t first_pid_namespace = 0xefff'fffc;
constexpr std::uint64_t home_mounts = 4'026'531'841U;
/// A process of /proc that is there, and what is asked of it.
struct asked_process {
    other_process const* other; // null: the one that the library runs in
    std::string rest;
};

/// "/proc/7/fd/3" is process 7 and "fd/3"; the thread itself is its process.
std::optional<asked_process> split(kernel const& k, std::string_view path) {
    constexpr std::string_view proc = "/proc/";
    if (!k.has_proc || !path.starts_with(proc)) return std::nullopt;
    path.remove_prefix(proc.size());
    auto const slash = std::min(path.find('/'), path.size());
    std::string const who{path.substr(0, slash)};
    std::string rest{path.substr(std::min(slash + 1, path.size()))};
    if (who == "thread-self" || who == std::to_string(k.process_id))
        return asked_process{nullptr, std::move(rest)};
    for (auto const& each : k.others)
        if (who == std::to_string(each.number)) return asked_process{&each, std::move(rest)};
    return std::nullopt;
}

} // namespace

other_process& kernel::add_process(int number, std::string command) {
    others.push_back({.number = number, .command = std::move(command)});
    others.back().mounts = mounts;
    others.back().mount_namespace = home_mounts;
    return others.back();
}

std::optional<std::string> proc_file(kernel const& k, std::string_view path) {
    auto const asked = split(k, path);
    if (!asked) return std::nullopt;
    if (asked->rest == "mountinfo") return asked->other ? asked->other->mounts : k.mounts;
    if (asked->rest == "comm") return (asked->other ? asked->other->command : "own") + "\n";
    return std::nullopt;
}

bool list_proc(kernel const& k, std::string_view path, std::vector<std::string>& directories,
               std::vector<std::string>& names) {
    if (k.has_proc && path == "/proc") {
        names.emplace_back("mounts");
        std::vector<int> numbers{k.process_id};
        for (auto const& each : k.others)
            numbers.push_back(each.number);
        std::ranges::sort(numbers);
        for (int const number : numbers)
            directories.push_back(std::to_string(number));
        return true;
    }
    auto const asked = split(k, path);
    if (!asked) return false;
    auto const* const other = asked->other;
    auto rest = asked->rest;
    if (rest == "task") {
        int const process = other ? other->number : k.process_id;
        directories.push_back(std::to_string(process));
        if (other && other->in_thread) directories.push_back(std::to_string(process + 1));
        return true;
    }
    bool const is_threads = rest.starts_with("task/");
    if (is_threads) rest = rest.substr(rest.find('/', 5) + 1);
    if (rest != "fd") return false;
    if (other) {
        if (other->refusal != 0) throw refusal{other->refusal};
        if (is_threads == other->in_thread)
            for (std::size_t i = 0; i != other->links.size(); ++i)
                names.push_back(std::to_string(i));
    } else {
        for (auto const& each : k.descriptors_)
            names.push_back(std::to_string(each.first));
    }
    return true;
}

std::optional<std::string> proc_link(kernel const& k, std::string_view directory,
                                     std::string const& number) {
    auto const asked = split(k, directory);
    if (!asked) return std::nullopt;
    if (asked->other) return opened_link_name;
    auto const found = k.descriptors_.find(std::stoi(number));
    return found == k.descriptors_.end() ? std::nullopt : std::optional{found->second.name};
}

std::uint64_t proc_inode(kernel const& k, std::string_view path) {
    auto const asked = split(k, path);
    if (!asked) return 0;
    auto const* const other = asked->other;
    if (asked->rest.empty()) {
        if (other && other->has_ended) throw refusal{ENOENT};
        return static_cast<std::uint64_t>(other ? other->number : k.process_id);
    }
    if (other && other->refusal != 0) throw refusal{other->refusal};
    if (asked->rest == "ns/pid")
        return k.pid_namespace != 0 ? k.pid_namespace : first_pid_namespace;
    if (asked->rest == "ns/mnt") return other ? other->mount_namespace : home_mounts;
    if (asked->rest == "root") return other ? other->root : 2;
    return 0;
}

} // namespace fake

namespace bpflink::sys {
namespace {

int process_there(kernel const& k, int number) {
    if (number == k.process_id || std::ranges::count(k.processes, number) != 0) return 0;
    return std::ranges::count(k.threads, number) != 0 ? -EINVAL : -ESRCH;
}

} // namespace

int process_id() noexcept {
    return kernel::current().process_id;
}

bool may_run_code_for(std::uint16_t machine) noexcept {
    return machine == 0 || machine == kernel::current().machine_of_code;
}

int find_process(int number) noexcept {
    return entered(find_process, [&](kernel& k) { return process_there(k, number); });
}

int find_process_of(int pidfd) noexcept {
    return entered(find_process_of, [&](kernel& k) { return k.is_open(pidfd) ? 0 : -EBADF; });
}

int find_thread(int number) noexcept {
    return entered(find_thread, [&](kernel& k) {
        return std::ranges::count(k.threads, number) != 0 ? 0 : process_there(k, number);
    });
}

int find_memory(int process) noexcept {
    return entered(find_memory, [&](kernel& k) {
        bool const is_without = std::ranges::count(k.without_memory, process) != 0;
        return is_without ? -ESRCH : process_there(k, process);
    });
}

opened descriptor_of(int process, int, int number) noexcept {
    return entered(descriptor_of, [&](kernel& k) {
        auto const other = std::ranges::find(k.others, process, &other_process::number);
        if (other != k.others.end()) {
            auto const at = static_cast<std::size_t>(number);
            return at < other->links.size() ? k.install(other->links[at], opened_link_name)
                                            : -EBADF;
        }
        if (process != k.process_id) return -ESRCH;
        auto const& known = k.descriptor_at(number);
        return k.install(known.what, known.name);
    });
}

int has_capability(unsigned number) noexcept {
    return entered(has_capability, [&](kernel& k) {
        return std::ranges::count(k.lacks_capabilities, number) == 0;
    });
}

int is_in_first_user_namespace() noexcept {
    return entered(is_in_first_user_namespace, [](kernel& k) { return k.in_first_user_namespace; });
}

int has_locked_memory_limit() noexcept {
    return entered(has_locked_memory_limit, [](kernel& k) { return k.limits_locked_memory; });
}

} // namespace bpflink::sys
