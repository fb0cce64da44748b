// SPDX-License-Identifier: Apache-2.0
// What sys.cpp hands to the kernel and makes of its answers. The linker puts the functions below in
// place of the C library's (--wrap).
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "border/sys.hpp"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <functional>
#include <signal.h>

#include <doctest/doctest.h>

#include <sys/epoll.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

namespace sys = bpflink::sys;
namespace uapi = bpflink::uapi;

namespace {

struct {
    int interruptions = 0; // how many calls still fail with EINTR
    int fails_with = 0;    // what later ones fail with; 0: they succeed with `returns`
    long returns = 0;
    int calls = 0;
    long command = -1;
    std::array<unsigned char, 128> attr{};
    unsigned long attr_size = 0;
    std::function<void(void*)> answer;

    bool no_epoll = false;
    int epoll_flags = 0;
    int watched = -1;
    std::uint32_t watched_for = 0;
    int closed = -1;
} script;

long play() {
    ++script.calls;
    if (script.interruptions > 0) {
        --script.interruptions;
        errno = EINTR;
        return -1;
    }
    if (script.fails_with != 0) {
        errno = script.fails_with;
        return -1;
    }
    return script.returns;
}

template <class Attr>
Attr sent() {
    REQUIRE(script.attr_size == sizeof(Attr));
    Attr attr;
    std::memcpy(&attr, script.attr.data(), sizeof attr);
    return attr;
}

struct fresh_script {
    fresh_script() { script = {}; }
    ~fresh_script() { script = {}; }
};

} // namespace

extern "C" {
long __real_syscall(long number, ...);
int __real_close(int fd);
ssize_t __real_read(int fd, void* into, size_t size);

long __wrap_syscall(long number, ...) {
    va_list arguments;
    va_start(arguments, number);
    long const command = va_arg(arguments, int);
    void* const attr = va_arg(arguments, void*);
    unsigned long const size = va_arg(arguments, unsigned long);
    va_end(arguments);
    if (number != SYS_bpf) return __real_syscall(number, command, attr, size);
    script.command = command;
    script.attr_size = size;
    std::memcpy(script.attr.data(), attr, size);
    long const outcome = play();
    if (outcome >= 0 && script.answer) script.answer(attr);
    return outcome;
}
ssize_t __wrap_read(int, void*, size_t) {
    return play();
}
int __wrap_open(char const*, int, ...) {
    return static_cast<int>(play());
}
int __wrap_close(int fd) {
    script.closed = fd;
    return static_cast<int>(play());
}
int __wrap_epoll_create1(int flags) {
    script.epoll_flags = flags;
    errno = EMFILE;
    return script.no_epoll ? -1 : 70;
}
int __wrap_epoll_ctl(int epoll, int operation, int fd, ::epoll_event* event) {
    CHECK(epoll == 70);
    CHECK(operation == EPOLL_CTL_ADD);
    script.watched = fd;
    script.watched_for = event->events;
    return static_cast<int>(play());
}
int __wrap_statfs(char const*, struct statfs* facts) {
    facts->f_type = uapi::bpf_fs_magic;
    return static_cast<int>(play());
}
}

