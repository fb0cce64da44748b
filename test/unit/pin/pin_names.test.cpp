// SPDX-License-Identifier: Apache-2.0
// Pins are names of inodes: what else stands at a path, leads to it, or has two names.
#include "pinned.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace {

using names = std::vector<std::string>;

/// /bpf/v1, a pin that only its name holds, and /bpf/current, which leads to it.
struct layout : pinnable {
    layout() {
        pin("/bpf/v1", there);
        make_symlink("/bpf/current", "v1");
        make_directory("/bpf/dir");
        let_go(there);
        CHECK(succeeded(handle.close()));
        handle = loaded("/bpf/current");
    }
    bl::link loaded(char const* path) {
        auto result = bl::link::load_pinned(path);
        REQUIRE(succeeded(result));
        forget_calls();
        return *std::move(result);
    }
    [[nodiscard]] bool leads_to_v1() const {
        return has_path("/bpf/current") && link_at("/bpf/current") == 0;
    }
};

/// Releases, with /bpf/current for the directory of the newest.
struct releases : pinnable {
    releases() {
        make_directory("/bpf/v1");
        make_directory("/bpf/v2");
        make_symlink("/bpf/current", "v1");
    }
    void release() {
        make_symlink("/bpf/current", "v2");
        pin("/bpf/v2/x", other);
    }
};

} // namespace

// Symbolic links

TEST_CASE_FIXTURE(layout, "a link loaded through a symbolic link remembers the pin's own name") {
    CHECK(handle.pinned_path() == "/bpf/v1"); // E1
}

TEST_CASE_FIXTURE(layout, "replace_pin of the name that a symbolic link led to keeps the pin") {
    for (auto const* const path : {"/bpf/v1", "/bpf/current", "/bpf/dir/../v1"}) { // E1
        REQUIRE(succeeded(handle.replace_pin(path)));
        CHECK(pinned_at("/bpf/v1"));
        CHECK(leads_to_v1());
        REQUIRE(succeeded(handle.pin(path)));
        CHECK(pinned_at("/bpf/v1"));
    }
    CHECK(names_in("/bpf") == names{"current", "dir", "v1"});
    CHECK(succeeded(handle.close()));
    CHECK(exists(bl::link_id{there.id()}));
}

TEST_CASE_FIXTURE(layout, "unpin removes the pin, and not the symbolic link that led to it") {
    REQUIRE(succeeded(handle.unpin())); // E1b
    CHECK_FALSE(has_path("/bpf/v1"));
    CHECK(leads_to_v1());
}

TEST_CASE_FIXTURE(layout, "a move moves the pin, and not the symbolic link that led to it") {
    auto const move_to = [&](char const* path, bool replacing) { // E1c
        return replacing ? handle.replace_pin(path) : handle.pin(path);
    };
    bool replacing = false;
    SUBCASE("by pin") {
    }
    SUBCASE("by replace_pin") {
        replacing = true;
        pin("/bpf/dir/x", other);
    }
    REQUIRE(succeeded(move_to("/bpf/dir/x", replacing)));
    CHECK(pinned_at("/bpf/dir/x"));
    CHECK_FALSE(has_path("/bpf/v1"));
    CHECK(leads_to_v1());
    REQUIRE(succeeded(move_to("/other/x", replacing)));
    CHECK(pinned_at("/other/x"));
    CHECK(names_in("/bpf/dir").empty());
}

