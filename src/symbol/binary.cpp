// SPDX-License-Identifier: Apache-2.0
#include "symbol/binary.hpp"

#include "error/fail.hpp"
#include "symbol/file_refusal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <elf.h>
#include <utility>
#include <vector>

namespace bpflink {
namespace {

using sys::lookup;

constexpr int most_links = 40; // as the kernel

/// The file that a path leads to.
struct found_file {
    unique_fd file; // not opened, only found
    std::string name = {};
    std::string link = {};
    std::string root = {};
};

std::string descriptor_name(fd_view fd) {
    std::array<char, PATH_MAX> room;
    int const length = sys::descriptor_name(fd.get(), room);
    return length < 0 ? std::string{} : std::string{room.data(), static_cast<std::size_t>(length)};
}

bool lacks_openat2(int outcome) {
    return outcome == -ENOSYS || outcome == -EPERM;
}

/// Goes a path component by component. The kernel would follow a link of /proc to another process's
/// directories, and take absolute links from there on for this process's own.
class walk {
public:
    explicit walk(std::string const& path) : path_{path}, left_{path} {}

    result<found_file> go() {
        if (auto const begun = begin(left_); !begun) return tl::unexpected{begun.error()};
        for (;;) {
            left_.erase(0, left_.find_first_not_of('/'));
            if (left_.empty()) return found_file{std::move(directory_), name_};
            std::string const component = left_.substr(0, left_.find('/'));
            left_.erase(0, component.size());
            if (is_below_ && component == "..") return refused();
            auto found = sys::look_up(directory_.get(), component.c_str(), lookup::no_follow);
            sys::file_facts facts{};
            int const outcome = found ? sys::look_at(found.outcome(), facts) : found.outcome();
            if (outcome < 0) return refuse_open(outcome, path_);
            if (facts.kind == sys::file_kind::symlink) {
                auto const ended = follow(std::move(found), component);
                if (!ended) return tl::unexpected{ended.error()};
                if (*ended) return std::move(end_);
                continue;
            }
            name_ += (name_.empty() || name_.ends_with('/') ? "" : "/") + component;
            if (left_.empty()) return found_file{std::move(found), name_};
            directory_ = std::move(found);
            directory_inode_ = facts.inode;
        }
    }

private:
    result<void> begin(std::string const& path) {
        bool const is_absolute = path.starts_with('/');
        if (!is_absolute && directory_) return {};
        auto start = sys::look_up(sys::working_directory, is_absolute ? "/" : ".", lookup::plain);
        if (!start) return refuse_open(start.outcome(), path_);
        directory_ = std::move(start);
        directory_inode_ = 0;
        name_ = is_absolute ? "/" : "";
        return {};
    }

    /// True where the walk ends with it.
    result<bool> follow(sys::opened&& link, std::string const& component) {
        if (is_below_) return refused();
        int const on_proc = sys::is_on_proc(link.outcome());
        if (on_proc < 0) return refuse_open(on_proc, path_);
        constexpr std::uint64_t root_of_proc = 1; // its links are of the usual sort
        if (on_proc == 1 && directory_inode_ != root_of_proc) return cross(component);
        if (++links_ > most_links) return refuse_open(-ELOOP, path_);
        std::array<char, PATH_MAX> room;
        int const length = sys::link_text(link.outcome(), room);
        if (length < 0) return refuse_open(length, path_);
        std::string text{room.data(), static_cast<std::size_t>(length)};
        left_ = text + left_;
        return begin(text).map([] { return false; });
    }

    /// Goes over a link to what is a process's.
    result<bool> cross(std::string const& component) {
        auto there = sys::look_up(directory_.get(), component.c_str(), lookup::plain);
        if (!there) return refuse_open(there.outcome(), path_);
        name_ += (name_.ends_with('/') ? "" : "/") + component;
        auto const rest = left_.find_first_not_of('/');
        if (rest == left_.npos) {
            end_ = {.file = std::move(there), .name = name_};
            return true;
        }
        auto const how = component == "root" ? lookup::in_root : lookup::beneath;
        auto found = sys::look_up(there.outcome(), left_.c_str() + rest, how);
        if (found) {
            end_ = {std::move(found), name_ + left_, name_, descriptor_name(there.view())};
            return true;
        }
        if (found.outcome() == -EXDEV)
            return fail(-EXDEV, operation::open, errc::invalid_argument, path_,
                        "a symbolic link or .. leads out of " + name_);
        if (!lacks_openat2(found.outcome())) return refuse_open(found.outcome(), path_);
        directory_ = std::move(there);
        directory_inode_ = 0;
        is_below_ = true;
        return false;
    }

    tl::unexpected<error> refused() {
        return fail(-ELOOP, operation::open, errc::invalid_argument, path_,
                    "a symbolic link or .. below a process's directory cannot be followed where "
                    "openat2(2) is missing or filtered out");
    }

