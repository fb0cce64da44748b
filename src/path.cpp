// SPDX-License-Identifier: Apache-2.0
#include "path.hpp"

#include "fail.hpp"
#include "identify.hpp"
#include "sys.hpp"

#include <bpflink/detail/read_info.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace bpflink {
namespace {

constexpr char const* no_bpffs =
    "the directory is not on a bpffs: mount one there, or pin below /sys/fs/bpf";

std::string_view name_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// Whether a name on a bpffs has a dot, anywhere in the path: the kernel says EPERM to those.
bool has_dotted_name(std::string const& path) {
    for (std::size_t slash = 0, end; slash < path.size(); slash = end) {
        end = std::min(path.find('/', slash + 1), path.size());
        auto const name = path.substr(slash + 1, end - slash - 1);
        if (name.find('.') == name.npos || name == "." || name == "..") continue;
        if (sys::is_on_bpffs(path.substr(0, std::max<std::size_t>(slash, 1)).c_str()) == 1)
            return true;
    }
    return false;
}

tl::unexpected<error> dotted(int outcome, operation where, std::string const& path) {
    return fail(outcome, where, errc::invalid_argument, path, "a bpffs takes no dot in a name");
}

} // namespace

result<std::string> absolute(std::string_view path, operation where) {
    if (path.empty()) return fail(-EINVAL, where, errc::invalid_argument, {}, "the path is empty");
    if (path.find('\0') != std::string_view::npos)
        return fail(-EINVAL, where, errc::invalid_argument, std::string{path},
                    "the path has a zero byte in it");
    if (path.front() == '/') return std::string{path};
    std::array<char, PATH_MAX> directory;
    if (int const outcome = sys::current_directory(directory); outcome < 0)
        return fail(outcome, where, std::string{path});
    return std::string{directory.data()} + "/" + std::string{path};
}

std::string directory_of(std::string_view path) {
    return std::string{path.substr(0, std::max<std::size_t>(path.rfind('/'), 1))};
}

bool is_same_place(std::string const& a, std::string const& b) {
    if (a == b) return true;
    return name_of(a) == name_of(b) &&
           sys::is_same_directory(directory_of(a).c_str(), directory_of(b).c_str()) == 1;
}

result<unique_fd> open_pin(std::string const& path) {
    auto opened = sys::obj_get(path.c_str());
    if (opened) return std::move(opened);
    int const outcome = opened.outcome();
    if (outcome == -EACCES) { // the kernel's word for every file that is not a pin, too
        if (sys::is_on_bpffs(path.c_str()) == 0)
            return fail(outcome, operation::obj_get, errc::invalid_argument, path,
                        "the path is not on a bpffs");
        if (sys::open_directory(path.c_str()))
            return fail(outcome, operation::obj_get, errc::invalid_argument, path,
                        "it is a directory");
    }
    if (outcome == -EPERM && has_dotted_name(path))
        return dotted(outcome, operation::obj_get, path);
    return fail(outcome, operation::obj_get, path);
}

result<link_id> pinned_link_id(std::string const& path) {
    return open_pin(path).and_then([&](unique_fd&& fd) {
        return require_link(fd, path)
            .and_then([&] { return detail::read_header(fd); })
            .map([](detail::link_header const& header) { return header.id; });
    });
}

tl::unexpected<error> fail_at(int outcome, operation where, std::string const& path) {
    switch (outcome) {
    case -EPERM:
    case -EINVAL:
    case -EXDEV:
    case -ENOENT: {
        int const on_bpffs = sys::is_on_bpffs(directory_of(path).c_str());
        if (on_bpffs == 0) return fail(outcome, where, errc::invalid_argument, path, no_bpffs);
        if (outcome == -ENOENT && on_bpffs < 0)
            return fail(outcome, where, errc::not_found, path, "the directory does not exist");
        if (outcome == -EPERM && has_dotted_name(path)) return dotted(outcome, where, path);
        break;
    }
    case -EEXIST:
        return fail(outcome, where, errc::already_exists, path,
                    "something is pinned there: replace_pin replaces a link");
    default: break;
    }
    return fail(outcome, where, path);
}

} // namespace bpflink
