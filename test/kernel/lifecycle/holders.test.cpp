// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <bpf/bpf.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

struct held {
    programs p{"iter_tasks"};
    bl::iter_link l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    bl::link_id id = must(l.info()).id;
};

unsigned descriptors_of(bl::link_holders const& who, int process) {
    auto const at = std::ranges::find(who.processes, process, &bl::process_holder::process);
    return at == who.processes.end() ? 0 : at->descriptors;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case,
                  "holders counts this process's own descriptors, and names the pins") {
    sandbox::bpffs const fs;
    held const h;
    auto const alone = must(bl::holders(h.id));
    CHECK(descriptors_of(alone, ::getpid()) == 1);
    CHECK(alone.processes.size() == 1);
    CHECK(alone.pins.empty());
    CHECK_FALSE(alone.processes[0].command.empty());
    auto const second = must(bl::link::duplicate(h.l.fd()));
    REQUIRE(::bpf_obj_pin(h.l.fd().get(), (fs.path() / "a").c_str()) == 0);
    REQUIRE(::bpf_obj_pin(h.l.fd().get(), (fs.path() / "b").c_str()) == 0);
    auto const all = must(bl::holders());
    for (auto const& told : {must(bl::holders(h.id)), all.at(h.id)}) {
        CHECK(descriptors_of(told, ::getpid()) == 2);
        auto pins = told.pins;
        std::ranges::sort(pins);
        CHECK(pins == std::vector{fs.path() / "a", fs.path() / "b"});
    }
    REQUIRE(::unlink((fs.path() / "a").c_str()) == 0);
    REQUIRE(::unlink((fs.path() / "b").c_str()) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "holders finds another process that has the link") {
    held const h;
    CHECK(in_child([&](steps& step) {
              auto const told = bl::holders(h.id);
              step(told.has_value(), "holders");
              step(descriptors_of(*told, ::getpid()) == 1, "the child");
              step(descriptors_of(*told, ::getppid()) == 1, "the parent");
          }) == 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "threads that share descriptors are one holder, when the first has ended too") {
    held const h;
    int done[2];
    REQUIRE(::pipe(done) == 0);
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(done[1]);
        for (int i = 0; i != 3; ++i)
            std::thread{[&] {
                char letter;
                ::_exit(static_cast<int>(::read(done[0], &letter, 1)));
            }}.detach();
        ::syscall(SYS_exit, 0); // this thread's end only
    }
    bool const tells = eventually([&] {
        std::ifstream file{"/proc/" + std::to_string(child) + "/stat"};
        std::string state;
        std::getline(file, state);
        return state.find(") Z ") != state.npos;
    });
    CHECK(tells);
    auto const told = must(bl::holders(h.id));
    if (told.complete()) CHECK(descriptors_of(told, child) == 1);
    ::close(done[0]);
    ::close(done[1]);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
}

TEST_CASE_FIXTURE(kernel_case,
                  "in a pid namespace of its own a process is told by its number there") {
    held const h;
    CHECK(in_child([&](steps& step) {
              step(::unshare(CLONE_NEWPID | CLONE_NEWNS) == 0, "unshare");
              pid_t const first = ::fork();
              if (first == 0) {
                  bool const ready = ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                     ::mount("proc", "/proc", "proc", 0, nullptr) == 0;
                  auto const told = bl::holders(h.id);
                  bool const right = ready && told && descriptors_of(*told, 1) == 1 &&
                                     told->processes.size() == 1 &&
                                     told->unseen.find("pid namespace") != std::string::npos;
                  ::_exit(right ? 0 : 1);
              }
              int status = 1;
              step(::waitpid(first, &status, 0) == first, "wait");
              step(status == 0, "the first process there");
          }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "holders finds the pins of another mount namespace") {
    held const h;
    int ready[2], done[2];
    REQUIRE(::pipe(ready) == 0);
    REQUIRE(::pipe(done) == 0);
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        bool const pinned = ::unshare(CLONE_NEWNS) == 0 &&
                            ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                            ::mount("bpf", "/tmp", "bpf", 0, nullptr) == 0 &&
                            ::bpf_obj_pin(h.l.fd().get(), "/tmp/elsewhere") == 0;
        char letter = pinned ? 'y' : 'n';
        if (::write(ready[1], &letter, 1) != 1) ::_exit(1);
        ::_exit(::read(done[0], &letter, 1) == 1 ? 0 : 1);
    }
    char letter = 'n';
    CHECK(::read(ready[0], &letter, 1) == 1);
    CHECK(letter == 'y');
    auto const told = must(bl::holders(h.id));
    CHECK(std::ranges::count(told.pins, "/proc/" + std::to_string(child) + "/root/tmp/elsewhere") ==
          1);
    CHECK(told.pins.size() == 1);
    CHECK(::write(done[1], &letter, 1) == 1);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    for (int const fd : {ready[0], ready[1], done[0], done[1]})
        ::close(fd);
    CHECK(eventually([&] { return must(bl::holders(h.id)).pins.empty(); }));
}

TEST_CASE_FIXTURE(kernel_case, "a bpffs that is mounted twice is walked once") {
    sandbox::bpffs const fs;
    sandbox::bpffs const second;
    held const h;
    REQUIRE(::bpf_obj_pin(h.l.fd().get(), (fs.path() / "a").c_str()) == 0);
    REQUIRE(::mount(fs.path().c_str(), second.path().c_str(), nullptr, MS_BIND, nullptr) == 0);
    CHECK(must(bl::holders(h.id)).pins == std::vector{fs.path() / "a"});
    REQUIRE(::umount2(second.path().c_str(), MNT_DETACH) == 0);
    REQUIRE(::unlink((fs.path() / "a").c_str()) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "holders of a link that is gone: not found") {
    bl::link_id gone;
    {
        held const h;
        gone = h.id;
    }
    check_error(bl::holders(gone), bl::errc::not_found);
    CHECK_FALSE(must(bl::holders()).contains(gone));
}
