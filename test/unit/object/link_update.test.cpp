// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/xdp.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/map_ref.hpp>
#include <bpflink/program.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

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

} // namespace

TEST_CASE_FIXTURE(running_link, "an update swaps the program in one system call") {
    REQUIRE(succeeded(handle.update(second)));
    CHECK(there.prog.get() == &v2);
    CHECK(last_update.flags == 0);
    CHECK(last_update.old_fd == 0);
    CHECK(system_calls() == 1);
    CHECK(succeeded(handle.update(second))); // the same once more
}

TEST_CASE_FIXTURE(running_link, "a compare-and-swap swaps while the expected program runs") {
    REQUIRE(succeeded(handle.update(second, bl::expecting(first))));
    CHECK(there.prog.get() == &v2);
    CHECK(last_update.flags == fake::uapi::f_replace);
    CHECK(last_update.old_fd == static_cast<std::uint32_t>(first.fd().get()));
    CHECK(system_calls() == 1);
}

TEST_CASE_FIXTURE(running_link, "a program that was not expected is a mismatch, and stays") {
    auto const done = handle.update(second, bl::expecting(third));
    REQUIRE_FALSE(done);
    check_error(done.error(), EPERM, bl::operation::link_update, bl::errc::program_mismatch,
                {name, "program " + std::to_string(v1.id), "program " + std::to_string(v3.id)});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a lack of privilege is no mismatch") {
    fail(call::link_update, EPERM);
    auto const plain = handle.update(second);
    REQUIRE_FALSE(plain);
    check_error(plain.error(), EPERM, bl::operation::link_update, bl::errc::permission_denied,
                {name});

    bool is_told = true;
    SUBCASE("the expected program runs") {
        fail(call::link_update, EPERM);
    }
    SUBCASE("nothing can be asked of the link") {
        fail_always(call::link_update, EPERM);
        fail_always(call::obj_get_info, EPERM);
        is_told = false;
    }
    auto const swap = handle.update(second, bl::expecting(first));
    REQUIRE_FALSE(swap);
    check_error(swap.error(), EPERM, bl::operation::link_update,
                is_told ? bl::errc::permission_denied : no_condition,
                {is_told ? "" : "one of: it may run another program than was expected"});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a compare-and-swap without a program to compare swaps nothing") {
    held_program const none;
    auto const done = handle.update(second, bl::expecting(none));
    REQUIRE_FALSE(done);
    check_error(done.error(), EBADF, bl::operation::link_update, bl::errc::invalid_argument);
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(machine, "a compare-and-swap knows a program whose descriptor is 0") {
    auto& v1 = add_program(bl::program_type::xdp);
    auto& v2 = add_program(bl::program_type::xdp);
    auto& there = add_link({.type = bl::link_type::xdp, .prog = &v1, .target = 2});
    first_descriptor = 0;
    held_program const other{open(v2)};
    held_program const next{open(v2)};
    REQUIRE(other.fd().get() == 0);
    auto handle = bl::link::from_fd(open(there));
    REQUIRE(succeeded(handle));
    auto const done = handle->update(next, bl::expecting(other));
    REQUIRE_FALSE(done);
    CHECK(done.error() == bl::errc::program_mismatch);
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a link whose target is gone is defunct") {
    there.defunct = true;
    auto const plain = handle.update(second);
    REQUIRE_FALSE(plain);
    check_error(plain.error(), ENOLINK, bl::operation::link_update, bl::errc::defunct,
                {name, "attach again"});
    auto const swap = handle.update(second, bl::expecting(first));
    REQUIRE_FALSE(swap);
    check_error(swap.error(), ENOLINK, bl::operation::link_update, bl::errc::defunct, {name});
}

TEST_CASE_FIXTURE(running_link, "each kind is updated exactly when the table says that it can be") {
    for (auto const& traits : bl::link_traits_table) {
        if (traits.type == bl::link_type::unspec) continue;
        CAPTURE(traits.name);
        bool const by_program = traits.update == bl::update_unit::program;
        auto& other = add_link({.type = traits.type, .prog = &v1, .target = 2});
        auto l = opened(other);
        auto const done = l.update(second);
        CHECK((other.prog.get() == &v2) == by_program);
        if (by_program) {
            CHECK(succeeded(done));
            continue;
        }
        REQUIRE_FALSE(done);
        // The kernel has a refusal of its own for netfilter alone.
        int const number = traits.type == bl::link_type::netfilter ? EOPNOTSUPP : EINVAL;
        check_error(done.error(), number, bl::operation::link_update, bl::errc::not_supported,
                    {"link " + std::to_string(other.id()), traits.name});
        if (traits.update == bl::update_unit::map)
            CHECK(done.error().message().find("by map") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(running_link, "a program of another type is refused with both types named") {
    auto& wrong = add_program(bl::program_type::kprobe);
    held_program const held{open(wrong)};
    auto const done = handle.update(held);
    REQUIRE_FALSE(done);
    check_error(done.error(), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "program " + std::to_string(wrong.id), "kprobe", "xdp"});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a program loaded for another attach type is refused with a hint") {
    auto& wrong = add_program(bl::program_type::xdp, bl::attach_type::xdp_cpumap);
    held_program const held{open(wrong)};
    auto const done = handle.update(held);
    REQUIRE_FALSE(done);
    check_error(done.error(), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "expected attach type"});
}

TEST_CASE_FIXTURE(running_link, "the reason is told as far as it can be found out") {
    auto& wrong = add_program(bl::program_type::kprobe);
    held_program const held{open(wrong)};
    SUBCASE("the running program cannot be opened") {
        fail(call::prog_get_fd_by_id, EPERM);
        auto const done = handle.update(held);
        REQUIRE_FALSE(done);
        check_error(done.error(), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {name, "kprobe"});
    }
    SUBCASE("the link cannot be asked") {
        fail(call::obj_get_info, EPERM);
        auto const done = handle.update(held);
        REQUIRE_FALSE(done);
        check_error(done.error(), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                    {"descriptor " + std::to_string(handle.fd().get())});
    }
    SUBCASE("the kind is newer than the library") {
        auto l = opened(add_link({.type = static_cast<bl::link_type>(99), .prog = &v1}));
        auto const done = l.update(second);
        REQUIRE_FALSE(done);
        check_error(done.error(), EINVAL, bl::operation::link_update, no_condition,
                    {"unknown(99)", "one of: links of this kind cannot be updated"});
    }
}

TEST_CASE_FIXTURE(running_link, "what is no program at all is refused") {
    held_program const map{open(add_map())};
    auto const done = handle.update(map);
    REQUIRE_FALSE(done);
    check_error(done.error(), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "not a BPF program"});
    auto const empty = handle.update(held_program{});
    REQUIRE_FALSE(empty);
    check_error(empty.error(), EBADF, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "the descriptor of the new program is not open"});
    held_program const none;
    auto const expecting_nothing = handle.update(second, bl::expecting(none));
    REQUIRE_FALSE(expecting_nothing);
    check_error(expecting_nothing.error(), EBADF, bl::operation::link_update,
                bl::errc::invalid_argument,
                {name, "the descriptor of the expected program is not open"});
    auto const expecting_a_map = handle.update(second, bl::expecting(map));
    REQUIRE_FALSE(expecting_a_map);
    check_error(expecting_a_map.error(), EINVAL, bl::operation::link_update,
                bl::errc::invalid_argument, {name, "which is expected, is not a BPF program"});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a missing capability is told from a security module's refusal") {
    fail(call::link_update, EPERM);
    auto const kept = handle.update(second);
    REQUIRE_FALSE(kept);
    check_error(kept.error(), EPERM, bl::operation::link_update, bl::errc::permission_denied,
                {name, "a security module refuses it"});
    lacks_capabilities = {21, 39}; // CAP_SYS_ADMIN, CAP_BPF
    fail_always(call::map_look_up_nothing, EPERM);
    fail(call::link_update, EPERM);
    auto const denied = handle.update(second);
    REQUIRE_FALSE(denied);
    check_error(denied.error(), EPERM, bl::operation::link_update, bl::errc::permission_denied,
                {name, "CAP_BPF is missing"});
    fail(call::link_detach, EPERM);
    auto const held = handle.detach();
    REQUIRE_FALSE(held);
    check_error(held.error(), EPERM, bl::operation::link_detach, bl::errc::permission_denied,
                {name, "CAP_BPF is missing"});
}

