// SPDX-License-Identifier: Apache-2.0
// Walks, snapshots, watchers and names: they look on, and change nothing.
#include "scenario.hpp"

#include <array>

namespace {

using namespace std::chrono_literals;

/// A watcher that has a change to tell.
void watch(stage& s) {
    auto started = bl::watcher::start({.period = 1s});
    REQUIRE(succeeded(started));
    s.watching = *std::move(started);
    s.loose.defunct = true;
    s.pass(2s);
}

} // namespace

TEST_CASE("whatever fails, a look at links holds none of them") {
    check_faults(std::array{
        scenario{"links", "", [](stage&) { return bl::links() | bl::collect; }},
        scenario{"infos", "", [](stage&) { return bl::infos() | bl::collect; }},
        scenario{"link_ids", "", [](stage&) { return bl::link_ids() | bl::collect; }},
        scenario{"pins", "below", [](stage&) { return bl::pins("/bpf") | bl::collect; }},
        scenario{"pins", "of all mounts", [](stage&) { return bl::pins() | bl::collect; }},
        scenario{"of_type", "",
                 [](stage&) {
                     return bl::links() | bl::views::of_type(bl::link_type::xdp) | bl::collect;
                 }},
        scenario{"of_program", "",
                 [](stage& s) {
                     return bl::infos() | bl::views::of_program(bl::program_id{s.v1.id}) |
                            bl::collect;
                 }},
        scenario{"snapshot", "", [](stage&) { return bl::snapshot(); }},
        scenario{"infos_at_once", "without the iterator",
                 [](stage&) { return !bl::infos_at_once(); }},
        scenario{"snapshotter::take", "by a walk",
                 [](stage&) { return bl::snapshotter{bl::snapshot_source::walk}.take(); }},
        scenario{"find_links", "", [](stage&) { return bl::find_links(bl::ifindex{3}); }},
        scenario{"holders", "of one",
                 [](stage& s) { return bl::holders(bl::link_id{s.loose.id()}); }},
        scenario{"holders", "of all", [](stage&) { return bl::holders(); }},
        scenario{"watcher::start", "", [](stage&) { return bl::watcher::start(); }},
        scenario{"watcher::poll", "", [](stage& s) { return s.watching->poll(); }, watch},
        scenario{"watcher::wait", "", [](stage& s) { return s.watching->wait(3s); }, watch},
        scenario{"watcher::events", "",
                 [](stage& s) {
                     for (auto const& event : s.watching->events())
                         return answer{event};
                     return answer{false};
                 },
                 watch},
    });
}

TEST_CASE("whatever fails, a look at places and names leaves nothing open") {
    check_faults(std::array{
        scenario{"ifindex_of", "", [](stage&) { return bl::ifindex_of("eth0"); }},
        scenario{"interface_name_of", "",
                 [](stage&) { return bl::interface_name_of(bl::ifindex{2}); }},
        scenario{"cgroup_id_of", "", [](stage&) { return bl::cgroup_id_of("/cgroup"); }},
        scenario{"cgroup_path_of", "",
                 [](stage&) { return bl::cgroup_path_of(bl::cgroup_id{55}); }},
        scenario{"netns_inode_of", "", [](stage&) { return bl::netns_inode_of("/run/netns/web"); }},
        scenario{
            "in_netns", "",
            [](stage& s) { return bl::in_netns("/run/netns/web", [&] { return s.own.info(); }); }}
            .spare(call::set_netns),
        scenario{"kernel_symbols", "", [](stage&) { return bl::kernel_symbols("do_a"); }},
        scenario{"kernel_symbol_address", "",
                 [](stage&) { return bl::kernel_symbol_address("do_a"); }},
        scenario{"matching_kernel_functions", "",
                 [](stage&) { return bl::matching_kernel_functions("do_*"); }},
        scenario{"resolve_symbol", "", [](stage&) { return bl::resolve_symbol("/bin/x", "f"); }},
        scenario{"resolve_symbol", "that is not there",
                 [](stage&) { return !bl::resolve_symbol("/bin/x", "ff"); }},
        scenario{"resolve_symbols", "",
                 [](stage&) {
                     constexpr std::array<std::string_view, 2> names{"f", "g"};
                     return bl::resolve_symbols("/bin/x", names);
                 }},
        scenario{"matching_symbols", "",
                 [](stage&) { return bl::matching_symbols("/bin/x", "*"); }},
        scenario{"offset_of_address", "",
                 [](stage&) { return bl::offset_of_address("/bin/x", 0x400210); }},
        scenario{"symbol_at", "", [](stage&) { return bl::symbol_at("/bin/x", 0x214); }},
        scenario{"resolve_usdt", "",
                 [](stage&) { return bl::resolve_usdt("/lib.so", "app", "start"); }},
        scenario{"matching_usdt", "", [](stage&) { return bl::matching_usdt("/lib.so", "app:*"); }},
        scenario{"resolve_in_process", "",
                 [](stage&) { return !bl::resolve_in_process(7, "none"); }},
        scenario{"pin_name", "",
                 [](stage&) { return bl::text_of_pin_name(bl::pin_name("eth0.7")).has_value(); }},
    });
}
