// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/raw.hpp>
#include <bpflink/program.hpp>
#include <bpflink/program_ref.hpp>

#include <type_traits>
#include <utility>
#include <vector>

TEST_CASE_FIXTURE(machine, "the untyped door takes any program and hands on what it is told") {
    auto& prog = add_program(bl::program_type::sched_cls);
    held_program const held{open(prog)};
    auto const link = bl::attach(
        held, bl::hook::raw{.target = bl::ifindex{3}, .attach = bl::attach_type::tcx_egress});
    REQUIRE(succeeded(link));
    static_assert(std::is_same_v<decltype(link), bl::result<bl::link> const>);
    CHECK(system_calls() == 1);
    CHECK(last_create.prog_fd == static_cast<std::uint32_t>(held.fd().get()));
    CHECK(last_create.target == 3);
    CHECK(last_create.attach_type == 47);
    CHECK(last_create.flags == 0);
    CHECK(last_create.target_btf_id == 0);
    auto const info = link->info();
    REQUIRE(succeeded(info));
    CHECK(info->type == bl::link_type::tcx);

    auto const owner = bl::program::from_id(bl::program_id{prog.id});
    REQUIRE(succeeded(owner));
    CHECK(succeeded(bl::attach(
        *owner, bl::hook::raw{.target = bl::ifindex{2}, .attach = bl::attach_type::tcx_ingress})));
}

TEST_CASE_FIXTURE(machine, "a target is a descriptor, an interface, or nothing") {
    held_program const held{open(add_program(bl::program_type::cgroup_skb))};
    auto const directory = open_cgroup();
    CHECK(
        succeeded(bl::attach(held, bl::hook::raw{.target = bl::fd_view{directory},
                                                 .attach = bl::attach_type::cgroup_inet_egress})));
    CHECK(last_create.target == static_cast<std::uint32_t>(directory.get()));
    held_program const iter{
        open(add_program(bl::program_type::tracing, bl::attach_type::trace_iter))};
    CHECK(succeeded(
        bl::attach(iter, bl::hook::raw{.target = {}, .attach = bl::attach_type::trace_iter})));
    CHECK(last_create.target == 0);
}

