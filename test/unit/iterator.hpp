// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"

#include <bpflink/iter_output.hpp>

/// A link to an iterator whose program prints what a test puts into `there.output`.
struct iterator : machine {
    fake::program& prog = add_program(bl::program_type::tracing, bl::attach_type::trace_iter);
    fake::link& there = add_link({.type = bl::link_type::iter, .prog = &prog, .name = "task"});
    bl::unique_fd fd = open(there);

    bl::iter_output opened() {
        auto output = bl::iter_output::open(fd);
        REQUIRE(succeeded(output));
        return *std::move(output);
    }
};