TEST_CASE_FIXTURE(releases, "a directory is resolved when the path is taken, and not again") {
    auto const unpins_its_own = [&] { // E1
        CHECK(pinned_at("/bpf/v1/x"));
        release();
        REQUIRE(succeeded(handle.unpin()));
        CHECK_FALSE(has_path("/bpf/v1/x"));
        CHECK(others_at("/bpf/v2/x"));
    };
    SUBCASE("by pin") {
        REQUIRE(succeeded(handle.pin("/bpf/current/x")));
        unpins_its_own();
    }
    SUBCASE("by a relative path") {
        change_directory("/bpf");
        REQUIRE(succeeded(handle.pin("current/x")));
        unpins_its_own();
    }
    SUBCASE("by replace_pin") {
        REQUIRE(succeeded(handle.replace_pin("/bpf/current/x")));
        unpins_its_own();
    }
    SUBCASE("by replace_pin over another") {
        pin("/bpf/v1/x", other);
        REQUIRE(succeeded(handle.replace_pin("/bpf/current/x")));
        unpins_its_own();
    }
    SUBCASE("by a move") {
        REQUIRE(succeeded(handle.pin("/other/y")));
        REQUIRE(succeeded(handle.pin("/bpf/current/x")));
        unpins_its_own();
    }
    SUBCASE("by load_pinned") {
        pin("/bpf/v1/x", there);
        auto loaded = bl::link::load_pinned("/bpf/current/x");
        REQUIRE(succeeded(loaded));
        handle = *std::move(loaded);
        unpins_its_own();
    }
}

TEST_CASE_FIXTURE(layout,
                  "a symbolic link is a taken name to pin, unless it leads to the own pin") {
    handle = opened(other);
    check_error(handle.pin("/bpf/current"), EEXIST, bl::operation::obj_pin,
                bl::errc::already_exists, {"/bpf/v1"});
    remove("/bpf/v1");
    check_error(handle.pin("/bpf/current"), EEXIST, bl::operation::obj_pin,
                bl::errc::already_exists,
                {"/bpf/current", "a symbolic link that leads to nothing"});
    CHECK(names_in("/bpf") == names{"current", "dir"});
}

TEST_CASE_FIXTURE(layout, "replace_pin replaces what a symbolic link leads to, which stays") {
    auto stranger = opened(other);
    REQUIRE(succeeded(stranger.replace_pin("/bpf/current")));
    CHECK(stranger.pinned_path() == "/bpf/v1");
    CHECK(others_at("/bpf/v1"));
    CHECK(leads_to_v1());
    CHECK(names_in("/bpf") == names{"current", "dir", "v1"});
    remove("/bpf/v1");
    auto fresh = opened(other);
    check_error(fresh.replace_pin("/bpf/current"), EINVAL, bl::operation::obj_get,
                bl::errc::invalid_argument,
                {"/bpf/current", "a symbolic link that leads to nothing"});
    CHECK(names_in("/bpf") == names{"current", "dir"});
}

// One inode, several names

TEST_CASE_FIXTURE(pinned, "replace_pin to another name of the same inode leaves that name alone") {
    make_hard_link("/bpf/x", "/bpf/y"); // E1
    REQUIRE(succeeded(handle.replace_pin("/bpf/y")));
    CHECK(pinned_at("/bpf/y"));
    CHECK(names_in("/bpf") == names{"y"});
}

TEST_CASE_FIXTURE(pinned, "replace_pin to another pin of the same link leaves that pin alone") {
    pin("/bpf/y", there); // E1
    permit("/bpf/y", {0640, 1, 2});
    REQUIRE(succeeded(handle.replace_pin("/bpf/y")));
    CHECK(pinned_at("/bpf/y"));
    CHECK((permissions_of("/bpf/y") == permissions{0640, 1, 2}));
    CHECK(names_in("/bpf") == names{"y"});
}

TEST_CASE_FIXTURE(pinned, "a directory that is mounted twice has the pin once") {
    bind("/home/again", "/bpf"); // E1
    let_go(there);
    for (auto const* const path : {"/home/again/x", "/bpf/x", "/home/again/x"}) {
        REQUIRE(succeeded(handle.replace_pin(path)));
        CHECK(names_in("/bpf") == names{"x"});
        REQUIRE(succeeded(handle.pin(path)));
        CHECK(names_in("/bpf") == names{"x"});
        CHECK(link_at("/bpf/x") == there.id());
    }
    REQUIRE(succeeded(handle.pin("/home/again/y"))); // from one mount to the other
    CHECK(names_in("/bpf") == names{"y"});
    REQUIRE(succeeded(handle.unpin()));
    CHECK(names_in("/bpf").empty());
}

