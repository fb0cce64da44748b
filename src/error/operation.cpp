// SPDX-License-Identifier: Apache-2.0
#include "error/names.hpp"

#include <bpflink/operation.hpp>

#include <array>
#include <ostream>

namespace bpflink {
namespace {

constexpr std::array<std::string_view, 38> operation_names{
    "link_create",
    "link_update",
    "link_detach",
    "link_get_fd_by_id",
    "link_get_next_id",
    "link_get_info",
    "raw_tracepoint_open",
    "iter_create",
    "obj_pin",
    "obj_get",
    "prog_get_fd_by_id",
    "prog_get_info",
    "map_get_info",
    "identify",
    "rename",
    "unlink",
    "open",
    "read",
    "close",
    "duplicate",
    "prog_query",
    "perf_event_open",
    "setsockopt",
    "resolve_symbol",
    "prog_load",
    "resolve_interface",
    "resolve_cgroup",
    "resolve_netns",
    "poll",
    "stat",
    "chown",
    "chmod",
    "flock",
    "mkdir",
    "setns",
    "read_section",
    "map_lookup_elem",
    "map_update_elem",
};

} // namespace

std::string to_string(operation op) {
    return detail::name_or_number(operation_names, static_cast<unsigned>(op));
}

std::ostream& operator<<(std::ostream& out, operation op) {
    return out << to_string(op);
}

} // namespace bpflink
