// SPDX-License-Identifier: Apache-2.0
// Wherever apply is killed, the next one gives what is wanted, and nobody else's link is touched.
#include "kill.hpp"
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

using bl::program_type;

/// One member whose program the kernel swaps, and one whose link is replaced.
struct place {
    sandbox::network net;
    sandbox::network::veth pair = net.add_veth();
    sandbox::bpffs fs;
    std::string directory = fs.path() + "/set";
    tiny<program_type::xdp> old_xdp{2, {}, nullptr}, new_xdp{2, {}, nullptr}, other{2, {}, nullptr};
    tiny<program_type::raw_tracepoint> old_trace{0, {}, nullptr}, new_trace{0, {}, nullptr};

    [[nodiscard]] bl::hook::xdp at(bl::ifindex device) const {
        return {.ifindex = device, .mode = bl::xdp_mode::generic};
    }
    template <class X, class T>
    [[nodiscard]] bl::link_set wanted(X const& xdp, T const& trace, bool all = true,
                                      std::string const& name = "net") const {
        auto set = must(bl::link_set::open(directory));
        set.want(name, xdp, at(net.loopback()));
        if (all) set.want("enter", trace, bl::hook::raw_tracepoint{"sys_enter"});
        return set;
    }
    void traffic() const { net.send_to_loopback(1); }
    template <class P>
    [[nodiscard]] bool runs(P const& prog) const {
        auto const before = prog.runs();
        traffic();
        return prog.runs() != before;
    }
};

enum class shape { all_new, all_updates, one_removed, one_renamed };

/// How often apply is killed at each of its calls: once, or as often as a long run by hand asks
/// for.
int rounds() {
    auto const* const asked = std::getenv("BPFLINK_KILL_ROUNDS");
    return asked ? std::atoi(asked) : 1;
}

void kill_everywhere(shape how) {
    place const p;
    stage<program_type::xdp, bl::hook::xdp> const others{
        p.old_xdp, p.new_xdp, p.other, p.at(p.net.loopback()), p.at(p.pair.there), [&] {
            p.traffic();
            p.net.send_from(p.pair.here, 1);
        }};
    bystander<program_type::xdp, bl::hook::xdp> const theirs{others, p.fs.path() + "/other"};
    bool const keeps_trace = how != shape::one_removed;
    auto const wanted = [&] { return p.wanted(p.new_xdp, p.new_trace, keeps_trace); };
    auto const check = [&] {
        auto set = wanted();
        CHECK(eventually([&] { // who only looks at links holds each for a moment
            auto const done = set.apply();
            REQUIRE((done || done.error() == bl::errc::still_held));
            return done.has_value();
        }));
        auto const again = must(set.apply());
        CHECK(std::ranges::all_of(again.steps, [](bl::set_step const& each) {
            return each.what == bl::step_kind::keep;
        }));
        CHECK(theirs.is_as_it_was());
        CHECK(names_in(p.directory) ==
              (keeps_trace ? std::set<std::string>{"net", "enter"} : std::set<std::string>{"net"}));
        CHECK(p.runs(p.new_xdp));
        CHECK(p.runs(p.new_trace) == keeps_trace);
        CHECK(eventually([&] {
            return links_of(p.new_xdp.id()).size() == 1 &&
                   links_of(p.new_trace.id()).size() == (keeps_trace ? 1 : 0) &&
                   links_of(p.old_xdp.id()).empty() && links_of(p.old_trace.id()).empty();
        }));
    };
    for (int round = 1, all = rounds(); round <= all; ++round) {
        int const kills = kill_at_every_call({
            .prepare =
                [&] {
                    // Who looks at links holds each for a moment: then it says so, and changes
                    // nothing.
                    CHECK(eventually([&] {
                        return must(bl::link_set::open(p.directory)).teardown().has_value();
                    }));
                    if (how == shape::all_new) return;
                    bool const had_other_name = how == shape::one_renamed;
                    must(p.wanted(p.old_xdp, p.old_trace, true, had_other_name ? "was" : "net")
                             .apply());
                },
            .act = [&] { must(wanted().apply()); },
            .check = check,
        });
        MESSAGE("round ", round, " of ", all, ": ", kills, " kills");
        CHECK(kills >= 50);
    }
    must(must(bl::link_set::open(p.directory)).teardown());
    CHECK(eventually([&] { return links_of(p.new_xdp.id()).empty(); }));
}

} // namespace

TEST_CASE("apply of a set killed anywhere, where all is new") {
    kill_everywhere(shape::all_new);
}

TEST_CASE("apply of a set killed anywhere, where all is updated") {
    kill_everywhere(shape::all_updates);
}

TEST_CASE("apply of a set killed anywhere, where one is removed") {
    kill_everywhere(shape::one_removed);
}

TEST_CASE("apply of a set killed anywhere, where one is renamed") {
    kill_everywhere(shape::one_renamed);
}
