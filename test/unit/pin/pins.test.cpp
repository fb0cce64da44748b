// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/views/pins.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

/// /bpf/{a,b,dir/{c,inner/d},map,prog,symlink,z}
struct tree : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    fake::link& xdp = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2});
    fake::link& cgroup = add_link({.type = bl::link_type::cgroup, .prog = &prog});

    tree() {
        pin("/bpf/a", xdp);
        pin("/bpf/b", cgroup);
        make_directory("/bpf/dir");
        pin("/bpf/dir/c", xdp);
        make_directory("/bpf/dir/inner");
        pin("/bpf/dir/inner/d", cgroup);
        pin("/bpf/map", add_map());
        pin("/bpf/prog", prog);
        make_symlink("/bpf/symlink");
        pin("/bpf/z", xdp);
    }

    struct found {
        std::vector<std::string> paths;
        std::vector<bl::error> errors;
    };
    static found walk(std::string const& root = "/bpf") {
        found all;
        for (auto&& pin : bl::pins(root)) {
            if (pin)
                all.paths.push_back(pin->path);
            else
                all.errors.push_back(pin.error());
            REQUIRE(all.errors.size() < 100);
        }
        return all;
    }
};

using paths = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(tree, "pinned links are found depth first, and nothing else is") {
    auto const all = walk();
    CHECK(all.paths == paths{"/bpf/a", "/bpf/b", "/bpf/dir/c", "/bpf/dir/inner/d", "/bpf/z"});
    CHECK(all.errors.empty());
    CHECK(most_open() == 1);
    CHECK(walk("/bpf/dir").paths == paths{"/bpf/dir/c", "/bpf/dir/inner/d"});
}

TEST_CASE_FIXTURE(tree, "a pin has its path, its link's id and kind") {
    auto view = bl::pins("/bpf");
    auto it = view.begin();
    REQUIRE(succeeded(*it));
    CHECK((*it)->path == "/bpf/a");
    CHECK((*it)->id.value() == xdp.id());
    CHECK((*it)->type == bl::link_type::xdp);
    ++it;
    REQUIRE(succeeded(*it));
    CHECK((*it)->id.value() == cgroup.id());
    CHECK((*it)->type == bl::link_type::cgroup);
}

TEST_CASE_FIXTURE(tree, "a temporary name of replace_pin is marked") {
    pin("/bpf/dir/c%tmp", cgroup); // E2
    int seen = 0, marked = 0;
    for (auto&& pin : bl::pins("/bpf")) {
        REQUIRE(succeeded(pin));
        ++seen;
        if (pin->temporary) ++marked;
        CHECK(pin->temporary == (pin->path == "/bpf/dir/c%tmp"));
    }
    CHECK(seen == 6);
    CHECK(marked == 1);
}

TEST_CASE_FIXTURE(tree, "paths are from the root however it was spelt") {
    auto const expected = paths{"/bpf/dir/c", "/bpf/dir/inner/d"};
    CHECK(walk("/bpf/dir/").paths == expected);
    CHECK(walk("/bpf/dir///").paths == expected);
    change_directory("/bpf");
    CHECK(walk("dir").paths == expected);
    CHECK(walk("dir/").paths == expected);
}

TEST_CASE_FIXTURE(machine, "an empty directory has no pins, and a link needs none") {
    for (auto&& pin : bl::pins("/bpf"))
        FAIL(pin.has_value());
    CHECK(calls(call::list_begin) == 1);
}

namespace {

std::vector<std::string> all_paths() {
    std::vector<std::string> found;
    for (auto&& pin : bl::pins()) {
        REQUIRE(succeeded(pin));
        found.push_back(pin->path);
    }
    return found;
}

} // namespace

TEST_CASE_FIXTURE(tree, "where nothing is said, every bpffs that is mounted is walked") {
    pin("/other/o", xdp);
    make_bpffs("/home/a b", 3);
    pin("/home/a b/p", xdp);
    mounts += "32 1 0:3 / /home/a\\040b rw - bpf none rw\n";
    mounts += "33 1 0:4 / /gone rw - bpf none rw\n"; // unmounted meanwhile
    CHECK(all_paths() == paths{"/bpf/a", "/bpf/b", "/bpf/dir/c", "/bpf/dir/inner/d", "/bpf/z",
                               "/other/o", "/home/a b/p"});
    CHECK(most_open() == 1);
}

