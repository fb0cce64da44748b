// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"

#include <bpflink/targets.hpp>

#include <array>
#include <cerrno>
#include <climits>

namespace bpflink {
namespace {

using detail::refusal;

constexpr std::array interface_causes{
    refusal{ENODEV, errc::not_found, "no such interface in this network namespace", "",
            "dev_ioctl"},
};

constexpr std::array cgroup_id_causes{
    refusal{EINVAL, errc::invalid_argument, "it is not a cgroup2 directory", "", "statfs"},
    refusal{ENOENT, errc::not_found, "nothing is there", "", "user_path_at"},
};

constexpr std::array cgroup_path_causes{
    refusal{ESTALE, errc::not_found, "it does not exist", "", "handle_to_path"},
    refusal{EXDEV, errc::not_found, "it is not below the first cgroup2 mount", "", "prepend_path"},
    refusal{ENOENT, errc::not_found, "no cgroup2 file system is mounted", "mount one", "m_show"},
    refusal{EOPNOTSUPP, errc::not_supported,
            "/proc is not mounted, which tells where the cgroup2 file system is", "mount it",
            "proc_get_tree"},
    refusal{EPERM, errc::permission_denied, "opening by number needs CAP_DAC_READ_SEARCH",
            "run with it", "handle_to_path"},
};

detail::finding proc_is_missing(detail::attempt const& tried) {
    sys::file_facts facts{};
    bool const is_of_proc = tried.as<std::string>().starts_with("/proc/");
    return yes_if(is_of_proc && sys::facts_of_file("/proc/thread-self", facts) == -ENOENT);
}

constexpr std::array netns_causes{
    refusal{EINVAL, errc::invalid_argument, "it is not a network namespace", "", "ns_ioctl"},
    refusal{ENOENT, errc::not_found, "/proc is not mounted", "mount it", "proc_get_tree",
            proc_is_missing},
    refusal{ENOENT, errc::not_found, "nothing is there", "", "user_path_at"},
    refusal{EACCES, errc::permission_denied,
            "the process may not be looked into (CAP_SYS_PTRACE is missing)", "run with it",
            "proc_ns_get_link"},
};

/// A name or path for the kernel, which ends at the first zero byte.
result<std::string> copied(std::string_view text, operation where) {
    if (text.empty() || text.find('\0') != text.npos)
        return fail(-EINVAL, where, errc::invalid_argument, std::string{text},
                    text.empty() ? "it is empty" : "it has a zero byte");
    return std::string{text};
}

} // namespace

result<ifindex> ifindex_of(std::string_view name) {
    constexpr auto where = operation::resolve_interface;
    return copied(name, where).and_then([](std::string const& copy) -> result<ifindex> {
        int const outcome = sys::interface_index(copy.c_str());
        if (outcome >= 0) return ifindex{outcome};
        return refuse(outcome, where, "interface " + copy, {}, {interface_causes});
    });
}

result<std::string> interface_name_of(ifindex index) {
    std::array<char, 16> name{};
    int const outcome = sys::interface_name(index.value(), name);
    if (outcome >= 0) return std::string{name.data()};
    return refuse(outcome, operation::resolve_interface,
                  "interface " + std::to_string(index.value()), {}, {interface_causes});
}

result<cgroup_id> cgroup_id_of(std::string_view path) {
    constexpr auto where = operation::resolve_cgroup;
    return copied(path, where).and_then([](std::string const& copy) -> result<cgroup_id> {
        std::uint64_t id = 0;
        int const outcome = sys::cgroup_id(copy.c_str(), id);
        if (outcome >= 0) return cgroup_id{id};
        return refuse(outcome, where, copy, {}, {cgroup_id_causes});
    });
}

result<std::string> cgroup_path_of(cgroup_id id) {
    std::array<char, PATH_MAX> path;
    int const outcome = sys::cgroup_path(id.value(), path);
    if (outcome >= 0) return std::string{path.data(), static_cast<std::size_t>(outcome)};
    return refuse(outcome, operation::resolve_cgroup, "cgroup " + std::to_string(id.value()), {},
                  {cgroup_path_causes});
}

result<netns_inode> netns_inode_of(std::string_view path) {
    constexpr auto where = operation::resolve_netns;
    return copied(path, where).and_then([](std::string const& copy) -> result<netns_inode> {
        std::uint32_t inode = 0;
        int const outcome = sys::netns_inode(copy.c_str(), inode);
        if (outcome >= 0) return netns_inode{inode};
        return refuse(outcome, where, copy, {.request = &copy}, {netns_causes, common_causes()});
    });
}

} // namespace bpflink
