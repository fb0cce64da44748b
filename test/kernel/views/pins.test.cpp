// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <map>
#include <set>
#include <string>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

struct tree {
    sandbox::bpffs fs;
    programs p{"iter_tasks"};
    bl::unique_fd map = make_map();
    bl::iter_link a = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    bl::iter_link b = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));

    tree() {
        add_directory("one");
        add_directory("one/two");
        add_directory("empty");
        add(a.fd(), "a");
        add(b.fd(), "one/b");
        add(a.fd(), "one/two/a");
        add(map, "one/map");
        add(bl::fd_view{p.fd("iter_tasks")}, "program");
        REQUIRE(::symlink("a", (fs.path() / "alias").c_str()) == 0);
        REQUIRE(::symlink("..", (fs.path() / "one/up").c_str()) == 0); // round and round
    }

    void add_directory(char const* name) const {
        REQUIRE(::mkdir((fs.path() / name).c_str(), 0700) == 0);
    }
    void add(bl::fd_view fd, char const* name) const {
        REQUIRE(::bpf_obj_pin(fd.get(), (fs.path() / name).c_str()) == 0);
    }
};

using found_pins = std::map<std::string, bl::link_id>;

/// By path, but for those that the kernel itself puts into a bpffs (maps.debug).
found_pins find(std::string const& root) {
    found_pins found;
    for (auto&& entry : bl::pins(root)) {
        auto const pin = must(std::move(entry));
        CHECK(pin.type == bl::link_type::iter);
        if (pin.path.substr(pin.path.rfind('/')).find('.') != std::string::npos) continue;
        CHECK(found.emplace(pin.path, pin.id).second);
    }
    return found;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "pins walks a tree and finds the links in it, each at every path") {
    tree const t;
    auto const a = must(t.a.info()).id;
    auto const b = must(t.b.info()).id;
    auto const& root = t.fs.path();
    found_pins const all{{root / "a", a}, {root / "one/b", b}, {root / "one/two/a", a}};
    CHECK((find(root) == all));
    CHECK((find(root + "/") == all));
    CHECK((find(root / "one") == found_pins{{root / "one/b", b}, {root / "one/two/a", a}}));
    CHECK(find(root / "empty").empty());
}

TEST_CASE_FIXTURE(kernel_case, "what pins finds can be opened, and is gone when it was unpinned") {
    tree const t;
    for (auto const& [path, id] : find(t.fs.path())) {
        auto l = must(bl::iter_link::load_pinned(path));
        CHECK(must(l.info()).id == id);
        must(l.unpin());
    }
    CHECK(find(t.fs.path()).empty());
}

TEST_CASE_FIXTURE(kernel_case, "a relative root is taken from the working directory") {
    tree const t;
    bl::unique_fd const before{::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    REQUIRE(::chdir(t.fs.path().c_str()) == 0);
    auto const found = find("one/two");
    REQUIRE(::fchdir(before.get()) == 0);
    REQUIRE(found.size() == 1);
    CHECK(found.begin()->first == t.fs.path() / "one/two/a");
}

TEST_CASE_FIXTURE(kernel_case, "a root that cannot be walked is the only element") {
    tree const t;
    auto const only_error = [](std::string const& root, bl::errc condition,
                               std::initializer_list<std::string_view> words) {
        int elements = 0;
        for (auto&& entry : bl::pins(root)) {
            check_error(entry, condition, words);
            ++elements;
        }
        CHECK(elements == 1);
    };
    only_error(t.fs.path() / "none", bl::errc::not_found, {t.fs.path() / "none"});
    only_error("/proc", bl::errc::invalid_argument, {"/proc", "not on a bpffs"});
    only_error(t.fs.path() / "a", bl::errc::invalid_argument, {"ENOTDIR"});
    only_error("", bl::errc::invalid_argument, {"empty"});
}

TEST_CASE_FIXTURE(kernel_case, "directories and pins that vanish during a walk are no error") {
    tree const t;
    auto view = bl::pins(t.fs.path());
    auto it = view.begin();
    REQUIRE(it != view.end()); // the root is open, and some of it read
    for (auto const* name : {"one/two/a", "one/b", "one/map", "a", "alias", "one/up"})
        ::unlink((t.fs.path() / name).c_str());
    for (auto const* name : {"one/two", "one", "empty"})
        REQUIRE(::rmdir((t.fs.path() / name).c_str()) == 0);
    for (; it != view.end(); ++it) {
        auto&& entry = *it;
        CHECK(entry);
    }
}

TEST_CASE_FIXTURE(kernel_case, "of what is mounted below a directory, a bpffs alone is walked") {
    tree const t;
    auto const below = t.fs.path() + "/one", nested = t.fs.path() + "/empty",
               pin = t.fs.path() + "/a";
    REQUIRE(::mount("none", below.c_str(), "tmpfs", 0, "size=64k") == 0);
    {
        bl::unique_fd const file{::open((below + "/file").c_str(), O_CREAT | O_CLOEXEC, 0600)};
    }
    REQUIRE(::mount("none", nested.c_str(), "bpf", 0, nullptr) == 0);
    must(must(bl::link::duplicate(t.b.fd())).pin(nested + "/b"));
    REQUIRE(::mount("/dev/null", pin.c_str(), nullptr, MS_BIND, nullptr) == 0);
    std::set<std::string> found;
    for (auto const& each : bl::pins(t.fs.path())) {
        REQUIRE(each);
        found.insert(each->path);
    }
    CHECK(found == std::set{nested + "/b"});
    for (auto const& place : {pin, nested, below})
        CHECK(::umount2(place.c_str(), MNT_DETACH) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "stopping a walk over pins early leaves no directory open") {
    tree const t;
    auto const descriptors = sandbox::open_descriptors();
    {
        auto view = bl::pins(t.fs.path());
        CHECK(sandbox::open_descriptors() == descriptors); // nothing yet
        {
            auto const it = view.begin();
            REQUIRE(it != view.end());
            CHECK(sandbox::open_descriptors() > descriptors);
        }
        CHECK(sandbox::open_descriptors() == descriptors); // the walk ends with its iterators, E7
    }
}
