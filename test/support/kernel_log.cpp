// SPDX-License-Identifier: Apache-2.0
#include "kernel_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr std::array<std::string_view, 13> faults_begin{
    "WARNING:",   "BUG:",          "kernel BUG at", "Oops",     "general protection fault",
    "KASAN",      "UBSAN:",        "KCSAN:",        "KMEMLEAK", "refcount_t:",
    "rcu: INFO:", "watchdog: BUG", "Kernel panic",
};
constexpr std::array<std::string_view, 3> faults_contain{
    "blocked for more than",
    "possible circular locking",
    "detected stall",
};

} // namespace

kernel_log::kernel_log() noexcept : file_{::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)} {
    if (!file_ || ::lseek(file_.get(), 0, SEEK_END) < 0) refusal_ = errno;
}

// "6,1234,56789,-;text", and lines that start with a space: what it is about.
bool kernel_log::tells_of_fault(std::string_view record) noexcept {
    unsigned priority = 0;
    auto const* const end = std::to_address(record.end());
    if (std::from_chars(std::to_address(record.begin()), end, priority).ec != std::errc{})
        return false;
    if (priority >= 8) return false; // another facility than the kernel's
    auto const start = record.find(';');
    if (start == record.npos) return false;
    auto const text = record.substr(start + 1, record.find('\n') - start - 1);
    auto const contains = [&](std::string_view what) { return text.find(what) != text.npos; };
    auto const begins = [&](std::string_view what) { return text.starts_with(what); };
    return std::ranges::any_of(faults_begin, begins) ||
           std::ranges::any_of(faults_contain, contains);
}

std::vector<std::string> kernel_log::faults() {
    std::vector<std::string> found;
    if (refusal_ != 0) {
        std::printf("SKIP: the kernel's log cannot be read: %s\n", ::strerrorname_np(refusal_));
        return found;
    }
    std::array<char, 8'192> room;
    for (;;) {
        auto const count = ::read(file_.get(), room.data(), room.size());
        if (count > 0) {
            std::string_view const record{room.data(), static_cast<std::size_t>(count)};
            if (tells_of_fault(record)) found.emplace_back(record.substr(0, record.find('\n')));
        } else if (count == 0 || (errno != EPIPE && errno != EINTR)) { // EPIPE: some are lost
            return found;
        }
    }
}
