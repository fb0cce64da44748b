// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include "text.hpp"

#include <cerrno>
#include <cstdio>
#include <iterator>
#include <poll.h>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace tool {
namespace {

[[noreturn]] void fail() {
    throw std::system_error{errno, std::generic_category(), "writing to standard output"};
}

} // namespace

void reserve_standard_descriptors() noexcept {
    for (int const each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(each, F_GETFD) < 0)
            static_cast<void>(::open("/", O_PATH)); // the lowest that is free; for children too
}

void print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail();
}

void say(std::string_view line) {
    print(printable(line) + "\n");
}

void flush() {
    if (std::fflush(stdout) != 0) fail();
}

bool wait_while_read(int fd) {
    ::pollfd all[]{{fd, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    auto const& output = all[1];
    while (::poll(all, std::size(all), -1) < 0)
        if (errno != EINTR) throw std::system_error{errno, std::generic_category(), "waiting"};
    if ((output.revents & POLLNVAL) != 0) { // it was closed from the beginning
        errno = EBADF;
        fail();
    }
    return (output.revents & (POLLERR | POLLHUP)) == 0;
}

void complain(std::string_view message) noexcept {
    std::fprintf(stderr, "bpflink: %s\n", printable(message).c_str());
}

} // namespace tool
