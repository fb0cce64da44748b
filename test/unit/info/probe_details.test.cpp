// SPDX-License-Identifier: Apache-2.0
// The infos of links on perf events, on many functions, and of iterators with parameters, by
// kernels of any age.
#include "every_kind.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_info.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using event_type = fake::uapi::perf_event_type;
using bl::link_type;

struct probing : machine {
    fake::program& prog = add_program(bl::program_type::kprobe);

    fake::link& add(fake::link_facts facts) {
        facts.prog = &prog;
        return add_link(std::move(facts));
    }
    bl::result<bl::link_info> info_of(fake::link& l) {
        auto const fd = open(l);
        forget_calls();
        return bl::detail::read_info(fd);
    }
    template <class Details>
    Details details_of(fake::link& l) {
        auto info = info_of(l);
        REQUIRE(succeeded(info));
        REQUIRE(std::holds_alternative<Details>(info->details));
        CHECK(bl::state_of(*info) == bl::link_state::attached);
        return std::get<Details>(std::move(info->details));
    }
    template <class Event>
    Event event_of(fake::link& l) {
        auto details = details_of<bl::perf_event_details>(l);
        REQUIRE(std::holds_alternative<Event>(details.event));
        return std::get<Event>(std::move(details.event));
    }

    fake::link& add_kprobe(event_type event = event_type::kprobe,
                           std::string name = "tcp_v4_connect") {
        return add({.type = link_type::perf_event,
                    .name = std::move(name),
                    .cookie = 3,
                    .missed = 4,
                    .event = event,
                    .offset = 5,
                    .address = 0xffff'0001'0000'0002});
    }
    fake::link& add_uprobe(event_type event = event_type::uprobe,
                           std::string name = "/usr/bin/true") {
        return add({.type = link_type::perf_event,
                    .name = std::move(name),
                    .cookie = 6,
                    .event = event,
                    .offset = 7,
                    .ref_ctr_offset = 8});
    }
    fake::link& add_tracepoint(std::string name = "sched_switch") {
        return add({.type = link_type::perf_event, .name = std::move(name), .cookie = 9});
    }
    fake::link& add_counter() {
        return add({.type = link_type::perf_event,
                    .target = 6,
                    .cookie = 10,
                    .event = event_type::event,
                    .config = 0x1'0000'0011});
    }
    fake::link& add_kprobe_multi(std::uint32_t flags = 0) {
        return add({.type = link_type::kprobe_multi,
                    .flags = flags,
                    .missed = 12,
                    .addresses = {0xffff'0001'0000'0001, 0xffff'0001'0000'0002},
                    .cookies = {13, 14}});
    }
    fake::link& add_uprobe_multi(std::string path = "/usr/bin/true", std::uint32_t flags = 0) {
        return add({.type = link_type::uprobe_multi,
                    .name = std::move(path),
                    .flags = flags,
                    .pid = 15,
                    .addresses = {0x100, 0x200, 0x300},
                    .ref_ctr_offsets = {0, 0x400, 0},
                    .cookies = {16, 0, 18}});
    }
    fake::link& add_tracing_multi() {
        return add({.type = link_type::tracing_multi,
                    .attach = bl::attach_type::trace_fexit_multi,
                    .object = 1,
                    .ids = {20, 21, 22},
                    .addresses = {0xffff'0001'0000'0020, 0xffff'0001'0000'0021, 0},
                    .cookies = {23, 0, 25}});
    }
    std::vector<fake::link*> add_all() {
        return {&add_kprobe(),       &add_uprobe(),       &add_tracepoint(),   &add_counter(),
                &add_kprobe_multi(), &add_uprobe_multi(), &add_tracing_multi()};
    }
};

} // namespace

// Perf events

TEST_CASE_FIXTURE(probing, "a kprobe tells its function, offset, address, misses and cookie") {
    for (auto const event : {event_type::kprobe, event_type::kretprobe}) {
        auto const probe = event_of<bl::perf_kprobe>(add_kprobe(event));
        CHECK(calls(call::obj_get_info) == 2);
        CHECK(probe.retprobe == (event == event_type::kretprobe));
        CHECK(probe.function == "tcp_v4_connect");
        CHECK(probe.offset == 5);
        CHECK(probe.address == 0xffff'0001'0000'0002);
        CHECK(probe.missed == 4U);
        CHECK(probe.cookie == bl::cookie{3});
    }
}

TEST_CASE_FIXTURE(probing, "a uprobe tells its file, offset, cookie and semaphore") {
    for (auto const event : {event_type::uprobe, event_type::uretprobe}) {
        auto const probe = event_of<bl::perf_uprobe>(add_uprobe(event));
        CHECK(calls(call::obj_get_info) == 2);
        CHECK(probe.retprobe == (event == event_type::uretprobe));
        CHECK(probe.binary == "/usr/bin/true");
        CHECK(probe.offset == 7);
        CHECK(probe.cookie == bl::cookie{6});
        CHECK(probe.ref_ctr_offset == 8U);
    }
}

TEST_CASE_FIXTURE(probing, "a tracepoint tells its name and cookie") {
    auto const event = event_of<bl::perf_tracepoint>(add_tracepoint());
    CHECK(calls(call::obj_get_info) == 2);
    CHECK(event.name == "sched_switch");
    CHECK(event.cookie == bl::cookie{9});
}

TEST_CASE_FIXTURE(probing, "another perf event tells its type, config and cookie") {
    auto const event = event_of<bl::perf_counter>(add_counter());
    CHECK(calls(call::obj_get_info) == 2);
    CHECK(event.type == 6);
    CHECK(event.config == 0x1'0000'0011);
    CHECK(event.cookie == bl::cookie{10});
}

TEST_CASE_FIXTURE(probing, "a perf event of a type newer than the library keeps its bytes") {
    fake::link_facts facts{.type = link_type::perf_event, .event = event_type{7}};
    for (std::size_t i = 0; i != facts.unknown.size(); ++i)
        facts.unknown[i] = static_cast<unsigned char>(100 + i);
    auto const bytes = details_of<bl::unknown_details>(add(facts)).bytes;
    CHECK(calls(call::obj_get_info) == 1);
    CHECK(bytes[0] == std::byte{7});
    for (std::size_t i = 4; i != bytes.size(); ++i)
        CHECK(static_cast<std::size_t>(bytes[i]) == 100 + i);
}

TEST_CASE_FIXTURE(probing, "names of any length are whole, whether or not their length is told") {
    SUBCASE("it is") {
    }
    SUBCASE("it is not") {
        reports_path_lengths = false;
    }
    for (std::size_t const length : {0U, 1U, 15U, 16U, 127U, 128U, 500U, 4'095U}) {
        CAPTURE(length);
        std::string const name(length, 'n');
        CHECK(event_of<bl::perf_kprobe>(add_kprobe(event_type::kprobe, name)).function == name);
        CHECK(event_of<bl::perf_uprobe>(add_uprobe(event_type::uprobe, name)).binary == name);
        CHECK(event_of<bl::perf_tracepoint>(add_tracepoint(name)).name == name);
        CHECK(details_of<bl::uprobe_multi_details>(add_uprobe_multi(name)).binary == name);
        CHECK(calls(call::obj_get_info) == 2);
    }
}

TEST_CASE_FIXTURE(probing, "room that is made for the longest path is given back") {
    reports_path_lengths = false;
    CHECK(event_of<bl::perf_uprobe>(add_uprobe()).binary.capacity() < 100);
    CHECK(details_of<bl::uprobe_multi_details>(add_uprobe_multi()).binary.capacity() < 100);
}

// Many functions

TEST_CASE_FIXTURE(probing, "a kprobe_multi link tells its functions, cookies and misses") {
    for (std::uint32_t const flags : {0U, 1U}) {
        auto const details = details_of<bl::kprobe_multi_details>(add_kprobe_multi(flags));
        CHECK(calls(call::obj_get_info) == 2);
        CHECK(details.retprobe == (flags == 1));
        CHECK(details.missed == 12U);
        REQUIRE(details.functions.size() == 2);
        CHECK(details.functions[0].address == 0xffff'0001'0000'0001);
        CHECK(details.functions[0].cookie == bl::cookie{13});
        CHECK(details.functions[1].address == 0xffff'0001'0000'0002);
        CHECK(details.functions[1].cookie == bl::cookie{14});
    }
}

TEST_CASE_FIXTURE(probing, "a uprobe_multi link tells its file, process and places") {
    for (std::uint32_t const flags : {0U, 1U}) {
        auto const details =
            details_of<bl::uprobe_multi_details>(add_uprobe_multi("/usr/bin/true", flags));
        CHECK(calls(call::obj_get_info) == 2);
        CHECK(details.retprobe == (flags == 1));
        CHECK(details.binary == "/usr/bin/true");
        CHECK(details.pid == 15U);
        REQUIRE(details.places.size() == 3);
        CHECK(details.places[0].offset == 0x100);
        CHECK(details.places[0].ref_ctr_offset == 0);
        CHECK(details.places[0].cookie == bl::cookie{16});
        CHECK(details.places[1].offset == 0x200);
        CHECK(details.places[1].ref_ctr_offset == 0x400);
        CHECK(details.places[1].cookie == bl::cookie{0});
        CHECK(details.places[2].offset == 0x300);
        CHECK(details.places[2].cookie == bl::cookie{18});
    }
}

TEST_CASE_FIXTURE(probing, "a tracing_multi link tells its functions and cookies") {
    auto const details = details_of<bl::tracing_multi_details>(add_tracing_multi());
    CHECK(calls(call::obj_get_info) == 2);
    CHECK(details.attach == bl::attach_type::trace_fexit_multi);
    CHECK(details.btf_object == 1U);
    REQUIRE(details.functions.size() == 3);
    CHECK(details.functions[0].target == bl::btf_id{20});
    CHECK(details.functions[0].address == 0xffff'0001'0000'0020);
    CHECK(details.functions[0].cookie == bl::cookie{23});
    CHECK(details.functions[1].target == bl::btf_id{21});
    CHECK(details.functions[1].cookie == bl::cookie{0});
    CHECK(details.functions[2].target == bl::btf_id{22});
    CHECK_FALSE(details.functions[2].address);
    CHECK(details.functions[2].cookie == bl::cookie{25});
}

TEST_CASE_FIXTURE(probing, "addresses that the kernel hides are empty") {
    shows_addresses = false;
    CHECK_FALSE(event_of<bl::perf_kprobe>(add_kprobe()).address);
    for (auto const& function :
         details_of<bl::kprobe_multi_details>(add_kprobe_multi()).functions) {
        CHECK_FALSE(function.address);
        CHECK(function.cookie.has_value());
    }
    auto const many = details_of<bl::tracing_multi_details>(add_tracing_multi());
    REQUIRE(many.functions.size() == 3);
    for (auto const& function : many.functions)
        CHECK_FALSE(function.address);
    CHECK(many.functions[0].target == bl::btf_id{20});
}

TEST_CASE_FIXTURE(probing, "a thousand functions are all told") {
    fake::link_facts facts{.type = link_type::kprobe_multi};
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
        facts.addresses.push_back(i << 32);
        facts.cookies.push_back(i);
    }
    auto const functions = details_of<bl::kprobe_multi_details>(add(facts)).functions;
    CHECK(calls(call::obj_get_info) == 2);
    REQUIRE(functions.size() == 1'000);
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
        CHECK(functions[i - 1].address == i << 32);
        CHECK(functions[i - 1].cookie == bl::cookie{i});
    }
}

// Iterators

TEST_CASE_FIXTURE(probing, "an iterator over cgroups tells where it starts and its order") {
    auto const details = details_of<bl::iter_details>(
        add({.type = link_type::iter, .cgroup_id = 0x1'0000'0007, .name = "cgroup", .order = 4}));
    CHECK(details.target_name == "cgroup");
    CHECK(details.cgroup_id == bl::cgroup_id{0x1'0000'0007});
    CHECK(details.order == bl::cgroup_iter_order::ancestors_up);
    CHECK_FALSE(details.tid);
    CHECK_FALSE(details.pid);
    CHECK_FALSE(details.map);
}

TEST_CASE_FIXTURE(probing, "an iterator over one task tells which") {
    for (char const* const target : {"task", "task_file", "task_vma"}) {
        CAPTURE(target);
        auto details =
            details_of<bl::iter_details>(add({.type = link_type::iter, .name = target, .tid = 5}));
        CHECK(details.tid == 5U);
        CHECK_FALSE(details.pid);
        CHECK_FALSE(details.cgroup_id);
        CHECK_FALSE(details.order);
        details =
            details_of<bl::iter_details>(add({.type = link_type::iter, .name = target, .pid = 6}));
        CHECK(details.pid == 6U);
        CHECK_FALSE(details.tid);
        details = details_of<bl::iter_details>(add({.type = link_type::iter, .name = target}));
        CHECK_FALSE(details.tid);
        CHECK_FALSE(details.pid);
    }
}

// Kernels of different ages

TEST_CASE_FIXTURE(probing, "a kernel that does not know a kind's fields leaves them all empty") {
    reports_perf_events = reports_uprobe_multi = reports_tracing_multi = false;
    for (unsigned const size : {64U, 48U, 32U, 24U}) {
        CAPTURE(size);
        info_size = size;
        for (auto* const l : {&add_kprobe(), &add_uprobe(), &add_tracepoint(), &add_counter()}) {
            auto const details = details_of<bl::perf_event_details>(*l);
            CHECK(std::holds_alternative<std::monostate>(details.event));
            CHECK(calls(call::obj_get_info) == 1);
        }
        auto const kprobes = details_of<bl::kprobe_multi_details>(add_kprobe_multi(1));
        CHECK(calls(call::obj_get_info) == 1);
        CHECK_FALSE(kprobes.retprobe);
        CHECK_FALSE(kprobes.missed);
        CHECK(kprobes.functions.empty());
        auto const uprobes = details_of<bl::uprobe_multi_details>(add_uprobe_multi());
        CHECK(calls(call::obj_get_info) == 1);
        CHECK_FALSE(uprobes.retprobe);
        CHECK_FALSE(uprobes.pid);
        CHECK(uprobes.binary.empty());
        CHECK(uprobes.places.empty());
        auto const tracing = details_of<bl::tracing_multi_details>(add_tracing_multi());
        CHECK(calls(call::obj_get_info) == 1);
        CHECK_FALSE(tracing.attach);
        CHECK_FALSE(tracing.btf_object);
        CHECK(tracing.functions.empty());
    }
}

TEST_CASE_FIXTURE(probing, "fields that came later are empty on kernels before them") {
    reports_path_lengths = reports_ref_ctr_offset = reports_probe_cookies = false;
    std::optional<std::uint64_t> missed;
    SUBCASE("6.6, whose struct ends before most of them") {
        info_size = 48;
        reports_missed = false;
    }
    SUBCASE("6.7") {
        info_size = 56;
        missed = 4;
    }
    SUBCASE("6.8, whose struct is as long as today's") {
        missed = 4;
    }
    SUBCASE("a struct as long as today's without any of them") {
        reports_missed = false;
    }
    auto const kprobe = event_of<bl::perf_kprobe>(add_kprobe());
    CHECK(kprobe.function == "tcp_v4_connect");
    CHECK(kprobe.offset == 5);
    CHECK(kprobe.address == 0xffff'0001'0000'0002);
    CHECK(kprobe.missed == missed);
    CHECK_FALSE(kprobe.cookie);
    auto const uprobe = event_of<bl::perf_uprobe>(add_uprobe());
    CHECK(uprobe.binary == "/usr/bin/true");
    CHECK(uprobe.offset == 7);
    CHECK_FALSE(uprobe.cookie);
    CHECK_FALSE(uprobe.ref_ctr_offset);
    CHECK(event_of<bl::perf_tracepoint>(add_tracepoint()).name == "sched_switch");
    CHECK_FALSE(event_of<bl::perf_tracepoint>(add_tracepoint()).cookie);
    CHECK(event_of<bl::perf_counter>(add_counter()).config == 0x1'0000'0011);
    CHECK_FALSE(event_of<bl::perf_counter>(add_counter()).cookie);
    auto const many = details_of<bl::kprobe_multi_details>(add_kprobe_multi());
    CHECK(many.missed.has_value() == missed.has_value());
    CHECK(many.retprobe == false);
    REQUIRE(many.functions.size() == 2);
    for (auto const& function : many.functions) {
        CHECK(function.address.has_value());
        CHECK_FALSE(function.cookie);
    }
}

TEST_CASE_FIXTURE(probing, "zeros that the kernel reports are zeros") {
    CHECK(event_of<bl::perf_tracepoint>(add({.type = link_type::perf_event, .name = "x"})).cookie ==
          bl::cookie{0});
    auto const kprobe = event_of<bl::perf_kprobe>(
        add({.type = link_type::perf_event, .name = "x", .event = event_type::kprobe}));
    CHECK(kprobe.missed == 0U);
    CHECK(kprobe.cookie == bl::cookie{0});
    auto const uprobe = event_of<bl::perf_uprobe>(
        add({.type = link_type::perf_event, .name = "x", .event = event_type::uprobe}));
    CHECK(uprobe.cookie == bl::cookie{0});
    CHECK(uprobe.ref_ctr_offset == 0U);
    auto const many = details_of<bl::kprobe_multi_details>(
        add({.type = link_type::kprobe_multi, .addresses = {1}}));
    CHECK(many.missed == 0U);
    REQUIRE(many.functions.size() == 1);
    CHECK(many.functions[0].cookie == bl::cookie{0});
}

// What changes between the questions, and errors

TEST_CASE_FIXTURE(probing, "what grows between the two questions is asked for anew") {
    auto& file = add_uprobe_multi("/short");
    auto& probe = add_uprobe(event_type::uprobe, "short");
    auto& kprobes = add_kprobe_multi();
    auto& iter = add({.type = link_type::iter, .name = "short"});
    auto const growing = [&](fake::link& l, auto grow) {
        auto const fd = open(l);
        forget_calls();
        before(call::obj_get_info, [&] { grow(l.facts); }, 2);
        auto info = bl::detail::read_info(fd);
        REQUIRE(succeeded(info));
        CHECK(calls(call::obj_get_info) == 4);
        return std::move(info->details);
    };
    std::string const longer(300, 'n');
    auto const rename = [&](fake::link_facts& facts) { facts.name = longer; };
    CHECK(std::get<bl::uprobe_multi_details>(growing(file, rename)).binary == longer);
    CHECK(std::get<bl::iter_details>(growing(iter, rename)).target_name == longer);
    auto const event = std::get<bl::perf_event_details>(growing(probe, rename)).event;
    CHECK(std::get<bl::perf_uprobe>(event).binary == longer);
    auto const grown = growing(kprobes, [](fake::link_facts& facts) {
        facts.addresses.push_back(3);
        facts.cookies.push_back(15);
    });
    CHECK(std::get<bl::kprobe_multi_details>(grown).functions.size() == 3);
}

TEST_CASE_FIXTURE(probing, "what shrinks between the two questions has no leftovers") {
    auto& l = add_uprobe_multi(std::string(300, 'n'));
    auto const fd = open(l);
    before(
        call::obj_get_info,
        [&] {
            l.facts.name = "/x";
            l.facts.addresses.pop_back();
        },
        2);
    auto const info = bl::detail::read_info(fd);
    REQUIRE(succeeded(info));
    auto const& details = std::get<bl::uprobe_multi_details>(info->details);
    CHECK(details.binary == "/x");
    REQUIRE(details.places.size() == 2);
    CHECK(details.places[1].offset == 0x200);
    CHECK(details.places[1].ref_ctr_offset == 0x400);
    CHECK(details.places[1].cookie == bl::cookie{0});
}

TEST_CASE_FIXTURE(probing, "what never has room enough is not asked for without end") {
    for (auto* const l : add_all())
        for (int const number : {ENOSPC, ENAMETOOLONG}) {
            auto const fd = open(*l);
            forget_calls();
            mend();
            for (int round = 1; round != 100; ++round)
                fail(call::obj_get_info, number, 2 * round);
            auto const info = bl::detail::read_info(fd);
            REQUIRE_FALSE(info);
            CHECK(info.error().code().value() == number);
            CHECK(info.error().where() == bl::operation::link_get_info);
            CHECK(calls(call::obj_get_info) == 10);
        }
    mend();
}

TEST_CASE_FIXTURE(probing, "a refusal of either question is an error") {
    for (auto* const l : add_all()) {
        CAPTURE(l->facts.type);
        auto const fd = open(*l);
        for (int const step : {1, 2})
            for (int const number : {EFAULT, ENOMEM, EOPNOTSUPP}) {
                CAPTURE(step);
                mend();
                fail(call::obj_get_info, number, step);
                auto const info = bl::detail::read_info(fd);
                REQUIRE_FALSE(info);
                CHECK(info.error().code().value() == number);
                CHECK(info.error().where() == bl::operation::link_get_info);
            }
    }
    mend();
}

TEST_CASE_FIXTURE(probing, "the state of links that cannot be detached takes one call") {
    for (auto* const l : add_all()) {
        CAPTURE(l->facts.type);
        auto const handle = bl::link::from_fd(open(*l));
        REQUIRE(succeeded(handle));
        forget_calls();
        CHECK(handle->state() == bl::link_state::attached);
        CHECK(calls(call::obj_get_info) == 1);
    }
}