TEST_CASE_FIXTURE(fresh_script, "every bpf command goes out with its number and its operands") {
    sys::link_update({.link_fd = 3, .new_fd = 4, .flags = uapi::f_replace, .old_fd = 5});
    CHECK(script.command == static_cast<long>(uapi::command::link_update));
    CHECK(sent<uapi::link_update_attr>().old_fd == 5);

    sys::link_detach(7);
    CHECK(script.command == static_cast<long>(uapi::command::link_detach));
    CHECK(sent<uapi::link_detach_attr>().link_fd == 7);

    static_cast<void>(sys::link_get_fd_by_id(9));
    CHECK(script.command == static_cast<long>(uapi::command::link_get_fd_by_id));
    CHECK(sent<uapi::id_attr>().start_id == 9);

    static_cast<void>(sys::prog_get_fd_by_id(10));
    CHECK(script.command == static_cast<long>(uapi::command::prog_get_fd_by_id));
    CHECK(sent<uapi::id_attr>().start_id == 10);

    sys::prog_bind_map(11, -1);
    CHECK(script.command == static_cast<long>(uapi::command::prog_bind_map));
    CHECK(sent<uapi::prog_bind_map_attr>().prog_fd == 11);
    CHECK(sent<uapi::prog_bind_map_attr>().map_fd == 0xffff'ffffU);

    std::uint32_t const key = 1;
    std::uint64_t value = 2;
    auto const is_of_element = [&] {
        auto const attr = sent<uapi::map_elem_attr>();
        CHECK(attr.map_fd == 16);
        CHECK(attr.key == reinterpret_cast<std::uintptr_t>(&key));
        CHECK(attr.value == reinterpret_cast<std::uintptr_t>(&value));
        CHECK(attr.flags == 0);
    };
    sys::map_look_up(16, &key, &value);
    CHECK(script.command == static_cast<long>(uapi::command::map_lookup_elem));
    is_of_element();
    sys::map_update(16, &key, &value);
    CHECK(script.command == static_cast<long>(uapi::command::map_update_elem));
    is_of_element();

    sys::map_look_up_nothing(16);
    CHECK(script.command == static_cast<long>(uapi::command::map_lookup_elem));
    CHECK(sent<uapi::map_elem_attr>().map_fd == 16);
    CHECK(sent<uapi::map_elem_attr>().key == 0);
    CHECK(sent<uapi::map_elem_attr>().value == ~std::uint64_t{0});
    CHECK(sent<uapi::map_elem_attr>().flags == 0);

    static_cast<void>(sys::iter_create(12));
    CHECK(script.command == static_cast<long>(uapi::command::iter_create));
    CHECK(sent<uapi::iter_create_attr>().link_fd == 12);

    char const path[] = "/p";
    sys::obj_pin(13, path);
    CHECK(script.command == static_cast<long>(uapi::command::obj_pin));
    CHECK(sent<uapi::obj_attr>().bpf_fd == 13);
    CHECK(sent<uapi::obj_attr>().pathname == reinterpret_cast<std::uintptr_t>(path));

    static_cast<void>(sys::obj_get(path));
    CHECK(script.command == static_cast<long>(uapi::command::obj_get));
    CHECK(sent<uapi::obj_attr>().pathname == reinterpret_cast<std::uintptr_t>(path));
    CHECK(sent<uapi::obj_attr>().bpf_fd == 0);

    uapi::raw_tracepoint_attr tracepoint{};
    tracepoint.cookie = 14;
    static_cast<void>(sys::raw_tracepoint_open(tracepoint));
    CHECK(script.command == static_cast<long>(uapi::command::raw_tracepoint_open));
    CHECK(sent<uapi::raw_tracepoint_attr>().cookie == 14);

    uapi::link_create_attr create{};
    create.attach_type = 15;
    static_cast<void>(sys::link_create(create));
    CHECK(script.command == static_cast<long>(uapi::command::link_create));
    CHECK(sent<uapi::link_create_attr>().attach_type == 15);
}

TEST_CASE_FIXTURE(fresh_script, "the next id and the size of an info come back") {
    script.answer = [](void* attr) { static_cast<uapi::id_attr*>(attr)->next_id = 21; };
    std::uint32_t next = 0;
    CHECK(sys::link_get_next_id(20, next) == 0);
    CHECK(next == 21);
    CHECK(sent<uapi::id_attr>().start_id == 20);

    script.answer = [](void* attr) { static_cast<uapi::info_attr*>(attr)->info_len = 32; };
    uapi::link_info info{};
    std::uint32_t size = sizeof info;
    CHECK(sys::obj_get_info(3, &info, size) == 0);
    CHECK(size == 32);
    CHECK(sent<uapi::info_attr>().info_len == sizeof info);
    CHECK(sent<uapi::info_attr>().info == reinterpret_cast<std::uintptr_t>(&info));
}

TEST_CASE_FIXTURE(fresh_script, "what is not open is EBADF, whatever a command calls it") {
    unsigned char info[8];
    std::uint32_t size = sizeof info;
    script.fails_with = EBADFD;
    CHECK(sys::obj_get_info(3, info, size) == -EBADF);
    script.fails_with = EINVAL;
    CHECK(sys::obj_get_info(3, info, size) == -EINVAL);
}

TEST_CASE_FIXTURE(fresh_script, "a program runs with two arguments, and its answer comes back") {
    std::array<std::uint64_t, 2> arguments{};
    script.answer = [&](void* attr) {
        auto& run = *static_cast<uapi::prog_test_run_attr*>(attr);
        std::memcpy(arguments.data(), reinterpret_cast<void const*>(run.ctx_in), sizeof arguments);
        run.retval = 22;
    };
    std::uint32_t answer = 0;
    CHECK(sys::prog_test_run(3, 23, answer, 24) == 0);
    CHECK(answer == 22);
    CHECK(arguments == std::array<std::uint64_t, 2>{23, 24});
    CHECK(script.command == static_cast<long>(uapi::command::prog_test_run));
    CHECK(sent<uapi::prog_test_run_attr>().prog_fd == 3);
    CHECK(sent<uapi::prog_test_run_attr>().ctx_size_in == sizeof arguments);
    CHECK(sent<uapi::prog_test_run_attr>().repeat == 0); // which the kernel refuses here
    CHECK(sys::prog_test_run(3, -1, answer) == 0);
    CHECK(arguments == std::array<std::uint64_t, 2>{~0U, ~0U}); // 32-bit numbers to the program
}

TEST_CASE_FIXTURE(fresh_script, "a command that a signal interrupts is made again") {
    script.interruptions = 3;
    script.returns = 42;
    auto const link = sys::link_get_fd_by_id(1);
    CHECK(link.outcome() == 42);
    CHECK(script.calls == 4);
}

TEST_CASE_FIXTURE(fresh_script, "signals wait while the kernel verifies a program") {
    auto const is_held = [] {
        ::sigset_t now;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
        return ::sigismember(&now, SIGALRM) == 1;
    };
    bool held = false;
    script.answer = [&](void*) { held = is_held(); };
    static_cast<void>(sys::prog_load({}));
    CHECK(held);
    CHECK_FALSE(is_held());
}

// E5
TEST_CASE_FIXTURE(fresh_script, "a descriptor that nobody takes is closed, once") {
    script.returns = 42;
    static_cast<void>(sys::link_get_fd_by_id(1));
    CHECK(script.closed == 42);

    script = {};
    script.returns = 43;
    {
        auto made = sys::link_get_fd_by_id(1);
        auto const taken = std::move(made);
        CHECK(made.outcome() < 0);
        CHECK(script.closed == -1);
    }
    CHECK(script.closed == 43);
    CHECK(script.calls == 2);

    script = {};
    script.fails_with = EPERM;
    CHECK_FALSE(sys::link_get_fd_by_id(1));
    CHECK(script.closed == -1);
}

TEST_CASE_FIXTURE(fresh_script, "reading, opening and statfs are made again too") {
    std::array<std::byte, 4> buffer{};
    script.interruptions = 1;
    script.returns = 4;
    CHECK(sys::read(3, buffer) == 4);
    CHECK(script.calls == 2);

    script.interruptions = 1;
    auto const directory = sys::open_directory("/somewhere");
    CHECK(directory.outcome() == 4);
    CHECK(script.calls == 4);

    script.interruptions = 1;
    script.returns = 0;
    CHECK(sys::is_on_bpffs("/somewhere") == 1);
    CHECK(script.calls == 6);
}

TEST_CASE_FIXTURE(fresh_script, "closing is never made again, as the number is free by then") {
    script.interruptions = 1;
    CHECK(sys::close(99) == -EINTR);
    CHECK(script.calls == 1);
}

TEST_CASE_FIXTURE(fresh_script, "what is watched is watched for being read, by a descriptor more") {
    auto const watching = sys::watch(5);
    CHECK(watching.outcome() == 70);
    CHECK(script.epoll_flags == EPOLL_CLOEXEC);
    CHECK(script.watched == 5);
    CHECK(script.watched_for == EPOLLIN);
    CHECK(script.closed == -1);
    for (int const number : {EPERM, EBADF, ELOOP, ENOSPC}) {
        script = {};
        script.fails_with = number;
        CHECK(sys::watch(5).outcome() == -number);
        CHECK(script.closed == 70);
    }
    script = {};
    script.no_epoll = true;
    CHECK(sys::watch(5).outcome() == -EMFILE);
    CHECK(script.calls == 0);
}

TEST_CASE_FIXTURE(fresh_script, "a failure is errno, negated") {
    for (int const number : {EPERM, EINVAL, EAGAIN, ENOLINK, 524}) {
        script.fails_with = number;
        CHECK(sys::link_get_fd_by_id(1).outcome() == -number);
        CHECK(sys::link_detach(1) == -number);
    }
}
