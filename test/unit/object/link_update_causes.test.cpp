// SPDX-License-Identifier: Apache-2.0
// By the rows of Linux' hooks.
#include "object/running_link.hpp"

#include <bpflink/hook/xdp.hpp>
#include <bpflink/link.hpp>
#include <bpflink/map_ref.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

TEST_CASE_FIXTURE(running_link, "a table that takes no update is told from a kind without") {
    auto l = opened(add_link({.type = bl::link_type::struct_ops, .target = 7}));
    auto const fd = open(add_map());
    auto const map = bl::map_ref::from_fd(fd);
    REQUIRE(succeeded(map));
    fail(call::link_update, EOPNOTSUPP);
    check_error(l.update(*map), EOPNOTSUPP, bl::operation::link_update, bl::errc::not_supported,
                {"(struct_ops)", "this table takes no update"});
    fail(call::link_update, EINVAL);
    check_error(l.update(*map), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {"(struct_ops)", "the map is of type 1, and struct_ops (26) is needed"});
    check_error(l.update(*map, bl::expecting(*map)), EPERM, bl::operation::link_update,
                bl::errc::program_mismatch, {"(struct_ops)", "it holds map 7, and map "});
}

TEST_CASE_FIXTURE(running_link, "a map that a table's link does not take says what is wrong") {
    constexpr std::uint32_t struct_ops = 26, for_links = fake::uapi::f_link;
    auto const with_state = [](char state) { return std::string{0, 0, 0, 0, state, 0, 0, 0}; };
    auto const table = [&](std::uint32_t type, char state) -> fake::map& {
        auto& made = add_map();
        made.type = struct_ops;
        made.flags = for_links;
        made.value_type = type;
        made.value_size = 8;
        made.values = {with_state(state)};
        return made;
    };
    constexpr char ready = 3;
    auto& held = table(100, ready);
    auto l = opened(add_link({.type = bl::link_type::struct_ops, .target = held.id}));
    auto const refused = [&](fake::map& next, std::string_view why) {
        auto const fd = open(next);
        auto const map = bl::map_ref::from_fd(fd);
        REQUIRE(succeeded(map));
        fail(call::link_update, EINVAL);
        check_error(l.update(*map), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"(struct_ops)", why});
    };
    auto& old = table(100, ready);
    old.flags = 0;
    refused(old, "; the map is not made with BPF_F_LINK");
    refused(table(100, 0), "; the map has no value yet");
    refused(table(101, ready), "; the map is of another table than the link's");
    refused(table(100, ready), "; the kernel's subsystem does not take the table in the place");
    fail_always(call::map_get_fd_by_id, EPERM);
    refused(table(100, ready), "; one of: the map is of another table than the link's");
}

namespace {

/// A program of a cgroup, with the attach type that it was loaded for where that is known.
template <bl::program_type Type>
struct cgroup_program : typed_program<Type> {
    std::optional<bl::attach_type> loaded_for;
    [[nodiscard]] std::optional<bl::attach_type> expected_attach_type() const { return loaded_for; }
};
using connect_program = cgroup_program<bl::program_type::cgroup_sock_addr>;

} // namespace

TEST_CASE_FIXTURE(machine, "a cgroup's link takes no program for another attach type") {
    using enum bl::attach_type;
    auto& v4 = add_program(connect_program::type, cgroup_inet4_connect);
    auto& v6 = add_program(connect_program::type, cgroup_inet6_connect);
    auto& there = add_link({.type = bl::link_type::cgroup,
                            .prog = &v4,
                            .attach = cgroup_inet4_connect,
                            .cgroup_id = 7});
    auto l = bl::link::from_fd(open(there));
    REQUIRE(succeeded(l));
    connect_program next{{{open(v6)}}, {}};
    SUBCASE("known") {
        next.loaded_for = cgroup_inet6_connect;
        forget_calls();
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"(cgroup)", "loaded for attach type cgroup_inet6_connect, and "
                                 "cgroup_inet4_connect is the link's"});
        CHECK(calls(call::link_update) == 0);
    }
    SUBCASE("not known: the kernel is asked") {
        fail(call::link_create, EINVAL);
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"loaded for another attach type, and cgroup_inet4_connect is the link's"});
    }
    CHECK(there.prog.get() == &v4);
    SUBCASE("the right one, and of what nothing can be told") {
        auto& other = add_program(connect_program::type, cgroup_inet4_connect);
        next = {{{open(other)}}, cgroup_inet4_connect};
        forget_calls();
        REQUIRE(succeeded(l->update(next)));
        CHECK(system_calls() == 2);
        fail(call::obj_get_info, EPERM);
        REQUIRE(succeeded(l->update(next, bl::expecting(next))));
        CHECK(there.prog.get() == &other);
    }
}