TEST_CASE_FIXTURE(tree, "a place is read as the kernel escapes it, and other backslashes stay") {
    make_bpffs("/home/a\nb\\", 3);
    pin("/home/a\nb\\/p", xdp);
    make_bpffs("/home/\\129", 4); // 9 is not a digit of an escape
    pin("/home/\\129/q", xdp);
    mounts = "32 1 0:3 / /home/a\\012b\\134 rw - bpf none rw\n"
             "33 1 0:4 / /home/\\129 rw - bpf none rw\n"
             "34 1 0:5 / /home/\\777 rw - bpf none rw\n" // more than a byte, and not there
             "35 1 0:6 / /home/\\01 rw - bpf none rw\n";
    CHECK(all_paths() == paths{"/home/a\nb\\/p", "/home/\\129/q"});
}

TEST_CASE_FIXTURE(tree, "a bpffs that is mounted twice is walked once, and so is a part of one") {
    bind("/home/whole", "/bpf");
    bind("/home/part", "/bpf/dir");
    auto const own = mounts;
    mounts +=
        "32 1 0:1 / /home/whole rw - bpf none rw\n33 1 0:1 /dir /home/part rw - bpf none rw\n";
    auto const expected = paths{"/bpf/a", "/bpf/b", "/bpf/dir/c", "/bpf/dir/inner/d", "/bpf/z"};
    CHECK(all_paths() == expected);
    mounts = "33 1 0:1 /dir /home/part rw - bpf none rw\n" + own; // the part first
    CHECK(all_paths().size() == expected.size());
}

TEST_CASE_FIXTURE(tree, "a bpffs that something is mounted over is left out") {
    mounts = "30 1 0:7 / /bpf rw - bpf none rw\n"; // and another one is to be seen there
    CHECK(all_paths().empty());
    mounts = "30 1 0:1 / /home rw - bpf none rw\n";
    CHECK(all_paths().empty());
}

TEST_CASE_FIXTURE(tree, "a place that cannot be looked at is an element, and the walk goes on") {
    fail(call::facts_of_file, EACCES, 1);
    pin("/other/o", xdp);
    std::vector<std::string> listed;
    int errors = 0;
    for (auto&& pin : bl::pins()) {
        if (pin)
            listed.push_back(pin->path);
        else {
            ++errors;
            check_error(pin.error(), EACCES, bl::operation::stat, bl::errc::permission_denied,
                        {"/bpf"});
        }
    }
    CHECK(errors == 1);
    CHECK(listed == paths{"/other/o"});
}

TEST_CASE_FIXTURE(machine, "without /proc it cannot be told where a bpffs is mounted") {
    has_proc = false;
    int seen = 0;
    for (auto&& pin : bl::pins()) {
        ++seen;
        check_error(pin, ENOENT, bl::operation::open, bl::errc::not_found, {"mountinfo"});
    }
    CHECK(seen == 1);
}

TEST_CASE_FIXTURE(tree, "a root that cannot be walked is the only element") {
    struct row {
        char const* root;
        int number;
        bl::errc condition;
    };
    for (row const& each : {row{"/bpf/none", ENOENT, bl::errc::not_found},
                            row{"/bpf/a", ENOTDIR, bl::errc::invalid_argument},
                            row{"/home", EINVAL, bl::errc::invalid_argument},
                            row{"", EINVAL, bl::errc::invalid_argument}}) {
        CAPTURE(each.root);
        auto const all = walk(each.root);
        CHECK(all.paths.empty());
        REQUIRE(all.errors.size() == 1);
        check_error(all.errors[0], each.number, bl::operation::open, each.condition, {each.root});
    }
    CHECK(walk("/home").errors[0].message().find("not on a bpffs") != std::string::npos);
    fail(call::list_begin, EACCES);
    auto const closed = walk();
    REQUIRE(closed.errors.size() == 1);
    check_error(closed.errors[0], EACCES, bl::operation::open, bl::errc::permission_denied,
                {"/bpf"});
}

TEST_CASE_FIXTURE(tree, "each refusal of a walk over pins has its cause") {
    auto const says = [&](std::string const& root, char const* text) {
        auto const all = walk(root);
        REQUIRE(all.errors.size() == 1);
        CAPTURE(all.errors[0].message());
        CHECK(all.errors[0].message().find(text) != std::string::npos);
    };
    says("/bpf/none", "nothing is there");
    says("/bpf/a", "it is not a directory");
    says("/home", "the directory is not on a bpffs");
    fail(call::list_begin, EACCES);
    says("/bpf", "the mode of a directory");
    fail(call::list_begin, EMFILE);
    says("/bpf", "no free descriptor");
    fail(call::is_on_bpffs, EACCES); // and not: not on a bpffs
    says("/bpf", "the mode of a directory");
}

