// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"

#include <bpflink/bpflink.hpp>

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
    bl::hook::uprobe where{.binary = self, .symbol = first, .cookie = wanted};
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
        where.offset = must(bl::resolve_symbol(self, first));
    }
    auto made = bl::attach(p->as<program_type::kprobe>(), where);
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
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
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = self, .symbol = first, .pid = child});
    auto const runs = p->runs_during([] { call_first(3); });
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (is_unsupported(made)) return;
    CHECK(made.has_value());
    CHECK(runs == 0);
    auto const gone = bl::attach(p->as<program_type::kprobe>(),
                                 bl::hook::uprobe{.binary = self, .symbol = first, .pid = child});
    check_error(gone, bl::errc::not_found, {"no process " + std::to_string(child)});
}

TEST_CASE_FIXTURE(kernel_case, "an uprobe of a symbol that is not there names it") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    check_error(bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = self, .symbol = "no_such_function"}),
                bl::errc::not_found, {"no_such_function"});
    check_error(bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = "/no/such/file", .symbol = "f"}),
                bl::errc::not_found, {"/no/such/file"});
}
