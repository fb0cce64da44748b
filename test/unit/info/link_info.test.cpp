// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"
#include "info/answer.hpp"

#include <bpflink/link.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_traits.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

struct asking : machine {
    fake::program& prog = add_program(bl::program_type::tracing);

    bl::result<bl::link_info> info_of(fake::link& l) {
        auto const handle = bl::link::from_fd(open(l));
        REQUIRE(succeeded(handle));
        forget_calls();
        return handle->info();
    }

    template <class Details>
    Details details_of(fake::link& l) {
        auto info = info_of(l);
        REQUIRE(succeeded(info));
        REQUIRE(std::holds_alternative<Details>(info->details));
        return std::get<Details>(info->details);
    }

    fake::link& add_tracepoint(std::string name, std::uint64_t cookie = 0) {
        return add_link({.type = bl::link_type::raw_tracepoint,
                         .prog = &prog,
                         .name = std::move(name),
                         .cookie = cookie});
    }
    fake::link& add_tracing(std::uint64_t cookie = 0) {
        return add_link({.type = bl::link_type::tracing,
                         .prog = &prog,
                         .attach = bl::attach_type::trace_fexit,
                         .cookie = cookie,
                         .object = 5,
                         .btf = 6});
    }
};

} // namespace

TEST_CASE_FIXTURE(asking, "what every link has is in the info") {
    auto& there = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2});
    auto const info = info_of(there);
    REQUIRE(succeeded(info));
    CHECK(info->type == bl::link_type::xdp);
    CHECK(info->id.value() == there.id());
    CHECK(info->program.value() == prog.id);
    CHECK(calls(call::obj_get_info) == 1);
}

