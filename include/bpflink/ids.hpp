// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/strong_integer.hpp>

#include <cstdint>

namespace bpflink {

/// Identifies a link while it exists. The kernel hands ids out in a ring of 1..INT_MAX - 1, so an
/// id comes back only after a wrap; 0 names no link.
/// @kernel since 5.8; kernel/bpf/syscall.c, bpf_link_prime(), idr_alloc_cyclic()
using link_id = detail::strong_integer<struct link_id_tag, std::uint32_t>;

/// Identifies a loaded program; 0 where the kernel has none (a struct_ops link).
using program_id = detail::strong_integer<struct program_id_tag, std::uint32_t>;

/// Identifies a map.
using map_id = detail::strong_integer<struct map_id_tag, std::uint32_t>;

/// Identifies a BTF type inside its BTF object.
using btf_id = detail::strong_integer<struct btf_id_tag, std::uint32_t>;

/// The index of a network interface, in the network namespace of whoever reads or writes it.
using ifindex = detail::strong_integer<struct ifindex_tag, std::uint32_t>;

/// Identifies a cgroup of version 2: the kernel's number of its directory, which is also the inode
/// (on a 64-bit kernel).
using cgroup_id = detail::strong_integer<struct cgroup_id_tag, std::uint64_t>;

/// Identifies a network namespace: the inode of /proc/PID/ns/net.
using netns_inode = detail::strong_integer<struct netns_inode_tag, std::uint32_t>;

/// The opaque 64 bits that a program reads back with bpf_get_attach_cookie().
using cookie = detail::strong_integer<struct cookie_tag, std::uint64_t>;

/// The version of a hook's list of programs: it changes with every attach and detach.
using revision = detail::strong_integer<struct revision_tag, std::uint64_t>;

} // namespace bpflink
