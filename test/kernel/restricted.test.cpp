// SPDX-License-Identifier: Apache-2.0
// Places where the kernel gives less than usual: a case for each row of the table in
// docs/reliability.md.
#include "child.hpp"
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// From here on each bpf(2) of this process fails with an errno, by a filter of system calls.
bool deny_bpf(int number) {
    std::array code{
        ::sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(::seccomp_data, nr)),
        ::sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
        ::sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(number)),
        ::sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    ::sock_fprog const program{static_cast<unsigned short>(code.size()), code.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// Whether it failed so, and with all of these words; else it prints the message.
bool says(bl::error const& e, bl::errc condition, std::initializer_list<std::string_view> words) {
    auto const message = e.message();
    bool const holds = e == condition && std::ranges::all_of(words, [&](std::string_view each) {
                           return message.find(each) != message.npos;
                       });
    if (!holds) std::fprintf(stderr, "%s\n", message.c_str());
    return holds;
}
template <class T>
bool says(bl::result<T> const& r, bl::errc condition,
          std::initializer_list<std::string_view> words) {
    return !r && says(r.error(), condition, words);
}

/// An LSM program that refuses to open one link by its id; nothing, and a skipped case, where the
/// kernel does not take it.
using guard_program = held_as<bl::program_type::lsm>;
std::optional<guard_program> load_guard(bl::link_id hidden, int number, bl::btf_id hook) {
    auto const id = static_cast<std::int32_t>(hidden.value());
    // int bpf(int command, union bpf_attr* attributes, unsigned size), whose link_id comes first.
    std::array const code{
        ::bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
        ::bpf_insn{BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_1, 0, 0},
        ::bpf_insn{BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_2, 0, 4, BPF_LINK_GET_FD_BY_ID},
        ::bpf_insn{BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_1, 8, 0},
        ::bpf_insn{BPF_LDX | BPF_MEM | BPF_W, BPF_REG_3, BPF_REG_3, 0, 0},
        ::bpf_insn{BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_3, 0, 1, id},
        ::bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, -number},
        ::bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    };
    try {
        return guard_program{
            load_tiny(bl::program_type::lsm, bl::attach_type::lsm_mac, code, hook)};
    } catch (std::system_error const& e) {
        skip_case("the kernel takes no LSM program for bpf(2): " + e.code().message());
        return std::nullopt;
    }
}

bl::link_id id_of(bl::link const& l) {
    return must(l.info()).id;
}
bl::link_id id_of(bl::link_info const& info) {
    return info.id;
}

/// What is in a list of results: links, and errors that are a refusal with these words.
struct findings {
    std::set<bl::link_id> seen;
    std::size_t refused = 0;
    std::size_t other = 0;
};
template <class Elements>
findings sort(Elements&& elements, std::initializer_list<std::string_view> words) {
    findings found;
    for (auto&& each : elements)
        if (each)
            found.seen.insert(id_of(*each));
        else
            ++(says(each.error(), bl::errc::permission_denied, words) ? found.refused
                                                                      : found.other);
    return found;
}

/// Takes a processor offline while it lives, where that can be done.
class offline {
public:
    explicit offline(int processor)
        : file_{::open(
              ("/sys/devices/system/cpu/cpu" + std::to_string(processor) + "/online").c_str(),
              O_WRONLY | O_CLOEXEC)},
          is_{file_ && ::write(file_.get(), "0", 1) == 1} {}
    ~offline() {
        if (is_) CHECK(::pwrite(file_.get(), "1", 1, 0) == 1);
    }
    offline(offline const&) = delete;
    offline& operator=(offline const&) = delete;
    explicit operator bool() const { return is_; }

private:
    bl::unique_fd file_;
    bool is_;
};

/// A number that one process tells another.
class number_passed {
public:
    void pass(int number) const {
        auto const value = static_cast<std::uint64_t>(number) + 1;
        static_cast<void>(::write(fd_.get(), &value, sizeof value));
    }
    [[nodiscard]] int take() const {
        std::uint64_t value = 0;
        return ::read(fd_.get(), &value, sizeof value) == sizeof value ? static_cast<int>(value - 1)
                                                                       : -1;
    }

private:
    bl::unique_fd fd_{::eventfd(0, EFD_CLOEXEC)};
};

constexpr int no_tokens = 0; // instead of a descriptor

/// Makes a mount of a bpffs that the other process began, with all that a token can allow.
int delegate(int fs) {
    for (char const* const what :
         {"delegate_cmds", "delegate_maps", "delegate_progs", "delegate_attachs"})
        if (::syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, what, "any", 0) < 0) return no_tokens;
    if (::syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) return no_tokens;
    return static_cast<int>(::syscall(SYS_fsmount, fs, 0, 0));
}

