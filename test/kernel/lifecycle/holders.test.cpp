// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <bpf/bpf.h>
#include <sched.h>
#include <sys/mount.h>
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
