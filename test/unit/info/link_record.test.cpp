// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/link_record.hpp>

namespace {

using bl::link_type;

bl::link_record record_of_kind(link_type type, bl::link_details details) {
    return bl::record_of({type, bl::link_id{7}, bl::program_id{9}, std::move(details)});
}

} // namespace

TEST_CASE("a record keeps id, type, program, attach type and target") {
    auto const egress = bl::attach_type::cgroup_inet_egress;
    CHECK(record_of_kind(link_type::cgroup, bl::cgroup_details{bl::cgroup_id{55}, egress}) ==
          bl::link_record{bl::link_id{7}, link_type::cgroup, bl::program_id{9}, egress,
                          bl::cgroup_id{55}});
    CHECK(record_of_kind(link_type::xdp, bl::xdp_details{bl::ifindex{3}}) ==
          bl::link_record{bl::link_id{7}, link_type::xdp, bl::program_id{9}, bl::attach_type::xdp,
                          bl::ifindex{3}});
    auto const in = bl::attach_type::tcx_ingress;
    CHECK(record_of_kind(link_type::tcx, bl::tcx_details{bl::ifindex{4}, in}).attach == in);
    CHECK(record_of_kind(link_type::netns,
                         bl::netns_details{bl::netns_inode{66}, bl::attach_type::sk_lookup})
              .target == bl::link_target{bl::netns_inode{66}});
    CHECK(record_of_kind(link_type::sockmap, bl::sockmap_details{bl::map_id{8}, {}}).target ==
          bl::link_target{bl::map_id{8}});
}

TEST_CASE("what no number tells is empty") {
    auto const tracepoint =
        record_of_kind(link_type::raw_tracepoint, bl::raw_tracepoint_details{"sys_enter", {}});
    CHECK_FALSE(tracepoint.attach);
    CHECK(tracepoint.target == bl::link_target{});
    CHECK_FALSE(record_of_kind(link_type::tracing_multi, bl::tracing_multi_details{}).attach);
    auto const newer = record_of_kind(static_cast<link_type>(99), bl::unknown_details{});
    CHECK_FALSE(newer.attach);
    CHECK(newer.target == bl::link_target{});
}

// E10
TEST_CASE("the number 0 is an attach type of a cgroup, and none of another kind") {
    CHECK(record_of_kind(link_type::cgroup, bl::cgroup_details{bl::cgroup_id{55}, {}}).attach ==
          bl::attach_type::cgroup_inet_ingress);
    CHECK_FALSE(record_of_kind(link_type::tracing, bl::tracing_details{}).attach); // freplace
    CHECK_FALSE(record_of_kind(link_type::sockmap, bl::sockmap_details{}).attach);
}

TEST_CASE("an iterator's target is its map, or the cgroup it starts at") {
    bl::iter_details over_map{.target_name = "bpf_map_elem", .map = bl::map_id{5}};
    CHECK(record_of_kind(link_type::iter, over_map).target == bl::link_target{bl::map_id{5}});
    bl::iter_details over_cgroups{.target_name = "cgroup", .cgroup_id = bl::cgroup_id{44}};
    CHECK(record_of_kind(link_type::iter, over_cgroups).target ==
          bl::link_target{bl::cgroup_id{44}});
    bl::iter_details const over_tasks{.target_name = "task"};
    CHECK(record_of_kind(link_type::iter, over_tasks).target == bl::link_target{});
}

TEST_CASE("a target of 0 is gone, and the link defunct") {
    using enum bl::link_state;
    auto const state = [](link_type type, bl::link_details details) {
        return bl::state_of(record_of_kind(type, std::move(details)));
    };
    CHECK(state(link_type::xdp, bl::xdp_details{bl::ifindex{3}}) == attached);
    CHECK(state(link_type::xdp, bl::xdp_details{}) == defunct);
    CHECK(state(link_type::struct_ops, bl::struct_ops_details{bl::map_id{2}}) == attached);
    CHECK(state(link_type::struct_ops, bl::struct_ops_details{}) == defunct);
    CHECK(state(link_type::netfilter, bl::netfilter_details{}) == unknown);
    CHECK(state(link_type::iter, bl::iter_details{}) == attached);
    CHECK(state(link_type::tracing, bl::tracing_details{}) == attached);
    CHECK(state(static_cast<link_type>(99), bl::unknown_details{}) == unknown);
}

TEST_CASE_FIXTURE(machine, "read alone, a record is that of the info") {
    for (auto* const link : add_every_kind(*this)) {
        CAPTURE(link->facts.type);
        auto const fd = open(*link);
        auto const info = bl::detail::read_info(fd);
        REQUIRE(succeeded(info));
        forget_calls();
        auto const record = bl::detail::read_record(fd);
        REQUIRE(succeeded(record));
        CHECK(*record == bl::record_of(*info));
        CHECK(system_calls() == (info->type == link_type::iter ? 3 : 1));
        fail(call::obj_get_info, EPERM);
        check_error(bl::detail::read_record(fd), EPERM, bl::operation::link_get_info,
                    bl::errc::permission_denied);
    }
}