/// Moves into namespaces of its own, whose /sys/fs/bpf gives tokens. False: the kernel has none.
bool enter_with_token(steps& step) {
    number_passed begun;
    number_passed made;
    int const self = ::getpid();
    // With these descriptors, and all the privileges that this process is about to lose.
    auto const helper = static_cast<int>(::syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
    if (helper == 0) {
        int const fs = begun.take();
        auto const map = [&](char const* name) {
            bl::unique_fd const file{::open(("/proc/" + std::to_string(self) + "/" + name).c_str(),
                                            O_WRONLY | O_CLOEXEC)};
            return ::write(file.get(), "0 0 1", 5) == 5;
        };
        made.pass(map("uid_map") && map("gid_map") ? delegate(fs) : -1);
        ::_exit(0);
    }
    step(helper > 0, "a helper");
    step(::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0, "namespaces");
    bl::unique_fd const fs{static_cast<int>(::syscall(SYS_fsopen, "bpf", FSOPEN_CLOEXEC))};
    step(static_cast<bool>(fs), "a bpffs");
    begun.pass(fs.get());
    int const mount = made.take();
    ::waitpid(helper, nullptr, 0);
    if (mount == no_tokens) return false;
    step(mount > 0 && ::syscall(SYS_move_mount, mount, "", AT_FDCWD, "/sys/fs/bpf",
                                MOVE_MOUNT_F_EMPTY_PATH) == 0,
         "it is mounted");
    ::close(mount);
    return true;
}

/// A mount namespace of its own, where nothing of what is mounted is seen outside.
bool own_mounts() {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

struct restricted : kernel_case {
    sandbox::cgroup group;
    sandbox::bpffs fs;
    programs p{"iter_tasks"};
    bl::iter_link l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    bl::link_id id = must(l.info()).id;
    bl::program_id program = p.program_id("iter_tasks");
    std::string path = fs.path() / "link";
    std::string other = fs.path() / "other";
};

} // namespace

TEST_CASE_FIXTURE(restricted,
                  "where a filter of system calls denies bpf(2), that is said, and files go on") {
    must(l.pin(path));
    struct denial {
        int number;
        bl::errc condition;
        std::string_view words;
    };
    for (auto const& [number, condition, words] :
         {denial{EPERM, bl::errc::permission_denied, "a filter of system calls"},
          denial{ENOSYS, bl::errc::not_supported, "a filter of system calls"}}) {
        CAPTURE(number);
        CHECK(in_child([&](steps& step) {
                  step(deny_bpf(number), "the filter");
                  auto const check = [&](auto const& r, char const* what) {
                      step(says(r, condition, {words}), what);
                  };
                  check(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}), "attach");
                  check(bl::link::from_id(id), "from_id");
                  check(bl::link::load_pinned(path), "load_pinned");
                  check(l.info(), "info");
                  check(l.pin(other), "pin");
                  check(bl::links() | bl::collect, "links");
                  check(bl::infos() | bl::collect, "infos");
                  check(bl::snapshot(), "snapshot");
                  check(bl::holders(id), "holders");
                  check(bl::program_info_of(program), "a program");
                  check(bl::query(
                            bl::hook::cgroup{group.path(), bl::attach_type::cgroup_inet_egress}),
                        "query");
                  check(bl::watcher::start(), "watcher");
                  step(bl::detail::probe_support("iter").is == bl::support::answer::unknown,
                       "supports");
                  step(l.close().has_value(), "close");
              }) == 0);
    }
    must(l.unpin());
}

TEST_CASE_FIXTURE(
    restricted,
    "in a user namespace of one's own, what a program does not need stays, and the rest is said") {
    if (in_child([](steps& step) { step(::unshare(CLONE_NEWUSER) == 0, "a user namespace"); }) != 0)
        return skip_case("no user namespaces here");
    CHECK(in_child([&](steps& step) {
              step(::unshare(CLONE_NEWUSER) == 0, "a user namespace");
              std::string_view const words = "user namespace";
              constexpr auto denied = bl::errc::permission_denied;
              step(says(bl::link::from_id(id), denied, {words}), "from_id");
              step(says(bl::links() | bl::collect, denied, {words}), "links");
              step(says(bl::program::from_id(program), denied, {words}), "a program");
              auto const told = l.info();
              step(told ? told->id == id : says(told, denied, {words}), "info");
              auto const copy = bl::link::duplicate(l.fd());
              step(copy ? true : says(copy, denied, {words}), "duplicate");
              auto const again = bl::attach(p.iter("iter_tasks"), bl::hook::iter{});
              step(again ? true : says(again, denied, {words}), "attach");
          }) == 0);
}