// The kernel holds those for egress that return 2 or 3.
TEST_CASE_FIXTURE(machine,
                  "a link on ingress takes what the kernel would attach there, and no more") {
    using enum bl::attach_type;
    constexpr auto skb = bl::program_type::cgroup_skb;
    auto& in = add_program(skb, cgroup_inet_ingress);
    auto& there = add_link({.type = bl::link_type::cgroup,
                            .prog = &in,
                            .attach = cgroup_inet_ingress,
                            .cgroup_id = 7});
    auto l = bl::link::from_fd(open(there));
    REQUIRE(succeeded(l));
    cgroup_program<skb> next{{{open(add_program(skb, cgroup_inet_egress))}}, cgroup_inet_egress};
    SUBCASE("held to egress") {
        forget_calls();
        fail(call::link_create, EINVAL);
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"loaded for attach type cgroup_inet_egress, and cgroup_inet_ingress is the"});
        fail(call::link_create, EINVAL);
        next.loaded_for.reset();
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"loaded for another attach type"});
        CHECK(calls(call::link_update) == 0);
    }
    SUBCASE("without CAP_NET_ADMIN, which the kernel asks for before it looks") {
        forget_calls();
        fail_always(call::link_create, EPERM);
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"loaded for attach type cgroup_inet_egress, and cgroup_inet_ingress is the"});
        CHECK(calls(call::link_update) == 0);
        next.loaded_for.reset();
        CHECK(succeeded(l->update(next)));
    }
    SUBCASE("not held") {
        fail(call::link_create, EBADF); // for the place
        CHECK(succeeded(l->update(next)));
        forget_calls();
        next.loaded_for = cgroup_inet_ingress;
        CHECK(succeeded(l->update(next)));
        CHECK(system_calls() == 2);
    }
}

TEST_CASE_FIXTURE(machine, "a program for another function than the one that runs is told so") {
    using enum bl::attach_type;
    SUBCASE("an LSM hook of a cgroup") {
        auto& bind = add_program(bl::program_type::lsm, lsm_cgroup);
        auto& connect = add_program(bl::program_type::lsm, lsm_cgroup);
        bind.types = connect.types = fake::kernel_types;
        bind.function = 10;
        connect.function = 11;
        auto l = bl::link::from_fd(open(add_link(
            {.type = bl::link_type::cgroup, .prog = &bind, .attach = lsm_cgroup, .cgroup_id = 7})));
        REQUIRE(succeeded(l));
        held_program const next{open(connect)};
        check_error(l->update(next), ENOENT, bl::operation::link_update, bl::errc::invalid_argument,
                    {"(cgroup)", "; the program was loaded for another "
                                 "LSM hook than the one that runs"});
        fail(call::link_update, EINVAL); // no other cgroup has the hook
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"; the program was loaded for another LSM hook"});
    }
    SUBCASE("an iterator") {
        auto& tasks = add_program(bl::program_type::tracing, trace_iter);
        auto& maps = add_program(bl::program_type::tracing, trace_iter);
        tasks.types = maps.types = fake::kernel_types;
        tasks.function = 10;
        maps.function = 11;
        auto l = bl::link::from_fd(open(add_link({.type = bl::link_type::iter, .prog = &tasks})));
        REQUIRE(succeeded(l));
        held_program const next{open(maps)};
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"(iter)", "; the program walks something else than the one that runs"});
        fail_always(call::prog_get_fd_by_id, EPERM);
        check_error(l->update(next), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"or the program walks something else"});
    }
}

TEST_CASE_FIXTURE(running_link, "a program loaded for another attach type is refused with a hint") {
    auto& wrong = add_program(bl::program_type::xdp, bl::attach_type::xdp_cpumap);
    held_program const held{open(wrong)};
    check_error(handle.update(held), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "expected attach type"});
}

TEST_CASE_FIXTURE(running_link, "a driver may refuse the next program of an XDP link") {
    auto const refused = [&] {
        fail(call::link_update, EINVAL);
        return handle.update(second).error();
    };
    check_error(refused(), EINVAL, bl::operation::link_update, bl::errc::not_supported,
                {name, "; the driver refuses it"});
    fail(call::prog_test_run_on_nothing, EPERM); // nothing tells what the program is for
    check_error(refused(), EINVAL, bl::operation::link_update, no_condition,
                {name, "one of: ", "expected attach type of a devmap", "the driver refuses it"});
    fail(call::prog_test_run_on_nothing, EINVAL);
    check_error(refused(), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "; the program was loaded for the expected attach type of a devmap"});
    there.facts.flags = static_cast<std::uint32_t>(bl::xdp_mode::generic);
    fail(call::prog_test_run_on_nothing, EPERM);
    auto const generic = refused();
    check_error(generic, EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {"expected attach type of a devmap"});
    CHECK(generic.message().find("driver") == std::string::npos);
}
