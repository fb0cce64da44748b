// SPDX-License-Identifier: Apache-2.0
#include "write_file.hpp"

#include <bpflink/fd.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tool {
namespace {

[[noreturn]] void fail(std::string const& path) {
    throw std::system_error{errno, std::generic_category(), path};
}

/// Whether the path still leads to the open file. Throws where the file is another user's, or has
/// another name: nobody but an attacker put it there.
bool is_own_file_at(int fd, std::string const& path) {
    struct ::stat opened{}, named{};
    if (::fstat(fd, &opened) < 0) fail(path);
    if (!S_ISREG(opened.st_mode) || opened.st_uid != ::geteuid() || opened.st_nlink > 1)
        throw std::runtime_error{path + ": it is in the way, and not a file of bpflink: remove it"};
    return ::lstat(path.c_str(), &named) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

/// The file that is to be put in the other's place. It has one name for all runs, so that one that
/// is killed leaves one file at most, and the next run takes it over. A lock keeps them apart.
class draft {
public:
    explicit draft(std::string path) : path_{std::move(path)} {
        constexpr int most = 100;
        for (int tries = 0; tries != most; ++tries) {
            file_ = bpflink::unique_fd{::open(
                path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)};
            if (!file_) fail(path_);
            if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) {
                if (!is_own_file_at(file_.get(), path_)) continue; // the other run has renamed it
                if (::ftruncate(file_.get(), 0) < 0) fail(path_);
                return;
            }
            if (errno != EWOULDBLOCK) fail(path_);
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
        throw std::runtime_error{path_ + ": another run has been writing it for 5 s"};
    }
    ~draft() {
        if (!path_.empty()) ::unlink(path_.c_str()); // locked still
    }
    draft(draft const&) = delete;
    draft& operator=(draft const&) = delete;

    [[nodiscard]] int fd() const noexcept { return file_.get(); }

    void rename_to(std::string const& path, unsigned flags) {
        if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), flags) < 0) fail(path);
        path_.clear();
    }

private:
    std::string path_;
    bpflink::unique_fd file_;
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

/// The file that a path leads to, if there is one.
std::optional<struct ::stat> seen_at(std::string const& path) {
    struct ::stat seen{};
    if (::stat(path.c_str(), &seen) == 0) return seen; // the kernel may forbid to follow links
    if (errno != ENOENT) fail(path);
    return std::nullopt;
}

bool is_same(std::optional<struct ::stat> const& a, std::optional<struct ::stat> const& b) {
    if (!a || !b) return !a && !b;
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/// The file to replace. A rename would put a file in the place of a device, for everybody.
target file_of(std::string const& path) {
    constexpr int most = 100; // another run may replace it between two looks
    for (int tries = 0; tries != most; ++tries) {
        auto const there = seen_at(path);
        if (there && !S_ISREG(there->st_mode))
            throw std::runtime_error{path + ": it is not a regular file, and stays as it is: leave "
                                            "out --output, and let the shell write to it by >"};
        auto file = behind_links(path);
        if (file == path || is_same(there, seen_at(file)))
            return {std::move(file), there.has_value()};
    }
    throw std::runtime_error{path + ": the file behind it has no name, and cannot be replaced"};
}

} // namespace

void write_file(std::string const& path, std::string_view text) {
    auto const target = file_of(path).path;
    // In the same directory, so that it is on the same file system. A collector takes *.prom.
    draft fresh{target + ".bpflink-new"};
    auto const now = file_of(path); // as the run before has left it
    if (now.path != target)
        throw std::runtime_error{path + ": the file behind it is another one meanwhile"};
    write_all(fresh.fd(), text, path);
    constexpr mode_t readable = 0644;
    if (::fchmod(fresh.fd(), readable) < 0 || ::fsync(fresh.fd()) < 0) fail(path);
    // Where nothing was, a link that somebody else made meanwhile may lead anywhere.
    fresh.rename_to(target, now.is_there ? 0 : RENAME_NOREPLACE);
}

} // namespace tool