TEST_CASE_FIXTURE(
    restricted,
    "with a token in a user namespace, programs load and attach, and ids stay refused") {
    if (in_child([](steps& step) { step(enter_with_token(step), "a token"); }) != 0)
        return skip_case("no user namespaces here, or no tokens in them");
    CHECK(in_child([&](steps& step) {
              step(enter_with_token(step), "a token");
              test_programs const own{"xdp_a", "iter_tasks"};
              auto const xdp = programs::xdp_ref::from(own.get("xdp_a"));
              auto const iter = programs::iter_ref::from(own.get("iter_tasks"));
              step(xdp && iter, "programs");
              if (!xdp || !iter) return;
              auto made = bl::attach(
                  *xdp, bl::hook::xdp{.ifindex = bl::ifindex{1}, .mode = bl::xdp_mode::generic});
              step(made.has_value(), "attach");
              if (!made) return;
              step(made->pin("/sys/fs/bpf/link").has_value(), "pin");
              step(bl::link::load_pinned("/sys/fs/bpf/link").has_value(), "load_pinned");
              step(made->unpin().has_value(), "unpin");
              step(made->info().has_value(), "info");
              auto const tasks = bl::attach(*iter, bl::hook::iter{});
              step(tasks && bl::iter_output::open(tasks->fd()), "an iterator");
              std::string_view const words = "user namespace";
              constexpr auto denied = bl::errc::permission_denied;
              step(says(bl::link::from_id(id), denied, {words}), "from_id");
              step(says(bl::links() | bl::collect, denied, {words}), "links");
              bl::snapshotter by;
              step(by.take() && by.source() == bl::snapshot_source::iterator, "snapshot");
          }) == 0);
}

TEST_CASE_FIXTURE(
    restricted, "where a security module hides a link, that is said of it, and no more is hidden") {
    auto const hook = kernel_function("bpf_lsm_bpf");
    if (!hook) return;
    auto const later = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    for (int const number : {EPERM, EACCES}) {
        CAPTURE(number);
        auto const guard = load_guard(id, number, *hook);
        if (!guard) return;
        auto made = bl::attach(*guard, bl::hook::lsm{});
        if (is_unsupported(made)) return;
        auto const active = must(std::move(made));
        auto const opened = bl::link::from_id(id);
        if (opened) return skip_case("the kernel runs no BPF programs of LSM hooks (lsm=bpf)");
        std::initializer_list<std::string_view> const words{"a security module"};
        CHECK(says(opened, bl::errc::permission_denied, words));
        for (auto const& found : {sort(bl::links(), words), sort(bl::infos(), words)}) {
            CHECK(found.refused == 1);
            CHECK(found.other == 0);
            CHECK_FALSE(found.seen.contains(id));
            CHECK(found.seen.contains(must(later.info()).id));
            CHECK(found.seen.contains(must(active.info()).id));
        }
        CHECK(bl::link::from_id(must(later.info()).id));
        CHECK(must(l.info()).id == id);
        must(l.pin(path));
        CHECK(bl::link::load_pinned(path));
        must(l.unpin());
        bl::snapshotter walking{bl::snapshot_source::walk};
        auto const walked = must(walking.take());
        CHECK(std::ranges::count(walked, bl::link_type::unspec, &bl::link_record::type) == 1);
        CHECK(std::ranges::any_of(walked, [&](auto const& each) { return each.id == id; }));
        REQUIRE(walking.unseen().size() == 1);
        CHECK(says(walking.unseen().front(), bl::errc::permission_denied, words));
        bl::snapshotter by;
        auto const records = by.take();
        if (by.source() != bl::snapshot_source::iterator) {
            skip_part("this kernel has no iterator over links");
            continue;
        }
        CHECK(std::ranges::any_of(must(records), [&](auto const& each) { return each.id == id; }));
        auto const at_once = bl::infos_at_once();
        if (!at_once && at_once.error().message().find("lockdown") != std::string::npos) {
            skip_part("kernel lockdown: " + at_once.error().message());
            continue;
        }
        CHECK(sort(must(at_once), words).refused == 1);
    }
}

