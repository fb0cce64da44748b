// SPDX-License-Identifier: Apache-2.0
#include "object/running_link.hpp"

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
    check_error(handle.update(second, bl::expecting(third)), EPERM, bl::operation::link_update,
                bl::errc::program_mismatch,
                {name, "program " + std::to_string(v1.id), "program " + std::to_string(v3.id)});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a lack of privilege is no mismatch") {
    fail(call::link_update, EPERM);
    check_error(handle.update(second), EPERM, bl::operation::link_update,
                bl::errc::permission_denied, {name});

    bool is_told = true;
    SUBCASE("the expected program runs") {
        fail(call::link_update, EPERM);
    }
    SUBCASE("nothing can be asked of the link") {
        fail_always(call::link_update, EPERM);
        fail_always(call::obj_get_info, EPERM);
        is_told = false;
    }
    check_error(handle.update(second, bl::expecting(first)), EPERM, bl::operation::link_update,
                is_told ? bl::errc::permission_denied : no_condition,
                {is_told ? "" : "one of: it may run another program than was expected"});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a compare-and-swap without a program to compare swaps nothing") {
    held_program const none;
    check_error(handle.update(second, bl::expecting(none)), EBADF, bl::operation::link_update,
                bl::errc::invalid_argument);
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
    check_error(handle.update(second), ENOLINK, bl::operation::link_update, bl::errc::defunct,
                {name, "attach again"});
    check_error(handle.update(second, bl::expecting(first)), ENOLINK, bl::operation::link_update,
                bl::errc::defunct, {name});
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
    check_error(handle.update(held), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "program " + std::to_string(wrong.id), "kprobe", "xdp"});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "the reason is told as far as it can be found out") {
    auto& wrong = add_program(bl::program_type::kprobe);
    held_program const held{open(wrong)};
    SUBCASE("the running program cannot be opened") {
        fail(call::prog_get_fd_by_id, EPERM);
        check_error(handle.update(held), EINVAL, bl::operation::link_update,
                    bl::errc::invalid_argument, {name, "kprobe"});
    }
    SUBCASE("the link cannot be asked") {
        fail(call::obj_get_info, EPERM);
        check_error(handle.update(held), EINVAL, bl::operation::link_update,
                    bl::errc::invalid_argument,
                    {"descriptor " + std::to_string(handle.fd().get())});
    }
    SUBCASE("the kind is newer than the library") {
        auto l = opened(add_link({.type = static_cast<bl::link_type>(99), .prog = &v1}));
        check_error(l.update(second), EINVAL, bl::operation::link_update, no_condition,
                    {"unknown(99)", "one of: links of this kind cannot be updated"});
    }
}

TEST_CASE_FIXTURE(running_link, "what is no program at all is refused") {
    held_program const map{open(add_map())};
    check_error(handle.update(map), EINVAL, bl::operation::link_update, bl::errc::invalid_argument,
                {name, "not a BPF program"});
    check_error(handle.update(held_program{}), EBADF, bl::operation::link_update,
                bl::errc::invalid_argument,
                {name, "the descriptor of the new program is not open"});
    held_program const none;
    check_error(handle.update(second, bl::expecting(none)), EBADF, bl::operation::link_update,
                bl::errc::invalid_argument,
                {name, "the descriptor of the expected program is not open"});
    check_error(handle.update(second, bl::expecting(map)), EINVAL, bl::operation::link_update,
                bl::errc::invalid_argument, {name, "which is expected, is not a BPF program"});
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(running_link, "a missing capability is told from a security module's refusal") {
    fail(call::link_update, EPERM);
    check_error(handle.update(second), EPERM, bl::operation::link_update,
                bl::errc::permission_denied, {name, "a security module refuses it"});
    lacks_capabilities = {21, 39}; // CAP_SYS_ADMIN, CAP_BPF
    fail_always(call::map_look_up_nothing, EPERM);
    fail(call::link_update, EPERM);
    check_error(handle.update(second), EPERM, bl::operation::link_update,
                bl::errc::permission_denied, {name, "CAP_BPF is missing"});
    fail(call::link_detach, EPERM);
    check_error(handle.detach(), EPERM, bl::operation::link_detach, bl::errc::permission_denied,
                {name, "CAP_BPF is missing"});
}

TEST_CASE_FIXTURE(running_link, "a link closed behind its handle is told from a closed program") {
    fail(call::link_update, EBADF);
    fail(call::is_open, EBADF);
    check_error(handle.update(second), EBADF, bl::operation::link_update,
                bl::errc::invalid_argument,
                {"; the link's descriptor was closed behind its handle"});
    fail(call::link_update, EBADF);
    fail(call::is_open, EBADF, 2);
    check_error(handle.update(second), EBADF, bl::operation::link_update,
                bl::errc::invalid_argument, {"; the descriptor of the new program is not open"});
    fail(call::link_detach, EBADF);
    check_error(handle.detach(), EBADF, bl::operation::link_detach, bl::errc::invalid_argument,
                {"; the link's descriptor was closed behind its handle"});
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
        check_error(handle.update(second), number, bl::operation::link_update, condition, {name});
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
