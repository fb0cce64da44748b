// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"

#include "border/side_by_side.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <iterator>
#include <memory>
#include <mntent.h>
#include <poll.h>
#include <string_view>
#include <thread>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <bpf/skel_internal.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

namespace bpflink::sys {
namespace {

int negated(long outcome) noexcept {
    return outcome < 0 ? -errno : static_cast<int>(outcome);
}

/// The answer of `call`, a negated errno for a failure, once no signal interrupts it.
template <class Call>
int restarted(Call call) noexcept {
    int outcome;
    do
        outcome = call();
    while (outcome == -EINTR);
    return outcome;
}

/// bpf(2), which the C library has no function for; the outcome or a negated errno.
// Its syscall() costs a return more, and the first one after a system call is the dearest: the
// processor has forgotten to where. That is 1 % of a walk. The border's tests take the
// portable way, to stand behind it.
inline int bpf_once(int command, void* attr, std::size_t size) noexcept {
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(BPFLINK_BPF_BY_LIBC)
    long outcome;
    asm volatile("syscall"
                 : "=a"(outcome)
                 : "a"(SYS_bpf), "D"(command), "S"(attr), "d"(size)
                 : "rcx", "r11", "memory");
    return static_cast<int>(outcome);
#else
    return negated(::syscall(SYS_bpf, command, attr, size));
#endif
}

template <class Attr>
int bpf(uapi::command command, Attr& attr) noexcept {
    return restarted([&] {
        return bpf_once(static_cast<int>(command), const_cast<std::remove_const_t<Attr>*>(&attr),
                        sizeof attr);
    });
}

std::uint64_t address(void const* pointer) noexcept {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

std::uint32_t number(int fd) noexcept {
    return static_cast<std::uint32_t>(fd);
}

/// Whether a file is on a file system of a kind: 1, 0, or a negated errno.
int is_on(char const* path, unsigned long kind) noexcept {
    struct statfs facts;
    int const outcome = restarted([&] { return negated(::statfs(path, &facts)); });
    return outcome < 0 ? outcome : static_cast<unsigned long>(facts.f_type) == kind;
}

/// Asks by name or by index. The C library's if_nametoindex() and if_indextoname() say that there
/// is no such interface when they could not ask.
int ask_of_interface(unsigned long question, ::ifreq& about) noexcept {
    int found = -EAFNOSUPPORT;
    // Any socket will do; a service may be kept from those of a family.
    for (int const family : {AF_UNIX, AF_INET, AF_INET6})
        if (found == -EAFNOSUPPORT) found = negated(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    opened const socket{found};
    return !socket ? socket.outcome() : negated(::ioctl(socket.outcome(), question, &about));
}

/// The facts that rtnetlink tells of an interface, as far as they are read.
struct interface_told {
    std::uint32_t index = 0;
    std::uint32_t master = 0; // the bridge or bond that it is a port of
    std::uint32_t other = 0; // the device below a macvlan, or a veth's peer; 0 in another namespace
    std::uint32_t mtu = 0;
    std::uint8_t xdp = 0; // XDP_ATTACHED_...
    char const* name = "";
    char const* kind = "";
};

using bytes_of_kernel = std::span<std::byte const>;

/// The number at the start of what netlink wrote; 0 where that is too short.
template <class Number>
Number read_as(bytes_of_kernel from) noexcept {
    Number value{};
    if (from.size() >= sizeof value) std::memcpy(&value, from.data(), sizeof value);
    return value;
}

char const* text_in(bytes_of_kernel from) noexcept {
    return reinterpret_cast<char const*>(from.data());
}

/// Calls `visit` with the head of each part, a message's or an attribute's, and with what follows.
template <class Head, class Length, class Visit>
void each_part(bytes_of_kernel all, Length length, Visit visit) noexcept {
    constexpr std::size_t aligned = 4; // NLMSG_ALIGNTO and RTA_ALIGNTO
    while (all.size() >= sizeof(Head)) {
        auto const head = read_as<Head>(all);
        std::size_t const size = length(head);
        if (size < sizeof(Head) || size > all.size()) return;
        visit(head, all.subspan(sizeof(Head), size - sizeof(Head)));
        all = all.subspan(std::min((size + aligned - 1) / aligned * aligned, all.size()));
    }
}

template <class Visit>
void each_attribute(bytes_of_kernel all, Visit visit) noexcept {
    each_part<::rtattr>(
        all, [](::rtattr const& head) { return head.rta_len; },
        [&](::rtattr const& head, bytes_of_kernel value) {
            visit(head.rta_type & NLA_TYPE_MASK, value);
        });
}

interface_told read_interface(bytes_of_kernel message) noexcept {
    interface_told told;
    bool is_elsewhere = false;
    told.index = static_cast<std::uint32_t>(read_as<::ifinfomsg>(message).ifi_index);
    if (message.size() < sizeof(::ifinfomsg)) return told;
    each_attribute(message.subspan(sizeof(::ifinfomsg)), [&](int type, bytes_of_kernel value) {
        switch (type) {
        case IFLA_IFNAME: told.name = text_in(value); break;
        case IFLA_MTU: told.mtu = read_as<std::uint32_t>(value); break;
        case IFLA_MASTER: told.master = read_as<std::uint32_t>(value); break;
        case IFLA_LINK: told.other = read_as<std::uint32_t>(value); break;
        case IFLA_LINK_NETNSID: is_elsewhere = true; break;
        case IFLA_LINKINFO:
            each_attribute(value, [&](int inner, bytes_of_kernel of_link) {
                if (inner == IFLA_INFO_KIND) told.kind = text_in(of_link);
            });
            break;
        case IFLA_XDP:
            each_attribute(value, [&](int inner, bytes_of_kernel of_xdp) {
                if (inner == IFLA_XDP_ATTACHED) told.xdp = read_as<std::uint8_t>(of_xdp);
            });
            break;
        default: break;
        }
    });
    if (is_elsewhere) told.other = 0;
    return told;
}

/// Sends a question to rtnetlink, and calls `visit` with each interface of the answer.
int ask_rtnetlink(::nlmsghdr const& question, auto visit) noexcept {
    opened const socket{negated(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))};
    if (!socket) return socket.outcome();
    int const sent = negated(::send(socket.outcome(), &question, question.nlmsg_len, 0));
    if (sent < 0) return sent;
    std::array<std::byte, 32768> answer; // the most that the kernel puts into one
    int outcome = 0;
    for (bool is_done = false; !is_done;) {
        int const size = restarted(
            [&] { return negated(::recv(socket.outcome(), answer.data(), answer.size(), 0)); });
        if (size <= 0) return size;
        each_part<::nlmsghdr>(
            bytes_of_kernel{answer}.first(static_cast<std::size_t>(size)),
            [](::nlmsghdr const& head) { return head.nlmsg_len; },
            [&](::nlmsghdr const& head, bytes_of_kernel message) {
                if (head.nlmsg_type == RTM_NEWLINK) visit(read_interface(message));
                if (head.nlmsg_type == NLMSG_ERROR) outcome = read_as<int>(message);
                bool const is_one_of_many = (head.nlmsg_flags & NLM_F_MULTI) != 0;
                if (head.nlmsg_type == NLMSG_DONE || !is_one_of_many) is_done = true;
            });
    }
    return outcome;
}

/// Calls `visit` with each interface of this network namespace.
int each_interface(auto visit) noexcept {
    struct {
        ::nlmsghdr head;
        ::ifinfomsg about;
    } question{};
    question.head.nlmsg_len = sizeof question;
    question.head.nlmsg_type = RTM_GETLINK;
    question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    return ask_rtnetlink(question.head, visit);
}

/// By a name that is longer than an interface's own may be.
int index_by_alternative_name(std::string_view name) noexcept {
    struct {
        ::nlmsghdr head;
        ::ifinfomsg about;
        ::rtattr attribute;
        std::array<char, 128> name; // ALTIFNAMSIZ
    } question{};
    if (name.size() >= question.name.size()) return -ENODEV;
    std::ranges::copy(name, question.name.begin());
    auto const length = static_cast<std::uint32_t>(name.size() + 1);
    question.head.nlmsg_len = sizeof question - sizeof question.name + length;
    question.head.nlmsg_type = RTM_GETLINK;
    question.head.nlmsg_flags = NLM_F_REQUEST;
    question.attribute.rta_len = static_cast<std::uint16_t>(sizeof(::rtattr) + length);
    question.attribute.rta_type = IFLA_ALT_IFNAME;
    int index = -ENODEV;
    int const outcome = ask_rtnetlink(
        question.head, [&](interface_told const& told) { index = static_cast<int>(told.index); });
    return outcome < 0 ? outcome : index;
}

/// Copies a name that fits, with its zero byte.
void copy_name(char const* from, std::span<char> into) noexcept {
    std::snprintf(into.data(), into.size(), "%s", from);
}

/// The answer of stat(2) and its like.
int told(int outcome, struct ::stat const& found, file_facts& out) noexcept {
    if (outcome < 0) return -errno;
    constexpr unsigned permissions = 07777;
    out = {
        .kind = S_ISDIR(found.st_mode)   ? file_kind::directory
                : S_ISREG(found.st_mode) ? file_kind::regular
                : S_ISLNK(found.st_mode) ? file_kind::symlink
                                         : file_kind::other,
        .device = found.st_dev,
        .inode = found.st_ino,
        .mode = found.st_mode & permissions,
        .owner = found.st_uid,
        .group = found.st_gid,
    };
    return 0;
}

bool is_in_procfs(char const* path) noexcept {
    std::array<char, PATH_MAX> directory;
    auto const* const end = std::strrchr(path, '/');
    if (!end || static_cast<std::size_t>(end - path) >= directory.size()) return false;
    *std::copy(path, end, directory.begin()) = '\0';
    struct statfs facts;
    return ::statfs(directory.data(), &facts) == 0 && facts.f_type == PROC_SUPER_MAGIC;
}

/// The number by which file systems like cgroup2 know a file.
union kernfs_handle {
    ::file_handle head;
    std::byte room[sizeof(::file_handle) + sizeof(std::uint64_t)];

    kernfs_handle() noexcept : room{} {
        head.handle_bytes = sizeof(std::uint64_t);
        head.handle_type = 0xfe; // FILEID_KERNFS
    }
};

/// The root of the first cgroup2 mount.
opened open_cgroup2() noexcept {
    std::FILE* const mounts = ::setmntent("/proc/self/mounts", "re");
    if (!mounts) return errno == ENOENT ? -EOPNOTSUPP : -errno; // nobody tells what is mounted
    opened root = -ENOENT;
    ::mntent mount;
    char strings[PATH_MAX + 1024];
    while (root.outcome() == -ENOENT && ::getmntent_r(mounts, &mount, strings, sizeof strings))
        if (std::strcmp(mount.mnt_type, "cgroup2") == 0)
            root = negated(::open(mount.mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ::endmntent(mounts);
    return root;
}

/// A path that opens what a descriptor is of: this thread's, since the first thread of a process
/// may have ended, or have other descriptors. printf's code would take more memory than the rest of
/// the search for a symbol.
void name_of_descriptor(int fd, char (&path)[40]) noexcept {
    constexpr std::string_view directory = "/proc/thread-self/fd/";
    auto* const number = std::ranges::copy(directory, path).out;
    *std::to_chars(number, std::end(path) - 1, fd).ptr = '\0'; // a number has 11 letters at most
}

/// Keeps this thread's messages of libbpf from standard error while it lives: a failure is an error
/// here, and may be expected. Other threads' go where they went.
///
/// There is no lock: a thread that forks would leave it locked in its child. There, what another
/// thread has taken over stays taken over, and is handed on all the same.
class quiet_libbpf {
public:
    quiet_libbpf() noexcept {
        quiet = true;
        ++living;
        take_over();
    }
    ~quiet_libbpf() {
        // The last one gives back. One that comes just then must not be left without.
        for (bool last = --living == 0; last; last = living == 0) {
            give_back();
            if (living == 0) break;
            take_over();
        }
        quiet = false;
    }
    quiet_libbpf(quiet_libbpf const&) = delete;
    quiet_libbpf& operator=(quiet_libbpf const&) = delete;

private:
    static void take_over() noexcept {
        if (auto const before = ::libbpf_set_print(print); before != print) others = before;
    }
    static void give_back() noexcept {
        auto const now = ::libbpf_set_print(others);
        if (now != print) ::libbpf_set_print(now); // set by somebody else in between
    }
    static int print(::libbpf_print_level level, char const* format, std::va_list arguments) {
        auto const print_others = others.load();
        return quiet || !print_others ? 0 : print_others(level, format, arguments);
    }
    static inline std::atomic<unsigned> living = 0;
    static inline std::atomic<::libbpf_print_fn_t> others = nullptr;
    static inline thread_local bool quiet = false;
};

/// Signals that wait for this thread: each makes the verifier give up (EAGAIN), and where a timer
/// sends them there is one at every attempt.
class held_signals {
public:
    held_signals() noexcept {
        ::sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~held_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    held_signals(held_signals const&) = delete;
    held_signals& operator=(held_signals const&) = delete;

private:
    ::sigset_t before_;
};

} // namespace

opened prog_load(uapi::prog_load_attr const& attr) noexcept {
    held_signals const undisturbed;
    constexpr int attempts = 5; // SIGKILL and SIGSTOP are not held
    int outcome = -EAGAIN;
    for (int attempt = 0; outcome == -EAGAIN && attempt != attempts; ++attempt)
        outcome = bpf(uapi::command::prog_load, attr);
    return outcome;
}

opened link_create(uapi::link_create_attr const& attr) noexcept {
    return bpf(uapi::command::link_create, attr);
}

opened raw_tracepoint_open(uapi::raw_tracepoint_attr const& attr) noexcept {
    return bpf(uapi::command::raw_tracepoint_open, attr);
}

int link_update(uapi::link_update_attr const& attr) noexcept {
    return bpf(uapi::command::link_update, attr);
}

int link_detach(int link) noexcept {
    uapi::link_detach_attr const attr{number(link)};
    return bpf(uapi::command::link_detach, attr);
}

int link_get_next_id(std::uint32_t after, std::uint32_t& next) noexcept {
    uapi::id_attr attr{after, 0, 0};
    int const outcome = bpf(uapi::command::link_get_next_id, attr);
    next = attr.next_id;
    return outcome;
}

opened link_get_fd_by_id(std::uint32_t id) noexcept {
    uapi::id_attr const attr{id, 0, 0};
    return bpf(uapi::command::link_get_fd_by_id, attr);
}

opened prog_get_fd_by_id(std::uint32_t id) noexcept {
    uapi::id_attr const attr{id, 0, 0};
    return bpf(uapi::command::prog_get_fd_by_id, attr);
}

opened map_get_fd_by_id(std::uint32_t id) noexcept {
    uapi::id_attr const attr{id, 0, 0};
    return bpf(uapi::command::map_get_fd_by_id, attr);
}

opened btf_get_fd_by_id(std::uint32_t id) noexcept {
    uapi::id_attr const attr{id, 0, 0};
    return bpf(uapi::command::btf_get_fd_by_id, attr);
}

int prog_bind_map(int program, int map) noexcept {
    uapi::prog_bind_map_attr const attr{number(program), number(map), 0};
    return bpf(uapi::command::prog_bind_map, attr);
}

int prog_test_run(int program, int argument, std::uint32_t& answer, int second) noexcept {
    std::uint64_t const arguments[] = {number(argument), number(second)};
    uapi::prog_test_run_attr attr{};
    attr.prog_fd = number(program);
    attr.ctx_size_in = sizeof arguments;
    attr.ctx_in = address(arguments);
    int const outcome = bpf(uapi::command::prog_test_run, attr);
    answer = attr.retval;
    return outcome;
}

int prog_test_run_on_nothing(int program) noexcept {
    constexpr std::uint32_t shortest_frame = 14;
    uapi::prog_test_run_attr attr{};
    attr.prog_fd = number(program);
    attr.data_in = ~std::uint64_t{0};
    attr.data_size_in = shortest_frame;
    return bpf(uapi::command::prog_test_run, attr);
}

int map_look_up(int map, void const* key, void* value) noexcept {
    uapi::map_elem_attr const attr{number(map), 0, address(key), address(value), 0};
    return bpf(uapi::command::map_lookup_elem, attr);
}

int map_update(int map, void const* key, void const* value) noexcept {
    uapi::map_elem_attr const attr{number(map), 0, address(key), address(value), 0};
    return bpf(uapi::command::map_update_elem, attr);
}

int map_look_up_nothing(int map) noexcept {
    constexpr auto nowhere = ~std::uint64_t{0};
    uapi::map_elem_attr const attr{number(map), 0, 0, nowhere, 0};
    return bpf(uapi::command::map_lookup_elem, attr);
}

opened iter_create(int link) noexcept {
    uapi::iter_create_attr const attr{number(link), 0};
    return bpf(uapi::command::iter_create, attr);
}

int prog_query(uapi::prog_query_attr& attr) noexcept {
    return bpf(uapi::command::prog_query, attr);
}

int obj_pin(int fd, char const* path) noexcept {
    uapi::obj_attr const attr{address(path), number(fd), 0};
    return bpf(uapi::command::obj_pin, attr);
}

opened obj_get(char const* path) noexcept {
    uapi::obj_attr const attr{address(path), 0, 0};
    return bpf(uapi::command::obj_get, attr);
}

int obj_get_info(int fd, void* info, std::uint32_t& size) noexcept {
    uapi::info_attr attr{number(fd), size, address(info)};
    int const outcome = bpf(uapi::command::obj_get_info_by_fd, attr);
    size = attr.info_len;
    return outcome == -EBADFD ? -EBADF : outcome; // alone among the commands
}

int close(int fd) noexcept {
    // Never again after EINTR: Linux has freed the number by then.
    return negated(::close(fd));
}

opened duplicate(int fd, bool survives_exec) noexcept {
    // Never 0, 1 or 2, where the process has closed those: it would read or write there.
    constexpr int lowest = 3;
    int const outcome = negated(::fcntl(fd, survives_exec ? F_DUPFD : F_DUPFD_CLOEXEC, lowest));
    return outcome == -EINVAL ? -EMFILE : outcome; // the limit is as low
}

opened watch(int fd) noexcept {
    opened watching = negated(::epoll_create1(EPOLL_CLOEXEC));
    if (!watching) return watching;
    ::epoll_event wanted{};
    wanted.events = EPOLLIN;
    int const outcome = negated(::epoll_ctl(watching.outcome(), EPOLL_CTL_ADD, fd, &wanted));
    if (outcome == 0) return watching;
    return outcome;
}

opened open_waiter() noexcept {
    return negated(::epoll_create1(EPOLL_CLOEXEC));
}

int wait_for(int waiter, int fd, unsigned which, waits how) noexcept {
    ::epoll_event wanted{};
    wanted.events = EPOLLIN;
    if (how == waits::once) wanted.events |= EPOLLONESHOT;
    wanted.data.u32 = which;
    return negated(::epoll_ctl(waiter, EPOLL_CTL_ADD, fd, &wanted));
}

int wait_any(int waiter, std::chrono::milliseconds limit, unsigned& which) noexcept {
    using std::chrono::milliseconds;
    auto const start = now();
    std::array<::epoll_event, 16> ready;
    which = 0;
    int const count = restarted([&] {
        auto const passed = std::chrono::duration_cast<milliseconds>(now() - start);
        auto const left = std::clamp(limit - passed, milliseconds{0}, milliseconds{INT_MAX});
        return negated(::epoll_wait(waiter, ready.data(), static_cast<int>(ready.size()),
                                    static_cast<int>(left.count())));
    });
    for (int i = 0; i < count; ++i)
        which |= ready[static_cast<std::size_t>(i)].data.u32;
    return count < 0 ? count : static_cast<int>(which);
}

opened open_timer(std::chrono::milliseconds first, std::chrono::milliseconds period) noexcept {
    opened timer = negated(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer) return timer;
    auto const spelled = [](std::chrono::milliseconds time) {
        auto const count = time.count();
        return ::timespec{static_cast<time_t>(count / 1'000),
                          static_cast<long>(count % 1'000 * 1'000'000)};
    };
    ::itimerspec when{spelled(period), spelled(first)};
    if (first == first.zero()) when.it_value.tv_nsec = 1; // 0 would stop it
    int const outcome = negated(::timerfd_settime(timer.outcome(), 0, &when, nullptr));
    if (outcome == 0) return timer;
    return outcome;
}

opened open_device_news() noexcept {
    opened socket{
        negated(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE))};
    if (!socket) return socket;
    ::sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    own.nl_groups = RTMGRP_LINK;
    int const outcome =
        negated(::bind(socket.outcome(), reinterpret_cast<::sockaddr const*>(&own), sizeof own));
    if (outcome == 0) return socket;
    return outcome;
}

int read_device_news(int socket) noexcept {
    constexpr int most = 256; // news may come as fast as they are read
    std::array<std::byte, 32768> news;
    bool has_ended = false;
    for (int i = 0; i != most; ++i) {
        int const size =
            restarted([&] { return negated(::recv(socket, news.data(), news.size(), 0)); });
        if (size == -EAGAIN) return has_ended;
        if (size < 0 && size != -ENOBUFS) return size;
        if (size < 0) has_ended = true; // some of it is lost
        if (size < 0) continue;
        each_part<::nlmsghdr>(
            bytes_of_kernel{news}.first(static_cast<std::size_t>(size)),
            [](::nlmsghdr const& head) { return head.nlmsg_len; },
            [&](::nlmsghdr const& head, bytes_of_kernel) {
                if (head.nlmsg_type == RTM_DELLINK) has_ended = true;
            });
    }
    return has_ended;
}

int is_open(int fd) noexcept {
    int const flags = negated(::fcntl(fd, F_GETFD));
    return flags < 0 ? flags : 0;
}

int read(int fd, std::span<std::byte> into) noexcept {
    auto const most = into.size() < INT_MAX ? into.size() : std::size_t{INT_MAX};
    return restarted([&] { return negated(::read(fd, into.data(), most)); });
}

opened open_directory(char const* path) noexcept {
    return restarted([&] { return negated(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); });
}

opened open_file(char const* path) noexcept {
    return restarted([&] { return negated(::open(path, O_RDONLY | O_CLOEXEC)); });
}

opened look_up(int directory, char const* path, lookup how) noexcept {
    constexpr int flags = O_PATH | O_CLOEXEC;
    static_assert(working_directory == AT_FDCWD);
    if (how == lookup::plain || how == lookup::no_follow)
        return restarted([&] {
            return negated(
                ::openat(directory, path, flags | (how == lookup::no_follow ? O_NOFOLLOW : 0)));
        });
    ::open_how wanted{};
    wanted.flags = flags;
    wanted.resolve = how == lookup::in_root   ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
                     : how == lookup::beneath ? RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
                                              : RESOLVE_NO_MAGICLINKS;
    constexpr int attempts = 100; // something was renamed meanwhile: EAGAIN
    int outcome = -EAGAIN;
    for (int attempt = 0; outcome == -EAGAIN && attempt != attempts; ++attempt)
        outcome = restarted([&] {
            return negated(::syscall(SYS_openat2, directory, path, &wanted, sizeof wanted));
        });
    return outcome;
}

int look_at(int fd, file_facts& facts) noexcept {
    struct stat found;
    return told(::fstat(fd, &found), found, facts);
}

int is_on_proc(int fd) noexcept {
    struct statfs facts;
    int const outcome = restarted([&] { return negated(::fstatfs(fd, &facts)); });
    return outcome < 0 ? outcome : facts.f_type == PROC_SUPER_MAGIC;
}

int is_on_cgroup1(int fd) noexcept {
    struct statfs facts;
    int const outcome = restarted([&] { return negated(::fstatfs(fd, &facts)); });
    return outcome < 0 ? outcome : facts.f_type == CGROUP_SUPER_MAGIC;
}

int link_text(int link, std::span<char> into) noexcept {
    return negated(::readlinkat(link, "", into.data(), into.size()));
}

opened reopen(int found) noexcept {
    char path[40];
    name_of_descriptor(found, path);
    // No wait for what is on the other side of a file of /proc or tracefs, and no terminal taken.
    constexpr int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    return restarted([&] { return negated(::open(path, flags)); });
}

int read_at(int fd, std::span<std::byte> into, std::uint64_t offset) noexcept {
    auto const most = into.size() < INT_MAX ? into.size() : std::size_t{INT_MAX};
    return restarted(
        [&] { return negated(::pread(fd, into.data(), most, static_cast<off_t>(offset))); });
}

opened perf_event_open(uapi::perf_event_attr const& attr, int pid, int cpu) noexcept {
    constexpr int no_group = -1;
    return restarted([&] {
        return negated(
            ::syscall(SYS_perf_event_open, &attr, pid, cpu, no_group, PERF_FLAG_FD_CLOEXEC));
    });
}

int attach_socket_filter(int socket, int program) noexcept {
    return negated(::setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof program));
}

int detach_socket_filter(int socket) noexcept {
    int const ignored = 0;
    return negated(::setsockopt(socket, SOL_SOCKET, SO_DETACH_BPF, &ignored, sizeof ignored));
}

int is_socket_filter_locked(int socket) noexcept {
    int locked = 0;
    ::socklen_t size = sizeof locked;
    int const outcome = negated(::getsockopt(socket, SOL_SOCKET, SO_LOCK_FILTER, &locked, &size));
    return outcome < 0 ? outcome : locked != 0;
}

int descriptor_name(int fd, std::span<char> into) noexcept {
    char path[40];
    name_of_descriptor(fd, path);
    return negated(::readlink(path, into.data(), into.size()));
}

int make_directory(char const* path, unsigned mode) noexcept {
    return negated(::mkdir(path, mode));
}

int unlink(char const* path) noexcept {
    return negated(::unlink(path));
}

int rename(char const* from, char const* to) noexcept {
    return negated(::rename(from, to));
}

int rename_no_replace(char const* from, char const* to) noexcept {
    constexpr unsigned no_replace = 1; // RENAME_NOREPLACE; not every C library has the function
    return negated(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, no_replace));
}

int is_on_bpffs(char const* path) noexcept {
    return is_on(path, uapi::bpf_fs_magic);
}

int is_on_sysfs(char const* path) noexcept {
    return is_on(path, SYSFS_MAGIC);
}

int current_directory(std::span<char> into) noexcept {
    return ::getcwd(into.data(), into.size()) ? 0 : -errno;
}

int facts_of_name(char const* path, file_facts& out) noexcept {
    struct stat found;
    return told(::lstat(path, &found), found, out);
}

int facts_of_file(char const* path, file_facts& out) noexcept {
    struct stat found;
    return told(::stat(path, &found), found, out);
}

int change_mode(char const* path, unsigned mode) noexcept {
    return negated(::chmod(path, mode));
}

int change_owner(char const* path, unsigned owner, unsigned group) noexcept {
    return negated(::lchown(path, owner, group));
}

int crosses_symlink(char const* path) noexcept {
    // Asks for what nothing allows, so that nothing is opened ever: a directory to write to.
    uapi::open_how const how{O_WRONLY | O_DIRECTORY, 0, uapi::resolve_no_symlinks};
    int const refusal = negated(::syscall(uapi::openat2, AT_FDCWD, path, &how, sizeof how));
    switch (refusal) {
    case -EISDIR:
    case -ENOTDIR:
    case -ENOENT: return 0;
    case -ELOOP: return 1;
    default: return refusal;
    }
}

int read_link(char const* path, std::span<char> into) noexcept {
    int const length = negated(::readlink(path, into.data(), into.size()));
    bool const from_root = length > 0 && into.front() == '/';
    return from_root && is_in_procfs(path) ? 0 : length;
}

int lock(int fd) noexcept {
    return restarted([&] { return negated(::flock(fd, LOCK_EX | LOCK_NB)); });
}

int unlock(int fd) noexcept {
    return negated(::flock(fd, LOCK_UN));
}

std::chrono::steady_clock::time_point now() noexcept {
    return std::chrono::steady_clock::now();
}

int list_begin(char const* path, void*& stream) noexcept {
    stream = ::opendir(path);
    return stream ? 0 : -errno;
}

int list_next(void* stream, entry& out) noexcept {
    auto* const directory = static_cast<DIR*>(stream);
    for (;;) {
        errno = 0;
        dirent const* const found = ::readdir(directory);
        if (!found) return -errno;
        if (std::strcmp(found->d_name, ".") == 0 || std::strcmp(found->d_name, "..") == 0) continue;
        auto type = found->d_type;
        if (type == DT_UNKNOWN) {
            struct stat facts;
            if (::fstatat(::dirfd(directory), found->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0)
                type = static_cast<unsigned char>(IFTODT(facts.st_mode));
        }
        out.name = found->d_name;
        out.kind = type == DT_DIR   ? entry_kind::directory
                   : type == DT_REG ? entry_kind::file
                                    : entry_kind::other;
        return 1;
    }
}

int list_link(void* stream, char const* name, std::span<char> into) noexcept {
    return negated(
        ::readlinkat(::dirfd(static_cast<DIR*>(stream)), name, into.data(), into.size()));
}

void list_end(void* stream) noexcept {
    ::closedir(static_cast<DIR*>(stream));
}

int interface_index(char const* name) noexcept {
    ::ifreq about{};
    // None has such a name; and the kernel would look for what is before the colon.
    if (std::strchr(name, ':')) return -ENODEV;
    if (std::strlen(name) >= sizeof about.ifr_name) return index_by_alternative_name(name);
    std::strcpy(about.ifr_name, name);
    int const outcome = ask_of_interface(SIOCGIFINDEX, about);
    return outcome < 0 ? outcome : about.ifr_ifindex;
}

int interface_name(std::uint32_t index, std::span<char, IF_NAMESIZE> into) noexcept {
    ::ifreq about{};
    about.ifr_ifindex = static_cast<int>(index);
    int const outcome = ask_of_interface(SIOCGIFNAME, about);
    if (outcome == 0) std::memcpy(into.data(), about.ifr_name, into.size());
    return outcome;
}

int interface_facts_of(std::uint32_t index, interface_facts& facts) noexcept {
    int found = -ENODEV;
    int const outcome = each_interface([&](interface_told const& told) {
        if (told.index != index) return;
        copy_name(told.kind, facts.kind);
        facts.mtu = told.mtu;
        found = 0;
    });
    return outcome < 0 ? outcome : found;
}

int neighbour_with_xdp(std::uint32_t index, side where,
                       std::span<char, IF_NAMESIZE> name) noexcept {
    interface_told own;
    int outcome = each_interface([&](interface_told const& told) {
        if (told.index == index) own = told;
    });
    if (outcome < 0) return outcome;
    int found = 0;
    outcome = each_interface([&](interface_told const& told) {
        bool const is_pair = told.other == index && own.other == told.index; // veth, netkit
        bool const is_above =
            told.index == own.master || (told.other == index && told.index != index && !is_pair);
        bool const is_next = where == side::above ? is_above : told.master == index;
        if (!is_next || told.xdp == XDP_ATTACHED_NONE) return;
        copy_name(told.name, name);
        found = 1;
    });
    return outcome < 0 ? outcome : found;
}

int netns_inode(char const* path, std::uint32_t& inode) noexcept {
    // Anything else is not opened: that might wait, or have effects.
    struct statfs system;
    if (int const outcome = restarted([&] { return negated(::statfs(path, &system)); });
        outcome < 0)
        return outcome;
    if (system.f_type != NSFS_MAGIC) return -EINVAL;
    auto const fd = open_file(path);
    if (!fd) return fd.outcome();
    return netns_inode_of(fd.outcome(), inode);
}

int netns_inode_of(int fd, std::uint32_t& inode) noexcept {
    int const kind = negated(::ioctl(fd, NS_GET_NSTYPE));
    if (kind == -EBADF) return kind;
    if (kind != CLONE_NEWNET) return -EINVAL;
    struct stat facts;
    if (::fstat(fd, &facts) < 0) return -errno;
    inode = static_cast<std::uint32_t>(facts.st_ino);
    return 0;
}

int cgroup_id(char const* path, std::uint64_t& id) noexcept {
    opened const group{
        restarted([&] { return negated(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)); })};
    if (!group) return group.outcome() == -ENOTDIR ? -EINVAL : group.outcome();
    return cgroup_id_of(group.outcome(), id);
}

int cgroup_id_of(int fd, std::uint64_t& id) noexcept {
    struct statfs facts;
    if (::fstatfs(fd, &facts) < 0) return -errno;
    if (facts.f_type != CGROUP2_SUPER_MAGIC) return -EINVAL;
    kernfs_handle handle;
    int mount;
    if (::name_to_handle_at(fd, "", &handle.head, &mount, AT_EMPTY_PATH) < 0) return -errno;
    std::memcpy(&id, handle.head.f_handle, sizeof id);
    return 0;
}

int cgroup_path(std::uint64_t id, std::span<char> into) noexcept {
    auto const mount = open_cgroup2();
    if (!mount) return mount.outcome();
    kernfs_handle handle;
    std::memcpy(handle.head.f_handle, &id, sizeof id);
    opened const group{negated(
        ::open_by_handle_at(mount.outcome(), &handle.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
    if (!group) return group.outcome();
    int const length = descriptor_name(group.outcome(), into.first(into.size() - 1));
    if (length < 0) return length;
    into[static_cast<std::size_t>(length)] = '\0';
    // For a place outside of the mount, or gone by now, the kernel tells a path that is another's.
    std::uint64_t there = 0;
    int const outcome = cgroup_id(into.data(), there);
    if (outcome == -EMFILE || outcome == -ENFILE || outcome == -ENOMEM) return outcome;
    return outcome == 0 && there == id ? length : -EXDEV;
}

int set_netns(int fd) noexcept {
    return negated(::setns(fd, CLONE_NEWNET));
}

void give_up(char const* line) noexcept {
    [[maybe_unused]] auto const written = ::write(STDERR_FILENO, line, std::strlen(line));
    std::abort();
}

int process_id() noexcept {
    return static_cast<int>(::getpid());
}

bool may_run_code_for(std::uint16_t machine) noexcept {
#if defined(__x86_64__) || defined(__i386__)
    constexpr std::array own{EM_X86_64, EM_386};
#elif defined(__aarch64__) || defined(__arm__)
    constexpr std::array own{EM_AARCH64, EM_ARM};
#elif defined(__riscv)
    constexpr std::array own{EM_RISCV};
#elif defined(__powerpc__)
    constexpr std::array own{EM_PPC64, EM_PPC};
#elif defined(__s390__)
    constexpr std::array own{EM_S390};
#else
    std::array const own{static_cast<int>(machine)};
#endif
    return machine == EM_NONE || std::ranges::find(own, machine) != own.end();
}

int find_process(int number) noexcept {
    if (number <= 0) return -ESRCH;
    opened const process{negated(::syscall(SYS_pidfd_open, number, 0))};
    if (process) return find_process_of(process.outcome());
    return process.outcome() == -ENOENT ? -EINVAL : process.outcome(); // a thread's, since 6.15
}

opened descriptor_of(int process, int thread, int number) noexcept {
    constexpr unsigned of_thread = O_EXCL; // PIDFD_THREAD
    bool const is_first = process == thread;
    opened const holder{negated(::syscall(SYS_pidfd_open, thread, is_first ? 0 : of_thread))};
    if (!holder)
        return opened{!is_first && holder.outcome() == -EINVAL ? -EOPNOTSUPP : holder.outcome()};
    return opened{negated(::syscall(SYS_pidfd_getfd, holder.outcome(), number, 0))};
}

int find_process_of(int pidfd) noexcept {
    ::pollfd ended{pidfd, POLLIN, 0};
    int const outcome = restarted([&] { return negated(::poll(&ended, 1, 0)); });
    return outcome <= 0 ? outcome : -ESRCH;
}

int find_thread(int number) noexcept {
    constexpr int no_signal = 0;
    if (number <= 0) return -ESRCH; // kill(2) takes those for groups of processes
    int const outcome = negated(::kill(number, no_signal));
    return outcome == -EPERM ? 0 : outcome; // it is there, and somebody else's
}

int find_memory(int process) noexcept {
    std::byte byte{};
    ::iovec const here{&byte, sizeof byte}, nowhere{nullptr, sizeof byte};
    int const outcome = negated(::process_vm_readv(process, &here, 1, &nowhere, 1, 0));
    return outcome >= 0 || outcome == -EFAULT ? 0 : outcome;
}

int has_capability(unsigned number) noexcept {
    constexpr std::uint32_t version_3 = 0x20080522; // of linux/capability.h: two words of 32
    constexpr unsigned bits = 32;
    struct {
        std::uint32_t version;
        int thread;
    } header{version_3, 0};
    struct {
        std::uint32_t effective, permitted, inheritable;
    } words[2]{};
    int const outcome = negated(::syscall(SYS_capget, &header, words));
    return outcome < 0 ? outcome
                       : static_cast<int>(words[number / bits].effective >> number % bits & 1);
}

int is_in_first_user_namespace() noexcept {
    constexpr std::uint64_t first = 0xeffffffd; // PROC_USER_INIT_INO
    struct stat found{};
    if (::stat("/proc/thread-self/ns/user", &found) != 0) return -errno;
    return found.st_ino == first ? 1 : 0;
}

int has_locked_memory_limit() noexcept {
    ::rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return -errno;
    return limit.rlim_cur == RLIM_INFINITY ? 0 : 1;
}

void back_off(int attempt) noexcept {
    constexpr int yields = 10;
    if (attempt < yields)
        ::sched_yield();
    else
        ::usleep(1U << (attempt - yields));
}

void side_by_side(std::size_t count, void (*work)(void* with, std::size_t i), void* with) noexcept {
    std::atomic<std::size_t> next{0};
    auto const some = [&]() noexcept {
        for (std::size_t i; (i = next++) < count;)
            work(with, i);
    };
    constexpr std::size_t most = 16;
    std::array<std::thread, most - 1> others;
    if (count < 2) return some();
    ::sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        for (std::size_t i = 1; i < std::min(count, most); ++i)
            others[i - 1] = std::thread{some};
    } catch (...) { // as many as there are
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    some();
    for (auto& each : others)
        if (each.joinable()) each.join();
}

int program_fd(::bpf_program const* prog) noexcept {
    return ::bpf_program__fd(prog);
}

unsigned program_type(::bpf_program const* prog) noexcept {
    return ::bpf_program__type(prog);
}

unsigned program_expected_attach_type(::bpf_program const* prog) noexcept {
    return ::bpf_program__expected_attach_type(prog);
}

char const* program_name(::bpf_program const* prog) noexcept {
    return ::bpf_program__name(prog);
}

char const* program_section(::bpf_program const* prog) noexcept {
    return ::bpf_program__section_name(prog);
}

bool program_autoload(::bpf_program const* prog) noexcept {
    return ::bpf_program__autoload(prog);
}

bool program_autoattach(::bpf_program const* prog) noexcept {
    return ::bpf_program__autoattach(prog);
}

::bpf_program const* next_program(::bpf_object const* object, ::bpf_program const* prog) noexcept {
    return ::bpf_object__next_program(object, const_cast<::bpf_program*>(prog)); // only compared
}

int kernel_type(char const* name, unsigned attach_type) noexcept {
    quiet_libbpf const quiet;
    return ::libbpf_find_vmlinux_btf_id(name, static_cast<::bpf_attach_type>(attach_type));
}

namespace {

using owned_types = std::unique_ptr<::btf, decltype(&::btf__free)>;

owned_types owned(::btf* types) {
    return {types, ::btf__free};
}

} // namespace

int program_function(int program, char const* name) noexcept {
    ::bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (int const outcome = obj_get_info(program, &info, size); outcome < 0) return outcome;
    if (info.btf_id == 0) return -ENOENT;
    quiet_libbpf const quiet;
    auto const types = owned(::btf__load_from_kernel_by_id(info.btf_id));
    if (!types) return -errno;
    return ::btf__find_by_name_kind(types.get(), name, BTF_KIND_FUNC);
}

int table_name(std::uint32_t value_type, std::uint32_t& offset, std::uint32_t& length) noexcept {
    quiet_libbpf const quiet;
    auto const types = owned(::btf__load_vmlinux_btf());
    if (!types) return -errno;
    // The type of a member, whose offset is added; null without it.
    auto const go = [&](::btf_type const* of, char const* name) -> ::btf_type const* {
        if (!of || !::btf_is_struct(of)) return nullptr;
        for (std::uint32_t i = 0; i != ::btf_vlen(of); ++i) {
            auto const& member = ::btf_members(of)[i];
            if (std::strcmp(::btf__name_by_offset(types.get(), member.name_off), name) != 0)
                continue;
            offset += ::btf_member_bit_offset(of, i) / 8;
            return ::btf__type_by_id(types.get(), member.type);
        }
        return nullptr;
    };
    offset = 0;
    auto const* const data = go(::btf__type_by_id(types.get(), value_type), "data");
    auto const* name = go(data, "name");
    if (!name) name = go(data, "id"); // of queueing disciplines
    bool const is_text = name && ::btf_is_array(name);
    if (is_text) length = ::btf_array(name)->nelems;
    return is_text ? 0 : -ENOENT;
}

int program_name_in_types(int program, std::span<char> into) noexcept {
    ::bpf_func_info main{};
    ::bpf_prog_info info{};
    info.nr_func_info = 1;
    info.func_info_rec_size = sizeof main;
    info.func_info = reinterpret_cast<std::uintptr_t>(&main);
    std::uint32_t size = sizeof info;
    if (int const outcome = obj_get_info(program, &info, size); outcome < 0) return outcome;
    if (info.btf_id == 0 || info.nr_func_info == 0) return -ENOENT;
    quiet_libbpf const quiet;
    auto const types = owned(::btf__load_from_kernel_by_id(info.btf_id));
    if (!types) return -errno;
    auto const* const function = ::btf__type_by_id(types.get(), main.type_id);
    auto const* const name =
        function ? ::btf__name_by_offset(types.get(), function->name_off) : nullptr;
    auto const length = name ? std::min(std::strlen(name), into.size()) : 0;
    if (name) std::memcpy(into.data(), name, length);
    return name ? static_cast<int>(length) : -ENOENT;
}

namespace {

struct types_of_functions {
    owned_types kernel = owned(nullptr);
    owned_types module = owned(nullptr);
    [[nodiscard]] ::btf const* own() const { return module ? module.get() : kernel.get(); }
    [[nodiscard]] std::uint32_t first() const { return module ? ::btf__type_cnt(kernel.get()) : 1; }
};

/// A value of this type goes in registers: at most `most` bytes of it, which may be a struct's.
bool is_passed(::btf const* types, std::uint32_t id, bool with_structs) {
    constexpr std::uint32_t most = 16;
    int const resolved = ::btf__resolve_type(types, id);
    auto const* const type =
        resolved <= 0 ? nullptr : ::btf__type_by_id(types, static_cast<std::uint32_t>(resolved));
    if (!type) return false;
    if (::btf_is_ptr(type)) return true;
    if (::btf_is_int(type) || ::btf_is_any_enum(type)) return type->size <= most;
    return with_structs && ::btf_is_composite(type) && type->size <= most;
}

/// As kernel/bpf/btf.c, btf_distill_func_proto() tells (read at v7.2).
bool can_be_traced(::btf const* types, ::btf_type const* function) {
    constexpr unsigned most_arguments = 12;
    auto const* const prototype = ::btf__type_by_id(types, function->type);
    if (!prototype || !::btf_is_func_proto(prototype)) return false;
    std::span const arguments{::btf_params(prototype), ::btf_vlen(prototype)};
    if (arguments.size() > most_arguments) return false;
    if (prototype->type != 0 && !is_passed(types, prototype->type, false)) return false;
    return std::ranges::all_of(
        arguments, [&](::btf_param const& each) { return is_passed(types, each.type, true); });
}

} // namespace

int open_types(char const* module, void*& types) noexcept {
    quiet_libbpf const quiet;
    std::unique_ptr<types_of_functions> opened{new (std::nothrow) types_of_functions};
    if (!opened) return -ENOMEM;
    opened->kernel.reset(::btf__parse("/sys/kernel/btf/vmlinux", nullptr));
    if (!opened->kernel) return -errno;
    if (module) {
        std::array<char, 128> path; // a module's name has at most 55 characters
        auto const length = std::snprintf(path.data(), path.size(), "/sys/kernel/btf/%s", module);
        if (length < 0 || static_cast<std::size_t>(length) >= path.size()) return -ENOENT;
        opened->module.reset(::btf__parse_split(path.data(), opened->kernel.get()));
        if (!opened->module) return -errno;
    }
    types = opened.release();
    return 0;
}

int next_function(void* types, function_type& at) noexcept {
    auto const& all = *static_cast<types_of_functions const*>(types);
    auto const end = ::btf__type_cnt(all.own());
    for (auto id = std::max(at.id + 1, all.first()); id < end; ++id) {
        auto const* const type = ::btf__type_by_id(all.own(), id);
        auto const* const name =
            ::btf_is_func(type) ? ::btf__name_by_offset(all.own(), type->name_off) : nullptr;
        if (!name) continue;
        at = {name, id, can_be_traced(all.own(), type)};
        return 1;
    }
    return 0;
}

void close_types(void* types) noexcept {
    delete static_cast<types_of_functions*>(types);
}

namespace {

using owned_object = std::unique_ptr<::bpf_object, decltype(&::bpf_object__close)>;

owned_object open_object(std::span<std::byte const> file) noexcept {
    return {::bpf_object__open_mem(file.data(), file.size(), nullptr), ::bpf_object__close};
}

/// Has the kernel run a loader that libbpf writes, as of a light skeleton. The kernel finds the
/// fields then, and remembers its types from one process to the next. libbpf reads all types each
/// time, which takes several times as long.
opened load_by_loader(std::span<std::byte const> file) noexcept {
    auto const object = open_object(file);
    if (!object) return -errno;
    ::gen_loader_opts loader{};
    loader.sz = sizeof loader;
    if (int const outcome = ::bpf_object__gen_loader(object.get(), &loader); outcome < 0)
        return outcome;
    if (int const outcome = ::bpf_object__load(object.get()); outcome < 0) return outcome;
    struct {
        ::bpf_loader_ctx head;
        ::bpf_prog_desc program;
    } context{};
    context.head.sz = sizeof context;
    ::bpf_load_and_run_opts run{};
    run.ctx = &context.head;
    run.data = loader.data;
    run.data_sz = loader.data_sz;
    run.insns = loader.insns;
    run.insns_sz = loader.insns_sz;
    int const outcome = ::bpf_load_and_run(&run);
    return outcome < 0 ? outcome : context.program.prog_fd;
}

opened load_by_libbpf(std::span<std::byte const> file) noexcept {
    auto const object = open_object(file);
    if (!object) return -errno;
    if (int const outcome = ::bpf_object__load(object.get()); outcome < 0) return outcome;
    auto const* const program = ::bpf_object__next_program(object.get(), nullptr);
    return program ? duplicate(::bpf_program__fd(program)) : -ENOENT;
}

/// Where one is closed, what a loader opens may come by its number.
bool has_standard_streams() noexcept {
    return is_open(STDIN_FILENO) == 0 && is_open(STDOUT_FILENO) == 0 && is_open(STDERR_FILENO) == 0;
}

} // namespace

opened load_object(std::span<std::byte const> file) noexcept {
    quiet_libbpf const quiet;
    held_signals const undisturbed;
    // Kernels before 5.17 refuse the loader. libbpf knows more about other failures.
    if (has_standard_streams())
        if (auto program = load_by_loader(file)) return program;
    return load_by_libbpf(file);
}

int map_fd(::bpf_map const* map) noexcept {
    return ::bpf_map__fd(map);
}

int link_fd(::bpf_link const* link) noexcept {
    return ::bpf_link__fd(link);
}

void destroy(::bpf_link* link) noexcept {
    ::bpf_link__destroy(link);
}

int xdp_query(std::uint32_t index, xdp_programs& programs) noexcept {
    if (index == 0 || index > INT_MAX) return 0; // 0 would be every interface
    quiet_libbpf const quiet;
    ::bpf_xdp_query_opts told{};
    told.sz = offsetof(::bpf_xdp_query_opts, feature_flags); // which would take more questions
    int const outcome = ::bpf_xdp_query(static_cast<int>(index), 0, &told);
    programs = {told.hw_prog_id, told.drv_prog_id, told.skb_prog_id};
    return outcome;
}

int xdp_replace_by_itself(std::uint32_t index, int program, unsigned mode) noexcept {
    if (index == 0 || index > INT_MAX) return -ENODEV;
    if (program <= 0) return -EBADF; // libbpf takes 0 for nothing to compare with
    quiet_libbpf const quiet;
    ::bpf_xdp_attach_opts expecting{};
    expecting.sz = sizeof expecting;
    expecting.old_prog_fd = program;
    return ::bpf_xdp_attach(static_cast<int>(index), program, mode, &expecting);
}

} // namespace bpflink::sys
