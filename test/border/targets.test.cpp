// SPDX-License-Identifier: Apache-2.0
// What sys.cpp makes of the C library's and libbpf's answers about interfaces, namespaces and
// cgroups, and about programs that it loads. The linker puts the functions below in place of theirs
// (--wrap).
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "border/sys.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

namespace sys = bpflink::sys;

namespace {

/// The machine that the functions tell of. A descriptor is a number from 100 on.
struct machine {
    std::map<std::string_view, int> fails; // errno by function
    std::map<std::string_view, int> interruptions;
    std::map<std::string_view, int> calls;
    std::set<int> open;
    int closed = 0;
    int flags = 0; // of the last open
    long file_system = 0;
    int namespace_kind = 0;
    std::uint64_t cgroup = 0;         // by its path
    std::uint64_t asked_for = 0;      // by its handle
    std::string path = "/mnt/c2/a b"; // as the kernel tells it
    std::string mounts = "proc /proc proc rw 0 0\n"
                         "cgroup /mnt/c1 cgroup rw 0 0\n"
                         "cgroup2 /mnt/c2 cgroup2 rw 0 0\n"
                         "cgroup2 /mnt/other cgroup2 rw 0 0\n";
    std::string opened; // the last path
    bool has_program = true;
    int objects = 0; // of libbpf, open now

    /// Counts the call; whether it fails.
    bool fails_at(std::string_view function) {
        ++calls[function];
        if (interruptions[function] > 0) {
            --interruptions[function];
            errno = EINTR;
            return true;
        }
        errno = fails[function];
        return errno != 0;
    }
    int open_one() {
        int const number = 100 + calls["opened"]++;
        open.insert(number);
        return number;
    }
} world;

struct fresh_world {
    fresh_world() { world = {}; }
    ~fresh_world() {
        CHECK_MESSAGE(world.open.empty(), "a descriptor was left open");
        CHECK_MESSAGE(world.objects == 0, "an object was left open");
        world = {};
    }
};

char object_of_libbpf;
char loader_of_libbpf[8];
char program_of_libbpf;
constexpr std::array<std::byte, 8> file{};

} // namespace

