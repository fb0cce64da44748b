// SPDX-License-Identifier: Apache-2.0
// Which of the libraries that a file needs has a function, wherever the loader finds it.
#include "real_files.hpp"

#include <bpflink/symbols.hpp>

#include <chrono>
#include <csignal>

#include <sys/wait.h>

namespace {

std::string const library_name = std::filesystem::path{NEEDED_LIBRARY}.filename();

/// A process with a root of its own, in which the program is.
struct rooted : scratch {
    rooted() {
        for (auto const* const name : {"bin", "etc", "opt/lib"})
            std::filesystem::create_directories(*this / name);
        std::filesystem::copy_file(NEEDING_PROGRAM, *this / "bin/program");
        pid = ::fork();
        REQUIRE(pid >= 0);
        if (pid != 0) return;
        if (::chroot(path) != 0) ::_exit(1);
        for (;;)
            ::pause();
    }
    ~rooted() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    rooted(rooted const&) = delete;
    rooted& operator=(rooted const&) = delete;

    [[nodiscard]] std::string message() const {
        auto const program = "/proc/" + std::to_string(pid) + "/root/bin/program";
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
        while (std::chrono::steady_clock::now() < deadline) { // until it is in its root
            auto const found = bl::resolve_symbol(program, "weak_one");
            REQUIRE_FALSE(found);
            if (found.error().where() != bl::operation::open) return found.error().message();
            ::usleep(1'000);
        }
        return {};
    }
    [[nodiscard]] bool is_told() const {
        return message().find(library_name + ", which it needs, has it") != std::string::npos;
    }
    void index() const { // as the system does it
        auto const command = "ldconfig -r " + std::string{path} + " 2>/dev/null";
        REQUIRE(std::system(command.c_str()) == 0);
    }

    pid_t pid = -1;
};

bool is_privileged() {
    if (::geteuid() == 0) return true;
    MESSAGE("skipped: a root of its own takes privilege");
    return false;
}

} // namespace

TEST_CASE("a library is found in the directory that the program names, which is its own") {
    refused(bl::resolve_symbol(NEEDING_PROGRAM, "weak_one"), bl::errc::not_found,
            {library_name, ", which it needs, has it"});
    scratch const alone;
    std::filesystem::copy_file(NEEDING_PROGRAM, alone / "program");
    auto const message = bl::resolve_symbol(alone / "program", "weak_one").error().message();
    CHECK(message.find("needs") == message.npos);
}

TEST_CASE("below a process's root, a library is found as that process finds it") {
    if (!is_privileged()) return;
    rooted const files;
    CHECK_FALSE(files.is_told()); // that of this process's own root is another one
    SUBCASE("beside the program") {
        std::filesystem::copy_file(NEEDED_LIBRARY, files / ("bin/" + library_name).c_str());
        CHECK(files.is_told());
    }
    SUBCASE("in the cache") {
        std::ofstream{files / "etc/ld.so.conf"} << "/opt/lib\n";
        std::filesystem::copy_file(NEEDED_LIBRARY, files / ("opt/lib/" + library_name).c_str());
        CHECK_FALSE(files.is_told());
        files.index();
        CHECK(files.is_told());
        auto const cache = contents((files / "etc/ld.so.cache").c_str());
        for (std::size_t size = 0; size < cache.size(); size += 7) { // cut short
            std::ofstream{files / "etc/ld.so.cache", std::ios::binary} << cache.substr(0, size);
            (void)files.message();
        }
        for (std::size_t at = 20; at < cache.size(); ++at) { // damaged
            auto damaged = cache;
            damaged[at] = static_cast<char>(~damaged[at]);
            std::ofstream{files / "etc/ld.so.cache", std::ios::binary} << damaged;
            (void)files.message();
        }
    }
    SUBCASE("never by a link that leads out") {
        std::filesystem::create_symlink(NEEDED_LIBRARY, files / ("bin/" + library_name).c_str());
        CHECK_FALSE(files.is_told());
    }
}
