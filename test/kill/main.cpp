// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT
#include "kernel_log.hpp"
#include "sandbox.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/views/snapshot.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>

#include <doctest/doctest.h>

#include <bpf/bpf.h>
#include <sys/mount.h>
#include <unistd.h>

namespace {

void mount(char const* what, char const* place, char const* type, unsigned long flags) {
    if (::mount(what, place, type, flags, nullptr) < 0)
        throw std::system_error{errno, std::generic_category(), std::string{"mounting "} + place};
}

/// Leaves this process alone in /proc. What is killed looks at every process by the same calls:
/// with all of the machine's there would be thousands.
void hide_other_processes() {
    namespace fs = std::filesystem;
    fs::create_directory("/tmp/proc");
    mount("/proc", "/tmp/proc", nullptr, MS_BIND | MS_REC);
    mount("tmpfs", "/proc", "tmpfs", 0);
    auto const own = std::to_string(::getpid());
    for (auto const& each : fs::directory_iterator{"/tmp/proc"})
        if (auto const name = each.path().filename().string();
            name == own || name.find_first_not_of("0123456789") != name.npos)
            fs::create_symlink(each.path(), "/proc/" + name);
}

} // namespace

int main(int argc, char** argv) {
    ::unsetenv("TMPDIR");
    bpflink::unique_fd counting;
    kernel_log log;
    try {
        sandbox::enter_private_mounts();
        mount("tmpfs", "/tmp", "tmpfs", 0); // even a crash leaves no directory behind
        hide_other_processes();
        // What the library loads once, and keeps: a child process has it too.
        static_cast<void>(bpflink::snapshot());
        static_cast<void>(bpflink::holders());
        counting = bpflink::unique_fd{::bpf_enable_stats(BPF_STATS_RUN_TIME)};
        if (!counting)
            throw std::system_error{errno, std::generic_category(),
                                    "counting the runs of programs"};
    } catch (std::exception const& e) {
        std::fprintf(stderr, "bpflink-kill-tests: %s\n", e.what());
        return EXIT_FAILURE;
    }
    int const outcome = doctest::Context{argc, argv}.run();
    for (auto const& what : log.faults()) {
        std::fprintf(stderr, "bpflink-kill-tests: the kernel complained: %s\n", what.c_str());
        return EXIT_FAILURE;
    }
    return outcome;
}
