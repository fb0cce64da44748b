// SPDX-License-Identifier: Apache-2.0
#include "pinned.hpp"

#include <string>
#include <utility>
#include <vector>

TEST_CASE_FIXTURE(pinnable, "replace_pin pins plainly where nothing is") {
    REQUIRE(succeeded(handle.replace_pin("/bpf/x"))); // E2
    CHECK(pinned_at("/bpf/x"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
    CHECK(calls(call::obj_pin) == 1);
    CHECK(calls(call::rename) == 0);
}

TEST_CASE_FIXTURE(pinnable, "a pin that comes between is replaced as if it had been there") {
    before(call::obj_pin, [&] { pin("/bpf/x", other); });
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
    fail_always(call::obj_pin, EEXIST); // and for ever
    check_error(handle.replace_pin("/other/x"), EEXIST, bl::operation::obj_pin,
                bl::errc::already_exists, {"/other/x"});
    CHECK(pinned_at("/bpf/x"));
}

TEST_CASE_FIXTURE(pinnable, "replace_pin over another link pins under a name of its own first") {
    pin("/bpf/x", other); // E2
    before(call::rename, [&] {
        CHECK(others_at("/bpf/x"));
        CHECK(link_at("/bpf/x%tmp") == there.id());
        CHECK(is_locked("/bpf"));
    });
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
    CHECK_FALSE(is_locked("/bpf"));
}

TEST_CASE_FIXTURE(pinnable, "what a killed replace_pin left is gone after the next") {
    pin("/bpf/x%tmp", other); // E2
    SUBCASE("the name is free") {
    }
    SUBCASE("the name is taken") {
        pin("/bpf/x", other);
    }
    SUBCASE("the link is there already") {
        pin("/bpf/x", there);
    }
    SUBCASE("its own pin is there") {
        pin("/bpf/x", there);
        auto loaded = bl::link::load_pinned("/bpf/x");
        REQUIRE(succeeded(loaded));
        handle = *std::move(loaded);
    }
    SUBCASE("its own pin comes from elsewhere") {
        REQUIRE(succeeded(handle.pin("/bpf/y")));
    }
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
}

TEST_CASE_FIXTURE(pinnable,
                  "a link that only its temporary pin holds is published by replace_pin") {
    pin("/bpf/x%tmp", there); // E2
    pin("/bpf/x", other);
    let_go(there);
    auto loaded = bl::link::load_pinned("/bpf/x%tmp");
    REQUIRE(succeeded(loaded));
    REQUIRE(succeeded(loaded->replace_pin("/bpf/x")));
    CHECK(link_at("/bpf/x") == there.id());
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
}

TEST_CASE_FIXTURE(pinnable, "what is not a link's pin at the temporary name is named and left") {
    pin("/bpf/x", other); // E2
    SUBCASE("a map") {
        pin("/bpf/x%tmp", map);
    }
    SUBCASE("a directory") {
        make_directory("/bpf/x%tmp");
    }
    SUBCASE("a symbolic link") {
        make_symlink("/bpf/x%tmp", "x");
    }
    check_error(handle.replace_pin("/bpf/x"), EEXIST, bl::operation::obj_pin,
                bl::errc::already_exists, {"/bpf/x%tmp", "remove it"});
    CHECK(others_at("/bpf/x"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x", "x%tmp"});
    CHECK_FALSE(handle.is_pinned());
}

TEST_CASE_FIXTURE(pinnable, "a name of any length has a temporary name of its own") {
    for (std::size_t const length : {1U, 250U, 251U, 252U, 255U}) {
        auto const path = "/bpf/" + std::string(length, 'n');
        pin(path, other);
        before(call::rename, [&] {
            for (auto const& name : names_in("/bpf"))
                CHECK(name.size() <= 255);
            CHECK(names_in("/bpf").size() == 2);
        });
        handle = opened(there);
        REQUIRE(succeeded(handle.replace_pin(path)));
        CHECK(names_in("/bpf").size() == 1);
        remove(path);
    }
}

TEST_CASE_FIXTURE(pinnable, "replace_pin takes another link's pin at no moment away") {
    pin("/bpf/x", other);
    let_go(other);
    bl::link_id const replaced{other.id()};
    before(call::rename, [&] {
        CHECK(others_at("/bpf/x"));
        CHECK(exists(replaced));
    });
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    CHECK_FALSE(exists(replaced)); // its last pin went
    CHECK(calls(call::unlink) == 0);
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
}

TEST_CASE_FIXTURE(pinned, "replace_pin over the link's own pin keeps it") {
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    remove("/bpf/x");
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
}

TEST_CASE_FIXTURE(pinned, "replace_pin knows the link's own pin by any spelling of its path") {
    let_go(there);
    change_directory("/bpf");
    for (auto const* const spelling : {"/bpf//x", "/bpf/./x", "./x", "/home/../bpf/x"}) {
        CAPTURE(spelling);
        REQUIRE(succeeded(handle.replace_pin(spelling)));
        CHECK(handle.is_pinned());
        CHECK(link_at("/bpf/x") == there.id());
        CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
    }
    CHECK(succeeded(handle.unpin()));
    CHECK(names_in("/bpf").empty());
}

TEST_CASE_FIXTURE(pinned, "a move to the same place by another spelling loses nothing") {
    (void)handle.pin("/bpf//x");
    CHECK(handle.is_pinned());
    CHECK(link_at("/bpf/x") == there.id());
    CHECK(succeeded(handle.unpin()));
    CHECK_FALSE(has_path("/bpf/x"));
}

TEST_CASE_FIXTURE(pinned, "replace_pin elsewhere takes the old pin along") {
    pin("/bpf/y", other);
    REQUIRE(succeeded(handle.replace_pin("/bpf/y")));
    CHECK(pinned_at("/bpf/y"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"y"});
    pin("/other/z", other);
    REQUIRE(succeeded(handle.replace_pin("/other/z"))); // on another bpffs
    CHECK(pinned_at("/other/z"));
    CHECK(names_in("/bpf").empty());
    CHECK(names_in("/other") == std::vector<std::string>{"z"});
}

TEST_CASE_FIXTURE(pinned, "replace_pin elsewhere leaves what somebody else put in the old place") {
    remove("/bpf/x");
    SUBCASE("nothing") {
    }
    SUBCASE("a link") {
        pin("/bpf/x", other);
    }
    SUBCASE("a map") {
        pin("/bpf/x", map);
    }
    bool const taken = has_path("/bpf/x");
    REQUIRE(succeeded(handle.replace_pin("/bpf/y")));
    CHECK(pinned_at("/bpf/y"));
    CHECK(has_path("/bpf/x") == taken);
    CHECK(names_in("/bpf").size() == (taken ? 2 : 1));
}

TEST_CASE_FIXTURE(pinnable, "replace_pin replaces nothing but links") {
    pin("/bpf/map", map);
    pin("/bpf/prog", prog);
    for (std::string const path : {"/bpf/map", "/bpf/prog"}) {
        check_error(handle.replace_pin(path), EINVAL, bl::operation::identify, bl::errc::not_a_link,
                    {path});
    }
    make_directory("/bpf/zdir");
    auto const directory = handle.replace_pin("/bpf/zdir");
    check_error(directory, EINVAL, bl::operation::obj_get, bl::errc::invalid_argument,
                {"/bpf/zdir", "it is a directory"});
    CHECK_FALSE(handle.is_pinned());
    CHECK(names_in("/bpf") == std::vector<std::string>{"map", "prog", "zdir"});
}

TEST_CASE_FIXTURE(pinnable, "replace_pin where no pin can be says why") {
    pin("/bpf/map", map);
    for (auto const& bad : bad_paths) {
        CAPTURE(bad.path);
        auto const done = handle.replace_pin(bad.path);
        REQUIRE_FALSE(done);
        CHECK(done.error() == bad.condition);
        CHECK(done.error().subject() == bad.path);
        CHECK_FALSE(handle.is_pinned());
        CHECK(names_in("/bpf") == std::vector<std::string>{"map"});
    }
}

TEST_CASE_FIXTURE(pinned,
                  "a replacement that fails removes its temporary pin and changes nothing") {
    pin("/bpf/y", other);
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{EPERM, bl::errc::permission_denied},
                                               {EACCES, bl::errc::permission_denied},
                                               {EISDIR, bl::errc::invalid_argument},
                                               {ENOMEM, no_condition}}) {
        fail(call::rename, number);
        check_error(handle.replace_pin("/bpf/y"), number, bl::operation::rename, condition,
                    {"/bpf/y"});
        CHECK(pinned_at("/bpf/x"));
        CHECK(others_at("/bpf/y"));
        CHECK(names_in("/bpf") == std::vector<std::string>{"x", "y"});
    }
}

TEST_CASE_FIXTURE(pinnable, "so does one of a handle without a pin") {
    pin("/bpf/y", other);
    fail(call::rename, EACCES);
    check_error(handle.replace_pin("/bpf/y"), EACCES, bl::operation::rename,
                bl::errc::permission_denied, {"/bpf/y"});
    CHECK_FALSE(handle.is_pinned());
    CHECK(others_at("/bpf/y"));
    CHECK(names_in("/bpf") == std::vector<std::string>{"y"});
}

TEST_CASE_FIXTURE(pinnable, "a pin that cannot be made is an error at the path") {
    fail(call::obj_pin, EPERM);
    check_error(handle.replace_pin("/bpf/x"), EPERM, bl::operation::obj_pin,
                bl::errc::permission_denied);
    CHECK(names_in("/bpf").empty());
    CHECK_FALSE(handle.is_pinned());
}

TEST_CASE_FIXTURE(pinned, "a replacement on another bpffs whose old pin cannot go is taken back") {
    pin("/other/y", other);
    fail(call::unlink, EACCES);
    check_error(handle.replace_pin("/other/y"), EACCES, bl::operation::unlink,
                bl::errc::permission_denied, {"/bpf/x"});
    CHECK(pinned_at("/bpf/x"));
    CHECK(link_at("/other/y") == other.id());
    CHECK(names_in("/other") == std::vector<std::string>{"y"});
}

TEST_CASE("a replacement on another bpffs that fails there leaves the old pin") {
    int failures = 0;
    for (int nth = 1; nth != 4; ++nth) { // how often it is renamed is nobody's business
        pinned world;
        world.pin("/other/y", world.other);
        world.fail(call::rename, EACCES, nth);
        auto const done = world.handle.replace_pin("/other/y");
        if (done) continue;
        ++failures;
        check_error(done.error(), EACCES, bl::operation::rename, bl::errc::permission_denied,
                    {"/other/y"});
        CHECK(world.pinned_at("/bpf/x"));
        CHECK(world.link_at("/other/y") == world.other.id());
        CHECK(world.names_in("/bpf") == std::vector<std::string>{"x"});
        CHECK(world.names_in("/other") == std::vector<std::string>{"y"});
    }
    CHECK(failures > 0);
}

TEST_CASE_FIXTURE(pinned, "a pin that a failure leaves behind is named") {
    fail_always(call::unlink, EACCES);
    check_error(handle.pin("/other/y"), EACCES, bl::operation::unlink, bl::errc::permission_denied,
                {"/bpf/x", "undoing failed too", "/other/y"});
    CHECK(pinned_at("/bpf/x"));
    CHECK(has_path("/other/y"));

    mend();
    pin("/bpf/z", other);
    fail_always(call::unlink, EACCES);
    fail_always(call::rename, EISDIR);
    handle = opened(there);
    check_error(handle.replace_pin("/bpf/z"), EISDIR, bl::operation::rename,
                bl::errc::invalid_argument, {"/bpf/z", "undoing failed too: unlink /bpf/z%tmp"});
}