TEST_CASE_FIXTURE(machine, "BTF type and flags go to the kernel unchanged") {
    held_program const held{open(add_program(bl::program_type::ext))};
    auto const link = bl::attach(held, bl::hook::raw{.target = {},
                                                     .attach = static_cast<bl::attach_type>(4'711),
                                                     .btf = bl::btf_id{815},
                                                     .flags = 0x8000'0001});
    REQUIRE_FALSE(link);
    CHECK(last_create.attach_type == 4'711);
    CHECK(last_create.target_btf_id == 815);
    CHECK(last_create.flags == 0x8000'0001);
    check_error(link.error(), EINVAL, bl::operation::link_create, no_condition,
                {"attach type unknown(4711)",
                 "one of: ", "the attach type does not take these flags", "does not go with it",
                 "this kernel has no links of this attach type"});
}

TEST_CASE_FIXTURE(machine, "the untyped door says what it can see") {
    held_program held{open(add_program(bl::program_type::xdp))};
    auto const check = [&](int number, bl::hook::raw const& where, bl::errc condition,
                           std::initializer_list<std::string_view> texts) {
        CAPTURE(number);
        fail(call::link_create, number);
        check_error(bl::attach(held, where), number, bl::operation::link_create, condition, texts);
    };
    constexpr auto wrong = bl::errc::invalid_argument;
    bl::hook::raw const xdp{.target = bl::ifindex{2}, .attach = bl::attach_type::xdp};
    bl::hook::raw group{.target = bl::fd_view{99}, .attach = bl::attach_type::cgroup_inet_egress};
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{EPERM, bl::errc::permission_denied},
                                               {EBUSY, bl::errc::hook_busy},
                                               {EEXIST, bl::errc::already_exists},
                                               {ENOENT, bl::errc::not_found},
                                               {ESTALE, bl::errc::stale_revision},
                                               {EOPNOTSUPP, bl::errc::not_supported},
                                               {EAFNOSUPPORT, wrong},
                                               {EMFILE, no_condition}})
        check(number, xdp, condition, {"attach type xdp"});
    check(ENODEV, xdp, bl::errc::not_found, {"no such interface"});
    check(ENODEV, {.target = {}, .attach = bl::attach_type::tcx_egress}, bl::errc::not_found,
          {"takes an interface as its target"});
    check(EINVAL, {.target = bl::ifindex{99}, .attach = bl::attach_type::xdp}, bl::errc::not_found,
          {"; no such interface"});
    check(EINVAL, {.target = {}, .attach = bl::attach_type::xdp}, bl::errc::not_found,
          {"; the attach type takes an interface"});
    check(EINVAL, {.target = {}, .attach = bl::attach_type::lirc_mode2}, bl::errc::not_supported,
          {"the kernel has no links of lirc_mode2"});
    check(EINVAL, xdp, wrong, {"the program or the target does not go with it"});
    check(EINVAL, {.target = bl::ifindex{2}, .attach = bl::attach_type::tcx_egress}, wrong,
          {"of type xdp, and sched_cls is needed"});
    check(EBADF, group, wrong, {"descriptor 99, the target's, is not open"});
    group.target = bl::ifindex{2};
    check(EBADF, group, wrong, {"takes a descriptor as its target"});
    held.owned = open_file();
    check(EINVAL, xdp, wrong, {"is not a BPF program"});
}

TEST_CASE_FIXTURE(machine,
                  "before 5.19 tracing does not go by the untyped door, and that is told") {
    using enum bl::attach_type;
    creates_tracing_links = false;
    for (auto const attach : {trace_fentry, trace_fexit, modify_return, trace_raw_tp, lsm_mac}) {
        held_program const held{open(add_program(
            attach == lsm_mac ? bl::program_type::lsm : bl::program_type::tracing, attach))};
        check_error(bl::attach(held, bl::hook::raw{.target = {}, .attach = attach}), EINVAL,
                    bl::operation::link_create, bl::errc::not_supported,
                    {"before 5.19", "attach by hook::tracing, hook::tp_btf or hook::lsm"});
    }
    creates_tracing_links = true;
    held_program const held{open(add_program(bl::program_type::tracing, trace_fentry))};
    fail(call::link_create, EINVAL);
    check_error(bl::attach(held, bl::hook::raw{.target = {}, .attach = trace_fentry}), EINVAL,
                bl::operation::link_create, bl::errc::invalid_argument, {"does not go with it"});
}

// E10
TEST_CASE_FIXTURE(machine,
                  "without attach, the untyped door takes what the program was loaded for") {
    auto const fd = open(add_program(bl::program_type::sched_cls));
    bpf_program const facts{"prog", bl::program_type::sched_cls, bl::attach_type::tcx_egress,
                            fd.get()};
    auto const prog = *bl::program_ref<bl::program_type::sched_cls>::from(&facts);
    REQUIRE(succeeded(bl::attach(prog, bl::hook::raw{.target = bl::ifindex{2}})));
    CHECK(last_create.attach_type == 47);
    held_program const untold{open(add_program(bl::program_type::cgroup_skb))};
    auto const directory = open_cgroup();
    forget_calls();
    auto const link = bl::attach(untold, bl::hook::raw{.target = bl::fd_view{directory}});
    check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"name the attach type"});
    CHECK(system_calls() == 0);
}

// E14
TEST_CASE_FIXTURE(machine,
                  "a target that is none, or of the other kind, is never number 0 or another's") {
    constexpr auto no_descriptor = 0xffff'ffffU;
    held_program const held{open(add_program(bl::program_type::xdp))};
    auto const target = [&](bl::hook::raw const& where) {
        static_cast<void>(bl::attach(held, where));
        return last_create.target;
    };
    for (auto const attach : {bl::attach_type::cgroup_inet_egress, bl::attach_type::lsm_cgroup,
                              bl::attach_type::sk_lookup, bl::attach_type::sk_msg_verdict,
                              bl::attach_type::perf_event}) {
        CAPTURE(attach);
        CHECK(target({.target = {}, .attach = attach}) == no_descriptor);
        CHECK(target({.target = bl::ifindex{2}, .attach = attach}) == no_descriptor);
        CHECK(target({.target = bl::fd_view{5}, .attach = attach}) == 5);
    }
    for (auto const attach :
         {bl::attach_type::xdp, bl::attach_type::tcx_ingress, bl::attach_type::netkit_peer}) {
        CAPTURE(attach);
        CHECK(target({.target = bl::fd_view{2}, .attach = attach}) == 0); // no interface
        CHECK(target({.target = bl::ifindex{2}, .attach = attach}) == 2);
    }
}
