// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <chrono>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace bl = bpflink;
using namespace service;

namespace {

bl::link_record record(unsigned id, bl::link_type type, bl::link_target target) {
    return {bl::link_id{id}, type, bl::program_id{id + 100}, {}, target};
}

bool has_line(std::string const& text, std::string_view line) {
    std::istringstream lines{text};
    for (std::string each; std::getline(lines, each);)
        if (each == line) return true;
    return false;
}

} // namespace

TEST_CASE("metrics count links by type and state, and those that are defunct") {
    view now;
    now.links = {record(1, bl::link_type::xdp, bl::ifindex{2}),
                 record(2, bl::link_type::xdp, bl::ifindex{0}),
                 record(3, bl::link_type::cgroup, bl::cgroup_id{0}),
                 record(4, bl::link_type::netfilter, {})};
    auto const text = metrics_page(now, {});
    CHECK(has_line(text, R"(bpflink_service_links{state="attached",type="xdp"} 1)"));
    CHECK(has_line(text, R"(bpflink_service_links{state="defunct",type="xdp"} 1)"));
    CHECK(has_line(text, R"(bpflink_service_links{state="attached",type="cgroup"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_links{state="unknown",type="netfilter"} 1)"));
    CHECK(has_line(text, "bpflink_service_defunct_links 2"));
}

TEST_CASE("metrics count pins by type") {
    view now;
    now.pins = {{"/a", bl::link_id{1}, bl::link_type::xdp},
                {"/b", bl::link_id{1}, bl::link_type::xdp},
                {"/c", bl::link_id{2}, bl::link_type::cgroup}};
    auto const text = metrics_page(now, {});
    CHECK(has_line(text, R"(bpflink_service_link_pins{type="xdp"} 2)"));
    CHECK(has_line(text, R"(bpflink_service_link_pins{type="cgroup"} 1)"));
}

TEST_CASE("metrics tell the missed runs of those probes of which the kernel tells them") {
    bl::perf_kprobe probe;
    probe.function = "do_unlinkat";
    probe.missed = 3;
    bl::perf_kprobe silent;
    silent.function = "vfs_read"; // before 6.7
    bl::kprobe_multi_details multi;
    multi.missed = 0;
    view now;
    now.probes = {{bl::link_type::perf_event, bl::link_id{5}, bl::program_id{6},
                   bl::perf_event_details{probe}},
                  {bl::link_type::perf_event, bl::link_id{6}, bl::program_id{6},
                   bl::perf_event_details{silent}},
                  {bl::link_type::perf_event, bl::link_id{7}, bl::program_id{6},
                   bl::perf_event_details{bl::perf_uprobe{}}},
                  {bl::link_type::kprobe_multi, bl::link_id{8}, bl::program_id{6}, multi}};
    auto const text = metrics_page(now, {});
    CHECK(has_line(
        text,
        R"(bpflink_service_link_missed_total{function="do_unlinkat",link="5",type="perf_event"} 3)"));
    CHECK(has_line(text, R"(bpflink_service_link_missed_total{link="8",type="kprobe_multi"} 0)"));
    CHECK(text.find("vfs_read") == std::string::npos);
    CHECK(text.find(R"(link="7")") == std::string::npos);
}

