// SPDX-License-Identifier: Apache-2.0
// Places where the kernel gives less than usual: a case for each row of the table in
// docs/reliability.md.
#include "child.hpp"
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
#include <string>
#include <string_view>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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