TEST_CASE_FIXTURE(tree, "what vanishes during the walk is left out") {
    SUBCASE("a pin") {
        before(call::obj_get, [this] { remove("/bpf/b"); }, 2);
        auto const all = walk();
        CHECK(all.paths == paths{"/bpf/a", "/bpf/dir/c", "/bpf/dir/inner/d", "/bpf/z"});
        CHECK(all.errors.empty());
    }
    SUBCASE("a directory") {
        before(
            call::list_begin,
            [this] {
                remove("/bpf/dir/inner/d");
                remove("/bpf/dir/inner");
            },
            3);
        auto const all = walk();
        CHECK(all.paths == paths{"/bpf/a", "/bpf/b", "/bpf/dir/c", "/bpf/z"});
        CHECK(all.errors.empty());
    }
}

TEST_CASE_FIXTURE(tree, "what cannot be read is an element, and the walk goes on") {
    SUBCASE("a pin that cannot be opened") {
        fail(call::obj_get, EACCES, 2);
        auto const all = walk();
        CHECK(all.paths == paths{"/bpf/a", "/bpf/dir/c", "/bpf/dir/inner/d", "/bpf/z"});
        REQUIRE(all.errors.size() == 1);
        check_error(all.errors[0], EACCES, bl::operation::obj_get, bl::errc::permission_denied,
                    {"/bpf/b"});
    }
    SUBCASE("a link that says nothing of itself") {
        fail(call::obj_get_info, ENOMEM, 2);
        auto const all = walk();
        CHECK(all.paths.size() == 4);
        REQUIRE(all.errors.size() == 1);
        check_error(all.errors[0], ENOMEM, bl::operation::link_get_info, no_condition);
    }
    SUBCASE("a directory that cannot be opened") {
        fail(call::list_begin, EACCES, 2);
        auto const all = walk();
        CHECK(all.paths == paths{"/bpf/a", "/bpf/b", "/bpf/z"});
        REQUIRE(all.errors.size() == 1);
        check_error(all.errors[0], EACCES, bl::operation::open, bl::errc::permission_denied,
                    {"/bpf/dir"});
    }
    SUBCASE("a directory that cannot be listed to its end") {
        fail(call::list_next, EIO, 5); // in dir, after c
        auto const all = walk();
        CHECK(all.paths == paths{"/bpf/a", "/bpf/b", "/bpf/dir/c", "/bpf/z"});
        REQUIRE(all.errors.size() == 1);
        check_error(all.errors[0], EIO, bl::operation::read, no_condition, {"/bpf/dir"});
    }
}

TEST_CASE_FIXTURE(tree, "a process without descriptors sees an error for each pin") {
    descriptor_limit = 0;
    auto const all = walk();
    CHECK(all.paths.empty());
    CHECK(all.errors.size() == 7); // five links, a map and a program
    for (auto const& e : all.errors)
        CHECK(e.code().value() == EMFILE);
}

TEST_CASE_FIXTURE(tree, "without privilege pins are told apart all the same") {
    fail_always(call::link_update, EPERM);
    fail_always(call::prog_bind_map, EPERM);
    CHECK(walk().paths.size() == 5);
}

TEST_CASE_FIXTURE(tree, "the walk is lazy, and stopping closes what it opened") {
    {
        auto all = bl::pins("/bpf");
        auto it = all.begin();
        CHECK(system_calls() == 0);
        REQUIRE(succeeded(*it));
        CHECK(calls(call::obj_get) == 1);
        CHECK(calls(call::list_begin) == 1);
        ++it;
        ++it;
        CHECK((*it)->path == "/bpf/dir/c");
        CHECK(open_lists() == 2);
    }
    CHECK(open_lists() == 0);
}

TEST_CASE_FIXTURE(tree, "a copy of the walk starts anew") {
    auto all = bl::pins("/bpf");
    auto it = all.begin();
    ++it;
    ++it;
    CHECK((*it)->path == "/bpf/dir/c");
    auto copy = all;
    CHECK((*copy.begin())->path == "/bpf/a");
    CHECK((*it)->path == "/bpf/dir/c");
    auto moved = std::move(all);
    CHECK((*moved.begin())->path == "/bpf/a");
}

TEST_CASE_FIXTURE(machine, "a deep tree is walked to its end and closed on the way back") {
    std::string path = "/bpf";
    auto& l = add_link({.type = bl::link_type::xdp});
    for (int depth = 0; depth != 50; ++depth) {
        path += "/d";
        make_directory(path);
        pin(path + "/x", l);
    }
    int seen = 0;
    for (auto&& pin : bl::pins("/bpf")) {
        REQUIRE(succeeded(pin));
        ++seen;
    }
    CHECK(seen == 50);
    CHECK(open_lists() == 0);
}
