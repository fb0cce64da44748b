// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT
#include "sandbox.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

#include <doctest/doctest.h>

#include <sys/mount.h>

int main(int argc, char** argv) {
    try {
        sandbox::enter_private_mounts();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "bpflink-kill-tests: %s\n", e.what());
        return EXIT_FAILURE;
    }
    // Even a crash leaves no directory behind.
    ::unsetenv("TMPDIR");
    if (::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) < 0) {
        std::perror("bpflink-kill-tests: a file system of its own");
        return EXIT_FAILURE;
    }
    return doctest::Context{argc, argv}.run();
}
