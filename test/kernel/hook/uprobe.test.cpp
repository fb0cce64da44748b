// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "probed.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <signal.h>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "an uprobe runs with its function or its return, until closed") {
    auto const p = load_probe();
    if (!p) return;
    bl::hook::uprobe where{.binary = own_binary, .symbol = first_probed, .cookie = wanted};
    SUBCASE("function") {
    }
    SUBCASE("return") {
        where.retprobe = true;
    }
    SUBCASE("of this process") {
        where.pid = 0;
    }
    SUBCASE("offset in the file") {
        where.symbol = {};
        where.offset = must(bl::resolve_symbol(own_binary, first_probed));
    }
    SUBCASE("offset from another function") {
        constexpr std::array both{second_probed, first_probed};
        auto const places = must(bl::resolve_symbols(own_binary, both));
        where.symbol = second_probed;
        where.offset = places[1] - places[0]; // backwards, if need be: it wraps around
    }
    auto made = bl::attach(p->as<program_type::kprobe>(), where);
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    check_error(bl::link::duplicate(l.fd()).and_then([](bl::link u) { return u.detach(); }),
                bl::errc::not_supported, {"(perf_event)"});
    CHECK(p->runs_during([] { call_first(3); }) == 3);
    CHECK(p->runs_during([] { call_second(3); }) == 0);
    CHECK(p->cookie() == wanted);
    CHECK(bl::uprobe_link::duplicate(l.fd()));
    must(l.close());
    CHECK(p->runs_during([] { call_first(3); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "an uprobe of another process does not run for this one") {
    auto const p = load_probe();
    if (!p) return;
    auto const child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    REQUIRE(child > 0);
    auto made =
        bl::attach(p->as<program_type::kprobe>(),
                   bl::hook::uprobe{.binary = own_binary, .symbol = first_probed, .pid = child});
    auto const runs = p->runs_during([] { call_first(3); });
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (is_unsupported(made)) return;
    CHECK(made.has_value());
    CHECK(runs == 0);
    auto const gone =
        bl::attach(p->as<program_type::kprobe>(),
                   bl::hook::uprobe{.binary = own_binary, .symbol = first_probed, .pid = child});
    check_error(gone, bl::errc::not_found, {"no process " + std::to_string(child)});
}

TEST_CASE_FIXTURE(kernel_case, "an uprobe of a symbol that is not there names it") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    check_error(bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = own_binary, .symbol = "no_such_function"}),
                bl::errc::not_found, {"no_such_function"});
    check_error(bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = "/no/such/file", .symbol = "f"}),
                bl::errc::not_found, {"/no/such/file"});
}

namespace {

// What USDT calls a semaphore: the kernel counts in it who watches. In a section of its own, for a
// place in the file.
[[gnu::section(".probes"), gnu::used]] unsigned short volatile watchers = 0;

} // namespace

TEST_CASE_FIXTURE(kernel_case, "an uprobe's reference counter is raised while it is attached") {
    auto const p = load_probe();
    if (!p) return;
    auto const counter = file_offset_of(const_cast<unsigned short*>(&watchers));
    CHECK(watchers == 0);
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = own_binary,
                                            .symbol = first_probed,
                                            .ref_ctr_offset = static_cast<std::uint32_t>(counter)});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(watchers == 1);
    must(l.close());
    CHECK(eventually([] { return watchers == 0; }));
}

TEST_CASE_FIXTURE(kernel_case, "links of probes are pinned, and loaded as what they are") {
    auto const p = load_probe();
    if (!p) return;
    sandbox::bpffs const fs;
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = own_binary, .symbol = first_probed}) |
                bl::pin(fs.path() + "/probe");
    if (is_unsupported(made)) return;
    auto const id = must(must(std::move(made)).info()).id; // and closes
    CHECK(p->runs_during([] { call_first(2); }) == 2);
    auto again = must(bl::uprobe_link::load_pinned(fs.path() + "/probe"));
    CHECK(must(again.info()).id == id);
    must(again.unpin());
    must(again.close());
    CHECK(p->runs_during([] { call_first(2); }) == 0);
}