    std::string const& path_;
    std::string left_;
    std::string name_; // of the directory that was come to
    unique_fd directory_;
    std::uint64_t directory_inode_ = 0;
    int links_ = 0;
    bool is_below_ = false;
    found_file end_;
};

result<found_file> find(std::string const& path) {
    auto found = sys::look_up(sys::working_directory, path.c_str(), lookup::no_magic_links);
    if (found) return found_file{std::move(found), path};
    if (found.outcome() == -ELOOP || lacks_openat2(found.outcome())) return walk{path}.go();
    return refuse_open(found.outcome(), path);
}

} // namespace

result<binary_file> binary_file::open(std::string path) {
    return find(path).and_then([&](found_file const& found) {
        binary_file file{std::move(path)};
        file.name_ = found.name;
        file.link_ = found.link;
        file.root_ = found.root;
        return file.adopt(found.file).map([&] { return std::move(file); });
    });
}

result<binary_file> binary_file::open(fd_view descriptor) {
    binary_file file{"descriptor " + std::to_string(descriptor.get())};
    return file.adopt(descriptor).map([&] { return std::move(file); });
}

result<void> binary_file::adopt(fd_view found) {
    sys::file_facts facts{};
    if (int const outcome = sys::look_at(found.get(), facts); outcome < 0)
        return refuse_open(outcome, path_);
    if (facts.kind == sys::file_kind::directory)
        return fail(-EISDIR, operation::open, errc::invalid_argument, path_, "it is a directory");
    if (facts.kind != sys::file_kind::regular)
        return fail(-EINVAL, operation::open, errc::invalid_argument, path_,
                    "it is not a regular file");
    auto opened = sys::reopen(found.get());
    if (opened.outcome() == -ENOENT)
        return fail(-ENOENT, operation::open, errc::not_supported, path_,
                    "a file that was looked at is opened by /proc, which is not mounted");
    if (!opened) return refuse_open(opened.outcome(), path_);
    file_ = std::move(opened);
    device_ = facts.device;
    inode_ = facts.inode;
    return look_for_elf();
}

binary_file binary_file::of_bytes(std::string name, std::string bytes) {
    binary_file file{std::move(name)};
    file.bytes_ = std::move(bytes);
    (void)file.look_for_elf(); // nothing can go wrong in memory
    return file;
}

result<void> binary_file::look_for_elf() {
    std::array<std::byte, SELFMAG> magic{};
    return read(magic, 0).map([&](std::size_t size) {
        constexpr std::array wanted{std::byte{ELFMAG0}, std::byte{ELFMAG1}, std::byte{ELFMAG2},
                                    std::byte{ELFMAG3}};
        is_elf_ = size == SELFMAG && magic == wanted;
    });
}

result<std::size_t> binary_file::read(std::span<std::byte> into, std::uint64_t offset) const {
    std::size_t done = 0;
    if (!file_) {
        if (offset >= bytes_.size()) return done;
        done = std::min(into.size(), bytes_.size() - static_cast<std::size_t>(offset));
        std::memcpy(into.data(), bytes_.data() + offset, done);
        return done;
    }
    while (done != into.size() && offset + done <= LLONG_MAX) {
        int const count = sys::read_at(file_.get(), into.subspan(done), offset + done);
        if (count < 0) return refuse_read(count, path_);
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

std::string binary_file::passing_path() const {
    return "/proc/thread-self/fd/" + std::to_string(file_.get());
}

std::string binary_file::kernel_name() const {
    return descriptor_name(file_);
}

result<match> binary_file::is_at(std::string const& path) const {
    auto const there = sys::look_up(sys::working_directory, path.c_str(), lookup::plain);
    sys::file_facts facts{};
    int const outcome = there ? sys::look_at(there.outcome(), facts) : there.outcome();
    if (outcome == 0)
        return facts.device == device_ && facts.inode == inode_ ? match::yes : match::no;
    for (int const number : {ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG})
        if (outcome == -number) return match::unknown;
    return refuse_open(outcome, path);
}

std::string binary_file::directory_in_root() const {
    auto name = descriptor_name(file_);
    if (!link_.empty() && root_ != "/" && name.starts_with(root_ + '/'))
        name.erase(0, root_.size());
    return name.substr(0, name.rfind('/') + 1);
}

result<std::string> binary_file::lasting_path() const {
    auto const real = kernel_name();
    std::vector<std::string> candidates{real};
    // A file in another mount namespace, the kernel names as it is called there.
    if (!link_.empty()) {
        std::string_view below = real;
        if (root_ != "/" && below.starts_with(root_)) below.remove_prefix(root_.size());
        candidates.push_back(link_ + std::string{below});
    }
    candidates.push_back(name_);
    for (auto& candidate : candidates) {
        auto const leads_here = is_at(candidate);
        if (!leads_here && leads_here.error() == errc::permission_denied) continue;
        if (!leads_here) return tl::unexpected{leads_here.error()};
        if (*leads_here == match::yes) return std::move(candidate);
    }
    return std::string{};
}

} // namespace bpflink
