// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "replaceable.hpp"

#include <bpflink/bpflink.hpp>

#include <memory>
#include <string>
#include <system_error>

#include <linux/bpf.h>

namespace bl = bpflink;

TEST_CASE_FIXTURE(kernel_case, "a freplace program stands in for the function it was loaded for") {
    loaded_program const target{"calls_replaceable"};
    CHECK(target.verdict() == XDP_PASS);
    auto const p = load_replacement(target);
    if (!p) return;
    auto l = must(bl::attach(p->as_ext(), bl::hook::freplace{}));
    CHECK(target.verdict() == XDP_DROP);
    CHECK(must(l.info()).type == bl::link_type::tracing);
    if (auto const object = must(l.details()).target_object)
        CHECK(bl::program_id{*object} == id_of_program(target.fd()));
    else
        skip_part("the kernel does not report the target of a tracing link");
    CHECK(bl::freplace_link::duplicate(l.fd()));
    CHECK_FALSE(bl::tracing_link::duplicate(l.fd()));
    must(l.close());
    CHECK(target.verdict() == XDP_PASS);
}

TEST_CASE_FIXTURE(kernel_case, "a freplace program attaches to a like function elsewhere") {
    loaded_program const first{"calls_replaceable"};
    loaded_program const second{"calls_replaceable"};
    auto const p = load_replacement(first);
    if (!p) return;
    auto made = bl::attach(p->as_ext(), bl::hook::freplace{second.fd(), "other"});
    auto l = must(std::move(made));
    CHECK(first.verdict() == XDP_PASS);
    CHECK(second.verdict() == XDP_DROP);
    must(l.close());
    CHECK(second.verdict() == XDP_PASS);

    check_error(bl::attach(p->as_ext(), bl::hook::freplace{second.fd(), "no_such_function"}),
                bl::errc::not_found, {"'no_such_function'"});
    programs const unlike{"egress_a"}; // its context is another
    check_error(bl::attach(p->as_ext(),
                           bl::hook::freplace{bl::fd_view{unlike.fd("egress_a")}, "run_egress_a"}),
                bl::errc::invalid_argument, {"signature"});
}

// E14
TEST_CASE_FIXTURE(kernel_case, "a freplace program's target may be at descriptor 0") {
    loaded_program const first{"calls_replaceable"};
    loaded_program const second{"calls_replaceable"};
    auto const p = load_replacement(first);
    if (!p) return;
    standard_input_is const input{second.fd()};
    auto const l = must(bl::attach(p->as_ext(), bl::hook::freplace{bl::fd_view{0}, "other"}));
    CHECK(first.verdict() == XDP_PASS);
    CHECK(second.verdict() == XDP_DROP);
    CHECK_FALSE(must(l.details()).attach); // E10: the kernel has none for it
}

TEST_CASE_FIXTURE(kernel_case, "a fentry program runs with another BPF program") {
    loaded_program const target{"calls_replaceable"};
    std::unique_ptr<loaded_program> watcher;
    try {
        watcher = std::make_unique<loaded_program>("watcher", &target, "calls_replaceable");
    } catch (std::system_error const& e) {
        return skip_case("the kernel takes no program that traces another: " + e.code().message());
    }
    run_statistics const statistics;
    auto l = must(bl::attach(must(bl::program_ref<bl::program_type::tracing>::from(watcher->get())),
                             bl::hook::tracing{}));
    CHECK(target.verdict() == XDP_PASS);
    CHECK(run_statistics::runs(watcher->fd()) == 1);
    must(l.close());
    CHECK(target.verdict() == XDP_PASS);
    CHECK(run_statistics::runs(watcher->fd()) == 1);
}

TEST_CASE_FIXTURE(kernel_case, "a freplace program does no more than what it stands in for") {
    loaded_program const moves{"calls_moves"};
    loaded_program const target{"calls_replaceable"};
    std::unique_ptr<loaded_program> p;
    try {
        p = std::make_unique<loaded_program>("moving", &moves, "moves");
    } catch (std::system_error const& e) {
        return skip_case("the kernel takes no program that replaces a function: " +
                         e.code().message());
    }
    auto const made = bl::attach(p->as_ext(), bl::hook::freplace{target.fd(), "other"});
    if (made)
        return skip_case("the kernel lets any function be replaced by one that moves packets");
    check_error(made, bl::errc::invalid_argument, {"'other'", "changes packets"});
    auto const l = must(bl::attach(p->as_ext(), bl::hook::freplace{}));
    CHECK(moves.verdict() == XDP_DROP);
    auto const nested = bl::attach(p->as_ext(), bl::hook::freplace{p->fd(), "moving"});
    check_error(nested, bl::errc::invalid_argument, {"; the target, a freplace program, cannot"});
}

TEST_CASE_FIXTURE(kernel_case, "a freplace program leaves the registers that its target leaves") {
    std::unique_ptr<loaded_program> target;
    std::unique_ptr<loaded_program> p;
    try {
        target = std::make_unique<loaded_program>("enters"); // not on arm64
        p = std::make_unique<loaded_program>("changing", target.get(), "entered");
    } catch (std::system_error const& e) {
        return skip_case("the kernel takes no program that changes registers: " +
                         e.code().message());
    }
    auto const made = bl::attach(p->as_ext(), bl::hook::freplace{});
    if (made) return skip_case("the kernel lets any program of a probe change registers");
    check_error(made, bl::errc::invalid_argument, {"changes registers"});
}
