// SPDX-License-Identifier: Apache-2.0
// Ensuring, sets and teardown.
#include "scenario.hpp"

#include <array>
#include <utility>

namespace {

using namespace std::chrono_literals;
namespace hook = bl::hook;

constexpr hook::xdp on(unsigned index) {
    return {.ifindex = bl::ifindex{index}};
}
constexpr bl::ensure_options quick{.wait = 20ms};

void want_in_new_directory(stage& s) {
    auto opened = bl::link_set::open("/bpf/set", quick);
    REQUIRE(succeeded(opened));
    s.set = *std::move(opened);
    s.set.want("a", s.second, on(4))
        .want("b", s.tracing, hook::raw_tracepoint{"sys_enter"})
        .want("c", s.second, on(5));
}
void want_three(stage& s) {
    s.make_directory("/bpf/set");
    want_in_new_directory(s);
}
void have_three(stage& s) {
    want_three(s);
    REQUIRE(succeeded(s.set.apply()));
}
/// As by another process.
void have_three_of_another_set(stage& s) {
    have_three(s);
    want_in_new_directory(s);
}

} // namespace

TEST_CASE("whatever fails, ensuring a link leaves one at the place, or what was there") {
    check_faults(std::array{
        scenario{
            "ensure_attached", "a first one",
            [](stage& s) { return bl::ensure_attached(s.first, on(4), stage::next_path, quick); }},
        scenario{
            "ensure_attached", "another program",
            [](stage& s) { return bl::ensure_attached(s.second, on(2), stage::own_path, quick); }},
        scenario{
            "ensure_attached", "as it is",
            [](stage& s) { return bl::ensure_attached(s.first, on(2), stage::own_path, quick); }},
        scenario{"ensure_attached", "where others are",
                 [](stage& s) {
                     return !bl::ensure_attached(s.tracing, hook::raw_tracepoint{"sys_enter"},
                                                 "/bpf/foreign", quick);
                 }},
        scenario{"ensure_attached", "by a stored descriptor",
                 [](stage& s) {
                     auto done = bl::ensure_attached(s.first, on(6), std::move(s.spare), quick);
                     if (!done) return answer{done};
                     starve::fed const fed;
                     s.spare = done->link.release();
                     return answer{true};
                 }}
            .by_part(),
    });
}

TEST_CASE("whatever fails, a set is all there, or as it was, or says what is left") {
    check_faults(std::array{
        scenario{"link_set::open", "", [](stage&) { return bl::link_set::open("/bpf/set"); }},
        scenario{"link_set::want", "",
                 [](stage& s) { return s.set.want("a", s.second, on(4)).size() == 1; }}
            .by_part(),
        scenario{"candidate", "",
                 [](stage& s) {
                     static_cast<void>(bl::candidate(s.second, on(4)));
                     return true;
                 }},
        scenario{"link_set::want_optional", "",
                 [](stage& s) { return s.set.want_optional("a", s.second, on(4)).size() == 1; }}
            .by_part(),
        scenario{"link_set::want_one_of", "",
                 [](stage& s) {
                     return s.set
                                .want_one_of("a", {bl::candidate(s.second, on(4)),
                                                   bl::candidate(s.first, on(5))})
                                .size() == 1;
                 }}
            .by_part(),
        scenario{"link_set::want_all", "",
                 [](stage& s) { return s.set.want_all(&s.their_object).size() == 1; },
                 [](stage& s) {
                     s.their_program.type = bl::program_type::raw_tracepoint;
                     s.their_program.fd = s.tracing.fd().get();
                     s.their_object.programs = {&s.their_program};
                 }}
            .by_part(),
        scenario{"link_set::adopt", "",
                 [](stage& s) { return s.set.adopt("a", std::move(s.own)).size() == 1; },
                 [](stage& s) { s.set.want("a", s.second, on(2)); }}
            .by_part(),
        scenario{"link_set::at_least", "",
                 [](stage& s) { return s.set.at_least(1, {"a"}).size() == 1; },
                 [](stage& s) { s.set.want_optional("a", s.second, on(4)); }}
            .by_part(),
        scenario{"link_set::plan", "", [](stage& s) { return s.set.plan(); }, want_three},
        scenario{"link_set::apply", "", [](stage& s) { return s.set.apply(); }, want_three},
        scenario{"link_set::apply", "in a new directory", [](stage& s) { return s.set.apply(); },
                 want_in_new_directory}
            .by_part(), // the directory stays
        scenario{"link_set::apply", "again", [](stage& s) { return s.set.apply(); },
                 have_three_of_another_set}
            .by_part(), // a member that was looked at stays open
        scenario{"link_set::teardown", "", [](stage& s) { return s.set.teardown(); }, have_three}
            .by_part(),
    });
}

TEST_CASE("whatever fails, a teardown ends a link and its pin, or what it says of them") {
    check_faults(std::array{
        scenario{"teardown", "by its handle",
                 [](stage& s) { return bl::teardown(std::move(s.own), 20ms); }}
            .by_part(),
        scenario{"teardown", "by its pin",
                 [](stage&) { return bl::teardown(stage::own_path, 20ms); }}
            .by_part(),
        scenario{"teardown", "that waits",
                 [](stage& s) { return bl::teardown(std::move(s.undetachable), 20ms); }}
            .by_part(),
    });
}
