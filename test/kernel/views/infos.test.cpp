// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <bpf/libbpf.h>
#include <sys/stat.h>

namespace bl = bpflink;

namespace {

// What src/details/answer.hpp puts into fields to see whether the kernel reports them.
constexpr std::array marks{bl::cookie{0xfedc'ba98'fedc'ba98U}, bl::cookie{0xfedc'ba98'fedc'ba99U}};

std::optional<bl::cookie> cookie_of(bl::link_info const& info) {
    if (auto const* const d = std::get_if<bl::tracing_details>(&info.details)) return d->cookie;
    if (auto const* const d = std::get_if<bl::raw_tracepoint_details>(&info.details))
        return d->cookie;
    if (auto const* const d = std::get_if<bl::kprobe_multi_details>(&info.details))
        return d->functions.empty() ? std::nullopt : d->functions.front().cookie;
    auto const& d = std::get<bl::perf_event_details>(info.details);
    auto const* const counter = std::get_if<bl::perf_counter>(&d.event);
    return counter ? counter->cookie : std::nullopt;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "infos tells cookies that look like an answer that did not come") {
    std::vector<std::pair<bl::link, bl::cookie>> own;
    std::string kind;
    auto const keep = [&](auto made, bl::cookie wanted) {
        if (made) return own.emplace_back(*std::move(made), wanted), true;
        auto const& why = made.error();
        REQUIRE((why == bl::errc::not_supported || why == bl::errc::invalid_argument));
        skip_part("cookies of " + kind + ": " + why.code().message());
        return false;
    };
    std::array const cookies{marks[0], marks[1], bl::cookie{5}};
    kind = "tracing";
    int const function = ::libbpf_find_vmlinux_btf_id("bpf_fentry_test1", BPF_TRACE_FENTRY);
    REQUIRE(function > 0);
    std::vector<constant_program<bl::program_type::tracing>> traced;
    for (auto const cookie : cookies) {
        try {
            traced.emplace_back(0, bl::attach_type::trace_fentry, bl::btf_id{function});
        } catch (std::system_error const& e) {
            skip_part("tracing: " + e.code().message());
            break;
        }
        lent_program<bl::program_type::tracing> const lent{traced.back().fd(),
                                                           bl::attach_type::trace_fentry};
        if (!keep(bl::attach(lent, bl::hook::tracing{.cookie = cookie}), cookie)) break;
    }
    kind = "raw tracepoints";
    programs const p{"sys_enter_a"};
    for (auto const cookie : cookies)
        if (!keep(bl::attach(p.tracepoint("sys_enter_a"),
                             bl::hook::raw_tracepoint{"sys_enter", cookie}),
                  cookie))
            break;
    kind = "perf events";
    constant_program<bl::program_type::perf_event> const on_event{0};
    for (auto const cookie : cookies) {
        auto const event = open_clock(1'000'000'000);
        REQUIRE(event);
        if (!keep(bl::attach(on_event, bl::hook::perf_event{event, cookie}), cookie)) break;
    }
    kind = "kprobe_multi";
    try {
        constant_program<bl::program_type::kprobe> const probe{0,
                                                               bl::attach_type::trace_kprobe_multi};
        static constexpr std::array<std::string_view, 1> symbols{"bpf_fentry_test2"};
        for (auto const& cookie : cookies)
            if (!keep(bl::attach(probe, bl::hook::kprobe_multi{.symbols = symbols,
                                                               .cookies = {&cookie, 1}}),
                      cookie))
                break;
    } catch (std::system_error const& e) {
        skip_part("kprobe_multi: " + e.code().message());
    }

    std::map<bl::link_id, bl::link_info> seen;
    for (auto&& entry : bl::infos()) {
        auto info = must(std::move(entry));
        seen.emplace(info.id, std::move(info));
    }
    std::set<bl::link_type> untold;
    for (auto const& [l, wanted] : own) {
        auto const alone = must(l.info());
        CAPTURE(alone.type);
        auto const found = cookie_of(alone);
        CHECK(cookie_of(seen.at(alone.id)) == found);
        if (found)
            CHECK(found == wanted);
        else
            untold.insert(alone.type);
    }
    for (auto const type : untold)
        skip_part("the kernel does not report the cookie of " + to_string(type));
    // All of a kind, or none.
    for (auto const& [l, wanted] : own) {
        auto const alone = must(l.info());
        CHECK(cookie_of(alone).has_value() != untold.contains(alone.type));
    }
}

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
    CHECK(details_of(1, bl::cgroup_details{}).cgroup_id == bl::cgroup_id{directory.st_ino});
    CHECK(details_of(1, bl::cgroup_details{}).attach == cgroup.attach);
    CHECK(details_of(2, bl::raw_tracepoint_details{}).name == "sys_enter");
    CHECK(details_of(3, bl::iter_details{}).target_name == "task");
    CHECK(details_of(4, bl::xdp_details{}).ifindex == net.loopback());
    CHECK(details_of(5, bl::raw_tracepoint_details{}).name == "sched_switch");
    CHECK(details_of(6, bl::cgroup_details{}).cgroup_id == bl::cgroup_id{directory.st_ino});
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