TEST_CASE_FIXTURE(restricted, "while processor 0 is offline, events are opened on the others") {
    offline const first{0};
    if (!first) return skip_case("processor 0 does not go offline here");
    auto const t = counted_program::load(bl::program_type::tracepoint);
    REQUIRE(t);
    auto const events =
        must(bl::perf_events_on_each_cpu(bl::interval_timer{std::chrono::milliseconds{1}}));
    CHECK(events.size() == static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
    auto const l = must(bl::attach(t->as<bl::program_type::tracepoint>(),
                                   bl::hook::tracepoint{"sched", "sched_switch"}));
    CHECK(eventually([&] { return t->runs() > 0; })); // which sleeps
}

TEST_CASE_FIXTURE(restricted, "where /proc hides processes, a look for holders says so") {
    CHECK(in_child([&](steps& step) {
              step(own_mounts(), "mounts");
              step(::mount("proc", "/proc", "proc", 0, "hidepid=2") == 0, "hidepid");
              auto const job = [&](steps& inner) {
                  auto const told = bl::holders(id);
                  inner(told.has_value(), "holders");
                  if (!told) return;
                  inner(!told->complete() && told->unseen.find("hidepid") != std::string::npos,
                        "what is unseen");
              };
              // Privileged but for CAP_SYS_PTRACE.
              step(with_capabilities({CAP_SYS_ADMIN}, job) == 0, "as another user");
          }) == 0);
}

TEST_CASE_FIXTURE(restricted, "on a read-only bpffs pins open, and stay, and none is made") {
    must(l.pin(path));
    CHECK(in_child([&](steps& step) {
              step(own_mounts(), "mounts");
              step(::mount(nullptr, fs.path().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY,
                           nullptr) == 0,
                   "read-only");
              constexpr auto read_only = bl::errc::read_only;
              std::string_view const words = "mounted so that nothing can be written";
              auto opened = bl::link::load_pinned(path);
              step(opened.has_value(), "load_pinned");
              if (!opened) return;
              step(says(opened->unpin(), read_only, {words}), "unpin");
              step(opened->is_pinned(), "it is remembered");
              step(says(opened->pin(other), read_only, {words}), "to another name");
              step(says(opened->replace_pin(other), read_only, {words}), "replace_pin");
              auto loose = bl::link::from_id(id);
              step(loose && says(loose->pin(other), read_only, {words}), "pin");
              step(!bl::teardown(path, std::chrono::milliseconds{50}), "teardown");
              step((bl::pins(fs.path()) | bl::collect).has_value(), "pins");
          }) == 0);
    CHECK(sandbox::names_in(fs.path()).size() == 1);
    must(l.unpin());
}

TEST_CASE_FIXTURE(restricted,
                  "a read-only directory that is not on a bpffs is not said to be one") {
    CHECK(in_child([&](steps& step) {
              step(own_mounts(), "mounts");
              step(::mount("none", fs.path().c_str(), "tmpfs", 0, nullptr) == 0, "tmpfs");
              auto const file = fs.path() / "file";
              step(bl::unique_fd{::creat(file.c_str(), 0600)}.get() >= 0, "a file");
              step(::mount(nullptr, fs.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) ==
                       0,
                   "read-only");
              constexpr auto wrong = bl::errc::invalid_argument;
              step(says(l.pin(other), wrong, {"EROFS", "the directory is not on a bpffs"}), "pin");
              step(says(bl::link::load_pinned(file), wrong, {"EROFS", "is not on a bpffs"}),
                   "load_pinned");
          }) == 0);
}

TEST_CASE_FIXTURE(restricted,
                  "where another file system is mounted over a bpffs, nothing there is touched") {
    must(l.pin(path));
    CHECK(in_child([&](steps& step) {
              step(own_mounts(), "mounts");
              step(::mount("tmpfs", fs.path().c_str(), "tmpfs", 0, nullptr) == 0, "mounted over");
              bl::unique_fd const stranger{
                  ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)};
              step(says(bl::link::load_pinned(path), bl::errc::invalid_argument, {"bpffs"}),
                   "load_pinned");
              std::string_view const left = "no longer this link's pin, and was left alone";
              step(says(l.unpin(), bl::errc::already_exists, {left}), "unpin");
              step(!l.is_pinned(), "it is forgotten");
              auto loose = bl::link::duplicate(l.fd());
              step(loose && says(loose->pin(other), bl::errc::invalid_argument, {"not on a bpffs"}),
                   "pin");
              step(::access(path.c_str(), F_OK) == 0, "the stranger's file stays");
          }) == 0);
    CHECK(l.is_pinned());
    must(l.unpin());
}

TEST_CASE_FIXTURE(restricted,
                  "a limit of locked memory stops nothing since 5.11, and is no answer before") {
    for (::rlim_t const limit : {64U << 10, 0U})
        CHECK(in_child([&](steps& step) {
                  ::rlimit const small{limit, limit};
                  step(::setrlimit(RLIMIT_MEMLOCK, &small) == 0, "the limit");
                  step(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}).has_value(), "attach");
                  bl::snapshotter by;
                  step(by.take().has_value(), "a snapshot, one way or the other");
                  auto const why = by.why_walked();
                  step(!why || *why == bl::errc::not_supported ||
                           why->message().find("RLIMIT_MEMLOCK") != std::string::npos,
                       "the reason");
                  for (char const* const hook : {"xdp", "raw_tracepoint"}) {
                      auto const has = bl::detail::probe_support(hook);
                      step(has.is == bl::support::answer::yes ||
                               (has.is == bl::support::answer::unknown &&
                                has.why.find("loading a program: Operation not permitted") !=
                                    std::string::npos),
                           hook);
                  }
              }) == 0);
}
