// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <map>
#include <string>

#include <sys/stat.h>

namespace bl = bpflink;

TEST_CASE_FIXTURE(kernel_case, "infos tells of each link in a mixed row what its own info tells") {
    sandbox::network net;
    sandbox::cgroup const group;
    programs const p{"sys_enter_a", "egress_a", "xdp_a", "iter_tasks"};
    bl::hook::cgroup const cgroup{group.path(), bl::attach_type::cgroup_inet_egress};
    std::vector<bl::link> own;
    // Neighbours of different kinds: their fields overlay each other in the kernel's answer.
    own.push_back(must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{})));
    own.push_back(must(bl::attach(p.skb("egress_a"), cgroup)));
    own.push_back(
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"})));
    own.push_back(must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{})));
    own.push_back(must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()})));
    own.push_back(
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sched_switch"})));
    own.push_back(must(bl::attach(p.skb("egress_a"), cgroup)));
    own.push_back(must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{})));

    std::map<bl::link_id, bl::link_info> seen;
    for (auto&& entry : bl::infos()) {
        auto info = must(std::move(entry));
        seen.emplace(info.id, std::move(info));
    }
    auto const details_of = [&]<class Details>(std::size_t which, Details) {
        auto const found = seen.find(must(own[which].info()).id);
        REQUIRE(found != seen.end());
        CHECK(bl::state_of(found->second) == bl::link_state::attached);
        REQUIRE(std::holds_alternative<Details>(found->second.details));
        return std::get<Details>(found->second.details);
    };
    struct stat directory{};
    REQUIRE(::stat(group.path().c_str(), &directory) == 0);

    CHECK(details_of(0, bl::iter_details{}).target_name == "task");
    CHECK_FALSE(details_of(0, bl::iter_details{}).map);
    CHECK(details_of(1, bl::cgroup_details{}).cgroup_id == directory.st_ino);
    CHECK(details_of(1, bl::cgroup_details{}).attach == cgroup.attach);
    CHECK(details_of(2, bl::raw_tracepoint_details{}).name == "sys_enter");
    CHECK(details_of(3, bl::iter_details{}).target_name == "task");
    CHECK(details_of(4, bl::xdp_details{}).ifindex == net.loopback());
    CHECK(details_of(5, bl::raw_tracepoint_details{}).name == "sched_switch");
    CHECK(details_of(6, bl::cgroup_details{}).cgroup_id == directory.st_ino);
    CHECK(details_of(7, bl::iter_details{}).target_name == "task");
    for (auto const& l : own) {
        auto const info = must(l.info());
        CHECK(seen.at(info.id).program == info.program);
        CHECK(seen.at(info.id).type == info.type);
    }
}

TEST_CASE_FIXTURE(kernel_case, "the state in infos is that of the link") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const state = [&] {
        auto const infos =
            must(bl::infos() | bl::views::of_program(p.program_id("xdp_a")) | bl::collect);
        REQUIRE(infos.size() == 1);
        return bl::state_of(infos.front());
    };
    CHECK(state() == bl::link_state::attached);
    must(l.detach());
    CHECK(state() == bl::link_state::defunct); // listed as long as it is held
}