extern "C" {
int __wrap_open(char const* path, int flags, ...) {
    if (world.fails_at("open")) return -1;
    world.opened = path;
    world.flags = flags;
    return world.open_one();
}
int __wrap_close(int fd) {
    CHECK(world.open.erase(fd) == 1);
    ++world.closed;
    return 0;
}
int __wrap_fcntl(int fd, int command, ...) {
    if (command == F_GETFD) return world.fails_at("streams") ? -1 : 0;
    CHECK(fd == 77);
    CHECK(command == F_DUPFD_CLOEXEC);
    va_list arguments;
    va_start(arguments, command);
    CHECK(va_arg(arguments, int) == 3); // what is kept is never a standard stream
    va_end(arguments);
    return world.fails_at("fcntl") ? -1 : world.open_one();
}
int __wrap_socket(int family, int type, int) {
    CHECK((type & SOCK_CLOEXEC) != 0);
    if (world.fails_at(family == AF_UNIX    ? "socket unix"
                       : family == AF_INET  ? "socket inet"
                       : family == AF_INET6 ? "socket inet6"
                                            : "socket netlink"))
        return -1;
    return world.open_one();
}
int __wrap_statfs(char const*, struct statfs* facts) {
    facts->f_type = world.file_system;
    return world.fails_at("statfs") ? -1 : 0;
}
int __wrap_fstatfs(int fd, struct statfs* facts) {
    CHECK(world.open.contains(fd));
    facts->f_type = world.file_system;
    return world.fails_at("fstatfs") ? -1 : 0;
}
int __wrap_fstat(int fd, struct stat* facts) {
    CHECK(world.open.contains(fd));
    facts->st_ino = 4'026'531'840U;
    return world.fails_at("fstat") ? -1 : 0;
}
int __wrap_ioctl(int fd, unsigned long question, ...) {
    CHECK(world.open.contains(fd));
    if (world.fails_at("ioctl")) return -1;
    std::va_list arguments;
    va_start(arguments, question);
    auto* const about = va_arg(arguments, ::ifreq*);
    va_end(arguments);
    switch (question) {
    case SIOCGIFINDEX:
        CHECK(about->ifr_name == std::string_view{"eth0"});
        about->ifr_ifindex = 2;
        return 0;
    case SIOCGIFNAME:
        CHECK(about->ifr_ifindex == 2);
        std::strcpy(about->ifr_name, "eth0");
        return 0;
    default: return world.namespace_kind;
    }
}
int __wrap_name_to_handle_at(int fd, char const* path, ::file_handle* handle, int*, int flags) {
    CHECK(world.open.contains(fd));
    CHECK(path == std::string_view{});
    CHECK(flags == AT_EMPTY_PATH);
    CHECK(handle->handle_bytes == sizeof world.cgroup);
    std::memcpy(handle->f_handle, &world.cgroup, sizeof world.cgroup);
    return world.fails_at("name_to_handle_at") ? -1 : 0;
}
int __wrap_open_by_handle_at(int mount, ::file_handle* handle, int) {
    CHECK(world.open.contains(mount));
    CHECK(world.opened == "/mnt/c2");
    CHECK(handle->handle_type == 0xfe);
    std::memcpy(&world.asked_for, handle->f_handle, sizeof world.asked_for);
    return world.fails_at("open_by_handle_at") ? -1 : world.open_one();
}
std::FILE* __wrap_setmntent(char const* path, char const*) {
    CHECK(path == std::string_view{"/proc/self/mounts"});
    if (world.fails_at("setmntent")) return nullptr;
    return ::fmemopen(world.mounts.data(), world.mounts.size(), "r");
}
ssize_t __wrap_readlink(char const*, char* into, size_t size) {
    if (world.fails_at("readlink")) return -1;
    return static_cast<ssize_t>(world.path.copy(into, size));
}
::bpf_object* __wrap_bpf_object__open_mem(void const* data, size_t size,
                                          ::bpf_object_open_opts const*) {
    CHECK(data == file.data());
    CHECK(size == file.size());
    if (world.fails_at("open_mem")) return nullptr;
    ++world.objects;
    return reinterpret_cast<::bpf_object*>(&object_of_libbpf);
}
int __wrap_bpf_object__gen_loader(::bpf_object*, ::gen_loader_opts* loader) {
    if (world.fails_at("gen_loader")) return -errno;
    loader->data = loader_of_libbpf;
    loader->data_sz = sizeof loader_of_libbpf;
    loader->insns = loader_of_libbpf;
    loader->insns_sz = sizeof loader_of_libbpf;
    return 0;
}
int __wrap_bpf_object__load(::bpf_object*) {
    return world.fails_at("load") ? -errno : 0;
}
long __wrap_syscall(long number, ...) {
    CHECK(number == SYS_bpf);
    std::va_list arguments;
    va_start(arguments, number);
    auto const command = va_arg(arguments, unsigned); // promoted
    auto const& attr = *va_arg(arguments, ::bpf_attr*);
    va_end(arguments);
    if (world.fails_at("bpf")) return -1;
    switch (command) {
    case BPF_MAP_CREATE:
    case BPF_PROG_LOAD: return world.open_one();
    case BPF_PROG_RUN: {
        CHECK(world.open.contains(static_cast<int>(attr.test.prog_fd)));
        int const made = world.open_one();
        // After what bpf_loader_ctx is of, as the loader of an only program has it.
        std::memcpy(reinterpret_cast<char*>(attr.test.ctx_in) + 24, &made, sizeof made);
        return 0;
    }
    default: return 0;
    }
}
::bpf_program* __wrap_bpf_object__next_program(::bpf_object const*, ::bpf_program*) {
    return world.has_program ? reinterpret_cast<::bpf_program*>(&program_of_libbpf) : nullptr;
}
int __wrap_bpf_program__fd(::bpf_program const*) {
    return 77;
}
void __wrap_bpf_object__close(::bpf_object*) {
    --world.objects;
}
}

TEST_CASE_FIXTURE(fresh_world, "an interface's index and name come back, or why not") {
    std::array<char, 16> name{};
    CHECK(sys::interface_index("eth0") == 2);
    CHECK(sys::interface_name(2, name) == 0);
    CHECK(name.data() == std::string_view{"eth0"});
    for (int const number : {ENODEV, EPERM}) {
        world.fails = {{"ioctl", number}};
        CHECK(sys::interface_index("eth0") == -number);
        CHECK(sys::interface_name(2, name) == -number);
    }
    world.fails.clear();
    CHECK(sys::interface_index(std::string(128, 'n').c_str()) == -ENODEV); // nor another name
    CHECK(sys::interface_index("eth0:1") == -ENODEV); // the kernel would look for eth0
}

