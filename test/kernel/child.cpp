// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <grp.h>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr unsigned nobody = 65534;
constexpr int not_prepared = 255;

bool become_nobody() {
    return ::setgroups(0, nullptr) == 0 && ::setresgid(nobody, nobody, nobody) == 0 &&
           ::setresuid(nobody, nobody, nobody) == 0;
}

bool keep_only(std::initializer_list<unsigned> capabilities) {
    ::__user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<::__user_cap_data_struct, 2> sets{};
    for (auto const each : capabilities) {
        sets[each / 32].permitted |= 1U << each % 32;
        sets[each / 32].effective |= 1U << each % 32;
    }
    return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && become_nobody() &&
           ::syscall(SYS_capset, &header, sets.data()) == 0;
}

template <class Prepare>
int run(Prepare prepare, child_job const& job) {
    std::fflush(nullptr);
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!prepare()) ::_exit(not_prepared);
        steps s;
        job(s);
        ::_exit(s.failed());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

} // namespace

void steps::operator()(bool holds, char const* what) {
    ++number_;
    if (holds || failed_ != 0) return;
    failed_ = number_;
    std::fprintf(stderr, "step %d in a child process: %s\n", number_, what);
}

int in_child(child_job const& job) {
    return run([] { return true; }, job);
}

int as_nobody(child_job const& job) {
    return run(become_nobody, job);
}

int with_capabilities(std::initializer_list<unsigned> capabilities, child_job const& job) {
    for (auto const each : capabilities)
        if (::prctl(PR_CAPBSET_READ, each, 0, 0, 0) < 0) return -1;
    return run(
        [&] {
            close_all();
            return keep_only(capabilities);
        },
        job);
}

standard_input_is::standard_input_is(bpflink::fd_view other)
    : before_{::fcntl(0, F_DUPFD_CLOEXEC, 3)} {
    REQUIRE(::dup2(other.get(), 0) == 0);
}

standard_input_is::~standard_input_is() {
    if (before_)
        ::dup2(before_.get(), 0);
    else
        ::close(0);
}

void close_all() noexcept {
    ::rlimit most{};
    ::getrlimit(RLIMIT_NOFILE, &most);
    constexpr ::rlim_t enough = 4'096; // more than a test ever has
    for (int fd = 3; static_cast<::rlim_t>(fd) < (most.rlim_cur < enough ? most.rlim_cur : enough);
         ++fd)
        ::close(fd);
}