TEST_CASE_FIXTURE(running_link, "a table that takes no update is told from a kind without") {
    auto l = opened(add_link({.type = bl::link_type::struct_ops, .target = 7}));
    auto const fd = open(add_map());
    auto const map = bl::map_ref::from_fd(fd);
    REQUIRE(succeeded(map));
    fail(call::link_update, EOPNOTSUPP);
    auto const done = l.update(*map);
    REQUIRE_FALSE(done);
    check_error(done.error(), EOPNOTSUPP, bl::operation::link_update, bl::errc::not_supported,
                {"(struct_ops)", "this table takes no update"});
    fail(call::link_update, EINVAL);
    auto const other = l.update(*map);
    REQUIRE_FALSE(other);
    check_error(other.error(), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {"(struct_ops)", "the map is of type 1, and struct_ops (26) is needed"});
    auto const expected = l.update(*map, bl::expecting(*map));
    REQUIRE_FALSE(expected);
    check_error(expected.error(), EPERM, bl::operation::link_update, bl::errc::program_mismatch,
                {"(struct_ops)", "it holds map 7, and map "});
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
struct connect_program : typed_program<bl::program_type::cgroup_sock_addr> {
    std::optional<bl::attach_type> loaded_for;
    [[nodiscard]] std::optional<bl::attach_type> expected_attach_type() const { return loaded_for; }
};

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

TEST_CASE_FIXTURE(running_link, "a driver may refuse the next program of an XDP link") {
    fail(call::link_update, EINVAL);
    check_error(handle.update(second), EINVAL, bl::operation::link_update, no_condition,
                {name, "one of: ", "another expected attach type", "the driver refuses it"});
    there.facts.flags = static_cast<std::uint32_t>(bl::xdp_mode::generic);
    fail(call::link_update, EINVAL);
    auto const generic = handle.update(second);
    check_error(generic, EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {"another expected attach type"});
    CHECK(generic.error().message().find("driver") == std::string::npos);
}

TEST_CASE_FIXTURE(running_link, "what else the kernel says of an update is passed on") {
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{EEXIST, bl::errc::already_exists},
                                               {EBUSY, bl::errc::hook_busy},
                                               {ESTALE, bl::errc::stale_revision},
                                               {EACCES, bl::errc::permission_denied},
                                               {EOPNOTSUPP, bl::errc::not_supported},
                                               {ENOMEM, no_condition}}) {
        fail(call::link_update, number);
        auto const done = handle.update(second);
        REQUIRE_FALSE(done);
        check_error(done.error(), number, bl::operation::link_update, condition, {name});
        CHECK(there.prog.get() == &v1);
    }
}

TEST_CASE_FIXTURE(running_link, "the link keeps its new program alive by itself") {
    {
        held_program const only{open(v2)};
        REQUIRE(succeeded(handle.update(only)));
    }
    second.owned.reset();
    let_go(v2);
    CHECK(has_program(bl::program_id{there.prog->id}));
    REQUIRE(succeeded(handle.update(third)));
    CHECK(there.prog.get() == &v3);
}

TEST_CASE_FIXTURE(running_link, "a program whose type is known at run time updates too") {
    auto const owner = bl::program::from_id(bl::program_id{v2.id});
    REQUIRE(succeeded(owner));
    REQUIRE(succeeded(handle.update(*owner, bl::expecting(first))));
    CHECK(there.prog.get() == &v2);
}
