// SPDX-License-Identifier: Apache-2.0
// E5, E6: beside the table of faults/: whatever allocation fails, no descriptor is lost, no link is
// attached that nobody owns, no pin is lost or left, and what is others' stays.
#include "starve.hpp"

#include "every_kind.hpp"
#include "machine.hpp"
#include "snapshot/own_program.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using bl::attach_type;
using bl::program_type;

/// A machine with what every operation needs, and a link of somebody else's.
struct poor : machine {
    fake::program& v1 = add_program(program_type::xdp);
    fake::program& v2 = add_program(program_type::xdp);
    typed_program<program_type::xdp> first{{open(v1)}};
    typed_program<program_type::xdp> second{{open(v2)}};
    typed_program<program_type::xdp> none{};
    bl::unique_fd cgroup = open_cgroup();
    bl::unique_fd map = open(add_map());
    fake::link& there = add_link({.type = bl::link_type::xdp, .prog = &v1, .target = 3});
    bl::link own; // of ours, pinned at /bpf/own
    fake::link& mine = add_link({.type = bl::link_type::xdp, .prog = &v1, .target = 1});
    std::size_t held = 0;
    std::string long_path = "/bpf/a_name_that_is_longer_than_a_string_keeps_in_place";
    std::string other_path = "/other/a_name_that_is_longer_than_a_string_keeps_in_place";
    std::string own_path = "/bpf/our_own_name_that_is_longer_than_a_string_keeps";

    poor() {
        pin("/bpf/foreign", there);
        let_go(there);
        auto made = bl::link::from_fd(open(mine));
        REQUIRE(succeeded(made));
        own = *std::move(made);
        let_go(mine);
        REQUIRE(succeeded(own.pin(own_path)));
        files["/sys/bus/event_source/devices/kprobe/type"] = "6";
        files["/sys/bus/event_source/devices/uprobe/type"] = "7";
        files["/sys/kernel/tracing/events/sched/sched_switch/id"] = "314";
        files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_c\n";
        files["/sys/kernel/tracing/available_filter_functions"] = "do_a\ndo_c\n";
        held = open_descriptors().size();
    }

    /// As it was before anything was tried.
    void check_unchanged() {
        CHECK(open_descriptors().size() == held);
        CHECK(newest_link() == nullptr);
        CHECK(link_at("/bpf/foreign") == there.id());
        CHECK(link_at(own_path) == mine.id());
        CHECK(own.pinned_path() == own_path);
        CHECK(names_in("/bpf").size() == 2);
        CHECK(names_in("/other").empty());
    }
};

/// Of a chain or a call that gives nothing that stays.
template <class Act>
void leaves_nothing(Act act) {
    starve::each_allocation<poor>(act, [](poor& world, bool) { world.check_unchanged(); });
}

} // namespace

// E5
TEST_CASE("whatever allocation fails, a refused attach leaves nothing") {
    for (int const number : {EINVAL, EPERM, EBUSY, E2BIG, ENOENT}) {
        CAPTURE(number);
        leaves_nothing([&](poor& world) {
            {
                starve::fed const setting{};
                world.fail_always(call::link_create, number);
            }
            return bl::attach(world.first, bl::hook::xdp{.ifindex = bl::ifindex{2}}).has_value();
        });
    }
}

// E5
TEST_CASE("whatever allocation fails, looking at links changes nothing and holds none") {
    leaves_nothing([](poor& world) { return world.own.info(); });
    leaves_nothing([](poor& world) { return world.own.state(); });
    // What the process keeps from one look to the next is not lost.
    struct none_kept {
        ~none_kept() {
            bl::links_program().unload();
            bl::netns_program().unload();
        }
    };
    leaves_nothing([](poor&) {
        none_kept const at_the_end;
        return bl::snapshotter{}.take();
    });
    leaves_nothing([](poor&) {
        none_kept const at_the_end;
        bl::snapshotter walk{bl::snapshot_source::walk};
        return bl::find_links(walk, bl::ifindex{3});
    });
    leaves_nothing([](poor&) { return bl::links() | bl::collect; });
    leaves_nothing([](poor&) { return bl::infos() | bl::collect; });
    leaves_nothing([](poor&) { return bl::link_ids() | bl::collect; });
    leaves_nothing([](poor&) { return bl::pins("/bpf") | bl::collect; });
    leaves_nothing([](poor& world) {
        return bl::query(bl::hook::cgroup{.cgroup = bl::fd_view{world.cgroup},
                                          .attach = attach_type::cgroup_inet_egress});
    });
    leaves_nothing([](poor&) { return bl::detail::probe_support("kprobe"); });
    leaves_nothing([](poor&) { return bl::detail::probe_support("tracing"); });
    leaves_nothing([](poor&) { return bl::supports<bl::hook::tcx>(); });
    struct full : poor {
        full() { static_cast<void>(add_every_kind(*this)); }
    };
    starve::each_allocation<full>(
        [](full&) { return bl::infos() | bl::collect; },
        [](full& world, bool) { CHECK(world.open_descriptors().size() == world.held); });
}

// E6
TEST_CASE("whatever allocation fails, a chain that fails or throws leaves nothing") {
    bl::hook::xdp const where{.ifindex = bl::ifindex{2}};
    leaves_nothing([&](poor& world) {
        auto outcome = bl::attach(world.first, where) | bl::pin(world.long_path) |
                       bl::update(world.second) | bl::pin(world.other_path) | bl::unpin();
        return outcome.has_value();
    });
    leaves_nothing([&](poor& world) {
        return (bl::attach(world.first, where) | bl::pin(world.long_path) | bl::update(world.none))
            .has_value();
    });
    leaves_nothing([](poor& world) {
        return (bl::link::load_pinned("/bpf/foreign") | bl::pin(world.other_path) |
                bl::update(world.none))
            .has_value();
    });
    leaves_nothing([](poor& world) {
        return (bl::link::load_pinned("/bpf/foreign") | bl::unpin() | bl::update(world.none))
            .has_value();
    });
}

// E6
TEST_CASE("whatever allocation fails, a link is kept by the sink or by nobody") {
    bl::hook::xdp const where{.ifindex = bl::ifindex{2}};
    leaves_nothing([&](poor& world) {
        std::vector<bl::unique_fd> kept;
        return (bl::attach(world.first, where) | bl::keep(kept)).has_value();
    });
    auto const check = [](poor& world, bool done) {
        if (!done) return world.check_unchanged();
        CHECK(world.link_at(world.long_path) != 0);
        CHECK(world.open_descriptors().size() == world.held);
    };
    starve::each_allocation<poor>(
        [&](poor& world) {
            std::vector<bl::unique_fd> kept;
            return (bl::attach(world.first, where) | bl::pin(world.long_path) | bl::keep(kept))
                .has_value();
        },
        check);
    starve::each_allocation<poor>(
        [&](poor& world) {
            std::vector<bl::unique_fd> kept;
            auto const sink = [&](bl::unique_fd fd) { kept.push_back(std::move(fd)); };
            return (bl::attach(world.first, where) | bl::pin(world.long_path) | bl::keep(sink))
                .has_value();
        },
        check);
}
