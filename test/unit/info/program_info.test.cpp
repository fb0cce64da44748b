// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <chrono>
#include <optional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using bl::program_type;

struct described : machine {
    fake::program& prog = add_program(program_type::xdp);
    bl::program_id id{prog.id};

    bl::program_info told() {
        auto const info = bl::program_info_of(id);
        REQUIRE(succeeded(info));
        return *info;
    }
};

} // namespace

TEST_CASE_FIXTURE(described, "a program's info is the same by id, by handle and by reference") {
    prog.name = "count_packets";
    prog.run_count = 3;
    prog.run_time = 900;
    prog.maps = {7, 9};
    auto const info = told();
    CHECK(info.id == id);
    CHECK(info.type == program_type::xdp);
    CHECK(info.name == "count_packets");
    CHECK(info.tag[0] == std::byte{1});
    CHECK(info.tag[7] == std::byte{8});
    CHECK(info.loaded == 5us);
    CHECK(info.uid == 33);
    CHECK(info.run_count == 3U);
    CHECK(info.run_time == 900ns);
    CHECK(info.recursion_misses == 2U);
    CHECK(info.maps == std::vector{bl::map_id{7}, bl::map_id{9}});
    auto const owned = bl::program::from_id(id);
    REQUIRE(succeeded(owned));
    CHECK(*owned->info() == info);
    CHECK(*owned->as<program_type::xdp>()->info() == info);
}

TEST_CASE_FIXTURE(described, "a counter that is not kept is empty, and not 0") {
    CHECK_FALSE(told().run_count);
    CHECK_FALSE(told().run_time);
    prog.run_time = 1;
    CHECK(told().run_count == 0U);
    tells_functions = tells_misses = false; // before 5.12
    CHECK_FALSE(told().recursion_misses);
}

TEST_CASE_FIXTURE(described, "a name that the kernel cut is whole by BTF") {
    prog.name = "count_packets_of_each_interface";
    CHECK(told().name == "count_packets_o");
    prog.own_types = fake::program_types;
    CHECK(told().name == "count_packets_of_each_interface");
    fail(call::program_name_in_types, EPERM);
    CHECK(told().name == "count_packets_o");
    for (int const number : {EMFILE, ENOMEM}) {
        fail(call::program_name_in_types, number);
        check_error(bl::program_info_of(id), number, bl::operation::prog_get_info, no_condition);
    }
    prog.name = "short";
    forget_calls();
    CHECK(told().name == "short");
    CHECK(system_calls() == 3);
}

TEST_CASE_FIXTURE(described, "maps that come meanwhile are told too") {
    prog.maps = {7};
    before(call::obj_get_info, [&] { prog.maps = {7, 8, 9}; }, 2);
    CHECK(told().maps.size() == 3);
}

TEST_CASE_FIXTURE(described, "a program that cannot be described says why") {
    check_error(bl::program_info_of(bl::program_id{7}), ENOENT, bl::operation::prog_get_fd_by_id,
                bl::errc::not_found, {"program 7"});
    fail(call::prog_get_fd_by_id, EPERM);
    auto const denied = bl::program_info_of(id);
    REQUIRE_FALSE(denied);
    CHECK(denied.error() == bl::errc::permission_denied);
    fail(call::obj_get_info, ENOMEM);
    CHECK_FALSE(bl::program_info_of(id));
}

TEST_CASE_FIXTURE(described, "a compare-and-swap takes the program that is expected by its id") {
    auto& there = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2});
    auto& second = add_program(program_type::xdp);
    typed_program<program_type::xdp> const next{{open(second)}};
    auto l = *bl::link::from_fd(open(there));
    forget_calls();
    CHECK(l.update(next, bl::expecting(id)));
    CHECK(calls(call::prog_get_fd_by_id) == 1);
    CHECK(there.prog->id == second.id);
    auto const again = l.update(next, bl::expecting(id));
    REQUIRE_FALSE(again);
    CHECK(again.error() == bl::errc::program_mismatch);
    check_error(l.update(next, bl::expecting(bl::program_id{9})), ENOENT,
                bl::operation::link_update, bl::errc::program_mismatch, {"program 9 was expected"});
    check_error(l.update(next, bl::expecting(bl::program_id{})), ENOENT, bl::operation::link_update,
                bl::errc::program_mismatch, {"program 0 was expected"});
    fail(call::prog_get_fd_by_id, EPERM);
    auto const denied = l.update(next, bl::expecting(bl::program_id{second.id}));
    REQUIRE_FALSE(denied);
    CHECK(denied.error() == bl::errc::permission_denied);
    CHECK(there.prog->id == second.id);
}
