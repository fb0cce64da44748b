// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

TEST_CASE_FIXTURE(kernel_case, "an LSM program runs at its hook, until closed") {
    auto const target = kernel_function("bpf_lsm_file_mprotect");
    if (!target) return;
    auto const p =
        counted_program::load(program_type::lsm, attach_type::lsm_mac, {.target = *target});
    if (!p) return;
    auto made = bl::attach(p->as<program_type::lsm>(), bl::hook::lsm{});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(p->runs_during(protect_memory) >= 1);
    CHECK(must(l.details()).attach == attach_type::lsm_mac);
    CHECK(bl::lsm_link::duplicate(l.fd()));
    CHECK_FALSE(bl::tracing_link::duplicate(l.fd()));
    must(l.close());
    CHECK(p->runs_during(protect_memory) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "an LSM program reads the cookie of its link") {
    auto const target = kernel_function("bpf_lsm_file_mprotect");
    if (!target) return;
    auto const p = counted_program::load(program_type::lsm, attach_type::lsm_mac,
                                         {.reads_cookie = true, .target = *target});
    if (!p) return;
    constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};
    auto const l = must(bl::attach(p->as<program_type::lsm>(), bl::hook::lsm{wanted}));
    CHECK(p->runs_during(protect_memory) >= 1);
    CHECK(p->cookie() == wanted);
}
