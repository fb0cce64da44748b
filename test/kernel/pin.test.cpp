// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// A bpffs with a link of its own beside it, and a second link for the part of the stranger.
struct pinned_place {
    sandbox::network net;
    sandbox::bpffs fs;
    programs p{"sys_enter_a", "xdp_a"};
    bl::link ours =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    bl::link other = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    std::string path = fs.path() / "link";

    [[nodiscard]] bool runs() const {
        return p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) >= 10;
    }
};

bl::link_id id_of(bl::link const& l) {
    return must(l.info()).id;
}

/// Which link is pinned at a path: asked without the library's memory of pins.
bl::link_id pinned_at(std::string const& path) {
    bl::unique_fd const fd{::bpf_obj_get(path.c_str())};
    REQUIRE(fd);
    return id_of(must(bl::link::duplicate(fd)));
}

bool exists(std::string const& path) {
    struct stat facts;
    return ::lstat(path.c_str(), &facts) == 0;
}

/// A new pin of the same link has another inode.
ino_t inode_of(std::string const& path) {
    struct stat facts{};
    REQUIRE(::lstat(path.c_str(), &facts) == 0);
    return facts.st_ino;
}

void remove_file(std::string const& path) {
    REQUIRE(::unlink(path.c_str()) == 0);
}

void pin_raw(bl::fd_view fd, std::string const& path) {
    REQUIRE(::bpf_obj_pin(fd.get(), path.c_str()) == 0);
}

/// What is in a directory, in order, but for what the kernel itself puts into a bpffs (maps.debug):
/// nobody else can make a name with a dot.
std::string names_in(std::string const& directory) {
    std::set<std::string> names;
    for (auto const& entry : std::filesystem::directory_iterator{directory})
        names.insert(entry.path().filename());
    std::string all;
    for (auto const& name : names)
        if (name.find('.') == std::string::npos) all += (all.empty() ? "" : " ") + name;
    return all;
}

