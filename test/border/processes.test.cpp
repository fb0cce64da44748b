// SPDX-License-Identifier: Apache-2.0
// What sys.cpp says of real processes, descriptors and namespaces: this one's and a child's.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "border/sys.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sys = bpflink::sys;

namespace {

/// A process that waits until it is told to end.
class child {
public:
    child() {
        REQUIRE(::pipe2(wake_.data(), O_CLOEXEC) == 0);
        process_ = ::fork();
        if (process_ == 0) {
            char byte;
            ::close(wake_[1]);
            static_cast<void>(!::read(wake_[0], &byte, 1));
            ::_exit(0);
        }
        REQUIRE(process_ > 0);
    }
    ~child() { reap(); }
    child(child const&) = delete;
    child& operator=(child const&) = delete;

    /// Ends it; the number stays its own until reap().
    void end() {
        if (wake_[1] >= 0) ::close(wake_[1]);
        wake_[1] = -1;
        ::siginfo_t how{};
        ::waitid(P_PID, static_cast<::id_t>(process_), &how, WEXITED | WNOWAIT);
    }
    void reap() {
        if (process_ <= 0) return;
        end();
        ::waitpid(process_, nullptr, 0);
        ::close(wake_[0]);
        process_ = 0;
    }
    [[nodiscard]] int number() const { return process_; }
    [[nodiscard]] int pipe() const { return wake_[0]; } // the child has it under this number, too

private:
    std::array<int, 2> wake_{-1, -1};
    ::pid_t process_ = 0;
};

std::uint64_t inode_of(int fd) {
    struct stat facts{};
    REQUIRE(::fstat(fd, &facts) == 0);
    return facts.st_ino;
}

bool is_close_on_exec(int fd) {
    return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

constexpr int no_descriptor = 4'000;

} // namespace

TEST_CASE("a process is found while it runs, and by its pidfd") {
    child other;
    CHECK(sys::process_id() == ::getpid());
    CHECK(sys::find_process(sys::process_id()) == 0);
    CHECK(sys::find_process(other.number()) == 0);
    CHECK(sys::find_thread(other.number()) == 0);
    sys::opened const pidfd{static_cast<int>(::syscall(SYS_pidfd_open, other.number(), 0))};
    REQUIRE(pidfd);
    CHECK(sys::find_process_of(pidfd.outcome()) == 0);
    CHECK(sys::find_memory(other.number()) == 0);
    other.end();
    CHECK(sys::find_process(other.number()) == -ESRCH);
    CHECK(sys::find_process_of(pidfd.outcome()) == -ESRCH);
    CHECK(sys::find_memory(other.number()) == -ESRCH);
    int const number = other.number();
    other.reap();
    CHECK(sys::find_process(number) == -ESRCH);
    CHECK(sys::find_thread(number) == -ESRCH);
    for (int const nobody : {0, -1}) {
        CHECK(sys::find_process(nobody) == -ESRCH);
        CHECK(sys::find_thread(nobody) == -ESRCH);
    }
}

TEST_CASE("a thread is not a process") {
    std::thread{[] {
        auto const own = static_cast<int>(::syscall(SYS_gettid));
        CHECK(sys::find_thread(own) == 0);
        CHECK(sys::find_process(own) == -EINVAL);
    }}.join();
}

TEST_CASE("what another process has open is copied, close-on-exec") {
    child other;
    auto const copy = sys::descriptor_of(other.number(), other.number(), other.pipe());
    if (copy.outcome() == -EPERM || copy.outcome() == -ENOSYS) {
        MESSAGE("a filter of system calls refuses it");
        return;
    }
    REQUIRE(copy);
    CHECK(inode_of(copy.outcome()) == inode_of(other.pipe()));
    CHECK(is_close_on_exec(copy.outcome()));
    CHECK(sys::descriptor_of(other.number(), other.number(), no_descriptor).outcome() == -EBADF);
    other.end();
    int const gone = sys::descriptor_of(other.number(), other.number(), other.pipe()).outcome();
    CHECK((gone == -ESRCH || gone == -EBADF));
}

TEST_CASE("a further thread's descriptors are those of its process, where the kernel knows it") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    std::thread{[&] {
        auto const own = static_cast<int>(::syscall(SYS_gettid));
        auto const copy = sys::descriptor_of(::getpid(), own, ends[0]);
        if (copy)
            CHECK(inode_of(copy.outcome()) == inode_of(ends[0]));
        else
            CHECK((copy.outcome() == -EOPNOTSUPP || copy.outcome() == -EPERM ||
                   copy.outcome() == -ENOSYS));
    }}.join();
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("a network namespace's descriptor is its inode, and every other is none") {
    auto const own = sys::open_file("/proc/thread-self/ns/net");
    REQUIRE(own);
    std::uint32_t inode = 0;
    CHECK(sys::netns_inode_of(own.outcome(), inode) == 0);
    CHECK(inode == inode_of(own.outcome()));
    auto const other = sys::open_file("/proc/thread-self/ns/uts");
    auto const file = sys::open_file("/proc/self/status");
    CHECK(sys::netns_inode_of(other.outcome(), inode) == -EINVAL);
    CHECK(sys::netns_inode_of(file.outcome(), inode) == -EINVAL);
    CHECK(sys::netns_inode_of(no_descriptor, inode) == -EBADF);
}

TEST_CASE("a thread enters a network namespace, and nothing else") {
    std::thread{[] {
        auto const home = sys::open_file("/proc/thread-self/ns/net");
        REQUIRE(home);
        auto const file = sys::open_file("/proc/self/status");
        CHECK(sys::set_netns(file.outcome()) == -EINVAL);
        CHECK(sys::set_netns(no_descriptor) == -EBADF);
        if (::unshare(CLONE_NEWNET) != 0) {
            CHECK(sys::set_netns(home.outcome()) == -EPERM);
            return;
        }
        std::uint32_t there = 0, back = 0;
        auto const elsewhere = sys::open_file("/proc/thread-self/ns/net");
        CHECK(sys::netns_inode_of(elsewhere.outcome(), there) == 0);
        CHECK(there != inode_of(home.outcome()));
        CHECK(sys::set_netns(home.outcome()) == 0);
        CHECK(sys::netns_inode("/proc/thread-self/ns/net", back) == 0);
        CHECK(back == inode_of(home.outcome()));
        auto const uts = sys::open_file("/proc/thread-self/ns/uts");
        CHECK(sys::set_netns(uts.outcome()) == -EINVAL);
    }}.join();
}

TEST_CASE("a cgroup's descriptor is told from every other") {
    std::uint64_t id = 0;
    auto const directory = sys::open_directory("/");
    CHECK(sys::cgroup_id_of(directory.outcome(), id) == -EINVAL);
    CHECK(sys::cgroup_id_of(no_descriptor, id) == -EBADF);
    std::uint64_t same = 0;
    auto const cgroup = sys::open_directory("/sys/fs/cgroup");
    if (sys::cgroup_id("/sys/fs/cgroup", id) != 0) return; // cgroup2 is somewhere else
    CHECK(sys::cgroup_id_of(cgroup.outcome(), same) == 0);
    CHECK(same == id);
    CHECK(sys::is_on_cgroup1(cgroup.outcome()) == 0);
}

TEST_CASE("a descriptor is open or not, has a name, and is on procfs or not") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    CHECK(sys::is_open(ends[0]) == 0);
    std::array<char, 64> buffer;
    int const length = sys::descriptor_name(ends[0], buffer);
    REQUIRE(length > 0);
    CHECK(std::string_view{buffer.data(), static_cast<std::size_t>(length)} ==
          "pipe:[" + std::to_string(inode_of(ends[0])) + "]");
    CHECK(sys::is_on_proc(ends[0]) == 0);
    auto const status = sys::open_file("/proc/self/status");
    CHECK(sys::is_on_proc(status.outcome()) == 1);
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(sys::is_open(no_descriptor) == -EBADF);
    CHECK(sys::descriptor_name(no_descriptor, buffer) == -ENOENT);
    CHECK(sys::is_on_proc(no_descriptor) == -EBADF);
}

