// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"
#include "info/answer.hpp"
#include "views/many_links.hpp"

#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

std::vector<bl::link_info> told_by(bl::infos_view view) {
    std::vector<bl::link_info> all;
    for (auto&& info : view) {
        REQUIRE(succeeded(info));
        all.push_back(*info);
    }
    return all;
}

struct some_links : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    static constexpr int count = 50;

    void add(bl::link_type type, int how_many = count) {
        for (int i = 0; i != how_many; ++i)
            add_link({.type = type, .prog = &prog, .name = "sched_switch"});
    }
    int cost() {
        forget_calls();
        for (auto&& info : bl::infos())
            REQUIRE(succeeded(info));
        CHECK(most_open() == 1);
        return system_calls() - 1; // the last step finds nothing
    }
};

} // namespace

TEST_CASE_FIXTURE(many_links, "infos say of every link what info says") {
    std::vector<bl::link_info> expected;
    for (auto const id : ids)
        expected.push_back(*bl::link::from_id(id)->info());
    CHECK(told_by(bl::infos()) == expected);
    CHECK(told_by(bl::infos(ids[8])) == std::vector{expected[9]});
    CHECK(most_open() == 1);
}

TEST_CASE_FIXTURE(machine, "kinds in any order are told as they are alone") {
    auto links = add_every_kind(*this);
    std::uint32_t id = 10'000;
    // Every kind after every other one.
    for (auto* const first : links)
        for (auto* const second : links)
            for (auto* const each : {first, second}) {
                auto facts = each->facts;
                facts.prog = each->prog.get();
                facts.id = id++;
                add_link(std::move(facts));
            }
    int seen = 0;
    for (auto&& info : bl::infos(bl::link_id{9'999})) {
        REQUIRE(succeeded(info));
        auto const alone = bl::link::from_id(info->id)->info();
        REQUIRE(succeeded(alone));
        CHECK(*info == *alone);
        ++seen;
    }
    CHECK(seen == static_cast<int>(2 * links.size() * links.size()));
}

TEST_CASE_FIXTURE(some_links,
                  "a link costs four system calls, and a fifth where its info takes two") {
    for (auto const& [type, each] : std::vector<std::pair<bl::link_type, int>>{
             {bl::link_type::xdp, 4},
             {bl::link_type::cgroup, 4},
             {bl::link_type::raw_tracepoint, 5},
             {bl::link_type::iter, 5},
         }) {
        some_links world;
        world.add(type);
        CHECK(world.cost() == each * count);
    }
    add(bl::link_type::xdp);
    add(bl::link_type::iter);
    add(bl::link_type::xdp);
    CHECK(cost() == (4 + 5 + 4) * count);
}

TEST_CASE_FIXTURE(some_links, "what the kernel reports at all is found out once in a walk") {
    SUBCASE("a kernel of today") {
    }
    SUBCASE("one before 6.17") {
        reports_cookies = false;
    }
    SUBCASE("one before 5.13") {
        reports_cookies = false;
        reports_tracing_targets = false;
    }
    SUBCASE("one before 6.9") {
        reports_probe_cookies = false;
    }
    auto const add_two = [&](std::uint64_t cookie) {
        add_link({.type = bl::link_type::tracing,
                  .prog = &prog,
                  .cookie = cookie,
                  .object = 3,
                  .btf = 4});
        add_link({.type = bl::link_type::perf_event,
                  .prog = &prog,
                  .cookie = cookie,
                  .event = fake::uapi::perf_event_type::event});
    };
    for (int i = 0; i != count; ++i)
        add_two(static_cast<std::uint64_t>(i)); // 0, too
    CHECK(cost() == 2 * 4 * count + 2);
    for (auto&& info : bl::infos()) {
        REQUIRE(succeeded(info));
        CHECK(*info == *bl::link::from_id(info->id)->info());
    }
}

TEST_CASE_FIXTURE(some_links, "a walk that meets a cookie like the mark first tells all others") {
    auto const add_each = [&](std::uint64_t cookie) {
        add_link({.type = bl::link_type::tracing, .prog = &prog, .cookie = cookie, .btf = 4});
        add_link({.type = bl::link_type::perf_event,
                  .prog = &prog,
                  .cookie = cookie,
                  .event = fake::uapi::perf_event_type::event});
        add_link({.type = bl::link_type::kprobe_multi,
                  .prog = &prog,
                  .addresses = {7},
                  .cookies = {cookie}});
    };
    using bl::detail::other_than, bl::detail::usual_mark;
    std::vector<std::uint64_t> const cookies{usual_mark, 5,          other_than(usual_mark), 0,
                                             usual_mark, usual_mark, other_than(usual_mark)};
    for (auto const cookie : cookies)
        add_each(cookie);
    std::vector<bl::link_info> expected;
    for (auto&& id : bl::link_ids())
        expected.push_back(*bl::link::from_id(*id)->info());
    CHECK(told_by(bl::infos()) == expected);
    for (std::size_t i = 0; i != cookies.size(); ++i) {
        bl::cookie const own{cookies[i]};
        auto const* const three = &expected[3 * i];
        CHECK(std::get<bl::tracing_details>(three[0].details).cookie == own);
        auto const& event = std::get<bl::perf_event_details>(three[1].details).event;
        CHECK(std::get<bl::perf_counter>(event).cookie == own);
        auto const& functions = std::get<bl::kprobe_multi_details>(three[2].details).functions;
        CHECK(functions.at(0).cookie == own);
    }
}

TEST_CASE_FIXTURE(some_links, "that the kernel reports no cookies of functions is found out once") {
    reports_probe_cookies = false;
    for (int i = 0; i != count; ++i)
        add_link({.type = bl::link_type::kprobe_multi,
                  .prog = &prog,
                  .addresses = {7, 8},
                  .cookies = {1, 2}});
    CHECK(cost() == 5 * count + 1);
    for (auto&& info : bl::infos())
        for (auto const& function :
             std::get<bl::kprobe_multi_details>(info.value().details).functions)
            CHECK_FALSE(function.cookie.has_value());
}

TEST_CASE_FIXTURE(some_links, "what an adaptor leaves out is not asked for its name") {
    add(bl::link_type::xdp);
    add(bl::link_type::raw_tracepoint);
    auto& other = add_program(bl::program_type::raw_tracepoint);
    add_link({.type = bl::link_type::raw_tracepoint, .prog = &other, .name = "sched_switch"});
    auto const cost_of = [&](auto&& infos, int expected) {
        forget_calls();
        int seen = 0;
        for (auto&& info : infos) {
            REQUIRE(succeeded(info));
            ++seen;
        }
        CHECK(seen == expected);
        return system_calls() - 1;
    };
    constexpr int all = 2 * count + 1;
    auto const of_xdp = bl::views::of_type(bl::link_type::xdp);
    auto const of_other = bl::views::of_program(bl::program_id{other.id});
    CHECK(cost_of(bl::infos() | of_xdp, count) == 4 * all);
    CHECK(cost_of(bl::infos() | of_other, 1) == 4 * all + 1);
    auto view = bl::infos();
    CHECK(cost_of(view | bl::views::of_type(bl::link_type::raw_tracepoint) | of_other, 1) ==
          4 * all + 1);
    CHECK(cost_of(view | of_xdp | of_other, 0) == 4 * all);
    CHECK(cost_of(view | of_xdp | bl::views::of_type(bl::link_type::iter), 0) == 4 * all);
    CHECK(cost_of(view, all) == 5 * all - count); // the view itself is as it was
}

TEST_CASE_FIXTURE(machine, "names of every length come whole in a walk") {
    auto& prog = add_program(bl::program_type::raw_tracepoint);
    std::vector<std::string> names;
    for (std::size_t i = 0; i != 300; ++i) {
        names.push_back(std::string(i * 37 % 300, static_cast<char>('a' + i % 26)));
        add_link({.type = bl::link_type::raw_tracepoint, .prog = &prog, .name = names.back()});
    }
    std::size_t at = 0;
    for (auto&& info : bl::infos()) {
        REQUIRE(succeeded(info));
        CHECK(std::get<bl::raw_tracepoint_details>(info->details).name == names[at++]);
    }
    CHECK(at == names.size());
}

TEST_CASE_FIXTURE(many_links,
                  "a link that will not be described is an element, and the walk goes on") {
    for (int const number : {EACCES, ENOMEM}) {
        fail(call::obj_get_info, number);
        fail(call::obj_get_info, number, 2);
        int errors = 0;
        int seen = 0;
        for (auto&& info : bl::infos()) {
            ++seen;
            if (info) continue;
            ++errors;
            check_error(info.error(), number, bl::operation::link_get_info,
                        number == EACCES ? bl::errc::permission_denied : no_condition);
        }
        CHECK(errors > 0);
        CHECK(seen == count);
    }
}

TEST_CASE_FIXTURE(many_links, "what links() leaves out and passes on, infos() does too") {
    find_link(ids[1].value())->settled = false;
    before(call::link_get_fd_by_id, [this] { drop(ids[3]); }, 4);
    fail(call::link_get_fd_by_id, EMFILE, 6);
    fail(call::link_get_next_id, EPERM, 10);
    std::vector<bl::link_id> seen;
    std::vector<int> numbers;
    for (auto&& info : bl::infos()) {
        if (info)
            seen.push_back(info->id);
        else
            numbers.push_back(info.error().code().value());
    }
    CHECK(seen == std::vector{ids[0], ids[2], ids[4], ids[6], ids[7], ids[8]});
    CHECK(numbers == std::vector{EMFILE, EPERM});
}

TEST_CASE_FIXTURE(many_links, "infos are lazy, and a copy starts anew") {
    auto all = bl::infos();
    auto it = all.begin();
    CHECK(system_calls() == 0);
    CHECK((*it)->id == ids[0]);
    CHECK(open_descriptors().empty()); // an info needs no descriptor
    ++it;
    auto copy = all;
    CHECK((*copy.begin())->id == ids[0]);
    CHECK((*it)->id == ids[1]);
}
