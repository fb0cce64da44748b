// SPDX-License-Identifier: Apache-2.0
#include "write_file.hpp"

#include <bpflink/fd.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
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

    void rename_to(std::string const& path, unsigned flags) {
        if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), flags) < 0) fail(path);
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

/// The path of the file itself, where symbolic links lead to it, or to a file that is not there
/// yet. A rename would put the file in the place of the link: /dev/stdout is one.
std::string behind_links(std::filesystem::path path) {
    constexpr int most = 40; // as the kernel follows
    std::error_code problem;
    for (int followed = 0; followed != most; ++followed) {
        auto const next = std::filesystem::read_symlink(path, problem);
        if (problem) return path;
        path = path.parent_path() / next; // "/" is relative to nothing
    }
    return path;
}

struct target {
    std::string path;
    bool is_there;
};

/// The file to replace. A rename would put a file in the place of a device, for everybody.
target file_of(std::string const& path) {
    struct ::stat there{};
    bool const is_there =
        ::stat(path.c_str(), &there) == 0; // the kernel may forbid to follow links
    if (!is_there && errno != ENOENT) fail(path);
    if (is_there && !S_ISREG(there.st_mode))
        throw std::runtime_error{path + ": it is not a regular file, and stays as it is: leave out "
                                        "--output, and let the shell write to it by >"};
    auto file = behind_links(path);
    struct ::stat found{};
    if (is_there && (::stat(file.c_str(), &found) < 0 || found.st_ino != there.st_ino ||
                     found.st_dev != there.st_dev))
        throw std::runtime_error{path +
                                 ": the file behind it has no name that it can be replaced at"};
    return {std::move(file), is_there};
}

} // namespace

void write_file(std::string const& path, std::string_view text) {
    auto const [target, is_there] = file_of(path);
    // In the same directory, so that it is on the same file system. A collector takes *.prom.
    auto name = target + ".XXXXXX";
    bpflink::unique_fd const file{::mkostemp(name.data(), O_CLOEXEC)};
    if (!file) fail("a file beside " + target);
    temporary_name temporary{name};
    write_all(file.get(), text, path);
    constexpr mode_t readable = 0644;
    if (::fchmod(file.get(), readable) < 0 || ::fsync(file.get()) < 0) fail(path);
    // Where nothing was, a link that somebody else made meanwhile may lead anywhere.
    temporary.rename_to(target, is_there ? 0 : RENAME_NOREPLACE);
}

} // namespace tool
