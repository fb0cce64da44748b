// SPDX-License-Identifier: Apache-2.0
#include "pinned.hpp"

#include <string>
#include <tuple>
#include <utility>
#include <vector>

TEST_CASE_FIXTURE(pinnable,
                  "a first pin takes two system calls, one to see that its path is real") {
    REQUIRE(succeeded(handle.pin("/bpf/x"))); // E27
    CHECK(pinned_at("/bpf/x"));
    CHECK(handle.is_pinned());
    CHECK(system_calls() == 2);
    CHECK(calls(call::crosses_symlink) == 1);
}

TEST_CASE_FIXTURE(pinned, "the later operations on a pin cost what is written of them") {
    auto const cost = [&](auto act) { // E27
        forget_calls();
        REQUIRE(succeeded(act()));
        return system_calls();
    };
    CHECK(cost([&] { return handle.pin("/bpf/x"); }) == 8);
    CHECK(cost([&] { return handle.pin("/bpf/y"); }) == 9);
    CHECK(cost([&] { return handle.unpin(); }) == 8);
    CHECK(cost([&] { return handle.unpin(); }) == 0);
    CHECK(cost([&] { return handle.replace_pin("/bpf/x"); }) == 10);
    pin("/bpf/y", other);
    handle = opened(there);
    CHECK(cost([&] { return handle.replace_pin("/bpf/y"); }) == 18);
}

TEST_CASE_FIXTURE(pinnable, "a handle without a pin remembers none") {
    CHECK_FALSE(handle.is_pinned());
    CHECK_FALSE(handle.pinned_path().has_value());
}

TEST_CASE_FIXTURE(pinnable, "a taken path is left alone") {
    pin("/bpf/x", other);
    pin("/bpf/map", map);
    make_directory("/bpf/dir");
    for (std::string const path : {"/bpf/x", "/bpf/map", "/bpf/dir"}) {
        auto const* const told = path == "/bpf/dir"   ? "it is a directory" // E22
                                 : path == "/bpf/map" ? "a map is pinned there: choose another name"
                                                      : "replace_pin replaces a link";
        check_error(handle.pin(path), EEXIST, bl::operation::obj_pin, bl::errc::already_exists,
                    {path, told});
        CHECK_FALSE(handle.is_pinned());
    }
    CHECK(others_at("/bpf/x"));
    make_file("/home/file");
    check_error(handle.pin("/home/file"), EEXIST, bl::operation::obj_pin, bl::errc::already_exists,
                {"/home/file", "the directory is not on a bpffs"});
}

TEST_CASE_FIXTURE(pinnable, "a place that takes no pin says why, and privilege is something else") {
    pin("/bpf/map", map);
    for (auto const& bad : bad_paths) {
        CAPTURE(bad.path);
        check_error(handle.pin(bad.path), bad.number, bl::operation::obj_pin, bad.condition,
                    {bad.path, bad.advice});
        CHECK_FALSE(handle.is_pinned());
    }
    for (auto const& [number, condition, advice] :
         std::vector<std::tuple<int, bl::errc, char const*>>{
             {EPERM, bl::errc::permission_denied, "security module"},
             {EACCES, bl::errc::permission_denied, "mode of a directory"},
             {EINVAL, bl::errc::invalid_argument, "closed behind its handle"},
             {EOVERFLOW, bl::errc::invalid_argument,
              "; this process's user or group has no number"},
             {ENAMETOOLONG, bl::errc::invalid_argument, "255 bytes"},
             {EROFS, bl::errc::read_only, "mount it again"},
             {ENOMEM, no_condition, "no memory"},
             {ENOSPC, no_condition, "no memory for another name"}}) {
        fail(call::obj_pin, number);
        check_error(handle.pin("/bpf/x"), number, bl::operation::obj_pin, condition,
                    {"/bpf/x", advice});
        CHECK_FALSE(handle.is_pinned());
        CHECK_FALSE(has_path("/bpf/x"));
    }
}

TEST_CASE_FIXTURE(pinnable, "what is read-only and not a bpffs is not said to be one") {
    constexpr auto wrong = bl::errc::invalid_argument;
    fail(call::obj_pin, EROFS);
    check_error(handle.pin("/home/x"), EROFS, bl::operation::obj_pin, wrong,
                {"/home/x", "; the directory is not on a bpffs"});
    for (int const number : {EROFS, EPERM}) {
        fail(call::obj_get, number);
        check_error(bl::link::load_pinned("/home"), number, bl::operation::obj_get, wrong,
                    {"/home", "; the path is not on a bpffs"});
    }
    fail(call::obj_get, EROFS);
    check_error(bl::link::load_pinned("/bpf"), EROFS, bl::operation::obj_get, bl::errc::read_only,
                {"; the bpffs is mounted so"});
}

TEST_CASE_FIXTURE(pinnable, "a path that is no path is refused without a system call") {
    for (auto const path : {std::string_view{}, std::string_view{"/bpf/a\0b", 8}}) {
        for (auto const& done : {handle.pin(path), handle.replace_pin(path)}) {
            check_error(done, EINVAL, bl::operation::obj_pin, bl::errc::invalid_argument);
        }
    }
    CHECK(system_calls() == 0);
    CHECK_FALSE(handle.is_pinned());
}

