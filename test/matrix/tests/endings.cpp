// SPDX-License-Identifier: Apache-2.0
// The ways a test can end in a guest, for verdicts_test.py to see what the runner makes of each.
// None of them happens anywhere else: this would take the machine down.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/reboot.h>
#include <unistd.h>

namespace {

void write_to(char const* path, char const* text) {
    std::ofstream file{path};
    file << text << std::flush;
    REQUIRE(file.good());
}

struct in_guest {
    in_guest() {
        std::ifstream file{"/proc/cmdline"};
        std::string const line{std::istreambuf_iterator<char>{file}, {}};
        REQUIRE(line.find(" MATRIX_") != std::string::npos);
    }
};

} // namespace

TEST_CASE_FIXTURE(in_guest, "pass") {
}

TEST_CASE_FIXTURE(in_guest, "fail") {
    CHECK(1 + 1 == 3);
}

TEST_CASE_FIXTURE(in_guest, "fail without an assertion") {
    FAIL("as asked");
}

TEST_CASE_FIXTURE(in_guest, "skip") {
    SUBCASE("one way") {
    }
    SUBCASE("another way") {
    }
    std::puts("SKIP: this kernel cannot: it says so");
}

TEST_CASE_FIXTURE(in_guest, "panic") {
    write_to("/proc/sysrq-trigger", "c");
}

TEST_CASE_FIXTURE(in_guest, "oops") {
    // A warning or an oops taints the kernel. So does this, and leaves it whole.
    write_to("/proc/sys/kernel/tainted", "512");
}

TEST_CASE_FIXTURE(in_guest, "hang") {
    for (;;)
        ::pause();
}

TEST_CASE_FIXTURE(in_guest, "crash") {
    // After doctest's own handler, the default action.
    std::raise(SIGSEGV);
}

TEST_CASE_FIXTURE(in_guest, "kill") {
    std::raise(SIGKILL);
}

TEST_CASE_FIXTURE(in_guest, "lose the machine") {
    ::reboot(RB_POWER_OFF);
}

TEST_CASE_FIXTURE(in_guest, "lose the results") {
    std::_Exit(EXIT_SUCCESS);
}

TEST_CASE_FIXTURE(in_guest, "fill the disk") {
    std::vector<char> const block(1 << 20);
    for (std::string const directory : {"/tmp", "/run"}) {
        int const file = ::open((directory + "/full").c_str(), O_WRONLY | O_CREAT, 0600);
        REQUIRE(file >= 0);
        while (::write(file, block.data(), block.size()) > 0)
            ;
        CHECK(errno == ENOSPC);
        ::close(file);
        std::ofstream next{directory + "/next"};
        next << "this needs a page" << std::flush;
        CHECK_MESSAGE(next.good(), "no space left in ", directory);
    }
}

TEST_CASE_FIXTURE(in_guest, "leave an artifact") {
    write_to("/artifacts/trace", "what the test found");
}