TEST_CASE("a directory of procfs lists the descriptors, and what each is of") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    void* list = nullptr;
    REQUIRE(sys::list_begin("/proc/self/fd", list) == 0);
    sys::entry found{};
    std::string target;
    int outcome = 0;
    while ((outcome = sys::list_next(list, found)) == 1) {
        CHECK(found.kind == sys::entry_kind::other); // symbolic links
        if (found.name != std::to_string(ends[0])) continue;
        std::array<char, 64> text;
        int const length = sys::list_link(list, found.name, text);
        REQUIRE(length > 0);
        target.assign(text.data(), static_cast<std::size_t>(length));
    }
    CHECK(outcome == 0);
    std::array<char, 8> small;
    CHECK(sys::list_link(list, std::to_string(ends[0]).c_str(), small) == 8);
    CHECK(sys::list_link(list, "none", small) == -ENOENT);
    sys::list_end(list);
    CHECK(target == "pipe:[" + std::to_string(inode_of(ends[0])) + "]");
    CHECK(sys::list_begin("/proc/none", list) == -ENOENT);
    CHECK(sys::list_begin("/proc/self/status", list) == -ENOTDIR);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("a capability is this thread's, as /proc tells it") {
    unsigned long long effective = 0;
    std::FILE* const status = std::fopen("/proc/thread-self/status", "re");
    REQUIRE(status);
    std::array<char, 256> line;
    while (std::fgets(line.data(), line.size(), status))
        std::sscanf(line.data(), "CapEff: %llx", &effective);
    std::fclose(status);
    for (unsigned const number : {0U, 12U, 21U, 38U, 39U})
        CHECK(sys::has_capability(number) == static_cast<int>(effective >> number & 1));
}

