// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/lifecycle/holders.hpp>

#include <string>
#include <vector>

namespace {

using paths = std::vector<std::string>;

struct held : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    fake::link& there = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2});
    fake::link& second = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 3});
    bl::link_id id{there.id()};
    bool by_proc = false;

    held() {
        SUBCASE("as the kernel tells") {
        }
        SUBCASE("by /proc") {
            by_proc = true;
            fail_always(call::load_object, EPERM);
        }
    }

    static bl::link_holders of(bl::link_id which) {
        auto told = bl::holders(which);
        REQUIRE(succeeded(told));
        return *std::move(told);
    }
};

} // namespace

TEST_CASE_FIXTURE(held, "holders are processes, by how many descriptors, and pins") {
    pin("/bpf/a", there);
    make_directory("/other/d");
    pin("/other/d/b", there);
    pin("/bpf/second", second);
    auto const first = open(there);
    auto const again = open(there);
    auto const other = open(second);
    auto& daemon = add_process(7, "daemon");
    daemon.links = {second.shared_from_this(), there.shared_from_this()};
    add_process(8, "idle");

    auto const told = of(id);
    REQUIRE(told.processes.size() == 2);
    CHECK(told.processes[0].process == 7);
    CHECK(told.processes[0].command == "daemon");
    CHECK(told.processes[0].descriptors == 1);
    CHECK(told.processes[1].process == process_id);
    CHECK(told.processes[1].command == "own");
    CHECK(told.processes[1].descriptors == 2);
    CHECK(told.pins == paths{"/bpf/a", "/other/d/b"});
    CHECK(told.unseen == "");
    CHECK(told.complete());
}

TEST_CASE_FIXTURE(held, "all links are told in one pass, those that nobody is seen to hold too") {
    pin("/bpf/a", there);
    add_process(7, "daemon").links = {there.shared_from_this()};
    forget_calls();
    auto const all = bl::holders();
    REQUIRE(succeeded(all));
    REQUIRE(all->size() == 2);
    CHECK(all->at(id).pins == paths{"/bpf/a"});
    REQUIRE(all->at(id).processes.size() == 1);
    CHECK(all->at(id).processes[0].process == 7);
    auto const& nobody = all->at(bl::link_id{second.id()});
    CHECK(nobody.processes.empty());
    CHECK(nobody.pins.empty());
    // /proc, two bpffs; of two processes and the other threads of one.
    CHECK(calls(call::list_begin) == (by_proc ? 6 : 3));
}

TEST_CASE_FIXTURE(held, "an id that no link has is not found") {
    for (auto const absent : {bl::link_id{0}, bl::link_id{99}, bl::link_id{second.id() + 1},
                              bl::link_id{0x7fff'ffff}, bl::link_id{0xffff'ffff}}) {
        auto const told = bl::holders(absent);
        REQUIRE_FALSE(told);
        check_error(told.error(), ENOENT, bl::operation::link_get_next_id, bl::errc::not_found,
                    {"link " + std::to_string(absent.value())});
    }
    CHECK(calls(call::list_begin) == 0);
}

TEST_CASE_FIXTURE(held, "without the privilege to tell ids there is no answer") {
    lacks_capabilities = {21};
    fail_always(call::link_get_next_id, EPERM);
    auto const one = bl::holders(id);
    REQUIRE_FALSE(one);
    check_error(one.error(), EPERM, bl::operation::link_get_next_id, bl::errc::permission_denied,
                {"CAP_SYS_ADMIN"});
    auto const all = bl::holders();
    REQUIRE_FALSE(all);
    CHECK(all.error() == bl::errc::permission_denied);
}

