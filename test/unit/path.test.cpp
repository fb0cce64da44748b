// SPDX-License-Identifier: Apache-2.0
#include "path.hpp"

#include "machine.hpp"

#include <string>
#include <string_view>

TEST_CASE_FIXTURE(machine, "paths are kept from the root") {
    change_directory("/bpf");
    CHECK(bl::absolute("/a/b", bl::operation::obj_pin) == "/a/b");
    CHECK(bl::absolute("x", bl::operation::obj_pin) == "/bpf/x");
    CHECK(calls(call::current_directory) == 1); // asked for where it is needed only

    auto const empty = bl::absolute("", bl::operation::obj_pin);
    REQUIRE_FALSE(empty);
    check_error(empty.error(), EINVAL, bl::operation::obj_pin, bl::errc::invalid_argument,
                {"the path is empty"});
    auto const zero = bl::absolute(std::string_view{"/bpf/a\0b", 8}, bl::operation::obj_get);
    REQUIRE_FALSE(zero);
    check_error(zero.error(), EINVAL, bl::operation::obj_get, bl::errc::invalid_argument,
                {"zero byte"});
    fail(call::current_directory, ENOENT); // the directory was removed
    auto const lost = bl::absolute("x", bl::operation::obj_get);
    REQUIRE_FALSE(lost);
    check_error(lost.error(), ENOENT, bl::operation::obj_get, bl::errc::not_found);
    change_directory("/" + std::string(5'000, 'd'));
    auto const too_deep = bl::absolute("x", bl::operation::obj_get);
    REQUIRE_FALSE(too_deep);
    check_error(too_deep.error(), ERANGE, bl::operation::obj_get, bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(machine, "a place is the same however it is spelled") {
    make_directory("/bpf/d");
    CHECK(bl::is_same_place("/bpf/x", "/bpf/x"));
    CHECK(system_calls() == 0);
    for (auto const* const other : {"/bpf//x", "/bpf/./x", "/bpf/d/../x", "/home/../bpf/x"})
        CHECK(bl::is_same_place("/bpf/x", other));
    for (auto const* const other : {"/bpf/y", "/bpf/d/x", "/other/x", "/x"})
        CHECK_FALSE(bl::is_same_place("/bpf/x", other));
    CHECK(bl::is_same_place("/x", "//x"));
}

TEST_CASE_FIXTURE(machine, "a directory is what comes before the last slash") {
    CHECK(bl::directory_of("/a/b/c") == "/a/b");
    CHECK(bl::directory_of("/a") == "/");
}
