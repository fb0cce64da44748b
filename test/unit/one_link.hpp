// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"

#include <bpflink/link.hpp>

#include <string>
#include <utility>

struct one_link : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    fake::link& there = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2});
    bl::link_id id{there.id()};
    std::string name = "link " + std::to_string(there.id());

    /// A handle that nobody else holds the link beside.
    bl::link sole_handle() {
        auto handle = bl::link::from_fd(open(there));
        REQUIRE(succeeded(handle));
        let_go(there);
        return *std::move(handle);
    }
};
