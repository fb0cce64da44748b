// SPDX-License-Identifier: Apache-2.0
// What sys.cpp says of real files, in a directory of their own.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "border/sys.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace sys = bpflink::sys;

namespace {

/// A directory with v1/x, current -> v1 and a pipe.
class tree {
public:
    tree() {
        std::filesystem::create_directories(path("v1"));
        std::ofstream{path("v1/x")} << "x";
        std::filesystem::create_symlink("v1", path("current"));
        REQUIRE(::mkfifo(path("pipe").c_str(), 0600) == 0);
    }
    ~tree() { std::filesystem::remove_all(root_); }
    tree(tree const&) = delete;
    tree& operator=(tree const&) = delete;

    [[nodiscard]] std::string path(std::string_view name) const {
        return root_ + "/" + std::string{name};
    }

private:
    std::string root_ = std::filesystem::canonical(std::filesystem::temp_directory_path()) /
                        ("bpflink_test_" + std::to_string(::getpid()) + "_files");
};

std::string read_link(std::string const& path) {
    std::array<char, 4096> into;
    int const length = sys::read_link(path.c_str(), into);
    if (length < 0) return "errno " + std::to_string(-length);
    return {into.data(), static_cast<std::size_t>(length)};
}

} // namespace

TEST_CASE("whether a path has a symbolic link in it is told without opening anything") {
    tree const at; // E1
    if (int const refused = sys::crosses_symlink("/"); refused == -ENOSYS || refused == -EPERM) {
        MESSAGE("SKIP: this system takes no openat2: ", std::strerror(-refused));
        return;
    }
    auto const crosses = [&](std::string_view name) {
        return sys::crosses_symlink(at.path(name).c_str());
    };
    for (auto const* const real : {"", "v1", "v1/x", "v1/none", "none", "none/x", "pipe", "v1/x/y"})
        CHECK(crosses(real) == 0); // and nobody waits for the pipe's other end
    for (auto const* const other : {"current", "current/x", "current/none", "v1/../current"})
        CHECK(crosses(other) == 1);
}

TEST_CASE("a symbolic link says where it leads, but for those of procfs that no text describes") {
    tree const at; // E1
    CHECK(read_link(at.path("current")) == "v1");
    for (auto const* const name : {"v1", "v1/x", "pipe"})
        CHECK(read_link(at.path(name)) == "errno " + std::to_string(EINVAL));
    CHECK(read_link(at.path("none")) == "errno " + std::to_string(ENOENT));
    CHECK(read_link("/proc/self/root") == "");
    CHECK(read_link("/proc/self/cwd") == "");
    CHECK(read_link("/proc/self") == std::to_string(::getpid()));
}

TEST_CASE("a name is told from what it leads to, and a descriptor from another file") {
    tree const at;
    sys::file_facts link{}, target{}, real{}, opened{};
    CHECK(sys::facts_of_name(at.path("current").c_str(), link) == 0);
    CHECK(sys::facts_of_file(at.path("current").c_str(), target) == 0);
    CHECK(sys::facts_of_name(at.path("v1").c_str(), real) == 0);
    CHECK(link.kind == sys::file_kind::symlink);
    CHECK(target.kind == sys::file_kind::directory);
    CHECK(target.inode == real.inode);
    CHECK(target.device == real.device);
    CHECK(link.inode != real.inode);
    auto const directory = sys::open_directory(at.path("v1").c_str());
    REQUIRE(directory);
    CHECK(sys::look_at(directory.outcome(), opened) == 0);
    CHECK(opened.inode == real.inode);
    CHECK(sys::change_mode(at.path("v1/x").c_str(), 0640) == 0);
    CHECK(sys::facts_of_name(at.path("v1/x").c_str(), real) == 0);
    CHECK(real.mode == 0640);
    CHECK(real.kind == sys::file_kind::regular);
    CHECK(sys::change_owner(at.path("v1/x").c_str(), real.owner, real.group) == 0);
    CHECK(sys::facts_of_name(at.path("pipe").c_str(), real) == 0);
    CHECK(real.kind == sys::file_kind::other);
    CHECK(sys::facts_of_name(at.path("none").c_str(), real) == -ENOENT);
}

