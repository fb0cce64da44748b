// SPDX-License-Identifier: Apache-2.0
#include "object/named.hpp"

#include <bpflink/operation.hpp>

#include <map>

TEST_CASE("operations print as they are spelt") {
    std::map<bl::operation, std::string> const operations{
        {bl::operation::link_create, "link_create"},
        {bl::operation::link_update, "link_update"},
        {bl::operation::link_detach, "link_detach"},
        {bl::operation::link_get_fd_by_id, "link_get_fd_by_id"},
        {bl::operation::link_get_next_id, "link_get_next_id"},
        {bl::operation::link_get_info, "link_get_info"},
        {bl::operation::raw_tracepoint_open, "raw_tracepoint_open"},
        {bl::operation::iter_create, "iter_create"},
        {bl::operation::obj_pin, "obj_pin"},
        {bl::operation::obj_get, "obj_get"},
        {bl::operation::prog_get_fd_by_id, "prog_get_fd_by_id"},
        {bl::operation::prog_get_info, "prog_get_info"},
        {bl::operation::map_get_info, "map_get_info"},
        {bl::operation::identify, "identify"},
        {bl::operation::rename, "rename"},
        {bl::operation::unlink, "unlink"},
        {bl::operation::open, "open"},
        {bl::operation::read, "read"},
        {bl::operation::close, "close"},
        {bl::operation::duplicate, "duplicate"},
        {bl::operation::prog_query, "prog_query"},
        {bl::operation::perf_event_open, "perf_event_open"},
        {bl::operation::setsockopt, "setsockopt"},
        {bl::operation::resolve_symbol, "resolve_symbol"},
        {bl::operation::prog_load, "prog_load"},
        {bl::operation::resolve_interface, "resolve_interface"},
        {bl::operation::resolve_cgroup, "resolve_cgroup"},
        {bl::operation::resolve_netns, "resolve_netns"},
        {bl::operation::poll, "poll"},
        {bl::operation::stat, "stat"},
        {bl::operation::chown, "chown"},
        {bl::operation::chmod, "chmod"},
        {bl::operation::flock, "flock"},
        {bl::operation::mkdir, "mkdir"},
        {bl::operation::setns, "setns"},
        {bl::operation::read_section, "read_section"},
        {bl::operation::map_lookup_elem, "map_lookup_elem"},
        {bl::operation::map_update_elem, "map_update_elem"},
    };
    CHECK(operations.size() == static_cast<std::size_t>(bl::operation::map_update_elem) + 1); // all
    for (auto const& [operation, name] : operations) {
        CHECK(to_string(operation) == name);
        CHECK(printed(operation) == name);
    }
}
