// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>

#include <string>
#include <string_view>

// Conversions between the names of places (interfaces, cgroups, namespaces) and their numbers.

namespace bpflink {

/// The index of an interface of this network namespace.
/// @param name  "eth0", or an alternative name
/// @errors not_found         no interface has the name
///         invalid_argument  empty, or with a zero byte
///         EMFILE, ENFILE    no descriptor is left to ask by
/// @kernel net/core/dev_ioctl.c, dev_ifsioc_locked(); with CAP_NET_ADMIN, a name that no interface
///         has makes it ask for a module ("netdev-NAME"). For names of 16 characters or more
///         net/core/rtnetlink.c, rtnl_getlink()
/// @cost 3 system calls; 4 for such a name
[[nodiscard]] result<ifindex> ifindex_of(std::string_view name);

/// The name of an interface of this network namespace.
/// @errors not_found       no interface has the index
///         EMFILE, ENFILE  no descriptor is left to ask by
/// @kernel net/core/dev_ioctl.c, dev_ifname()
/// @cost 3 system calls
[[nodiscard]] result<std::string> interface_name_of(ifindex index);

/// The id of a cgroup of version 2.
/// @param path  of its directory, copied
/// @errors not_found         nothing is there
///         invalid_argument  it is not in a cgroup2 file system
/// @kernel since 5.5; fs/kernfs/mount.c, kernfs_encode_fh()
/// @cost 4 system calls
[[nodiscard]] result<cgroup_id> cgroup_id_of(std::string_view path);
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto cgroup_id_of(P const& path) {
    return cgroup_id_of(detail::text_of(path));
}

/// The path of a cgroup's directory, below the first cgroup2 mount.
/// @errors not_found          the cgroup is gone; no cgroup2 file system is mounted
///         not_supported      /proc is not mounted
///         permission_denied  CAP_DAC_READ_SEARCH is missing
///         EMFILE, ENFILE     no descriptors are left to ask by: it takes 3
/// @kernel since 5.5; fs/kernfs/mount.c, kernfs_fh_to_dentry()
/// @cost reads /proc/self/mounts, and 9 more system calls
[[nodiscard]] result<std::string> cgroup_path_of(cgroup_id id);

/// The inode of a network namespace.
/// @param path  "/proc/PID/ns/net", or what is mounted at "/run/netns/NAME"; copied
/// @errors not_found         nothing is there
///         invalid_argument  it is not a network namespace
/// @kernel since 4.11; fs/nsfs.c, ns_ioctl()
/// @cost 5 system calls
[[nodiscard]] result<netns_inode> netns_inode_of(std::string_view path);
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto netns_inode_of(P const& path) {
    return netns_inode_of(detail::text_of(path));
}

} // namespace bpflink
