// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

#include <array>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

TEST_CASE_FIXTURE(kernel_case, "tracing_multi runs with each of its functions") {
    auto const first = kernel_function("bpf_fentry_test1");
    auto const second = kernel_function("bpf_fentry_test2");
    if (!first || !second) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry_multi,
                                         {.reads_cookie = true});
    if (!p) return;
    std::array const functions{*first, *second};
    std::array const cookies{bl::cookie{11}, bl::cookie{22}};
    auto made = bl::attach(p->as<program_type::tracing>(),
                           bl::hook::tracing_multi{.functions = functions, .cookies = cookies});
    auto l = must(std::move(made));
    CHECK(p->runs_during(call_traced_functions) == 2);
    CHECK(p->cookie() == bl::cookie{22});
    CHECK(must(l.info()).type == bl::link_type::tracing_multi);
    must(l.close());
    CHECK(p->runs_during(call_traced_functions) == 0);

    std::array const twice{*first, *first};
    check_error(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing_multi{twice}),
                bl::errc::invalid_argument, {"twice"});
}