TEST_CASE_FIXTURE(fresh_world, "that an interface cannot be asked for is not that there is none") {
    std::array<char, 16> name{};
    for (int const number : {EMFILE, ENFILE, ENOMEM, EPERM}) {
        world.fails = {{"socket unix", number}};
        CHECK(sys::interface_index("eth0") == -number);
        CHECK(sys::interface_name(2, name) == -number);
    }
    world.fails = {{"socket unix", EAFNOSUPPORT}, {"socket inet", EAFNOSUPPORT}};
    CHECK(sys::interface_index("eth0") == 2); // by a socket of another family
    CHECK(sys::interface_name(2, name) == 0);
    world.fails["socket inet6"] = EAFNOSUPPORT;
    CHECK(sys::interface_index("eth0") == -EAFNOSUPPORT);
    world.fails = {{"socket netlink", EMFILE}}; // by which longer names are asked for
    CHECK(sys::interface_index("a name of 16 chr") == -EMFILE);
}

TEST_CASE_FIXTURE(fresh_world, "a network namespace is its inode") {
    world.file_system = NSFS_MAGIC;
    world.namespace_kind = CLONE_NEWNET;
    world.interruptions = {{"statfs", 1}, {"open", 2}};
    std::uint32_t inode = 0;
    CHECK(sys::netns_inode("/run/netns/a", inode) == 0);
    CHECK(inode == 4'026'531'840U);
    CHECK(world.opened == "/run/netns/a");
    CHECK((world.flags & O_CLOEXEC) != 0);
    CHECK(world.calls["open"] == 3);
    CHECK(world.closed == 1);
}

TEST_CASE_FIXTURE(fresh_world, "what is no network namespace is EINVAL, and not even opened") {
    std::uint32_t inode = 7;
    SUBCASE("a file elsewhere") {
        world.file_system = PROC_SUPER_MAGIC;
        CHECK(sys::netns_inode("/a", inode) == -EINVAL);
        CHECK(world.calls["open"] == 0);
    }
    SUBCASE("another kind of namespace") {
        world.file_system = NSFS_MAGIC;
        world.namespace_kind = CLONE_NEWNS;
        CHECK(sys::netns_inode("/a", inode) == -EINVAL);
        CHECK(world.closed == 1);
    }
    SUBCASE("something that the kernel does not tell the kind of") {
        world.file_system = NSFS_MAGIC;
        world.fails = {{"ioctl", ENOTTY}};
        CHECK(sys::netns_inode("/a", inode) == -EINVAL);
        CHECK(world.closed == 1);
    }
    CHECK(inode == 7);
}

TEST_CASE_FIXTURE(fresh_world, "a network namespace that cannot be asked is errno, negated") {
    world.file_system = NSFS_MAGIC;
    world.namespace_kind = CLONE_NEWNET;
    for (auto const* const function : {"statfs", "open", "fstat"})
        for (int const number : {ENOENT, EACCES, EMFILE}) {
            world.fails = {{function, number}};
            std::uint32_t inode = 7;
            CHECK(sys::netns_inode("/a", inode) == -number);
            CHECK(inode == 7);
        }
}

TEST_CASE_FIXTURE(fresh_world, "a cgroup's id is in its handle") {
    world.file_system = CGROUP2_SUPER_MAGIC;
    world.cgroup = 0x1'0000'0007;
    world.interruptions = {{"open", 1}};
    std::uint64_t id = 0;
    CHECK(sys::cgroup_id("/mnt/c2/a", id) == 0);
    CHECK(id == 0x1'0000'0007);
    CHECK((world.flags & O_PATH) != 0);
    CHECK((world.flags & O_CLOEXEC) != 0);
    CHECK(world.closed == 1);
}

TEST_CASE_FIXTURE(fresh_world, "what is no cgroup2 directory is EINVAL") {
    std::uint64_t id = 7;
    SUBCASE("no directory") {
        world.fails = {{"open", ENOTDIR}};
    }
    SUBCASE("a directory elsewhere") {
        world.file_system = PROC_SUPER_MAGIC;
    }
    CHECK(sys::cgroup_id("/a", id) == -EINVAL);
    CHECK(id == 7);
}

TEST_CASE_FIXTURE(fresh_world, "a cgroup that cannot be asked is errno, negated") {
    world.file_system = CGROUP2_SUPER_MAGIC;
    for (auto const* const function : {"open", "fstatfs", "name_to_handle_at"})
        for (int const number : {ENOENT, EACCES, EMFILE}) {
            world.fails = {{function, number}};
            std::uint64_t id = 7;
            CHECK(sys::cgroup_id("/a", id) == -number);
            CHECK(id == 7);
        }
}

TEST_CASE_FIXTURE(fresh_world, "a cgroup's path is what the first cgroup2 mount knows its id by") {
    world.file_system = CGROUP2_SUPER_MAGIC;
    world.cgroup = 42;
    std::array<char, 64> path;
    path.fill('#');
    auto const length = static_cast<int>(world.path.size());
    CHECK(sys::cgroup_path(42, path) == length);
    CHECK(path.data() == world.path);
    CHECK(world.asked_for == 42);
    CHECK(world.opened == world.path); // asked once more
    CHECK(world.closed == 3);

    // With room for it and its end, and with less.
    CHECK(sys::cgroup_path(42, std::span{path}.first(world.path.size() + 1)) == length);
    world.path += " (deleted)";
    world.cgroup = 43;
    CHECK(sys::cgroup_path(42, path) == -EXDEV);
}

TEST_CASE_FIXTURE(fresh_world, "a cgroup that has no path here is EXDEV") {
    world.file_system = CGROUP2_SUPER_MAGIC;
    world.cgroup = 42;
    std::array<char, 64> path;
    SUBCASE("another cgroup is there") {
        world.cgroup = 43;
    }
    SUBCASE("something else is there") {
        world.file_system = PROC_SUPER_MAGIC;
    }
    SUBCASE("it cannot be asked") {
        world.fails = {{"name_to_handle_at", EOPNOTSUPP}};
    }
    CHECK(sys::cgroup_path(42, path) == -EXDEV);
}

TEST_CASE_FIXTURE(fresh_world, "a cgroup that cannot be looked for is errno, negated") {
    world.file_system = CGROUP2_SUPER_MAGIC;
    world.cgroup = 42;
    std::array<char, 64> path;
    for (auto const* const function : {"setmntent", "open", "open_by_handle_at", "readlink"})
        for (int const number : {ESTALE, EPERM, EMFILE}) {
            world.fails = {{function, number}};
            CHECK(sys::cgroup_path(42, path) == -number);
        }
    for (int const number : {EMFILE, ENFILE, ENOMEM}) {
        world.fails = {{"name_to_handle_at", number}};
        CHECK(sys::cgroup_path(42, path) == -number);
    }
    world.fails.clear();
    world.mounts = "proc /proc proc rw 0 0\n";
    CHECK(sys::cgroup_path(42, path) == -ENOENT);
}

TEST_CASE_FIXTURE(fresh_world, "a loaded object is closed, and its program's descriptor stays") {
    int by_libbpf = 0;
    SUBCASE("by a loader that the kernel runs") {
    }
    SUBCASE("by libbpf where the kernel refuses the loader") {
        world.fails = {{"bpf", EINVAL}};
        by_libbpf = 1;
    }
    SUBCASE("by libbpf where it writes none") {
        world.fails = {{"gen_loader", EFAULT}};
        by_libbpf = 1;
    }
    SUBCASE("by libbpf where a standard stream is closed, for the loader would take its number") {
        world.fails = {{"streams", EBADF}};
        by_libbpf = 1;
    }
    {
        auto const program = sys::load_object(file);
        REQUIRE(program.outcome() >= 100);
        CHECK(world.open == std::set{program.outcome()});
        CHECK(world.objects == 0);
        CHECK(world.calls["fcntl"] == by_libbpf);
    }
    CHECK(world.open.empty());
}

TEST_CASE_FIXTURE(fresh_world, "an object that cannot be loaded is errno, negated, and closed") {
    for (auto const* const function : {"open_mem", "load", "fcntl"})
        for (int const number : {EPERM, ESRCH, EMFILE, 524}) {
            world.fails = {{function, number}, {"bpf", number}};
            CHECK(sys::load_object(file).outcome() == -number);
            CHECK(world.objects == 0);
        }
    world.fails = {{"bpf", EINVAL}};
    world.has_program = false;
    CHECK(sys::load_object(file).outcome() == -ENOENT);
}
