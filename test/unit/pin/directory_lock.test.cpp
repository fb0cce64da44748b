// SPDX-License-Identifier: Apache-2.0
#include "pin/directory_lock.hpp"

#include "pinned.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(machine, "a directory is locked until the lock goes") {
    {
        auto const held = bl::detail::directory_lock::take("/bpf/x", 1s);
        REQUIRE(succeeded(held));
        CHECK(is_locked("/bpf"));
        CHECK_FALSE(is_locked("/other"));
        CHECK(system_calls() == 4);                                    // E27
        CHECK_FALSE(bl::detail::directory_lock::take("/bpf/y", 10ms)); // the same thread too
    }
    CHECK_FALSE(is_locked("/bpf"));
    CHECK(calls(call::unlock) == 1); // closing alone would not do where a child has a duplicate
}

TEST_CASE_FIXTURE(machine, "a lock that another has is waited for, up to a limit") {
    lock_directory("/bpf");
    auto const begin = call::now();
    check_error(bl::detail::directory_lock::take("/bpf/x", 500ms), ETIMEDOUT, bl::operation::flock,
                bl::errc::timed_out, {"/bpf", "others change pins there"});
    CHECK(call::now() - begin >= 500ms);
    CHECK(call::now() - begin < 510ms);
    before(call::back_off, [this] { unlock_directory("/bpf"); }, 5);
    CHECK(succeeded(bl::detail::directory_lock::take("/bpf/x", 500ms)));
}

TEST_CASE_FIXTURE(machine, "a directory that was put in the place is the one that is locked") {
    make_directory("/bpf/d");
    before(call::lock, [this] {
        move("/bpf/d", "/bpf/old");
        make_directory("/bpf/d");
    });
    auto const held = bl::detail::directory_lock::take("/bpf/d/x", 1s);
    REQUIRE(succeeded(held));
    CHECK(is_locked("/bpf/d"));
    CHECK_FALSE(is_locked("/bpf/old"));
    before(call::lock, [this] { remove("/bpf/old"); });
    check_error(bl::detail::directory_lock::take("/bpf/old/x", 1s), ENOENT, bl::operation::open,
                bl::errc::not_found, {"/bpf/old", "directory does not exist"});
}

TEST_CASE_FIXTURE(machine, "a directory that cannot be locked says why") {
    for (auto const each :
         any_calls{call::open_directory, call::lock, call::look_at, call::facts_of_file}) {
        fail(each, ENOLCK);
        auto const done = bl::detail::directory_lock::take("/bpf/x", 1s);
        REQUIRE_FALSE(done);
        CHECK(done.error().code().value() == ENOLCK);
        CHECK_FALSE(is_locked("/bpf"));
    }
}

TEST_CASE_FIXTURE(machine, "each refusal of a directory's lock has its cause") {
    struct row {
        any_call where;
        int number;
        bl::operation what;
        bl::errc condition;
        char const* text;
    };
    using enum bl::operation;
    for (row const& each :
         {row{call::open_directory, EACCES, open, bl::errc::permission_denied, "the mode"},
          row{call::open_directory, EMFILE, open, no_condition, "no free descriptor"},
          row{call::lock, ENOLCK, flock, no_condition, "no memory for another lock"},
          row{call::lock, ENOMEM, flock, no_condition, "no memory"},
          row{call::lock, EACCES, flock, bl::errc::permission_denied, "a security module"},
          row{call::facts_of_file, EACCES, stat, bl::errc::permission_denied, "the mode"},
          row{call::facts_of_file, ELOOP, stat, bl::errc::invalid_argument, "in a circle"}}) {
        fail(each.where, each.number);
        auto const done = bl::detail::directory_lock::take("/bpf/x", 1s);
        mend();
        check_error(done, each.number, each.what, each.condition, {"/bpf", each.text});
    }
}

TEST_CASE_FIXTURE(pinnable, "replace_pin waits two seconds for the lock, and changes nothing") {
    pin("/bpf/x", other); // E2
    lock_directory("/bpf");
    auto const begin = call::now();
    check_error(handle.replace_pin("/bpf/x"), ETIMEDOUT, bl::operation::flock, bl::errc::timed_out,
                {"/bpf"});
    CHECK(call::now() - begin >= 2s);
    CHECK(call::now() - begin < 3s);
    CHECK(others_at("/bpf/x"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
    CHECK_FALSE(handle.is_pinned());
    unlock_directory("/bpf");
    CHECK(succeeded(handle.replace_pin("/bpf/x")));
}
