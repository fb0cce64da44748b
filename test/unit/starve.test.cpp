// SPDX-License-Identifier: Apache-2.0
// E5, E6: whatever allocation fails, no descriptor is lost, no link is attached that nobody owns,
// no pin is lost or left, and what is others' stays.
#include "starve.hpp"

#include "every_kind.hpp"
#include "machine.hpp"
#include "snapshot/own_program.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <functional>
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

template <program_type Type>
auto program_of(poor& world, attach_type expected = {}) {
    starve::fed const fed;
    return typed_program<Type>{{world.open(world.add_program(Type, expected))}};
}

} // namespace

// E5
TEST_CASE("whatever allocation fails, an attach on any hook leaves no link without an owner") {
    leaves_nothing([](poor& world) {
        return bl::attach(world.first, bl::hook::xdp{.ifindex = bl::ifindex{2}});
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::sched_cls>(world);
        auto const anchor = program_of<program_type::sched_cls>(world);
        return bl::attach(prog, bl::hook::tcx{.ifindex = bl::ifindex{2},
                                              .attach = attach_type::tcx_ingress,
                                              .order = bl::order::before(anchor)})
            .has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::sched_cls>(world);
        return bl::attach(prog, bl::hook::netkit{.ifindex = bl::ifindex{2},
                                                 .attach = attach_type::netkit_primary})
            .has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::cgroup_skb>(world);
        return bl::attach(prog, bl::hook::cgroup{.cgroup = "/cgroup",
                                                 .attach = attach_type::cgroup_inet_egress})
            .has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::cgroup_device>(world);
        return bl::attach(prog, bl::hook::cgroup{.cgroup = bl::fd_view{world.cgroup}}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::sk_lookup>(world);
        return bl::attach(prog, bl::hook::netns{.netns = bl::fd_view{world.cgroup}}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::netfilter>(world);
        return bl::attach(prog, bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                                    .priority = 7})
            .has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::sk_msg>(world);
        auto const map = bl::map_ref::from_fd(world.map);
        return map && bl::attach(prog, bl::hook::sockmap{.map = *map});
    });
    leaves_nothing([](poor& world) {
        auto const map = bl::map_ref::from_fd(world.map);
        return map && bl::attach(*map, bl::hook::struct_ops{});
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::tracing>(world, attach_type::trace_iter);
        auto const map = bl::map_ref::from_fd(world.map);
        return map && bl::attach(prog, bl::hook::iter{.map = *map});
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::tracing>(world, attach_type::trace_fentry);
        return bl::attach(prog, bl::hook::tracing{}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::tracing>(world, attach_type::trace_raw_tp);
        return bl::attach(prog, bl::hook::tp_btf{.cookie = bl::cookie{1}}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::lsm>(world, attach_type::lsm_mac);
        return bl::attach(prog, bl::hook::lsm{.cookie = bl::cookie{1}}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::ext>(world);
        return bl::attach(prog, bl::hook::freplace{world.first.fd(), "replaceable"}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::tracing>(world);
        std::array const functions{bl::btf_id{4}, bl::btf_id{8}};
        return bl::attach(prog, bl::hook::tracing_multi{.functions = functions,
                                                        .attach = attach_type::trace_fexit_multi})
            .has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::raw_tracepoint>(world);
        return bl::attach(prog, bl::hook::raw_tracepoint{.name = "sched_switch"}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::tracepoint>(world);
        return bl::attach(prog, bl::hook::tracepoint{"sched", "sched_switch"}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::perf_event>(world);
        return bl::attach(prog, bl::hook::perf_event{.event = bl::fd_view{world.cgroup}})
            .has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::kprobe>(world);
        return bl::attach(prog, bl::hook::kprobe{.function = "do_a"}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::kprobe>(world);
        constexpr std::array<std::string_view, 2> names{"do_a", "do_c"};
        return bl::attach(prog, bl::hook::kprobe_multi{.symbols = names}).has_value();
    });
    leaves_nothing([](poor& world) {
        auto const prog = program_of<program_type::kprobe>(world);
        return bl::attach(prog, bl::hook::kprobe_multi{.pattern = "do_*"}).has_value();
    });
    leaves_nothing([](poor& world) {
        return bl::attach(world.first,
                          bl::hook::raw{.target = bl::ifindex{2}, .attach = attach_type::xdp})
            .has_value();
    });
}

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
TEST_CASE("whatever allocation fails, opening a link or a program is all or nothing") {
    leaves_nothing([](poor& world) { return bl::link::from_id(bl::link_id{world.there.id()}); });
    leaves_nothing(
        [](poor& world) { return bl::xdp_link::from_id(bl::link_id{world.there.id()}); });
    leaves_nothing([](poor&) { return bl::link::load_pinned("/bpf/foreign"); });
    leaves_nothing([](poor&) { return bl::xdp_link::load_pinned("/bpf/foreign"); });
    leaves_nothing([](poor&) { return bl::cgroup_link::load_pinned("/bpf/foreign"); });
    leaves_nothing([](poor& world) { return bl::link::duplicate(world.own.fd()); });
    leaves_nothing([](poor& world) { return bl::xdp_link::duplicate(world.own.fd()); });
    leaves_nothing([](poor& world) { return bl::program::from_id(bl::program_id{world.v1.id}); });
    leaves_nothing([](poor&) { return bl::program::load_pinned("/bpf/foreign"); });
    leaves_nothing([](poor& world) { return bl::link::duplicate(world.map); });
}

// E5
TEST_CASE("whatever allocation fails, a descriptor that is not taken over stays its owner's") {
    struct with_descriptor : poor {
        bl::unique_fd fd = open(there);
        int number = fd.get();
        std::size_t before = open_descriptors().size();
    };
    auto const check = [](with_descriptor& world, bool taken) {
        CHECK(world.is_open(world.number) != taken);
        CHECK(world.fd.get() == (taken ? -1 : world.number));
        CHECK(world.open_descriptors().size() == world.before - (taken ? 1 : 0));
    };
    starve::each_allocation<with_descriptor>(
        [](with_descriptor& world) { return bl::link::from_fd(std::move(world.fd)); }, check);
    starve::each_allocation<with_descriptor>(
        [](with_descriptor& world) { return bl::xdp_link::from_fd(std::move(world.fd)); }, check);
    starve::each_allocation<with_descriptor>(
        [](with_descriptor& world) { return bl::cgroup_link::from_fd(std::move(world.fd)); },
        [&](with_descriptor& world, bool) { check(world, false); });
    starve::each_allocation<with_descriptor>(
        [](with_descriptor& world) { return bl::program::from_fd(std::move(world.fd)); },
        [&](with_descriptor& world, bool) { check(world, false); });
}

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

TEST_CASE("whatever allocation fails, an update that fails changes nothing") {
    leaves_nothing([](poor& world) { return world.own.update(world.none).has_value(); });
    starve::each_allocation<poor>(
        [](poor& world) {
            return world.own.update(world.second, bl::expecting(world.second)).has_value();
        },
        [](poor& world, bool) {
            CHECK(world.mine.prog.get() == &world.v1);
            world.check_unchanged();
        });
}

// E6
TEST_CASE("whatever allocation fails, a pin is where it was or where it should be") {
    auto const unless_done = [](std::string poor::* path) {
        return [path](poor& world, bool done) {
            if (!done) return world.check_unchanged();
            CHECK(world.link_at(world.*path) == world.mine.id());
            CHECK(world.own.pinned_path() == world.*path);
            CHECK(world.link_at(world.own_path) == 0);
        };
    };
    starve::each_allocation<poor>([](poor& world) { return world.own.pin(world.long_path); },
                                  unless_done(&poor::long_path));
    starve::each_allocation<poor>([](poor& world) { return world.own.pin(world.other_path); },
                                  unless_done(&poor::other_path));
    starve::each_allocation<poor>(
        [](poor& world) { return world.own.replace_pin(world.long_path); },
        unless_done(&poor::long_path));
    starve::each_allocation<poor>([](poor& world) { return world.own.unpin(); },
                                  [](poor& world, bool done) {
                                      if (!done) return world.check_unchanged();
                                      CHECK(world.names_in("/bpf").size() == 1);
                                      CHECK_FALSE(world.own.is_pinned());
                                  });
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