TEST_CASE("the first user namespace is known by its inode") {
    struct stat facts{};
    REQUIRE(::stat("/proc/thread-self/ns/user", &facts) == 0);
    CHECK(sys::is_in_first_user_namespace() == (facts.st_ino == 0xefff'fffdU ? 1 : 0));
    ::pid_t const process = ::fork();
    if (process == 0) {
        if (::unshare(CLONE_NEWUSER) != 0) ::_exit(2);
        ::_exit(sys::is_in_first_user_namespace() == 0 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(process, &status, 0) == process);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) != 1);
}

TEST_CASE("a perf event that cannot be is errno, negated") {
    bpflink::uapi::perf_event_attr attr{};
    attr.type = 4'000'000; // of no unit
    attr.size = sizeof attr;
    int const outcome = sys::perf_event_open(attr, -1, 0).outcome();
    CHECK((outcome == -ENOENT || outcome == -EACCES || outcome == -EPERM || outcome == -ENOSYS));
}

TEST_CASE("a socket's filter is neither attached by what is no program, nor locked") {
    sys::opened const socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    REQUIRE(socket);
    CHECK(sys::is_socket_filter_locked(socket.outcome()) == 0);
    CHECK(sys::attach_socket_filter(socket.outcome(), socket.outcome()) == -EINVAL);
    CHECK(sys::detach_socket_filter(socket.outcome()) == -ENOENT);
    int const on = 1;
    REQUIRE(::setsockopt(socket.outcome(), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) == 0);
    CHECK(sys::is_socket_filter_locked(socket.outcome()) == 1);
    CHECK(sys::detach_socket_filter(socket.outcome()) == -EPERM);
    CHECK(sys::is_socket_filter_locked(no_descriptor) == -EBADF);
}

TEST_CASE("what gives up says so, and aborts") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    ::pid_t const process = ::fork();
    if (process == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        ::signal(SIGABRT, SIG_DFL);
        sys::give_up("no way back\n");
    }
    ::close(ends[1]);
    std::array<char, 64> text{};
    CHECK(::read(ends[0], text.data(), text.size()) == 12);
    CHECK(std::string_view{text.data()} == "no way back\n");
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(process, &status, 0) == process);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
}