TEST_CASE("a directory's lock keeps out whoever opened it anew, until it is given back") {
    tree const at; // E2
    auto const first = sys::open_directory(at.path("v1").c_str());
    auto const second = sys::open_directory(at.path("v1").c_str());
    REQUIRE(first);
    REQUIRE(second);
    CHECK(sys::lock(first.outcome()) == 0);
    CHECK(sys::lock(first.outcome()) == 0);
    CHECK(sys::lock(second.outcome()) == -EAGAIN);
    auto const childs = sys::duplicate(first.outcome()); // as after fork
    CHECK(sys::unlock(first.outcome()) == 0);
    CHECK(sys::lock(second.outcome()) == 0);
}

TEST_CASE("a file is made, renamed without replacing, and removed") {
    tree const at;
    CHECK(sys::make_directory(at.path("d").c_str(), 0700) == 0);
    CHECK(sys::make_directory(at.path("d").c_str(), 0700) == -EEXIST);
    std::ofstream{at.path("d/a")} << "a";
    std::ofstream{at.path("d/b")} << "b";
    CHECK(sys::rename_no_replace(at.path("d/a").c_str(), at.path("d/b").c_str()) == -EEXIST);
    CHECK(sys::rename_no_replace(at.path("d/a").c_str(), at.path("d/c").c_str()) == 0);
    CHECK(sys::rename(at.path("d/c").c_str(), at.path("d/b").c_str()) == 0);
    CHECK(std::filesystem::file_size(at.path("d/b")) == 1);
    CHECK_FALSE(std::filesystem::exists(at.path("d/c")));
    CHECK(sys::unlink(at.path("d/b").c_str()) == 0);
    CHECK(sys::unlink(at.path("d/b").c_str()) == -ENOENT);
    CHECK(sys::is_on_sysfs(at.path("d").c_str()) == 0);
    CHECK(sys::is_on_bpffs(at.path("d").c_str()) == 0);
    CHECK(sys::is_on_sysfs(at.path("none").c_str()) == -ENOENT);
}

TEST_CASE("a name is looked up without opening what it names, and opened afterwards") {
    tree const at;
    auto const root = sys::open_directory(at.path("").c_str());
    REQUIRE(root);
    auto const in = [&](char const* name, sys::lookup how) {
        return sys::look_up(root.outcome(), name, how);
    };
    auto const link = in("current", sys::lookup::no_follow);
    REQUIRE(link);
    std::array<char, 16> text;
    CHECK(sys::link_text(link.outcome(), text) == 2);
    CHECK(std::string_view{text.data(), 2} == "v1");
    auto const found = in("current/x", sys::lookup::plain);
    REQUIRE(found);
    std::array<std::byte, 4> bytes;
    CHECK(sys::read(found.outcome(), bytes) == -EBADF); // it is not open
    auto const file = sys::reopen(found.outcome());
    REQUIRE(file);
    CHECK(sys::read_at(file.outcome(), bytes, 0) == 1);
    CHECK(static_cast<char>(bytes[0]) == 'x');
    CHECK(sys::read_at(file.outcome(), bytes, 1) == 0);
    auto const pipe = in("pipe", sys::lookup::plain); // does not wait for a writer
    sys::file_facts facts{};
    REQUIRE(pipe);
    CHECK(sys::look_at(pipe.outcome(), facts) == 0);
    CHECK(facts.kind == sys::file_kind::other);
    CHECK(in("none", sys::lookup::plain).outcome() == -ENOENT);
    int const beneath = in("../x", sys::lookup::beneath).outcome();
    if (beneath == -ENOSYS || beneath == -EPERM) return; // no openat2(2)
    CHECK(beneath == -EXDEV);
    CHECK(in("/v1/x", sys::lookup::in_root));
    CHECK(in("../../v1/x", sys::lookup::in_root));
    CHECK(sys::look_up(sys::working_directory, "/proc/self/exe", sys::lookup::no_magic_links)
              .outcome() == -ELOOP);
}

TEST_CASE("a directory is listed without itself and the one above, by kinds") {
    tree const at;
    void* list = nullptr;
    REQUIRE(sys::list_begin(at.path("").c_str(), list) == 0);
    std::map<std::string, sys::entry_kind> found;
    sys::entry each{};
    while (sys::list_next(list, each) == 1)
        found.emplace(each.name, each.kind);
    sys::list_end(list);
    CHECK(found == std::map<std::string, sys::entry_kind>{{"v1", sys::entry_kind::directory},
                                                          {"current", sys::entry_kind::other},
                                                          {"pipe", sys::entry_kind::other}});
    std::array<char, 4096> directory;
    REQUIRE(sys::current_directory(directory) == 0);
    CHECK(std::filesystem::current_path() == directory.data());
    std::array<char, 1> small;
    CHECK(sys::current_directory(small) == -ERANGE);
}