/// Another working directory for a while.
class in_directory {
public:
    explicit in_directory(std::string const& path)
        : before_{::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {
        REQUIRE(::chdir(path.c_str()) == 0);
    }
    ~in_directory() {
        if (::fchdir(before_.get()) < 0) FAIL_CHECK("cannot go back");
    }
    in_directory(in_directory const&) = delete;
    in_directory& operator=(in_directory const&) = delete;

private:
    bl::unique_fd before_;
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a pinned link outlives its handle, and its program runs") {
    pinned_place at;
    auto const id = id_of(at.ours);
    must(at.ours.pin(at.path));
    CHECK(at.ours.is_pinned());
    CHECK(at.ours.pinned_path() == std::string_view{at.path});
    must(at.ours.close());
    CHECK_FALSE(at.ours.is_pinned());
    must(at.ours.close());
    CHECK(at.runs());

    auto loaded = must(bl::link::load_pinned(at.path));
    CHECK(id_of(loaded) == id);
    CHECK(loaded.is_pinned());
    CHECK(loaded.pinned_path() == std::string_view{at.path});
    must(loaded.unpin());
    CHECK_FALSE(loaded.is_pinned());
    CHECK_FALSE(exists(at.path));
    CHECK(at.runs());
    must(loaded.close());
    CHECK(eventually([&] { return is_gone(id); }));
    auto const runs = [&] { return at.p.runs_during("sys_enter_a", [] { call_the_kernel(10); }); };
    CHECK(eventually([&] { return runs() == 0; })); // the id goes first
}

TEST_CASE_FIXTURE(kernel_case,
                  "pinning again at the same path does nothing while the pin is ours") {
    pinned_place at;
    must(at.ours.pin(at.path));
    auto const inode = inode_of(at.path);
    must(at.ours.pin(at.path));
    CHECK(inode_of(at.path) == inode);
    CHECK(names_in(at.fs.path()) == "link");
}

TEST_CASE_FIXTURE(kernel_case, "pinning again at the same path pins anew what was removed") {
    pinned_place at;
    must(at.ours.pin(at.path));
    remove_file(at.path);
    CHECK(at.ours.is_pinned()); // it asks nobody
    must(at.ours.pin(at.path));
    CHECK(pinned_at(at.path) == id_of(at.ours));
    must(at.ours.close());
    CHECK(at.runs());
    must(must(bl::link::load_pinned(at.path)).unpin());
}

namespace {

/// Our link was pinned at at.path, where `stranger` is now; `act` finds out.
void meet_stranger(bl::fd_view stranger, auto act) {
    pinned_place at;
    auto const elsewhere = at.fs.path() / "elsewhere";
    must(at.ours.pin(at.path));
    remove_file(at.path);
    pin_raw(stranger, at.path);
    auto const inode = inode_of(at.path);

    check_error(act(at.ours, at.path, elsewhere), bl::errc::already_exists,
                {at.path, "left alone"});
    CHECK(inode_of(at.path) == inode);
    CHECK_FALSE(exists(elsewhere));
    CHECK_FALSE(at.ours.is_pinned());
    CHECK_FALSE(at.ours.pinned_path());

    must(at.ours.unpin()); // forgotten: nothing to do
    CHECK(inode_of(at.path) == inode);
    must(at.ours.pin(elsewhere)); // and free to be pinned
    CHECK(pinned_at(elsewhere) == id_of(at.ours));
    CHECK(inode_of(at.path) == inode);
    CHECK(at.runs());
}

} // namespace

TEST_CASE_FIXTURE(kernel_case,
                  "a path where a stranger pinned meanwhile is forgotten, not touched") {
    programs const p{"sys_enter_a"};
    auto const link =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    auto const map = make_map();
    auto const pin_again = [](bl::link& l, std::string const& path, std::string const&) {
        return l.pin(path);
    };
    auto const move = [](bl::link& l, std::string const&, std::string const& elsewhere) {
        return l.pin(elsewhere);
    };
    auto const unpin = [](bl::link& l, std::string const&, std::string const&) {
        return l.unpin();
    };
    for (bl::fd_view const stranger :
         {link.fd(), bl::fd_view{map}, bl::fd_view{p.fd("sys_enter_a")}}) {
        meet_stranger(stranger, pin_again);
        meet_stranger(stranger, move);
        meet_stranger(stranger, unpin);
    }
}

TEST_CASE_FIXTURE(kernel_case, "pinning elsewhere moves the pin") {
    pinned_place at;
    auto const next = at.fs.path() / "next";
    must(at.ours.pin(at.path));
    auto const inode = inode_of(at.path);
    must(at.ours.pin(next));
    CHECK_FALSE(exists(at.path));
    CHECK(inode_of(next) == inode);
    CHECK(at.ours.pinned_path() == std::string_view{next});
    CHECK(names_in(at.fs.path()) == "next");

    REQUIRE(::mkdir((at.fs.path() / "deep").c_str(), 0700) == 0);
    auto const deep = at.fs.path() / "deep" / "link";
    must(at.ours.pin(deep));
    CHECK(pinned_at(deep) == id_of(at.ours));
    CHECK_FALSE(exists(next));
    must(at.ours.unpin());
    CHECK(names_in(at.fs.path() / "deep") == "");
}

TEST_CASE_FIXTURE(kernel_case, "pinning elsewhere pins anew when the old pin was removed") {
    pinned_place at;
    auto const next = at.fs.path() / "next";
    must(at.ours.pin(at.path));
    remove_file(at.path);
    must(at.ours.pin(next));
    CHECK(pinned_at(next) == id_of(at.ours));
    CHECK(at.ours.pinned_path() == std::string_view{next});
}

TEST_CASE_FIXTURE(kernel_case, "a taken path is refused, and everything stays where it was") {
    pinned_place at;
    auto const taken = at.fs.path() / "taken";
    auto const map = make_map();
    std::string_view told = "replace_pin replaces a link";
    SUBCASE("by a link") {
        pin_raw(at.other.fd(), taken);
    }
    SUBCASE("by this link's own other pin") {
        pin_raw(at.ours.fd(), taken);
    }
    SUBCASE("by a map") {
        told = "a map is pinned there: choose another name";
        pin_raw(map, taken);
    }
    SUBCASE("by a directory") {
        told = "a directory";
        REQUIRE(::mkdir(taken.c_str(), 0700) == 0);
    }
    auto const inode = inode_of(taken);
    check_error(at.ours.pin(taken), bl::errc::already_exists,
                {"obj_pin", taken, "EEXIST", told}); // E22
    CHECK_FALSE(at.ours.is_pinned());

    must(at.ours.pin(at.path));
    check_error(at.ours.pin(taken), bl::errc::already_exists, {"rename", taken});
    CHECK(inode_of(taken) == inode);
    CHECK(at.ours.pinned_path() == std::string_view{at.path});
    CHECK(pinned_at(at.path) == id_of(at.ours));
}

TEST_CASE_FIXTURE(kernel_case, "a pin moves to another bpffs") {
    pinned_place at;
    sandbox::bpffs const second;
    auto const there = second.path() / "link";
    must(at.ours.pin(at.path));
    must(at.ours.pin(there));
    CHECK_FALSE(exists(at.path));
    CHECK(pinned_at(there) == id_of(at.ours));
    CHECK(at.ours.pinned_path() == std::string_view{there});

    auto const taken = at.fs.path() / "taken";
    pin_raw(at.other.fd(), taken);
    check_error(at.ours.pin(taken), bl::errc::already_exists, {taken});
    CHECK(pinned_at(there) == id_of(at.ours));
    CHECK(pinned_at(taken) == id_of(at.other));
    CHECK(at.ours.pinned_path() == std::string_view{there});
    must(at.ours.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "a place that cannot hold a pin is refused with the reason") {
    pinned_place at;
    bool pinned = false;
    SUBCASE("for a first pin") {
    }
    SUBCASE("for a move") {
        must(at.ours.pin(at.path));
        pinned = true;
    }
    auto const refuse = [&](std::string const& path, bl::errc condition,
                            std::initializer_list<std::string_view> words) {
        check_error(at.ours.pin(path), condition, words);
        CHECK(at.ours.is_pinned() == pinned);
        if (pinned) CHECK(pinned_at(at.path) == id_of(at.ours));
    };
    refuse("", bl::errc::invalid_argument, {"obj_pin", "empty"});
    refuse(at.fs.path() / "a.b", bl::errc::invalid_argument, {at.fs.path() / "a.b", "dot"});
    refuse(at.fs.path() / ".hidden", bl::errc::invalid_argument, {"dot"});
    refuse(at.fs.path() / "missing" / "link", bl::errc::not_found, {"directory does not exist"});
    refuse(at.fs.path() / std::string(256, 'x'), bl::errc::invalid_argument, {"ENAMETOOLONG"});

    auto const directory = std::filesystem::temp_directory_path() /
                           ("bpflink_test_" + std::to_string(::getpid()) + "_plain");
    REQUIRE(std::filesystem::create_directory(directory));
    refuse(directory / "link", bl::errc::invalid_argument, {"not on a bpffs", "/sys/fs/bpf"});
    CHECK(names_in(directory) == "");
    REQUIRE(std::filesystem::remove(directory));
    CHECK(names_in(at.fs.path()) == (pinned ? "link" : ""));
}

TEST_CASE_FIXTURE(kernel_case, "unpinning what is not pinned, or is gone already, is no error") {
    pinned_place at;
    must(at.ours.unpin());
    must(at.ours.pin(at.path));
    remove_file(at.path);
    must(at.ours.unpin());
    CHECK_FALSE(at.ours.is_pinned());
    must(at.ours.unpin());
    CHECK(at.runs());
}

TEST_CASE_FIXTURE(kernel_case, "a handle that did not find the link by its pin leaves the pin") {
    pinned_place at;
    must(at.ours.pin(at.path));
    auto const id = id_of(at.ours);
    bl::link handle;
    SUBCASE("from_id") {
        handle = must(bl::link::from_id(id));
    }
    SUBCASE("duplicate") {
        handle = must(bl::link::duplicate(at.ours.fd()));
    }
    SUBCASE("from_fd") {
        handle = must(bl::link::from_fd(at.ours.release()));
    }
    CHECK_FALSE(handle.is_pinned());
    must(handle.unpin());
    CHECK(pinned_at(at.path) == id);
    check_error(handle.pin(at.path), bl::errc::already_exists);
    must(must(bl::link::load_pinned(at.path)).unpin());
}

TEST_CASE_FIXTURE(kernel_case, "a relative path is the same after a change of directory") {
    pinned_place at;
    auto const absolute = at.fs.path() / "relative";
    {
        in_directory const fs{at.fs.path()};
        must(at.ours.pin("relative"));
        CHECK(at.ours.pinned_path() == std::string_view{absolute});
        auto const opened = must(bl::link::load_pinned("relative"));
        CHECK(opened.pinned_path() == std::string_view{absolute});
    }
    must(at.ours.pin(absolute)); // the same path
    CHECK(pinned_at(absolute) == id_of(at.ours));
    {
        in_directory const root{"/"};
        must(at.ours.unpin());
    }
    CHECK_FALSE(exists(absolute));
}

TEST_CASE_FIXTURE(kernel_case, "a moved handle takes its memory of the pin along") {
    pinned_place at;
    must(at.ours.pin(at.path));
    bl::link moved = std::move(at.ours);
    CHECK_FALSE(at.ours.is_pinned()); // NOLINT(bugprone-use-after-move): moved-from is empty
    CHECK(moved.is_pinned());
    std::swap(moved, at.other);
    CHECK_FALSE(moved.is_pinned());
    must(at.other.unpin());
    CHECK_FALSE(exists(at.path));
}

TEST_CASE_FIXTURE(kernel_case, "release leaves the pin, and forgets it") {
    pinned_place at;
    must(at.ours.pin(at.path));
    auto const id = id_of(at.ours);
    {
        auto const fd = at.ours.release();
        CHECK_FALSE(at.ours.is_pinned());
    }
    CHECK(pinned_at(at.path) == id);
    CHECK(at.runs());
    must(must(bl::link::load_pinned(at.path)).unpin());
}

TEST_CASE_FIXTURE(kernel_case, "load_pinned says why a path is no link's pin") {
    pinned_place at;
    auto const map = make_map();
    pin_raw(map, at.fs.path() / "map");
    pin_raw(bl::fd_view{at.p.fd("xdp_a")}, at.fs.path() / "program");
    REQUIRE(::mkdir((at.fs.path() / "directory").c_str(), 0700) == 0);
    REQUIRE(::symlink("nowhere", (at.fs.path() / "dangling").c_str()) == 0);
    auto const load = [&](std::string const& path) { return bl::link::load_pinned(path); };
    check_error(load(at.fs.path() / "map"), bl::errc::not_a_link, {"map", "a BPF map"});
    check_error(load(at.fs.path() / "program"), bl::errc::not_a_link, {"a BPF program"});
    check_error(load(at.fs.path() / "none"), bl::errc::not_found, {at.fs.path() / "none"});
    check_error(load(at.fs.path() / "none" / "link"), bl::errc::not_found, {});
    check_error(load(at.fs.path() / "dangling"), bl::errc::not_found, {});
    check_error(load(at.fs.path() / "directory"), bl::errc::invalid_argument, {"a directory"});
    check_error(load("/proc/self/status"), bl::errc::invalid_argument, {"not on a bpffs"});
    check_error(load(""), bl::errc::invalid_argument, {"obj_get", "empty"});
    check_error(load(at.fs.path() / "map" / "x"), bl::errc::invalid_argument, {"ENOTDIR"});
    check_error(load(at.fs.path() / "a.b"), bl::errc::invalid_argument, {"dot"});
}

namespace {

/// A pin that alone holds its link, and a symbolic link to it, which the handle came by.
struct linked_place : pinned_place {
    std::string v1 = fs.path() / "v1";
    std::string current = fs.path() / "current";
    bl::link_id id = id_of(ours);

    linked_place() {
        must(ours.pin(v1));
        REQUIRE(::symlink("v1", current.c_str()) == 0);
        must(ours.close());
        ours = must(bl::link::load_pinned(current));
    }
    [[nodiscard]] bool leads_to_v1() const {
        return std::filesystem::is_symlink(current) &&
               std::filesystem::read_symlink(current) == "v1";
    }
};

} // namespace

TEST_CASE_FIXTURE(kernel_case,
                  "replace_pin of the name that a symbolic link led to keeps the pin") {
    linked_place at; // E1
    CHECK(at.ours.pinned_path() == std::string_view{at.v1});
    for (auto const& path : {at.v1, at.current}) {
        must(at.ours.replace_pin(path));
        must(at.ours.pin(path));
        CHECK(pinned_at(at.v1) == at.id);
        CHECK(at.leads_to_v1());
    }
    CHECK(names_in(at.fs.path()) == "current v1");
    must(at.ours.close());
    CHECK(at.runs());
    must(must(bl::link::load_pinned(at.current)).unpin());
}

TEST_CASE_FIXTURE(kernel_case,
                  "unpin removes the pin that a symbolic link led to, and not the link") {
    linked_place at; // E1b
    must(at.ours.unpin());
    CHECK(at.leads_to_v1());
    CHECK(names_in(at.fs.path()) == "current");
}

TEST_CASE_FIXTURE(kernel_case,
                  "a move moves the pin that a symbolic link led to, and not the link") {
    linked_place at; // E1c
    REQUIRE(::mkdir((at.fs.path() / "dir").c_str(), 0700) == 0);
    auto const there = at.fs.path() / "dir/x";
    SUBCASE("by pin") {
        must(at.ours.pin(there));
    }
    SUBCASE("by replace_pin") {
        pin_raw(at.other.fd(), there);
        must(at.ours.replace_pin(there));
    }
    CHECK(pinned_at(there) == at.id);
    CHECK(at.leads_to_v1());
    CHECK(names_in(at.fs.path()) == "current dir");
    must(at.ours.unpin());
}

TEST_CASE_FIXTURE(kernel_case,
                  "a pin through a directory's symbolic link stays in that directory") {
    pinned_place at; // E1
    auto const current = at.fs.path() / "current";
    for (auto const* const name : {"v1", "v2"})
        REQUIRE(::mkdir((at.fs.path() / name).c_str(), 0700) == 0);
    REQUIRE(::symlink("v1", current.c_str()) == 0);
    SUBCASE("by pin") {
        must(at.ours.pin(current / "x"));
    }
    SUBCASE("by replace_pin") {
        must(at.ours.replace_pin(current / "x"));
    }
    SUBCASE("by load_pinned") {
        pin_raw(at.ours.fd(), at.fs.path() / "v1/x");
        at.ours = must(bl::link::load_pinned(current / "x"));
    }
    CHECK(at.ours.pinned_path() == std::string_view{at.fs.path() / "v1/x"});
    remove_file(current);
    REQUIRE(::symlink("v2", current.c_str()) == 0);
    pin_raw(at.other.fd(), current / "x");
    must(at.ours.unpin());
    CHECK(names_in(at.fs.path() / "v1") == "");
    CHECK(pinned_at(at.fs.path() / "v2/x") == id_of(at.other));
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin replaces what a symbolic link leads to, which stays") {
    linked_place at; // E1
    must(at.other.replace_pin(at.current));
    CHECK(at.other.pinned_path() == std::string_view{at.v1});
    CHECK(pinned_at(at.v1) == id_of(at.other));
    CHECK(at.leads_to_v1());
    CHECK(names_in(at.fs.path()) == "current v1");
    must(at.other.unpin());
    check_error(at.other.pin(at.current), bl::errc::already_exists, {"leads to nothing"});
    check_error(at.other.replace_pin(at.current), bl::errc::invalid_argument, {"leads to nothing"});
    CHECK(names_in(at.fs.path()) == "current");
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin to another name of the same inode leaves that name") {
    pinned_place at; // E1
    auto const second = at.fs.path() / "second";
    must(at.ours.pin(at.path));
    REQUIRE(::link(at.path.c_str(), second.c_str()) == 0);
    auto const inode = inode_of(at.path);
    must(at.ours.replace_pin(second));
    CHECK(names_in(at.fs.path()) == "second");
    CHECK(inode_of(second) == inode);
    CHECK(at.ours.pinned_path() == std::string_view{second});
}

TEST_CASE_FIXTURE(kernel_case, "a bpffs that is mounted twice has the pin once") {
    pinned_place at; // E1
    sandbox::bpffs const second;
    REQUIRE(::mount(at.fs.path().c_str(), second.path().c_str(), nullptr, MS_BIND, nullptr) == 0);
    must(at.ours.pin(at.path));
    must(at.ours.replace_pin(second.path() / "link"));
    must(at.ours.pin(at.path));
    CHECK(names_in(at.fs.path()) == "link");
    must(at.ours.pin(second.path() / "other"));
    CHECK(names_in(at.fs.path()) == "other");
    must(at.ours.unpin());
    REQUIRE(::umount2(second.path().c_str(), MNT_DETACH) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "what is no pin at the remembered path is left, and forgotten") {
    pinned_place at; // E3
    auto const next = at.fs.path() / "next";
    auto act = [&] { return at.ours.unpin(); };
    SUBCASE("a directory") {
        must(at.ours.pin(at.path));
        remove_file(at.path);
        REQUIRE(::mkdir(at.path.c_str(), 0700) == 0);
        check_error(act(), bl::errc::already_exists, {at.path});
    }
    SUBCASE("a symbolic link to nothing") {
        must(at.ours.pin(at.path));
        remove_file(at.path);
        REQUIRE(::symlink("nowhere", at.path.c_str()) == 0);
        check_error(act(), bl::errc::already_exists, {at.path});
    }
    SUBCASE("the bpffs is no longer mounted, and a file is there") {
        auto second = std::make_unique<sandbox::bpffs>();
        auto const path = second->path() / "link";
        must(at.ours.pin(path));
        REQUIRE(::umount2(second->path().c_str(), MNT_DETACH) == 0);
        REQUIRE(bl::unique_fd{::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)});
        check_error(act(), bl::errc::already_exists, {path});
        CHECK(exists(path));
        remove_file(path);
        REQUIRE(::mount("bpf", second->path().c_str(), "bpf", 0, nullptr) == 0);
    }
    SUBCASE("the bpffs is no longer mounted") {
        sandbox::bpffs const second;
        must(at.ours.pin(second.path() / "link"));
        REQUIRE(::umount2(second.path().c_str(), MNT_DETACH) == 0);
        must(act());
        REQUIRE(::mount("bpf", second.path().c_str(), "bpf", 0, nullptr) == 0);
    }
    CHECK_FALSE(at.ours.is_pinned());
    must(at.ours.pin(next));
    CHECK(pinned_at(next) == id_of(at.ours));
    must(at.ours.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin keeps mode and owner of the pin that it replaces") {
    pinned_place at; // E8
    sandbox::bpffs const second;
    SUBCASE("by a new pin") {
    }
    SUBCASE("by a pin from elsewhere") {
        must(at.ours.pin(at.fs.path() / "elsewhere"));
    }
    SUBCASE("by a pin from another bpffs") {
        must(at.ours.pin(second.path() / "elsewhere"));
    }
    pin_raw(at.other.fd(), at.path);
    REQUIRE(::chown(at.path.c_str(), 0, 4242) == 0);
    REQUIRE(::chmod(at.path.c_str(), 0660) == 0);
    must(at.ours.replace_pin(at.path));
    struct stat facts{};
    REQUIRE(::lstat(at.path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0660);
    CHECK(facts.st_uid == 0);
    CHECK(facts.st_gid == 4242);
    CHECK(names_in(at.fs.path()) == "link");
    CHECK(names_in(second.path()) == "");
    must(at.ours.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin waits for the lock of the directory, two seconds") {
    pinned_place at; // E2
    must(at.other.pin(at.path));
    bl::unique_fd const directory{::open(at.fs.path().c_str(), O_RDONLY | O_CLOEXEC)};
    REQUIRE(::flock(directory.get(), LOCK_EX) == 0);
    auto const begin = std::chrono::steady_clock::now();
    check_error(at.ours.replace_pin(at.path), bl::errc::timed_out, {at.fs.path(), "flock"});
    auto const waited = std::chrono::steady_clock::now() - begin;
    CHECK(waited >= std::chrono::seconds{2});
    CHECK(waited < sandbox::patience);
    CHECK(names_in(at.fs.path()) == "link");
    std::thread unlocker{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        ::flock(directory.get(), LOCK_UN);
    }};
    auto const replaced = at.ours.replace_pin(at.path);
    unlocker.join();
    must(replaced);
    CHECK(pinned_at(at.path) == id_of(at.ours));
    must(at.ours.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "detaching a pinned link leaves a pin of a defunct link") {
    pinned_place at;
    must(at.other.pin(at.path));
    must(at.other.detach());
    auto loaded = must(bl::link::load_pinned(at.path));
    CHECK(loaded.state() == bl::link_state::defunct);
    check_error(loaded.update(at.p.xdp("xdp_a")), bl::errc::defunct);
    must(loaded.unpin());
    must(at.other.unpin()); // gone by then: no error

    must(at.other.pin(at.path)); // a defunct link can be pinned
    CHECK(pinned_at(at.path) == id_of(at.other));
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin takes the place of another link's pin") {
    pinned_place at;
    must(at.other.pin(at.path));
    must(at.ours.replace_pin(at.path));
    CHECK(pinned_at(at.path) == id_of(at.ours));
    CHECK(at.ours.pinned_path() == std::string_view{at.path});
    CHECK(names_in(at.fs.path()) == "link"); // no temporary name is left

    check_error(at.other.unpin(), bl::errc::already_exists); // it was replaced
    CHECK(pinned_at(at.path) == id_of(at.ours));
    must(at.ours.close());
    CHECK(at.runs());
    auto const id = id_of(at.other);
    must(at.other.close());
    CHECK(eventually([&] { return is_gone(id); })); // nothing else held it
    must(must(bl::link::load_pinned(at.path)).unpin());
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin pins where nothing is, and again where this link is") {
    pinned_place at;
    must(at.ours.replace_pin(at.path));
    CHECK(pinned_at(at.path) == id_of(at.ours));
    must(at.ours.replace_pin(at.path));
    CHECK(pinned_at(at.path) == id_of(at.ours));
    CHECK(names_in(at.fs.path()) == "link");
    CHECK(at.ours.pinned_path() == std::string_view{at.path});

    remove_file(at.path);
    must(at.ours.replace_pin(at.path));
    CHECK(pinned_at(at.path) == id_of(at.ours));
    must(at.ours.unpin());
    CHECK(names_in(at.fs.path()) == "");
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin takes this link's old pin away, and nobody else's") {
    pinned_place at;
    auto const next = at.fs.path() / "next";
    must(at.ours.pin(at.path));
    bool foreign = false;
    SUBCASE("ours") {
    }
    SUBCASE("gone") {
        remove_file(at.path);
    }
    SUBCASE("a stranger's by now") {
        remove_file(at.path);
        pin_raw(at.other.fd(), at.path);
        foreign = true;
    }
    must(at.ours.replace_pin(next));
    CHECK(pinned_at(next) == id_of(at.ours));
    CHECK(at.ours.pinned_path() == std::string_view{next});
    CHECK(names_in(at.fs.path()) == (foreign ? "link next" : "next"));
    if (foreign) CHECK(pinned_at(at.path) == id_of(at.other));
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin moves to another bpffs") {
    pinned_place at;
    sandbox::bpffs const second;
    auto const there = second.path() / "link";
    pin_raw(at.other.fd(), there);
    must(at.ours.pin(at.path));
    must(at.ours.replace_pin(there));
    CHECK(pinned_at(there) == id_of(at.ours));
    CHECK(names_in(at.fs.path()) == "");
    CHECK(names_in(second.path()) == "link");
    must(at.ours.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin never replaces what is no link, or not even a pin") {
    pinned_place at;
    must(at.ours.pin(at.path));
    auto const target = at.fs.path() / "target";
    auto const map = make_map();
    SUBCASE("a map") {
        pin_raw(map, target);
        check_error(at.ours.replace_pin(target), bl::errc::not_a_link, {target, "a BPF map"});
    }
    SUBCASE("a program") {
        pin_raw(bl::fd_view{at.p.fd("xdp_a")}, target);
        check_error(at.ours.replace_pin(target), bl::errc::not_a_link, {target, "a BPF program"});
    }
    SUBCASE("a directory") {
        REQUIRE(::mkdir(target.c_str(), 0700) == 0);
        CHECK_FALSE(at.ours.replace_pin(target));
    }
    CHECK(exists(target));
    CHECK(names_in(at.fs.path()) == "link target");
    CHECK(at.ours.pinned_path() == std::string_view{at.path});
    CHECK(pinned_at(at.path) == id_of(at.ours));
}

TEST_CASE_FIXTURE(kernel_case, "replace_pin refuses a place as pin does") {
    pinned_place at;
    must(at.ours.pin(at.path));
    check_error(at.ours.replace_pin(""), bl::errc::invalid_argument, {"empty"});
    check_error(at.ours.replace_pin(at.fs.path() / "a.b"), bl::errc::invalid_argument, {"dot"});
    check_error(at.ours.replace_pin(at.fs.path() / "missing" / "link"), bl::errc::not_found,
                {"directory does not exist"});
    check_error(at.ours.replace_pin("/proc/link"), bl::errc::invalid_argument, {"not on a bpffs"});
    CHECK(names_in(at.fs.path()) == "link");
    CHECK(at.ours.pinned_path() == std::string_view{at.path});
}

TEST_CASE_FIXTURE(kernel_case, "a typed handle loads, pins and unpins as an untyped one does") {
    pinned_place at;
    must(at.other.pin(at.path));
    must(at.other.close());
    auto l = must(bl::xdp_link::load_pinned(at.path));
    CHECK(at.p.runs_during("xdp_a", [&] { at.net.send_to_loopback(2); }) == 2);
    auto const next = at.fs.path() / "next";
    must(l.pin(next));
    CHECK(l.pinned_path() == std::string_view{next});
    must(l.replace_pin(at.path));
    CHECK(l.is_pinned());
    must(l.unpin());
    CHECK(names_in(at.fs.path()) == "");
    auto const id = must(l.info()).id;
    must(l.close());
    CHECK(eventually([&] { return is_gone(id); })); // a removed pin lets go a moment later
    auto const runs = [&] {
        return at.p.runs_during("xdp_a", [&] { at.net.send_to_loopback(2); });
    };
    CHECK(eventually([&] { return runs() == 0; }));
}
