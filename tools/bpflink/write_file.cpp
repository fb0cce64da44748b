// SPDX-License-Identifier: Apache-2.0
#include "write_file.hpp"

#include <bpflink/fd.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tool {
namespace {

[[noreturn]] void fail(std::string const& path) {
    throw std::system_error{errno, std::generic_category(), path};
}

/// A name that goes, unless it is given another.
class temporary_name {
public:
    explicit temporary_name(std::string path) : path_{std::move(path)} {}
    ~temporary_name() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    temporary_name(temporary_name const&) = delete;
    temporary_name& operator=(temporary_name const&) = delete;

    void rename_to(std::string const& path) {
        if (::rename(path_.c_str(), path.c_str()) < 0) fail(path);
        path_.clear();
    }

private:
    std::string path_;
};

void write_all(int fd, std::string_view text, std::string const& path) {
    while (!text.empty()) {
        auto const written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// A rename would put a file in the place of a device, for everybody.
void refuse_what_is_not_a_file(std::string const& path) {
    struct ::stat there{};
    if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
        throw std::runtime_error{path + ": it is not a regular file, and stays as it is"};
}

} // namespace

void write_file(std::string const& path, std::string_view text) {
    refuse_what_is_not_a_file(path);
    // In the same directory, so that it is on the same file system. A collector takes *.prom.
    auto name = path + ".XXXXXX";
    bpflink::unique_fd const file{::mkostemp(name.data(), O_CLOEXEC)};
    if (!file) fail(path);
    temporary_name temporary{name};
    write_all(file.get(), text, path);
    constexpr mode_t readable = 0644;
    if (::fchmod(file.get(), readable) < 0 || ::fsync(file.get()) < 0) fail(path);
    temporary.rename_to(path);
}

} // namespace tool
