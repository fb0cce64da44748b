// SPDX-License-Identifier: Apache-2.0
#include "object/identify.hpp"

#include "machine.hpp"

#include <bpflink/link_type.hpp>

#include <string>

using bl::object_kind;

namespace {

/// One descriptor of every sort that a process may hold.
struct one_of_each : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    bl::unique_fd link = open(add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2}));
    bl::unique_fd struct_ops = open(add_link({.type = bl::link_type::struct_ops, .target = 9}));
    bl::unique_fd netfilter = open(add_link({.type = bl::link_type::netfilter, .prog = &prog}));
    bl::unique_fd program = open(prog);
    bl::unique_fd map = open(add_map());
    bl::unique_fd btf = open_btf();
    bl::unique_fd file = open_file();

    void check_all() {
        CHECK(bl::identify(link) == object_kind::link);
        CHECK(bl::identify(struct_ops) == object_kind::link);
        CHECK(bl::identify(netfilter) == object_kind::link);
        CHECK(bl::identify(program) == object_kind::program);
        CHECK(bl::identify(map) == object_kind::map);
        CHECK(bl::identify(btf) == object_kind::other);
        CHECK(bl::identify(file) == object_kind::other);
    }
};

} // namespace

TEST_CASE_FIXTURE(one_of_each, "every kind of object is told from the others") {
    check_all();
}

TEST_CASE_FIXTURE(one_of_each, "without the privilege to ask, the descriptor's name tells") {
    for (int const number : {EPERM, EACCES, ENOSYS}) {
        CAPTURE(number);
        fail_always(call::link_update, number);
        fail_always(call::prog_bind_map, number);
        fail_always(call::map_look_up_nothing, number);
        check_all();
    }
}

TEST_CASE_FIXTURE(machine, "a new link's descriptor is spelt otherwise than a later one's") {
    auto const prog = open(add_program(bl::program_type::xdp));
    bl::unique_fd const created =
        call::link_create({.prog_fd = static_cast<std::uint32_t>(prog.get()),
                           .target = 2,
                           .attach_type = 37,
                           .flags = 0,
                           .bytes = {}});
    auto const later = open(*newest_link());
    std::string created_name(64, '\0');
    std::string later_name(64, '\0');
    REQUIRE(call::descriptor_name(created.get(), created_name) > 0);
    REQUIRE(call::descriptor_name(later.get(), later_name) > 0);
    REQUIRE(created_name != later_name);

    fail_always(call::link_update, EPERM);
    CHECK(bl::identify(created) == object_kind::link);
    CHECK(bl::identify(later) == object_kind::link);
}

TEST_CASE_FIXTURE(one_of_each, "asking changes nothing") {
    auto const before = open_descriptors();
    check_all();
    CHECK(open_descriptors() == before);
    CHECK(last_update.link_fd == static_cast<std::uint32_t>(netfilter.get()));
    CHECK(last_update.new_fd == 0xffff'ffffU); // the last link asked: the probe, and no more
    CHECK(last_update.flags == 0);
}

TEST_CASE_FIXTURE(machine, "a descriptor that is not open is an error") {
    auto file = open_file();
    int const number = file.get();
    file.reset();
    SUBCASE("asked by the kernel") {
    }
    SUBCASE("asked by its name") {
        fail_always(call::link_update, EPERM);
    }
    for (auto const closed : {bl::fd_view{number}, bl::fd_view{}}) {
        check_error(bl::identify(closed), EBADF, bl::operation::identify,
                    bl::errc::invalid_argument, {"descriptor " + std::to_string(closed.get())});
    }
}

// E23
TEST_CASE_FIXTURE(one_of_each, "without /proc the kernel tells the kinds apart all the same") {
    has_proc = false;
    check_all();
}

// E23
TEST_CASE_FIXTURE(one_of_each, "where neither the kernel nor /proc tells, that is the error") {
    has_proc = false;
    for (auto const refused :
         any_calls{call::link_update, call::prog_bind_map, call::map_look_up_nothing}) {
        for (int const number : {EPERM, EACCES, ENOSYS, ENOMEM}) {
            CAPTURE(number);
            fail(refused, number);
            auto const kind = bl::identify(file);
            REQUIRE_FALSE(kind);
            check_error(
                kind.error(), number, bl::operation::identify, bl::usual_condition(number),
                {"descriptor " + std::to_string(file.get()), "/proc/self/fd", "No such file"});
        }
    }
    fail(call::link_update, EPERM);
    auto const as_link = bl::require_link(link, "the subject");
    REQUIRE_FALSE(as_link);
    CHECK(as_link.error() == bl::errc::permission_denied); // and not: not_a_link
}

// E23
TEST_CASE_FIXTURE(one_of_each, "a map is told by what it says to a look-up of nothing") {
    for (int const number : {EFAULT, ENOENT, EOPNOTSUPP, bl::uapi::enotsupp}) {
        fail(call::map_look_up_nothing, number);
        CHECK(bl::identify(map) == object_kind::map);
    }
    fail(call::map_look_up_nothing, EPERM); // a map that is only written to
    CHECK(bl::identify(map) == object_kind::map);
    CHECK(calls(call::descriptor_name) == 1);
}

TEST_CASE_FIXTURE(one_of_each, "what is no link is said to be what it is") {
    CHECK(bl::require_link(link, "x"));
    auto const refused = [](bl::fd_view fd, char const* what) {
        check_error(bl::require_link(fd, "the subject"), EINVAL, bl::operation::identify,
                    bl::errc::not_a_link, {"the subject", what});
    };
    refused(program, "it is not a BPF link, but a BPF program");
    refused(map, "it is not a BPF link, but a BPF map");
    refused(btf, "it is not a BPF link");
    refused(file, "it is not a BPF link");
}
