// SPDX-License-Identifier: Apache-2.0
// What a process does once: in a child that another thread has left it to, and before the system is
// all there.
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "sanitizers.hpp"

#include <bpflink/bpflink.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <bpf/libbpf.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::snapshot_source;

/// What loads a program, or asks libbpf: everything that is done once, as if for the first time.
bool begin_anew() {
    close_all();
    return bl::snapshot() && bl::detail::probe_support("tp_btf") && bl::supports<bl::hook::iter>();
}

/// Whether a child ends by itself, and well.
bool ends_well(pid_t child) {
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

// E31
TEST_CASE_FIXTURE(kernel_case, "a child that is forked while another thread loads does not hang") {
    if (has_address_sanitizer) {
        MESSAGE("left out: the sanitizer's own locks are forked as they are");
        return;
    }
    CHECK(in_child([](steps& step) {
              constexpr int children = 20;
              constexpr unsigned limit = 100; // seconds, for a machine that is emulated
              // On such a one, some have to do.
              auto const enough = std::chrono::steady_clock::now() + std::chrono::seconds{10};
              std::atomic<bool> end = false;
              std::atomic<unsigned> begun = 0;
              std::thread other{[&] {
                  while (!end) {
                      begin_anew();
                      ++begun;
                  }
              }};
              while (begun == 0)
                  std::this_thread::yield();
              for (int i = 0;
                   i != children && step.failed() == 0 && std::chrono::steady_clock::now() < enough;
                   ++i) {
                  std::this_thread::sleep_for(std::chrono::microseconds{1'300 * i});
                  pid_t const child = ::fork();
                  if (child == 0) {
                      ::alarm(limit);
                      ::_exit(begin_anew() ? 0 : 1);
                  }
                  step(ends_well(child), "a child");
              }
              end = true;
              other.join();
          }) == 0);
}

// E20
TEST_CASE_FIXTURE(kernel_case,
                  "where libbpf fits the program, a snapshot before /sys is mounted walks") {
    bool const has = ::libbpf_find_vmlinux_btf_id("bpf_link", BPF_TRACE_ITER) > 0;
    CHECK(in_child([&](steps& step) {
              close_all();
              // Else the kernel fits it, which needs nothing of /sys (5.17).
              ::close(STDIN_FILENO);
              step(::unshare(CLONE_NEWNS) == 0, "a mount namespace");
              step(::umount2("/sys", MNT_DETACH) == 0, "to unmount /sys");
              bl::snapshotter by;
              for (int round = 0; round != 2; ++round) {
                  step(by.take().has_value(), "a snapshot");
                  step(by.source() == snapshot_source::walk, "by the walk");
                  step(by.why_walked() && *by.why_walked() == bl::errc::not_supported &&
                           (!has || by.why_walked()->message().find("/sys") != std::string::npos),
                       "with the reason");
              }
              step(::mount("sysfs", "/sys", "sysfs", 0, nullptr) == 0, "to mount /sys");
              step(by.take().has_value(), "another");
              step((by.source() == snapshot_source::iterator) == has, "by the iterator");
          }) == 0);
}
