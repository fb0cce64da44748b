// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"

#include <bpflink/link.hpp>

#include <string>
#include <utility>

/// A link of an interface, and programs for it.
struct running_link : machine {
    fake::program& v1 = add_program(bl::program_type::xdp);
    fake::program& v2 = add_program(bl::program_type::xdp);
    fake::program& v3 = add_program(bl::program_type::xdp);
    fake::link& there = add_link({.type = bl::link_type::xdp, .prog = &v1, .target = 2});
    held_program first{open(v1)};
    held_program second{open(v2)};
    held_program third{open(v3)};
    bl::link handle = opened(there);
    std::string name = "link " + std::to_string(there.id());

    bl::link opened(fake::link& l) {
        auto result = bl::link::from_fd(open(l));
        REQUIRE(succeeded(result));
        forget_calls();
        return *std::move(result);
    }
};