TEST_CASE_FIXTURE(asking, "every kind has its fields") {
    auto const links = add_every_kind(*this);
    auto const check = [&](bl::link_type type, bl::link_details const& wanted) {
        auto const found =
            std::ranges::find(links, type, [](fake::link* l) { return l->facts.type; });
        REQUIRE(found != links.end());
        auto const info = info_of(**found);
        REQUIRE(succeeded(info));
        CHECK(info->details == wanted);
    };
    using bl::attach_type;
    using bl::cookie;
    using bl::link_type;
    check(link_type::raw_tracepoint,
          bl::raw_tracepoint_details{"sched_switch", cookie{0x1122334455667788}});
    check(link_type::tracing,
          bl::tracing_details{attach_type::trace_fentry, 5, bl::btf_id{6}, cookie{0x99}});
    check(link_type::cgroup,
          bl::cgroup_details{bl::cgroup_id{0x1'0000'0007}, attach_type::cgroup_device});
    check(link_type::iter, bl::iter_details{.target_name = "bpf_map_elem", .map = bl::map_id{77}});
    check(link_type::netns,
          bl::netns_details{bl::netns_inode{4'026'531'840U}, attach_type::sk_lookup});
    check(link_type::xdp, bl::xdp_details{bl::ifindex{2}});
    check(link_type::perf_event,
          bl::perf_event_details{bl::perf_tracepoint{"sched_switch", cookie{9}}});
    check(
        link_type::kprobe_multi,
        bl::kprobe_multi_details{true, 2, {{0xffff'0001, cookie{11}}, {0xffff'0002, cookie{12}}}});
    check(link_type::struct_ops, bl::struct_ops_details{bl::map_id{78}});
    check(link_type::netfilter, bl::netfilter_details{bl::protocol_family::ipv4,
                                                      bl::netfilter_hook::postrouting, -100, true});
    check(link_type::tcx, bl::tcx_details{bl::ifindex{3}, attach_type::tcx_egress});
    check(link_type::uprobe_multi,
          bl::uprobe_multi_details{
              false, "/usr/bin/true", 4, {{0x100, 0x300, cookie{}}, {0x200, 0, cookie{22}}}});
    check(link_type::netkit, bl::netkit_details{bl::ifindex{4}, attach_type::netkit_peer});
    check(link_type::sockmap, bl::sockmap_details{bl::map_id{79}, attach_type::sk_msg_verdict});
    check(link_type::tracing_multi,
          bl::tracing_multi_details{attach_type::trace_fentry_multi,
                                    1,
                                    {{bl::btf_id{7}, 0xffff'0007, cookie{}},
                                     {bl::btf_id{8}, 0xffff'0008, cookie{32}},
                                     {bl::btf_id{9}, 0xffff'0009, cookie{33}}}});
}

TEST_CASE_FIXTURE(asking, "a link without a program has program 0") {
    auto const info = info_of(add_link({.type = bl::link_type::struct_ops, .target = 9}));
    REQUIRE(succeeded(info));
    CHECK(info->program == bl::program_id{});
}

TEST_CASE_FIXTURE(asking, "a kind newer than the library keeps its number and the kernel's bytes") {
    auto const links = add_every_kind(*this);
    auto const info = info_of(*links.back());
    REQUIRE(succeeded(info));
    CHECK(static_cast<unsigned>(info->type) == 99);
    auto const& bytes = std::get<bl::unknown_details>(info->details).bytes;
    for (std::size_t i = 0; i != bytes.size(); ++i)
        CHECK(static_cast<unsigned>(bytes[i]) == 200 + i);
}

TEST_CASE_FIXTURE(asking, "what is not there is empty, and not 0") {
    CHECK_FALSE(details_of<bl::iter_details>(
                    add_link({.type = bl::link_type::iter, .prog = &prog, .name = "task"}))
                    .map.has_value());
    auto& struct_ops = add_link({.type = bl::link_type::struct_ops, .target = 9});
    CHECK(details_of<bl::struct_ops_details>(struct_ops).map == bl::map_id{9});
    struct_ops.defunct = true;
    CHECK_FALSE(details_of<bl::struct_ops_details>(struct_ops).map.has_value());
    auto& sockmap = add_link({.type = bl::link_type::sockmap, .prog = &prog, .target = 9});
    sockmap.defunct = true;
    CHECK_FALSE(details_of<bl::sockmap_details>(sockmap).map.has_value());
}

// Names

TEST_CASE_FIXTURE(asking, "a name costs a second call") {
    auto const details = details_of<bl::raw_tracepoint_details>(add_tracepoint("sched_switch"));
    CHECK(details.name == "sched_switch");
    CHECK(calls(call::obj_get_info) == 2);
}

TEST_CASE_FIXTURE(asking, "a name of any length comes whole") {
    for (std::size_t length = 0; length != 300; ++length) {
        CAPTURE(length);
        std::string name;
        for (std::size_t i = 0; i != length; ++i)
            name += static_cast<char>('a' + i % 26);
        auto& tracepoint = add_tracepoint(name, 7);
        auto const details = details_of<bl::raw_tracepoint_details>(tracepoint);
        CHECK(details.name == name);
        CHECK(details.cookie == bl::cookie{7});
        let_go(tracepoint);
        auto& iter =
            add_link({.type = bl::link_type::iter, .prog = &prog, .target = 3, .name = name});
        CHECK(details_of<bl::iter_details>(iter).target_name == name);
        CHECK(details_of<bl::iter_details>(iter).map == bl::map_id{3});
        let_go(iter);
    }
}

// Kernels of different ages

TEST_CASE_FIXTURE(asking, "a cookie of 0 is a cookie where the kernel reports cookies") {
    CHECK(details_of<bl::raw_tracepoint_details>(add_tracepoint("x")).cookie == bl::cookie{0});
    CHECK(details_of<bl::tracing_details>(add_tracing()).cookie == bl::cookie{0});
    CHECK(details_of<bl::raw_tracepoint_details>(add_tracepoint("x", ~0ULL)).cookie ==
          bl::cookie{~0ULL});
    CHECK(details_of<bl::tracing_details>(add_tracing(5)).cookie == bl::cookie{5});
}

// What a field holds where the kernel leaves it alone may also be somebody's cookie.

TEST_CASE_FIXTURE(asking, "a cookie that equals the mark is a cookie") {
    using bl::detail::other_than, bl::detail::usual_mark;
    using event = fake::uapi::perf_event_type;
    for (auto const mark : {usual_mark, other_than(usual_mark)}) {
        CAPTURE(mark);
        bl::cookie const own{mark};
        CHECK(details_of<bl::raw_tracepoint_details>(add_tracepoint("x", mark)).cookie == own);
        CHECK(details_of<bl::tracing_details>(add_tracing(mark)).cookie == own);
        auto const perf = [&](event kind) {
            auto& there = add_link({.type = bl::link_type::perf_event,
                                    .prog = &prog,
                                    .name = "x",
                                    .cookie = mark,
                                    .event = kind});
            return details_of<bl::perf_event_details>(there).event;
        };
        CHECK(std::get<bl::perf_kprobe>(perf(event::kprobe)).cookie == own);
        CHECK(std::get<bl::perf_uprobe>(perf(event::uprobe)).cookie == own);
        CHECK(std::get<bl::perf_tracepoint>(perf(event::tracepoint)).cookie == own);
        CHECK(std::get<bl::perf_counter>(perf(event::event)).cookie == own);
        CHECK(calls(call::obj_get_info) == 2);
    }
}

TEST_CASE_FIXTURE(asking, "cookies of functions that equal the marks are cookies") {
    using bl::detail::other_than, bl::detail::usual_mark;
    auto const cookies_of = [&](std::vector<std::uint64_t> const& cookies) {
        auto& there = add_link({.type = bl::link_type::kprobe_multi,
                                .prog = &prog,
                                .addresses = std::vector<std::uint64_t>(cookies.size(), 7),
                                .cookies = cookies});
        std::vector<std::optional<bl::cookie>> found;
        for (auto const& function : details_of<bl::kprobe_multi_details>(there).functions)
            found.push_back(function.cookie);
        return found;
    };
    std::uint64_t const one = usual_mark;
    std::uint64_t const two = other_than(usual_mark);
    for (auto const& cookies : std::vector<std::vector<std::uint64_t>>{
             {one}, {two}, {one, one}, {two, two}, {one, two}, {two, one}, {one, 0, two}}) {
        auto const found = cookies_of(cookies);
        REQUIRE(found.size() == cookies.size());
        for (std::size_t i = 0; i != found.size(); ++i)
            CHECK(found[i] == bl::cookie{cookies[i]});
        bool const doubtful = cookies == std::vector(cookies.size(), one);
        CHECK(calls(call::obj_get_info) == (doubtful ? 3 : 2));
    }
    reports_probe_cookies = false;
    CHECK(cookies_of({one, 5}) == std::vector<std::optional<bl::cookie>>(2));
    CHECK(calls(call::obj_get_info) == 3);
}

TEST_CASE_FIXTURE(asking, "a kernel that does not report cookies leaves them empty") {
    reports_cookies = false;
    SUBCASE("with the struct of today") {
    }
    SUBCASE("with a struct that ends before them") {
        info_size = 32;
    }
    auto const tracepoint = details_of<bl::raw_tracepoint_details>(add_tracepoint("x", 7));
    CHECK_FALSE(tracepoint.cookie.has_value());
    CHECK(tracepoint.name == "x");
    auto const tracing = details_of<bl::tracing_details>(add_tracing(7));
    CHECK_FALSE(tracing.cookie.has_value());
    CHECK(tracing.target_object == 5U);
    CHECK(tracing.target == bl::btf_id{6});
    CHECK(tracing.attach == bl::attach_type::trace_fexit);
}

TEST_CASE_FIXTURE(asking, "a kernel that does not report tracing targets leaves them empty") {
    reports_cookies = false;
    reports_tracing_targets = false;
    for (unsigned const size : {64U, 32U, 28U, 24U}) {
        info_size = size;
        auto const tracing = details_of<bl::tracing_details>(add_tracing(7));
        CHECK_FALSE(tracing.target_object.has_value());
        CHECK_FALSE(tracing.target.has_value());
        CHECK_FALSE(tracing.cookie.has_value());
        CHECK(tracing.attach == bl::attach_type::trace_fexit);
    }
}

TEST_CASE_FIXTURE(asking, "targets of 0 are reported as 0") {
    auto const tracing =
        details_of<bl::tracing_details>(add_link({.type = bl::link_type::tracing, .prog = &prog}));
    CHECK(tracing.target_object == 0U);
    CHECK(tracing.target == bl::btf_id{0});
}

// Errors

TEST_CASE_FIXTURE(asking, "a refusal at any step is an error") {
    auto& there = add_tracepoint(std::string(200, 'n'));
    auto const handle = bl::link::from_fd(open(there));
    REQUIRE(succeeded(handle));
    forget_calls();
    REQUIRE(succeeded(handle->info()));
    int const steps = calls(call::obj_get_info);
    REQUIRE(steps == 2); // the kind and the length of the name, the name
    for (int step = 1; step <= steps; ++step)
        for (int const number : {EACCES, EPERM, ENOMEM}) {
            CAPTURE(step);
            mend();
            fail(call::obj_get_info, number, step);
            fail(call::obj_get_info, number, step + 1); // and whatever is tried instead
            check_error(handle->info(), number, bl::operation::link_get_info,
                        number == ENOMEM ? no_condition : bl::errc::permission_denied,
                        {"descriptor " + std::to_string(handle->fd().get())});
        }
}

TEST_CASE_FIXTURE(asking, "a link whose target is gone is defunct") {
    for (auto* const l : add_every_kind(*this)) {
        CAPTURE(l->facts.type);
        auto const* const traits = bl::find_traits(l->facts.type);
        auto const expected = !traits || l->facts.type == bl::link_type::netfilter
                                  ? bl::link_state::unknown
                                  : bl::link_state::attached;
        auto const handle = bl::link::from_fd(open(*l));
        REQUIRE(succeeded(handle));
        auto const info = handle->info();
        REQUIRE(succeeded(info));
        CHECK(bl::state_of(*info) == expected);
        CHECK(handle->state() == expected);
        if (!traits || !traits->detachable) continue;

        l->defunct = true;
        auto const after = handle->info();
        REQUIRE(succeeded(after));
        auto const gone = expected == bl::link_state::unknown ? expected : bl::link_state::defunct;
        CHECK(bl::state_of(*after) == gone);
        forget_calls();
        CHECK(handle->state() == gone);
        CHECK(system_calls() == 1);
    }
}

TEST_CASE("states and orders print as they are spelt") {
    auto const text = [](auto value) {
        std::ostringstream out;
        out << value;
        return out.str();
    };
    CHECK(text(bl::link_state::attached) == "attached");
    CHECK(text(bl::link_state::defunct) == "defunct");
    CHECK(text(bl::link_state::unknown) == "unknown");
    CHECK(text(bl::cgroup_iter_order::self_only) == "self_only");
    CHECK(text(bl::cgroup_iter_order::children) == "children");
    CHECK(text(static_cast<bl::cgroup_iter_order>(6)) == "unknown(6)");
}