// What stands at the path by now

TEST_CASE("whatever stands at the remembered path is ours, somebody else's or nothing") {
    struct intrusion { // E3
        char const* what;
        std::function<void(pinned&)> come;
        bool foreign;
    };
    intrusion const intrusions[]{
        {"a directory", [](pinned& w) { w.make_directory("/bpf/d/x"); }, true},
        {"a symbolic link to nothing", [](pinned& w) { w.make_symlink("/bpf/d/x"); }, true},
        {"a symbolic link to the link's own pin",
         [](pinned& w) {
             w.pin("/other/y", w.there);
             w.make_symlink("/bpf/d/x", "/other/y");
         },
         true},
        {"a symbolic link to itself", [](pinned& w) { w.make_symlink("/bpf/d/x", "x"); }, true},
        {"another's pin", [](pinned& w) { w.pin("/bpf/d/x", w.other); }, true},
        {"a map", [](pinned& w) { w.pin("/bpf/d/x", w.map); }, true},
        {"nothing", [](pinned&) {}, false},
        {"not even the directory", [](pinned& w) { w.remove("/bpf/d"); }, false},
        {"a file for the directory", [](pinned& w) { w.make_file("/bpf/d"); }, false},
        {"a loop for the directory", [](pinned& w) { w.make_symlink("/bpf/d", "d"); }, false},
        {"no bpffs, and a file",
         [](pinned& w) {
             w.move("/bpf", "/home/unmounted");
             w.move("/home", "/bpf");
             w.make_directory("/bpf/d");
             w.make_file("/bpf/d/x");
         },
         true},
    };
    for (auto const& each : intrusions)
        for (int attempt = 0; attempt != 3; ++attempt) {
            CAPTURE(each.what);
            CAPTURE(attempt);
            pinned world;
            world.make_directory("/bpf/d");
            REQUIRE(succeeded(world.handle.pin("/bpf/d/x")));
            world.remove("/bpf/d/x");
            each.come(world);
            bool const taken = world.has_path("/bpf/d/x");

            auto const done = attempt == 0   ? world.handle.unpin()
                              : attempt == 1 ? world.handle.pin("/other/x")
                                             : world.handle.replace_pin("/other/x");
            CHECK(world.has_path("/bpf/d/x") == taken);
            if (attempt == 2 || !each.foreign) {
                CHECK(succeeded(done));
            } else {
                REQUIRE_FALSE(done);
                CHECK(done.error() == bl::errc::already_exists);
                CHECK_FALSE(world.handle.is_pinned());
            }
            REQUIRE(succeeded(world.handle.pin("/other/z"))); // and not: never again
            CHECK(world.pinned_at("/other/z"));
        }
}

TEST_CASE_FIXTURE(pinnable, "a name with a dot that is gone is nothing") {
    pin("/bpf/maps.debug", there); // E3; the kernel itself makes such names
    auto loaded = bl::link::load_pinned("/bpf/maps.debug");
    REQUIRE(succeeded(loaded));
    remove("/bpf/maps.debug");
    CHECK(succeeded(loaded->unpin()));
    CHECK_FALSE(loaded->is_pinned());
}

TEST_CASE_FIXTURE(pinned, "a look that fails tells nothing, and passes") {
    struct failure { // E3
        any_call what;
        int number;
    };
    for (auto const& each :
         {failure{call::facts_of_name, EACCES}, failure{call::facts_of_name, EIO},
          failure{call::obj_get, EMFILE}, failure{call::obj_get, EACCES},
          failure{call::obj_get, EINVAL}, failure{call::obj_get_info, ENOMEM}}) {
        CAPTURE(each.number);
        fail_always(each.what, each.number);
        for (auto const& done :
             {handle.unpin(), handle.pin("/bpf/y"), handle.replace_pin("/bpf/y")}) {
            REQUIRE_FALSE(done);
            CHECK(done.error().code().value() == each.number);
        }
        mend();
        CHECK(pinned_at("/bpf/x"));
    }
    CHECK(succeeded(handle.unpin()));
    CHECK(names_in("/bpf").empty());
}

