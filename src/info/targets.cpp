// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"

#include <bpflink/targets.hpp>

#include <array>
#include <cerrno>
#include <climits>

namespace bpflink {
namespace {

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
        auto subject = "interface " + copy;
        if (outcome == -ENODEV)
            return fail(outcome, where, errc::not_found, std::move(subject),
                        "no such interface in this network namespace");
        return fail(outcome, where, std::move(subject));
    });
}

result<std::string> interface_name_of(ifindex index) {
    constexpr auto where = operation::resolve_interface;
    std::array<char, 16> name{};
    int const outcome = sys::interface_name(index.value(), name);
    if (outcome >= 0) return std::string{name.data()};
    auto subject = "interface " + std::to_string(index.value());
    if (outcome == -ENODEV)
        return fail(outcome, where, errc::not_found, std::move(subject),
                    "no such interface in this network namespace");
    return fail(outcome, where, std::move(subject));
}

result<cgroup_id> cgroup_id_of(std::string_view path) {
    constexpr auto where = operation::resolve_cgroup;
    return copied(path, where).and_then([](std::string const& copy) -> result<cgroup_id> {
        std::uint64_t id = 0;
        int const outcome = sys::cgroup_id(copy.c_str(), id);
        if (outcome >= 0) return cgroup_id{id};
        if (outcome == -EINVAL)
            return fail(outcome, where, errc::invalid_argument, copy, "it is no cgroup2 directory");
        return fail(outcome, where, copy);
    });
}

result<std::string> cgroup_path_of(cgroup_id id) {
    constexpr auto where = operation::resolve_cgroup;
    std::array<char, PATH_MAX> path;
    int const outcome = sys::cgroup_path(id.value(), path);
    if (outcome >= 0) return std::string{path.data(), static_cast<std::size_t>(outcome)};
    auto subject = "cgroup " + std::to_string(id.value());
    switch (-outcome) {
    case ESTALE:
        return fail(outcome, where, errc::not_found, std::move(subject), "it does not exist");
    case EXDEV:
        return fail(outcome, where, errc::not_found, std::move(subject),
                    "it is not below the first cgroup2 mount");
    case ENOENT:
        return fail(outcome, where, errc::not_found, std::move(subject),
                    "no cgroup2 file system is mounted");
    case EOPNOTSUPP:
        return fail(outcome, where, errc::not_supported, std::move(subject),
                    "/proc is not mounted, which tells where the cgroup2 file system is");
    case EPERM:
        return fail(outcome, where, errc::permission_denied, std::move(subject),
                    "opening by number needs CAP_DAC_READ_SEARCH");
    default: return fail(outcome, where, std::move(subject));
    }
}

result<netns_inode> netns_inode_of(std::string_view path) {
    constexpr auto where = operation::resolve_netns;
    return copied(path, where).and_then([](std::string const& copy) -> result<netns_inode> {
        std::uint32_t inode = 0;
        int const outcome = sys::netns_inode(copy.c_str(), inode);
        if (outcome >= 0) return netns_inode{inode};
        if (outcome == -EINVAL)
            return fail(outcome, where, errc::invalid_argument, copy, "it is no network namespace");
        return fail(outcome, where, copy);
    });
}

} // namespace bpflink