TEST_CASE_FIXTURE(pinnable, "a relative path stays where it was when the process goes elsewhere") {
    change_directory("/bpf");
    REQUIRE(succeeded(handle.pin("x")));
    CHECK(pinned_at("/bpf/x"));
    change_directory("/other");
    REQUIRE(succeeded(handle.pin("x")));
    CHECK(pinned_at("/other/x"));
    CHECK_FALSE(has_path("/bpf/x"));
    change_directory("/home");
    REQUIRE(succeeded(handle.unpin()));
    CHECK_FALSE(has_path("/other/x"));
    fail(call::current_directory, ENOENT);
    check_error(handle.pin("x"), ENOENT, bl::operation::obj_pin, bl::errc::not_found, {"x"});
}

// The same path again

TEST_CASE_FIXTURE(pinned, "pinning again where it is pinned changes nothing") {
    REQUIRE(succeeded(handle.pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    CHECK(calls(call::obj_pin) == 0);
    CHECK(calls(call::unlink) == 0);
}

TEST_CASE_FIXTURE(pinned, "a pin that was removed is made anew") {
    remove("/bpf/x");
    REQUIRE(succeeded(handle.pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    CHECK(calls(call::obj_pin) == 1);
}

TEST_CASE("what somebody else put in the pin's place stays and is forgotten") {
    struct attempt {
        bl::operation where;
        bl::result<void> (*act)(bl::link&);
    };
    attempt const attempts[]{
        {bl::operation::obj_pin, [](bl::link& l) { return l.pin("/bpf/x"); }},
        {bl::operation::obj_pin, [](bl::link& l) { return l.pin("/bpf/y"); }},
        {bl::operation::unlink, [](bl::link& l) { return l.unpin(); }},
    };
    void (*const intrusions[])(pinned&){
        [](pinned& world) { world.pin("/bpf/x", world.other); },
        [](pinned& world) { world.pin("/bpf/x", world.map); },
        [](pinned& world) { world.pin("/bpf/x", world.prog); },
    };
    for (auto const& attempt : attempts)
        for (auto const intrude : intrusions) {
            pinned world;
            world.remove("/bpf/x");
            intrude(world);
            auto const intruder = world.link_at("/bpf/x");

            check_error(attempt.act(world.handle), EEXIST, attempt.where, bl::errc::already_exists,
                        {"/bpf/x", "left alone"});
            CHECK(world.names_in("/bpf") == std::vector<std::string>{"x"});
            CHECK(world.link_at("/bpf/x") == intruder);
            CHECK_FALSE(world.handle.is_pinned());

            CHECK(succeeded(world.handle.unpin())); // nothing is remembered
            REQUIRE(succeeded(world.handle.pin("/bpf/y")));
            CHECK(world.pinned_at("/bpf/y"));
        }
}

// Elsewhere

TEST_CASE_FIXTURE(pinned, "pinning elsewhere moves the pin") {
    make_directory("/bpf/dir");
    REQUIRE(succeeded(handle.pin("/bpf/dir/y")));
    CHECK(pinned_at("/bpf/dir/y"));
    CHECK_FALSE(has_path("/bpf/x"));
    CHECK(calls(call::obj_pin) == 0);
    CHECK(calls(call::rename_no_replace) == 1);
    CHECK(calls(call::rename) == 0);
}

TEST_CASE_FIXTURE(pinned, "a move replaces nothing") {
    pin("/bpf/y", other);
    check_error(handle.pin("/bpf/y"), EEXIST, bl::operation::rename, bl::errc::already_exists,
                {"/bpf/y"});
    CHECK(pinned_at("/bpf/x"));
    CHECK(others_at("/bpf/y"));
}

TEST_CASE_FIXTURE(pinned, "a move of a pin that was removed pins anew") {
    remove("/bpf/x");
    REQUIRE(succeeded(handle.pin("/bpf/y")));
    CHECK(pinned_at("/bpf/y"));
    CHECK_FALSE(has_path("/bpf/x"));
}

TEST_CASE_FIXTURE(pinned, "a move to where no pin can be leaves the pin where it is") {
    pin("/bpf/map", map);
    for (auto const& bad : bad_paths) {
        CAPTURE(bad.path);
        auto const done = handle.pin(bad.path);
        REQUIRE_FALSE(done);
        CHECK(done.error() == bad.condition);
        CHECK(done.error().subject() == bad.path);
        CHECK(done.error().message().find(bad.advice) != std::string::npos);
        CHECK(pinned_at("/bpf/x"));
    }
    for (int const number : {EPERM, EACCES, ENOMEM}) {
        fail(call::rename_no_replace, number);
        check_error(handle.pin("/bpf/y"), number, bl::operation::rename,
                    number == ENOMEM ? no_condition : bl::errc::permission_denied, {"/bpf/y"});
        CHECK(pinned_at("/bpf/x"));
    }
}

TEST_CASE_FIXTURE(pinned, "whether the pin is still ours must be known before it is touched") {
    SUBCASE("the pin cannot be opened") {
        fail_always(call::obj_get, EMFILE);
    }
    SUBCASE("the link cannot be asked for its id") {
        fail_always(call::obj_get_info, EMFILE);
    }
    for (auto const& done : {handle.pin("/bpf/y"), handle.pin("/bpf/x"), handle.unpin()}) {
        REQUIRE_FALSE(done);
        CHECK(done.error().code().value() == EMFILE);
    }
    CHECK(pinned_at("/bpf/x"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
}

TEST_CASE_FIXTURE(pinned, "a move to another bpffs pins there, then unlinks here") {
    REQUIRE(succeeded(handle.pin("/other/y")));
    CHECK(pinned_at("/other/y"));
    CHECK(names_in("/bpf").empty());
    REQUIRE(succeeded(handle.pin("/bpf/z")));
    before(call::unlink, [this] { remove("/bpf/z"); });
    REQUIRE(succeeded(handle.pin("/other/z"))); // gone meanwhile: that was to happen anyway
    CHECK(pinned_at("/other/z"));
}

TEST_CASE_FIXTURE(pinned, "a move to another bpffs that fails there leaves the pin where it is") {
    pin("/other/y", other);
    check_error(handle.pin("/other/y"), EEXIST, bl::operation::obj_pin, bl::errc::already_exists,
                {"/other/y"});
    auto const dot = handle.pin("/other/a.b");
    check_error(dot, EPERM, bl::operation::obj_pin, bl::errc::invalid_argument,
                {"/other/a.b", "no dot"});
    check_error(handle.pin("/home/y"), EPERM, bl::operation::obj_pin, bl::errc::invalid_argument,
                {"/home/y", "not on a bpffs"});
    CHECK(pinned_at("/bpf/x"));
    CHECK(link_at("/other/y") == other.id());
    CHECK(names_in("/other") == std::vector<std::string>{"y"});
}

TEST_CASE_FIXTURE(pinned, "a move to another bpffs that cannot unlink here is taken back") {
    fail(call::unlink, EACCES);
    check_error(handle.pin("/other/y"), EACCES, bl::operation::unlink, bl::errc::permission_denied,
                {"/bpf/x"});
    CHECK(pinned_at("/bpf/x"));
    CHECK(names_in("/other").empty());
}

// Unpin

TEST_CASE_FIXTURE(pinned, "unpin removes the pin and keeps the link") {
    REQUIRE(succeeded(handle.unpin()));
    CHECK_FALSE(has_path("/bpf/x"));
    CHECK_FALSE(handle.is_pinned());
    CHECK(handle);
    forget_calls();
    CHECK(succeeded(handle.unpin()));
    CHECK(system_calls() == 0); // not pinned: nothing to do
}

TEST_CASE_FIXTURE(pinned, "a pin that is gone is unpinned") {
    SUBCASE("before") {
        remove("/bpf/x");
    }
    SUBCASE("at the last moment") {
        before(call::unlink, [this] { remove("/bpf/x"); });
    }
    CHECK(succeeded(handle.unpin()));
    CHECK_FALSE(handle.is_pinned());
}

TEST_CASE_FIXTURE(pinned, "an owner without a number is the process's or the pin's") {
    constexpr auto wrong = bl::errc::invalid_argument;
    fail(call::unlink, EOVERFLOW);
    check_error(handle.unpin(), EOVERFLOW, bl::operation::unlink, wrong,
                {"; the pin's owner or group has no number"});
    fail(call::rename_no_replace, EOVERFLOW);
    check_error(handle.pin("/bpf/y"), EOVERFLOW, bl::operation::rename, wrong,
                {"one of: the pin's owner", "this process's user"});
}

TEST_CASE_FIXTURE(pinned, "a pin that cannot be removed is still remembered") {
    for (int const number : {EPERM, EACCES, EROFS}) {
        fail(call::unlink, number);
        check_error(handle.unpin(), number, bl::operation::unlink,
                    number == EROFS ? bl::errc::read_only : bl::errc::permission_denied,
                    {"/bpf/x"});
        CHECK(pinned_at("/bpf/x"));
    }
    CHECK(succeeded(handle.unpin()));
}

TEST_CASE_FIXTURE(pinned, "another link's handle does not remove this link's pin") {
    auto stranger = opened(other);
    CHECK(succeeded(stranger.unpin()));
    CHECK(pinned_at("/bpf/x"));
    auto second = opened(there); // the same link, and another handle: it remembers nothing
    CHECK(succeeded(second.unpin()));
    CHECK(pinned_at("/bpf/x"));
}

TEST_CASE_FIXTURE(pinned, "a link's second pin at the path counts as its own") {
    remove("/bpf/x");
    pin("/bpf/x", there); // by another process, of the same link
    CHECK(succeeded(handle.unpin()));
    CHECK_FALSE(has_path("/bpf/x"));
}