// Directories that are renamed

TEST_CASE_FIXTURE(pinnable, "a directory put in the place of the pin's is somebody else's") {
    make_directory("/bpf/v1"); // E1
    REQUIRE(succeeded(handle.pin("/bpf/v1/x")));
    move("/bpf/v1", "/bpf/old");
    make_directory("/bpf/v1");
    pin("/bpf/v1/x", other);
    SUBCASE("unpin") {
        CHECK(handle.unpin().error() == bl::errc::already_exists);
    }
    SUBCASE("a move") {
        CHECK(handle.pin("/bpf/y").error() == bl::errc::already_exists);
    }
    SUBCASE("replace_pin") {
        CHECK(succeeded(handle.replace_pin("/bpf/y")));
    }
    CHECK(others_at("/bpf/v1/x"));
    CHECK(link_at("/bpf/old/x") == there.id());
}

TEST_CASE_FIXTURE(pinnable, "a renamed directory with a link in its place has the pin once") {
    make_directory("/bpf/v1"); // E1
    REQUIRE(succeeded(handle.pin("/bpf/v1/x")));
    let_go(there);
    move("/bpf/v1", "/bpf/v2");
    make_symlink("/bpf/v1", "v2");
    REQUIRE(succeeded(handle.replace_pin("/bpf/v2/x")));
    CHECK(pinned_at("/bpf/v2/x"));
    REQUIRE(succeeded(handle.pin("/bpf/v1/x")));
    CHECK(pinned_at("/bpf/v2/x"));
}

// Mode and owner