TEST_CASE("metrics tell what the service does") {
    status of{.interface = "eth0", .pin = "/pins/eth0"};
    of.steps = {{bl::step_kind::create, 1}, {bl::step_kind::update, 3}};
    of.events = {{bl::link_change::removed, 2}};
    of.failed = 4;
    of.is_reloaded = false;
    of.reloaded = std::chrono::system_clock::time_point{std::chrono::seconds{1000}};
    of.packets = {5, 0};
    view now;
    now.pins = {{"/pins/eth0", bl::link_id{9}, bl::link_type::xdp}};
    auto text = metrics_page(now, of);
    CHECK(has_line(text, R"(bpflink_service_attached{interface="eth0"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_pinned{interface="eth0"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_program_id{interface="eth0"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_steps_total{step="create"} 1)"));
    CHECK(has_line(text, R"(bpflink_service_steps_total{step="update"} 3)"));
    CHECK(has_line(text, R"(bpflink_service_steps_total{step="keep"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_link_events_total{event="removed"} 2)"));
    CHECK(has_line(text, R"(bpflink_service_link_events_total{event="defunct"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_packets_total{counter="0"} 5)"));
    CHECK(has_line(text, R"(bpflink_service_packets_total{counter="1"} 0)"));
    CHECK(has_line(text, "bpflink_service_last_reload_successful 0"));
    CHECK(has_line(text, "bpflink_service_last_reload_success_timestamp_seconds 1000"));
    CHECK(has_line(text, "bpflink_service_failures_total 4"));

    of.link = {bl::link_type::xdp, bl::link_id{9}, bl::program_id{10},
               bl::xdp_details{bl::ifindex{2}}};
    text = metrics_page(now, of);
    CHECK(has_line(text, R"(bpflink_service_attached{interface="eth0"} 1)"));
    CHECK(has_line(text, R"(bpflink_service_pinned{interface="eth0"} 1)"));
    CHECK(has_line(text, R"(bpflink_service_program_id{interface="eth0"} 10)"));

    of.link->details = bl::xdp_details{}; // its interface is gone
    now.pins.front().id = bl::link_id{8}; // another link's
    text = metrics_page(now, of);
    CHECK(has_line(text, R"(bpflink_service_pinned{interface="eth0"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_attached{interface="eth0"} 0)"));
    CHECK(has_line(text, R"(bpflink_service_program_id{interface="eth0"} 0)"));
}

TEST_CASE("the page of links names targets and pins") {
    view now;
    now.links = {record(1, bl::link_type::cgroup, bl::cgroup_id{7}),
                 record(2, bl::link_type::netns, bl::netns_inode{8}),
                 record(3, bl::link_type::struct_ops, bl::map_id{9}),
                 record(4, bl::link_type::kprobe_multi, {}),
                 record(5, bl::link_type::tcx, bl::ifindex{0x7fffffff}),
                 record(6, bl::link_type::xdp, bl::ifindex{1}),
                 record(7, bl::link_type::xdp, bl::ifindex{1}),
                 record(8, bl::link_type::xdp, bl::ifindex{1}),
                 record(9, bl::link_type::xdp, bl::ifindex{0}),
                 record(10, bl::link_type{999}, {})};
    now.here = bl::netns_inode{4026531840U};
    now.links[4].netns = now.links[5].netns = now.here;
    now.links[6].netns = bl::netns_inode{4026531841U};
    now.links[0].attach = bl::attach_type::cgroup_inet_egress;
    now.links[5].attach = bl::attach_type::xdp; // of every link of its kind
    now.pins = {{"/sys/fs/bpf/a", bl::link_id{1}, bl::link_type::cgroup},
                {"/sys/fs/bpf/\xff", bl::link_id{1}, bl::link_type::cgroup}};
    auto const page = nlohmann::json::parse(links_page(now));
    REQUIRE(page.size() == 10);
    CHECK(page[0] == nlohmann::json{{"id", 1},
                                    {"type", "cgroup"},
                                    {"prog_id", 101},
                                    {"cgroup_id", 7},
                                    {"attach_type", "cgroup_inet_egress"},
                                    {"state", "attached"},
                                    {"pinned", {"/sys/fs/bpf/a", "/sys/fs/bpf/\xef\xbf\xbd"}}});
    CHECK(page[1]["netns_ino"] == 8);
    CHECK(page[2]["map_id"] == 9);
    CHECK(page[3]["state"] == "attached");
    CHECK(!page[3].contains("pinned"));
    CHECK(page[4]["ifindex"] == 0x7fffffff);
    CHECK(page[4]["devname"] == "(unknown)"); // no interface of this namespace has that index
    CHECK(page[5]["devname"] == "lo");
    CHECK(!page[5].contains("attach_type"));
    CHECK(page[6]["devname"] == "(unknown)"); // another's, F20
    CHECK(page[7]["devname"] == "(unknown)"); // it is not known whose
    CHECK(page[8]["devname"] == "(detached)");
    CHECK(page[9]["type"] == 999); // newer than the library
}
