// SPDX-License-Identifier: Apache-2.0
#include "pin/path.hpp"

#include "machine.hpp"

#include <string>
#include <string_view>

TEST_CASE_FIXTURE(machine, "paths are kept from the root") {
    change_directory("/bpf");
    CHECK(bl::absolute("/a/b", bl::operation::obj_pin) == "/a/b");
    CHECK(bl::absolute("x", bl::operation::obj_pin) == "/bpf/x");
    CHECK(calls(call::current_directory) == 1); // asked for where it is needed only

    auto const empty = bl::absolute("", bl::operation::obj_pin);
    check_error(empty, EINVAL, bl::operation::obj_pin, bl::errc::invalid_argument,
                {"the path is empty"});
    auto const zero = bl::absolute(std::string_view{"/bpf/a\0b", 8}, bl::operation::obj_get);
    check_error(zero, EINVAL, bl::operation::obj_get, bl::errc::invalid_argument, {"zero byte"});
    fail(call::current_directory, ENOENT); // the directory was removed
    check_error(bl::absolute("x", bl::operation::obj_get), ENOENT, bl::operation::obj_get,
                bl::errc::not_found);
    change_directory("/" + std::string(5'000, 'd'));
    check_error(bl::absolute("x", bl::operation::obj_get), ERANGE, bl::operation::obj_get,
                bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(machine, "a place is the same however it is reached") {
    make_directory("/bpf/d");
    bind("/home/second", "/bpf/d");
    auto const same = [](char const* a, char const* b) { return bl::is_same_place(a, b).value(); };
    CHECK(same("/bpf/x", "/bpf/x"));
    CHECK_FALSE(same("/bpf/x", "/bpf/y"));
    CHECK(system_calls() == 0);
    CHECK(same("/bpf/d/x", "/home/second/x"));
    for (auto const* const other : {"/bpf/d/x", "/other/x", "/x"})
        CHECK_FALSE(same("/bpf/x", other));
    fail(call::facts_of_file, ENOMEM);
    auto const unknown = bl::is_same_place("/bpf/x", "/other/x");
    REQUIRE_FALSE(unknown); // and not "no"
    check_error(unknown.error(), ENOMEM, bl::operation::stat, no_condition, {"/bpf"});
}

TEST_CASE_FIXTURE(machine, "a directory is what comes before the last slash") {
    CHECK(bl::directory_of("/a/b/c") == "/a/b");
    CHECK(bl::directory_of("/a") == "/");
}

// Symbolic links

TEST_CASE_FIXTURE(machine, "a path without symbolic links is resolved by one system call") {
    make_directory("/bpf/d");
    auto const real = [&](char const* path) {
        auto resolved = bl::resolve(path, bl::operation::obj_pin);
        REQUIRE(succeeded(resolved));
        return *resolved;
    };
    CHECK(real("/bpf/d/x") == "/bpf/d/x"); // E27
    CHECK(system_calls() == 1);
    CHECK(real("/bpf//d/./x") == "/bpf/d/x");
    CHECK(real("/bpf/d/../x") == "/bpf/x");
    CHECK(real("/../bpf/../../bpf/x") == "/bpf/x");
    CHECK(real("//x") == "/x");
    change_directory("/bpf");
    CHECK(real("d/x") == "/bpf/d/x");
    CHECK(calls(call::read_link) == 0);
}

TEST_CASE_FIXTURE(machine, "a path through symbolic links is resolved to real names") {
    make_directory("/bpf/v1"); // E1
    make_directory("/bpf/v1/deep");
    auto& l = add_link({.type = bl::link_type::xdp});
    pin("/bpf/v1/x", l);
    make_symlink("/bpf/current", "v1");
    make_symlink("/bpf/absolute", "/bpf/current");
    make_symlink("/bpf/v1/deep/up", "../../current/./deep//");
    make_symlink("/home/x", "../bpf/v1/x");
    make_symlink("/bpf/v1/again", "x");
    make_symlink("/bpf/dangling", "v1/none");
    make_symlink("/bpf/root", "/");
    struct row {
        char const* path;
        char const* real;
    };
    for (bool const asks_first : {true, false}) {
        if (!asks_first) fail_always(call::crosses_symlink, ENOSYS); // a filter; an old kernel
        for (auto const& each : {
                 row{"/bpf/current/x", "/bpf/v1/x"},
                 row{"/bpf/current/none", "/bpf/v1/none"},
                 row{"/bpf/absolute/deep/up/../x", "/bpf/v1/x"},
                 row{"/bpf/absolute/deep/up/y", "/bpf/v1/deep/y"},
                 row{"/home/x", "/bpf/v1/x"},
                 row{"/bpf/current/again", "/bpf/v1/x"},
                 row{"/bpf/dangling", "/bpf/dangling"}, // what it leads to is not there
                 row{"/bpf/root/bpf/y", "/bpf/y"},
                 row{"/bpf/root", "/"},
                 row{"/bpf/current/", "/bpf/v1/"},
                 row{"/bpf/v1/x", "/bpf/v1/x"},
             }) {
            CAPTURE(each.path);
            CHECK(bl::resolve(each.path, bl::operation::obj_pin) == each.real);
        }
    }
}

TEST_CASE_FIXTURE(machine, "a link of procfs that no text describes stays in the path") {
    make_directory("/proc"); // E1
    make_directory("/proc/7");
    make_directory("/elsewhere");
    make_directory("/elsewhere/bpf");
    make_directory("/elsewhere/bpf/v1");
    make_symlink("/elsewhere/bpf/current", "v1");
    make_magic_link("/proc/7/root", "/elsewhere");
    make_symlink("/proc/self", "7");
    auto const real = [](char const* path) { return bl::resolve(path, bl::operation::obj_pin); };
    CHECK(real("/proc/self/root/bpf/current/x") == "/proc/7/root/bpf/v1/x");
    CHECK(real("/proc/7/root/../x") == "/proc/7/root/../x");
    CHECK(real("/proc/7/root/bpf/../x") == "/proc/7/root/x");
}

TEST_CASE_FIXTURE(machine, "a path that cannot be resolved says why") {
    make_symlink("/bpf/loop", "loop");
    make_symlink("/bpf/v1", "none");
    make_symlink("/bpf/long", std::string(5'000, 'n'));
    auto const refused = [](char const* path, int number, bl::errc condition, char const* advice) {
        auto const done = bl::resolve(path, bl::operation::obj_pin);
        CAPTURE(path);
        check_error(done, number, bl::operation::obj_pin, condition, {path, advice});
    };
    refused("/bpf/loop/x", ELOOP, bl::errc::invalid_argument, "in a circle");
    refused("/bpf/v1/x", ENOENT, bl::errc::not_found, "directory does not exist");
    refused("/bpf/long/x", ENAMETOOLONG, bl::errc::invalid_argument, "255 bytes");
    refused("/bpf/a.b", EPERM, bl::errc::invalid_argument, "no dot");
    fail(call::read_link, EACCES);
    refused("/bpf/v1/x", EACCES, bl::errc::permission_denied, "");
    fail(call::read_link, ENOMEM);
    refused("/bpf/v1/x", ENOMEM, no_condition, "");
}