TEST_CASE_FIXTURE(held, "what could not be looked at is said") {
    auto& daemon = add_process(7, "daemon");
    SUBCASE("a process of another user") {
        daemon.refusal = EACCES;
        auto const unseen = of(id).unseen;
        CHECK(unseen.find("1 process that") != std::string::npos);
        CHECK(unseen.starts_with("pins seen by ") != by_proc);
    }
    SUBCASE("hidden processes") {
        lacks_capabilities = {19};
        mounts = "20 1 0:5 / /proc rw - proc proc rw,hidepid=invisible\n";
        CHECK(of(id).unseen.find("hidepid") != std::string::npos);
        lacks_capabilities = {};
        CHECK(of(id).complete());
    }
    SUBCASE("processes outside") {
        pid_namespace = 77;
        CHECK(of(id).unseen.find("pid namespace") != std::string::npos);
    }
    SUBCASE("a pin") {
        pin("/bpf/a", there);
        fail(call::obj_get, EACCES);
        CHECK(of(id).unseen.find("/bpf/a") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(held, "what keeps all of the holders from being told has its cause") {
    if (!by_proc) return; // the kernel tells of all descriptors by itself
    add_process(7, "daemon").links = {there.shared_from_this()};
    for (auto const& [number, text] : std::vector<std::pair<int, char const*>>{
             {ENOSYS, "pidfd_getfd(2)"}, {EMFILE, "no free descriptor"}, {ENOMEM, "no memory"}}) {
        fail(call::descriptor_of, number);
        auto const told = bl::holders(id);
        REQUIRE_FALSE(told);
        CHECK(told.error().code().value() == number);
        CHECK(told.error().message().find(text) != std::string::npos);
    }
    fail(call::list_begin, ENOENT);
    auto const none = bl::holders(id);
    REQUIRE_FALSE(none);
    check_error(none.error(), ENOENT, bl::operation::read, bl::errc::not_supported,
                {"/proc is not mounted"});
}

TEST_CASE_FIXTURE(held, "a process whose first thread has ended holds by another") {
    auto& daemon = add_process(7, "daemon");
    daemon.links = {there.shared_from_this()};
    daemon.in_thread = true;
    auto const told = of(id);
    REQUIRE(told.processes.size() == 1);
    CHECK(told.processes[0].process == 7);
    CHECK(told.processes[0].descriptors == 1);
}

TEST_CASE_FIXTURE(held,
                  "the kernel's numbers are of the first pid namespace, and not asked in another") {
    pid_namespace = 77;
    add_process(7, "daemon").links = {there.shared_from_this()};
    forget_calls();
    CHECK(of(id).processes.at(0).process == 7);
    CHECK(calls(call::load_object) == 0);
}

TEST_CASE_FIXTURE(held, "pins of another mount namespace are told by its process, once each") {
    pin("/bpf/a", there);
    make_directory("/proc");
    make_directory("/proc/7");
    make_directory("/proc/7/root");
    make_bpffs("/proc/7/root/run", 3);
    pin("/proc/7/root/run/p", there);
    bind("/proc/7/root/same", "/bpf"); // it has ours, too
    for (int const number : {7, 8}) {
        auto& other = add_process(number, "container");
        other.mount_namespace = 42;
        other.mounts = "40 1 0:1 / /same rw - bpf none rw\n41 1 0:3 / /run rw - bpf none rw\n";
    }
    CHECK(of(id).pins == paths{"/bpf/a", "/proc/7/root/run/p"});
}

TEST_CASE_FIXTURE(held, "a bpffs that another mount hides is said to be unseen") {
    auto const own = mounts;
    mounts = own + "50 1 0:77 / /bpf rw - bpf none rw\n";
    CHECK(of(id).unseen.find("pins of 1 bpffs that other mounts hide") != std::string::npos);
    mounts = own + "50 1 0:77 / /unmounted rw - bpf none rw\n";
    CHECK_FALSE(of(id).complete());
    mounts = own;
    CHECK(of(id).complete());
}

TEST_CASE_FIXTURE(held, "pins that a process sees, and one in a smaller root does not, are told") {
    make_directory("/proc");
    make_directory("/proc/8");
    make_directory("/proc/8/root");
    make_bpffs("/proc/8/root/run", 3);
    pin("/proc/8/root/run/p", there);
    auto& jailed = add_process(7, "jailed");
    jailed.mounts = "";
    jailed.root = 77;
    auto& other = add_process(8, "free");
    other.mounts = "41 1 0:3 / /run rw - bpf none rw\n";
    jailed.mount_namespace = other.mount_namespace = 42;
    CHECK(of(id).pins == paths{"/proc/8/root/run/p"});
}

TEST_CASE_FIXTURE(held, "a process that ends meanwhile is left out") {
    auto& daemon = add_process(7, "daemon");
    daemon.links = {there.shared_from_this()};
    daemon.refusal = ENOENT;
    auto const told = of(id);
    CHECK(told.processes.empty());
    CHECK(told.complete());
}

TEST_CASE_FIXTURE(held, "a process that ends meanwhile is not one that refuses to be looked into") {
    auto& daemon = add_process(7, "daemon");
    daemon.refusal = EACCES; // as /proc/PID/root and /proc/PID/ns/mnt say of it
    daemon.has_ended = true;
    CHECK(of(id).complete());
}

TEST_CASE_FIXTURE(held, "no call that fails makes a holder vanish without a word") {
    pin("/bpf/a", there);
    for (auto const* const directory : {"/proc", "/proc/7", "/proc/7/root"})
        make_directory(directory);
    make_bpffs("/proc/7/root/run", 3);
    pin("/proc/7/root/run/p", there);
    auto const own = open(there);
    auto& other = add_process(7, "daemon");
    other.links = {there.shared_from_this()};
    other.mount_namespace = 42;
    other.mounts = "41 1 0:3 / /run rw - bpf none rw\n";
    forget_calls();
    CHECK(of(id).complete());
    int const all = system_calls();
    for (int const number : {EPERM, EACCES, ENOMEM, EMFILE, EIO, EINVAL})
        for (int nth = 1; nth <= all; ++nth) {
            if (number == EINVAL)
                bl::descriptors_program().unload(); // else it is foreign, and stays open
            if (by_proc) fail_always(call::load_object, EPERM);
            CAPTURE(number);
            CAPTURE(nth);
            fail_any(number, nth);
            auto const told = bl::holders(id);
            mend();
            if (!told) continue;
            bool const has_all =
                told->processes.size() == 2 && told->pins == paths{"/bpf/a", "/proc/7/root/run/p"};
            CHECK((has_all || !told->complete()));
        }
}