namespace {

struct guarded : pinnable {
    permissions const readers{0660, 0, 4'242};
    permissions const fresh{};
};

} // namespace

TEST_CASE_FIXTURE(guarded, "replace_pin keeps mode and owner of the pin that it replaces") {
    pin("/bpf/x", other); // E8
    permit("/bpf/x", readers);
    SUBCASE("by a new pin") {
    }
    SUBCASE("by a pin from elsewhere") {
        REQUIRE(succeeded(handle.pin("/bpf/y")));
    }
    SUBCASE("by a pin from another bpffs") {
        REQUIRE(succeeded(handle.pin("/other/y")));
    }
    before(call::rename, [&] { CHECK((permissions_of("/bpf/x") == readers)); });
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
    CHECK(pinned_at("/bpf/x"));
    CHECK((permissions_of("/bpf/x") == readers));
    CHECK(names_in("/bpf") == names{"x"});
    CHECK(names_in("/other").empty());
}

TEST_CASE_FIXTURE(guarded, "a pin has its mode and owner before it can be opened at the path") {
    pin("/bpf/x", other); // E8
    permit("/bpf/x", readers);
    before(call::rename, [&] { CHECK((permissions_of("/bpf/x%tmp") == readers)); });
    REQUIRE(succeeded(handle.replace_pin("/bpf/x")));
}

TEST_CASE("a replacement that cannot have mode and owner changes nothing") {
    for (auto const what : any_calls{call::change_owner, call::change_mode}) // E8
        for (auto const* const from : {"", "/bpf/y", "/other/y"}) {
            CAPTURE(from);
            guarded world;
            world.pin("/bpf/x", world.other);
            world.permit("/bpf/x", world.readers);
            if (*from != '\0') REQUIRE(succeeded(world.handle.pin(from)));
            world.fail(what, EPERM);
            auto const done = world.handle.replace_pin("/bpf/x");
            REQUIRE_FALSE(done);
            CHECK(done.error() == bl::errc::permission_denied);
            CHECK(world.others_at("/bpf/x"));
            CHECK((world.permissions_of("/bpf/x") == world.readers));
            CHECK(world.handle.is_pinned() == (*from != '\0'));
            if (*from == '\0') continue;
            CHECK(world.pinned_at(from));
            CHECK((world.permissions_of(from) == world.fresh));
        }
}

TEST_CASE_FIXTURE(guarded, "an owner or a mode that a pin cannot have is refused with the cause") {
    struct row {
        any_call where;
        int number;
        std::vector<unsigned> lacks;
        bl::errc condition;
        char const* text;
    };
    using enum bl::errc;
    pin("/bpf/x", other);
    permit("/bpf/x", readers);
    for (row const& each :
         {row{call::change_owner, EPERM, {0}, permission_denied, "CAP_CHOWN is missing"},
          row{call::change_owner, EPERM, {}, permission_denied, "a security module"},
          row{call::change_owner, EINVAL, {}, invalid_argument, "in this user namespace"},
          row{call::change_owner, EOVERFLOW, {}, invalid_argument, "no number on this bpffs"},
          row{call::change_mode, EPERM, {3}, permission_denied, "CAP_FOWNER is missing"},
          row{call::change_mode, EPERM, {}, permission_denied, "a security module"},
          row{call::change_mode, EACCES, {}, permission_denied, "the mode of a directory"},
          row{call::change_mode, EROFS, {}, read_only, "nothing can be written"},
          row{call::change_mode, ENOENT, {}, not_found, "nothing is there"}}) {
        lacks_capabilities = each.lacks;
        fail(each.where, each.number);
        auto const done = handle.replace_pin("/bpf/x");
        mend();
        check_error(done, each.number,
                    each.where == call::change_mode ? bl::operation::chmod : bl::operation::chown,
                    each.condition, {each.text});
    }
}

TEST_CASE_FIXTURE(guarded, "a sticky directory keeps the pins of others") {
    REQUIRE(succeeded(handle.pin("/bpf/own")));
    lacks_capabilities = {3}; // CAP_FOWNER
    fail(call::unlink, EPERM);
    check_error(handle.unpin(), EPERM, bl::operation::unlink, bl::errc::permission_denied,
                {"a security module"});
    permit("/bpf", {.mode = 01777});
    fail(call::unlink, EPERM);
    auto const sticky = handle.unpin();
    check_error(sticky, EPERM, bl::operation::unlink, bl::errc::permission_denied,
                {"the directory is sticky"});
    CHECK(handle.is_pinned());
    lacks_capabilities = {};
    permit("/bpf", {.mode = 0755});
    REQUIRE(succeeded(handle.unpin()));
}

TEST_CASE_FIXTURE(guarded, "a pin that moves to another bpffs keeps mode and owner") {
    REQUIRE(succeeded(handle.pin("/bpf/x"))); // E8
    permit("/bpf/x", readers);
    REQUIRE(succeeded(handle.pin("/other/x")));
    CHECK((permissions_of("/other/x") == readers));
    REQUIRE(succeeded(handle.replace_pin("/bpf/y")));
    CHECK((permissions_of("/bpf/y") == readers));
    fail(call::change_mode, EPERM);
    check_error(handle.pin("/other/z"), EPERM, bl::operation::chmod, bl::errc::permission_denied,
                {"/other/z"});
    CHECK(pinned_at("/bpf/y"));
    CHECK(names_in("/other").empty());
}

TEST_CASE_FIXTURE(pinned, "a link that a failed replacement on another bpffs replaced comes back") {
    pin("/other/y", other);
    let_go(other);
    permit("/other/y", {0640, 3, 4});
    fail(call::unlink, EACCES);
    check_error(handle.replace_pin("/other/y"), EACCES, bl::operation::unlink,
                bl::errc::permission_denied, {"/bpf/x"});
    CHECK(pinned_at("/bpf/x"));
    CHECK(others_at("/other/y"));
    CHECK((permissions_of("/other/y") == permissions{0640, 3, 4}));
    CHECK(names_in("/other") == names{"y"});
}
