// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"

#include <bpflink/link.hpp>

#include <string>
#include <utility>

struct pinnable : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    fake::link& there = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2});
    fake::link& other = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 3});
    fake::map& map = add_map();
    bl::link handle = opened(there);

    bl::link opened(fake::link& l) {
        auto result = bl::link::from_fd(open(l));
        REQUIRE(succeeded(result));
        forget_calls();
        return *std::move(result);
    }

    [[nodiscard]] bool pinned_at(std::string const& path) const {
        return handle.pinned_path() == path && link_at(path) == there.id();
    }
    [[nodiscard]] bool others_at(std::string const& path) const {
        return link_at(path) == other.id();
    }
};

struct pinned : pinnable {
    pinned() {
        REQUIRE(succeeded(handle.pin("/bpf/x")));
        forget_calls();
    }
};

/// A path where nothing can be pinned, and what is wrong with it.
struct bad_path {
    char const* path;
    int number;
    bl::errc condition;
    char const* advice;
};
inline constexpr bad_path bad_paths[]{
    {"/bpf/no/dir", ENOENT, bl::errc::not_found, "directory does not exist"},
    {"/home/x", EPERM, bl::errc::invalid_argument, "not on a bpffs"},
    {"/bpf/a.b", EPERM, bl::errc::invalid_argument, "no dot"},
    {"/bpf/a.d/x", EPERM, bl::errc::invalid_argument, "no dot"},
    {"/bpf/map/x", ENOTDIR, bl::errc::invalid_argument, ""},
};
