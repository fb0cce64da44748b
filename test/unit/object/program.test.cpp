// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/program.hpp>

#include <string>
#include <utility>

TEST_CASE_FIXTURE(machine, "a program is opened by id") {
    auto& prog = add_program(bl::program_type::sched_cls);
    {
        auto const opened = bl::program::from_id(bl::program_id{prog.id});
        REQUIRE(succeeded(opened));
        CHECK(opened->id().value() == prog.id);
        CHECK(opened->type() == bl::program_type::sched_cls);
        CHECK(is_open(opened->fd().get()));
        CHECK(*opened);
    }
    CHECK(open_descriptors().empty());
    CHECK(has_program(bl::program_id{prog.id}));
}

TEST_CASE_FIXTURE(machine, "a program that cannot be opened by id says why") {
    check_error(bl::program::from_id(bl::program_id{7}), ENOENT, bl::operation::prog_get_fd_by_id,
                bl::errc::not_found, {"program 7"});
    auto& prog = add_program(bl::program_type::xdp);
    fail(call::prog_get_fd_by_id, EPERM);
    check_error(bl::program::from_id(bl::program_id{prog.id}), EPERM,
                bl::operation::prog_get_fd_by_id, bl::errc::permission_denied);
    descriptor_limit = 0;
    check_error(bl::program::from_id(bl::program_id{prog.id}), EMFILE,
                bl::operation::prog_get_fd_by_id, no_condition);
    descriptor_limit = 10;
    fail(call::obj_get_info, EACCES); // opened, and not described
    check_error(bl::program::from_id(bl::program_id{prog.id}), EACCES, bl::operation::prog_get_info,
                bl::errc::permission_denied);
}

TEST_CASE_FIXTURE(machine, "a program is opened from its pin") {
    auto& prog = add_program(bl::program_type::xdp);
    pin("/bpf/prog", prog);
    auto const absolute = bl::program::load_pinned("/bpf/prog");
    REQUIRE(succeeded(absolute));
    CHECK(absolute->id().value() == prog.id);
    change_directory("/bpf");
    auto const relative = bl::program::load_pinned("prog");
    REQUIRE(succeeded(relative));
    CHECK(relative->id().value() == prog.id);
}

TEST_CASE_FIXTURE(machine, "a pin that is no program's is refused and closed") {
    pin("/bpf/link", add_link({.type = bl::link_type::xdp}));
    pin("/bpf/map", add_map());
    for (auto const* const path : {"/bpf/link", "/bpf/map"}) {
        check_error(bl::program::load_pinned(path), EINVAL, bl::operation::prog_get_info,
                    bl::errc::invalid_argument, {path, "not a BPF program"});
        CHECK(open_descriptors().empty());
    }
    check_error(bl::program::load_pinned("/bpf/nothing"), ENOENT, bl::operation::obj_get,
                bl::errc::not_found, {"/bpf/nothing"});
    check_error(bl::program::load_pinned("/home"), EACCES, bl::operation::obj_get,
                bl::errc::invalid_argument, {"/home", "not on a bpffs"});
    check_error(bl::program::load_pinned(""), EINVAL, bl::operation::obj_get,
                bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(machine, "a descriptor is taken over when it is a program's") {
    auto& prog = add_program(bl::program_type::xdp);
    auto fd = open(prog);
    int const number = fd.get();
    auto const taken = bl::program::from_fd(std::move(fd));
    REQUIRE(succeeded(taken));
    CHECK_FALSE(fd); // NOLINT(bugprone-use-after-move)
    CHECK(taken->fd().get() == number);
}

TEST_CASE_FIXTURE(machine, "a descriptor stays the caller's when it is no program's") {
    auto refused = [&](bl::unique_fd fd, int number, bl::operation where) {
        int const before = fd.get();
        auto const taken = bl::program::from_fd(std::move(fd));
        check_error(taken, number, where, bl::errc::invalid_argument);
        CHECK(fd.get() == before); // NOLINT(bugprone-use-after-move)
    };
    refused(open(add_map()), EINVAL, bl::operation::prog_get_info);
    refused(open(add_link({.type = bl::link_type::xdp})), EINVAL, bl::operation::prog_get_info);
    refused(open_btf(), EINVAL, bl::operation::prog_get_info);
    refused(open_file(), EINVAL, bl::operation::prog_get_info);
    refused(bl::unique_fd{}, EBADF, bl::operation::identify);
}

TEST_CASE_FIXTURE(machine, "a program lends itself as the type it is, and as no other") {
    auto& prog = add_program(bl::program_type::xdp);
    auto const owner = bl::program::from_fd(open(prog));
    REQUIRE(succeeded(owner));
    forget_calls();
    auto const right = owner->as<bl::program_type::xdp>();
    REQUIRE(succeeded(right));
    CHECK(right->fd() == owner->fd());
    check_error(owner->as<bl::program_type::kprobe>(), EINVAL, bl::operation::prog_get_info,
                bl::errc::invalid_argument,
                {"program " + std::to_string(prog.id), "xdp", "kprobe"});
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(machine, "a moved-from program is empty") {
    auto first = bl::program::from_fd(open(add_program(bl::program_type::xdp)));
    REQUIRE(succeeded(first));
    bl::program const second = *std::move(first);
    CHECK(second);
    CHECK_FALSE(*first); // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(bl::program{});
}

// E27
TEST_CASE_FIXTURE(machine, "opening a program costs what its comment says") {
    auto& prog = add_program(bl::program_type::xdp);
    pin("/bpf/prog", prog);
    auto const cost = [&](auto action) {
        forget_calls();
        REQUIRE(succeeded(action()));
        return system_calls() - calls(call::close);
    };
    CHECK(cost([&] { return bl::program::from_id(bl::program_id{prog.id}); }) == 5);
    CHECK(cost([&] { return bl::program::load_pinned("/bpf/prog"); }) == 5);
    CHECK(cost([&] { return bl::program::from_fd(open(prog)); }) == 4);
}
