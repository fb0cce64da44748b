// SPDX-License-Identifier: Apache-2.0
// Which network namespace a link is in, and which links are found on an interface.
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace bl = bpflink;

namespace {

using bl::attach_type;
using bl::program_type;
using bl::snapshot_source;

bl::netns_inode here() {
    return must(bl::netns_inode_of("/proc/thread-self/ns/net"));
}

/// What the iterator and the walk tell of a link, which must be the same.
bl::link_record record_of(bl::link_id id) {
    std::optional<bl::link_record> told;
    for (auto const source : {snapshot_source::iterator, snapshot_source::walk}) {
        CAPTURE(source);
        auto const all = must(bl::snapshotter{source}.take());
        auto const found = std::ranges::find(all, id, &bl::link_record::id);
        REQUIRE(found != all.end());
        if (told) CHECK(*told == *found);
        told = *found;
    }
    return *told;
}

/// Whether both ways find a link on an interface of this namespace.
bool is_found(bl::link_id id, bl::ifindex on) {
    std::vector<bool> found;
    for (auto const source : {snapshot_source::iterator, snapshot_source::walk}) {
        bl::snapshotter by{source};
        auto const links = must(bl::find_links(by, on));
        for (auto const& each : links)
            CHECK(each.netns == here());
        found.push_back(std::ranges::find(links, id, &bl::link_record::id) != links.end());
    }
    CHECK(found[0] == found[1]);
    return found[0];
}

/// Links on the loopback device, which has the same index in each namespace.
struct links_on_loopback {
    std::vector<bl::link_id> ids;
    std::vector<bl::link> links;

    explicit links_on_loopback(sandbox::network const& net) {
        constant_program<program_type::xdp> const prog{2 /* XDP_PASS */};
        keep(bl::attach(prog,
                        bl::hook::xdp{.ifindex = net.loopback(), .mode = bl::xdp_mode::generic}));
        constant_program<program_type::sched_cls> const on_packets{-1 /* TCX_NEXT */};
        auto on_tcx = bl::attach(on_packets, bl::hook::tcx{.ifindex = net.loopback(),
                                                           .attach = attach_type::tcx_ingress});
        if (on_tcx || on_tcx.error() != bl::errc::not_supported) keep(std::move(on_tcx));
    }
    template <class L>
    void keep(bl::result<L> l) {
        links.push_back(must(std::move(l)));
        ids.push_back(must(links.back().info()).id);
    }
};

} // namespace

// E4
TEST_CASE_FIXTURE(kernel_case,
                  "two namespaces have an interface of one index, and each its links") {
    sandbox::network const mine;
    links_on_loopback const in_mine{mine};
    if (in_mine.ids.size() == 1) skip_part("the kernel has no tcx");
    auto const my_inode = here();
    {
        sandbox::network const neighbours;
        links_on_loopback const in_neighbours{neighbours};
        CHECK(here() != my_inode);
        for (auto const id : in_neighbours.ids) {
            CHECK(record_of(id).netns == here());
            CHECK(is_found(id, neighbours.loopback()));
        }
        for (auto const id : in_mine.ids) {
            CHECK(record_of(id).netns == my_inode);
            CHECK(record_of(id).target == bl::link_target{mine.loopback()});
            CHECK_FALSE(is_found(id, neighbours.loopback()));
        }
    }
    for (auto const id : in_mine.ids)
        CHECK(is_found(id, mine.loopback()));
    CHECK(must(bl::find_links(mine.loopback())).size() == in_mine.ids.size());
}

// E4
TEST_CASE_FIXTURE(kernel_case, "a device that is moved to another namespace takes its link along") {
    sandbox::network mine;
    bl::unique_fd there;
    std::optional<bl::netns_inode> inode;
    {
        sandbox::network const other;
        there = sandbox::network::here();
        inode = here();
    }
    auto const device = mine.add_veth().here;
    constant_program<program_type::xdp> const prog{2};
    auto const l =
        must(bl::attach(prog, bl::hook::xdp{.ifindex = device, .mode = bl::xdp_mode::generic}));
    auto const id = must(l.info()).id;
    CHECK(record_of(id).netns == here());
    CHECK(is_found(id, device));

    mine.move(device, there);
    auto const moved = record_of(id);
    CHECK(moved.netns == inode);
    CHECK(bl::state_of(moved) == bl::link_state::attached);
    CHECK_FALSE(is_found(id, device));
    CHECK_FALSE(is_found(id, std::get<bl::ifindex>(moved.target)));

    // The namespace goes with its last descriptor, and the device with it.
    must(there.close());
    CHECK(eventually([&] { return l.state() == bl::link_state::defunct; }));
    auto const gone = record_of(id);
    CHECK(gone.target == bl::link_target{bl::ifindex{}});
    CHECK(gone.netns == bl::netns_inode{});
    CHECK(bl::state_of(gone) == bl::link_state::defunct);
    CHECK_FALSE(is_found(id, device));
}

TEST_CASE_FIXTURE(kernel_case, "a netkit link is in the namespace of its device") {
    sandbox::network net;
    constant_program<program_type::sched_cls> const prog{-1};
    std::optional<bl::ifindex> device;
    try {
        device = net.add_netkit().primary;
    } catch (std::system_error const& e) {
        return skip_case(std::string{"no netkit driver: "} + e.what());
    }
    auto const l = bl::attach(
        prog, bl::hook::netkit{.ifindex = *device, .attach = attach_type::netkit_primary});
    if (is_unsupported(l)) return;
    auto const id = must(l->info()).id;
    CHECK(record_of(id).netns == here());
    CHECK(is_found(id, *device));
    sandbox::network const other;
    CHECK_FALSE(is_found(id, *device));
}

TEST_CASE_FIXTURE(kernel_case, "a netfilter link is in the namespace that it was attached in") {
    if (!loads(program_type::netfilter, attach_type::netfilter)) return;
    sandbox::network const net;
    constant_program<program_type::netfilter> const prog{1 /* NF_ACCEPT */, attach_type::netfilter};
    auto made = bl::attach(prog, bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                                     .hook = bl::netfilter_hook::local_out,
                                                     .priority = -100});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    auto const id = must(l.info()).id;
    auto const attached = record_of(id);
    CHECK(attached.netns == here());
    CHECK(bl::state_of(attached) == bl::link_state::attached);
    // The kernel's info does not tell.
    CHECK(bl::state_of(must(l.info())) == bl::link_state::unknown);
    must(l.detach());
    auto const detached = record_of(id);
    CHECK(detached.netns == bl::netns_inode{});
    CHECK(bl::state_of(detached) == bl::link_state::defunct);
}

TEST_CASE_FIXTURE(kernel_case, "a link on a namespace is in it, and other kinds are in none") {
    sandbox::network const net;
    constant_program<program_type::flow_dissector> const prog{0, attach_type::flow_dissector};
    auto const place = sandbox::network::here();
    auto const l = must(
        bl::attach(prog, bl::hook::netns{.netns = place, .attach = attach_type::flow_dissector}));
    auto const record = record_of(must(l.info()).id);
    CHECK(record.netns == here());
    CHECK(record.target == bl::link_target{here()});
    programs const p{"sys_enter_a"};
    auto const other =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    CHECK_FALSE(record_of(must(other.info()).id).netns);
}
