// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "own_probe.hpp"
#include "probe_targets.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <stdexcept>
#include <string>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

[[gnu::section(".probes"),
  gnu::used]] unsigned short volatile bpflink_test_semaphore __asm__("bpflink_test_semaphore") = 0;

[[gnu::noinline]] void pass_first() {
    OWN_PROBE("bpflink", "passed", "bpflink_test_semaphore", "");
}
[[gnu::noinline]] void pass_second() {
    OWN_PROBE("bpflink", "passed", "bpflink_test_semaphore", "8@$2");
}
[[gnu::noinline]] void pass_elsewhere() {
    OWN_PROBE("bpflink", "elsewhere", "0", "8@$1");
}

constexpr bl::hook::usdt passed{.binary = own_binary, .provider = "bpflink", .name = "passed"};

/// Throws, and catches it.
void throw_once() {
    try {
        throw std::runtime_error{"thrown to be seen"};
    } catch (std::runtime_error const&) {
    }
}

/// Where the C++ library of this program is: in it, or beside it.
std::string own_cxx_library() {
    if (!must(bl::matching_usdt(own_binary, "libstdcxx:*")).empty()) return std::string{own_binary};
    return "libstdc++.so.6";
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "usdt runs at each place of its probe, and counts as its watcher") {
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p) return;
    CHECK(bpflink_test_semaphore == 0);
    auto where = passed;
    where.cookie = bl::cookie{7};
    SUBCASE("every process") {
    }
    SUBCASE("this process") {
        where.pid = 0;
    }
    auto made = bl::attach(p->as<program_type::kprobe>(), where);
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(bpflink_test_semaphore == 2); // once for each place
    CHECK(p->runs_during([] { pass_first(); }) == 1);
    CHECK(p->cookie() == bl::cookie{7});
    CHECK(p->runs_during([] { pass_second(); }) == 1);
    CHECK(p->runs_during([] { pass_elsewhere(); }) == 0);
    CHECK(must(l.info()).type == bl::link_type::uprobe_multi);
    auto const told = bl::is_at(where, l);
    CHECK(must(told) != bl::match::no);
    CHECK(must(bl::is_at(bl::hook::usdt{own_binary, "bpflink", "elsewhere"}, l)) != bl::match::yes);
    must(l.close());
    CHECK(eventually([] { return bpflink_test_semaphore == 0; }));
    CHECK(p->runs_during([] { pass_first(); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "the probes of the C++ library see what is thrown and caught") {
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p) return;
    auto const library = own_cxx_library();
    CHECK(must(bl::matching_usdt(library, "libstdcxx:*")).size() >= 2);
    for (auto const* const name : {"throw", "catch"}) {
        auto made = bl::attach(
            p->as<program_type::kprobe>(),
            bl::hook::usdt{.binary = library, .provider = "libstdcxx", .name = name, .pid = 0});
        if (is_unsupported(made)) return;
        auto const l = must(std::move(made));
        CHECK(p->runs_during([] { throw_once(); }) == 1);
    }
}

TEST_CASE_FIXTURE(kernel_case, "a link of usdt is pinned, and loaded as what it is") {
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p) return;
    sandbox::bpffs const fs;
    auto made = bl::attach(p->as<program_type::kprobe>(), passed) | bl::pin(fs.path() + "/probe");
    if (is_unsupported(made)) return;
    must(must(std::move(made)).close());
    CHECK(p->runs_during([] { pass_first(); }) == 1);
    auto again = must(bl::usdt_link::load_pinned(fs.path() + "/probe"));
    CHECK_FALSE(bl::uprobe_link::load_pinned(fs.path() + "/probe"));
    must(again.unpin());
    must(again.close());
    CHECK(p->runs_during([] { pass_first(); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "usdt tells the probes that a file has") {
    auto const p = counted_program::load(program_type::kprobe, attach_type::trace_uprobe_multi);
    if (!p) return;
    check_error(
        bl::attach(p->as<program_type::kprobe>(), bl::hook::usdt{own_binary, "bpflink", "absent"}),
        bl::errc::not_found, {"the file has bpflink:", "bpflink:elsewhere", "bpflink:passed"});
}
