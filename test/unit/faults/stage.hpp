// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"
#include "starve.hpp"

#include <bpflink/bpflink.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A machine on which every public function has something to do, with links of others beside ours.
struct stage : machine {
    stage();
    ~stage();

    fake::program& v1 = add_program(bl::program_type::xdp);
    fake::program& v2 = add_program(bl::program_type::xdp);
    fake::program& tracer = add_program(bl::program_type::raw_tracepoint);
    fake::program& printer = add_program(bl::program_type::tracing, bl::attach_type::trace_iter);
    typed_program<bl::program_type::xdp> first{{open(v1)}};
    typed_program<bl::program_type::xdp> second{{open(v2)}};
    typed_program<bl::program_type::raw_tracepoint> tracing{{open(tracer)}};

    /// Others': pinned at /bpf/foreign, and one that is pinned nowhere.
    fake::link& foreign = add_link({.type = bl::link_type::xdp, .prog = &v1, .target = 3});
    fake::link& loose = add_link({.type = bl::link_type::xdp, .prog = &v2, .target = 6});
    /// Ours: pinned at /bpf/own; not pinned; one that the kernel does not detach; an iterator's.
    fake::link& published = add_link({.type = bl::link_type::xdp, .prog = &v1, .target = 2});
    fake::link& mine = add_link({.type = bl::link_type::tcx,
                                 .prog = &add_program(bl::program_type::sched_cls),
                                 .attach = bl::attach_type::tcx_egress,
                                 .target = 2});
    fake::link& slow =
        add_link({.type = bl::link_type::raw_tracepoint, .prog = &tracer, .name = "sys_enter"});
    fake::link& printing =
        add_link({.type = bl::link_type::iter, .prog = &printer, .name = "task"});
    fake::map& table = add_map();
    bl::link own, unpinned, undetachable;
    bl::iter_link iterator;
    bl::unique_fd cgroup = open_cgroup();
    bl::unique_fd map = open(table);
    bl::unique_fd spare; // of `loose`
    bl::unique_fd spare_program = open(v2);
    ::bpf_link theirs{};
    ::bpf_map their_map{};
    ::bpf_program their_program{.name = "prog"};
    ::bpf_object their_object{.name = "object"};
    std::optional<bl::watcher> watching;
    std::optional<bl::iter_output> output;
    bl::link_set set;

    static constexpr std::string_view own_path = "/bpf/our_own_name_that_is_longer_than_a_string";
    static constexpr std::string_view next_path = "/bpf/the_next_name_that_is_longer_than_a_string";
    static constexpr std::string_view far_path = "/other/a_name_that_is_longer_than_a_string_keeps";

    /// A program of a type, whose loading is no call and costs the library nothing.
    template <bl::program_type Type>
    typed_program<Type> load(bl::attach_type expected = {}) {
        starve::fed const fed;
        return typed_program<Type>{{open(add_program(Type, expected))}};
    }

    /// Links, pins, locks, descriptors and handles, each by a name of its own.
    [[nodiscard]] std::map<std::string, std::string> state();

private:
    std::uint32_t newest_ = 0; // link of those here
};
