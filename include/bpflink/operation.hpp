// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

namespace bpflink {

/// The operation that an error happened in: the bpf(2) command, or the plain system call.
enum class operation {
    link_create,
    link_update,
    link_detach,
    link_get_fd_by_id,
    link_get_next_id,
    link_get_info,
    raw_tracepoint_open,
    iter_create,
    obj_pin,
    obj_get,
    prog_get_fd_by_id,
    prog_get_info,
    map_get_info,
    identify, ///< finding out which kind of object a descriptor or pin is
    rename,
    unlink,
    open,
    read,
    close,
    duplicate,
    prog_query,
    perf_event_open,
    setsockopt,
    resolve_symbol,
    prog_load,
    resolve_interface, ///< between name and index
    resolve_cgroup,    ///< between path and id
    resolve_netns,     ///< from path, or from link, to inode
    poll,              ///< waiting until a descriptor is ready
    stat,              ///< looking at a name
    chown,             ///< a pin's owner
    chmod,             ///< a pin's mode
    flock,             ///< locking a directory
    mkdir,             ///< making a directory for pins
    setns,             ///< entering a network namespace
    read_section,      ///< reads where the section name of a libbpf program says to attach
    map_lookup_elem,
    map_update_elem,
};

/// The name as the enumerator spells it.
[[nodiscard]] std::string to_string(operation op);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, operation op);

} // namespace bpflink
