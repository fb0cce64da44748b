// SPDX-License-Identifier: Apache-2.0
#include "pin/path.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/identify.hpp"

#include <bpflink/detail/read_info.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace bpflink {
namespace {

constexpr char const* no_bpffs =
    "the directory is not on a bpffs: mount one there, or pin below /sys/fs/bpf";

constexpr std::string_view temporary_ending = "%tmp";

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

/// Where the names of `path` lead, one by one; all of them have to be there. A negated errno else.
int follow(std::string path, std::string& real) {
    constexpr int most_links = 40; // as the kernel has it
    std::array<char, PATH_MAX> buffer;
    real.clear();
    std::size_t fixed = 0; // up to here, ".." is the kernel's to follow
    for (int links = 0;;) {
        auto const begin = path.find_first_not_of('/');
        if (begin == path.npos) break;
        auto const end = std::min(path.find('/', begin), path.size());
        auto const name = path.substr(begin, end - begin);
        path.erase(0, end);
        if (name == ".") continue;
        if (name == ".." && real.size() > fixed) {
            real.erase(real.rfind('/'));
            continue;
        }
        if (name == ".." && fixed == 0) continue; // the root's
        auto next = real + "/" + name;
        int const length = name == ".." ? 0 : sys::read_link(next.c_str(), buffer);
        if (length < 0 && length != -EINVAL) return length;
        if (length > 0) {
            if (length == static_cast<int>(buffer.size())) return -ENAMETOOLONG;
            if (++links > most_links) return -ELOOP;
            path.insert(0, buffer.data(), static_cast<std::size_t>(length));
            if (buffer.front() != '/') continue;
            real.clear();
            fixed = 0;
            continue;
        }
        real = std::move(next);
        if (length == 0) fixed = real.size();
    }
    if (real.empty()) real = "/";
    return 0;
}

/// A path without symbolic links, and without "//", "." and ".." before the last name.
std::string normal(std::string const& path) {
    if (path.find("//") == path.npos && path.find("/.") == path.npos) return path;
    std::string real;
    auto const last = path.rfind('/');
    for (std::size_t slash = 0, end; slash < last; slash = end) {
        end = path.find('/', slash + 1);
        auto const name = path.substr(slash + 1, end - slash - 1);
        if (name == "..") real.erase(std::min(real.rfind('/'), real.size()));
        if (!name.empty() && name != "." && name != "..") real += "/" + name;
    }
    return real + path.substr(last);
}

std::string in_directory(std::string directory, std::string_view name) {
    if (directory.back() != '/') directory += '/';
    return directory += name;
}

/// resolve() of an absolute path, by reading each symbolic link.
int resolve_by_reading(std::string const& path, std::string& real) {
    if (int const outcome = follow(directory_of(path), real); outcome < 0) return outcome;
    auto const last = name_of(path);
    real = in_directory(std::move(real), last);
    if (last.empty() || last == "." || last == "..") return 0; // the kernel's to refuse
    std::array<char, 1> some;
    int const length = sys::read_link(real.c_str(), some);
    if (length <= 0) return length == -EINVAL || length == -ENOENT ? 0 : length;
    std::string target;
    int const outcome = follow(real, target);
    if (outcome == 0) real = std::move(target);
    return outcome == -ENOENT ? 0 : outcome;
}

/// Whether a name is not there, as far as what looking it up failed with tells.
bool is_absent(int outcome, std::string const& path) {
    switch (outcome) {
    case -ENOENT:
    case -ENOTDIR:
    case -ELOOP:
    case -ENAMETOOLONG: return true;
    case -EPERM: return has_dotted_name(path);
    default: return false;
    }
}

char const* advice_on(sys::file_kind kind) {
    switch (kind) {
    case sys::file_kind::directory: return "it is a directory";
    case sys::file_kind::symlink: return "it is a symbolic link that leads to nothing";
    default: return "it is not a pin";
    }
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

result<std::string> resolve(std::string_view path, operation where) {
    auto whole = absolute(path, where);
    if (!whole) return whole;
    if (sys::crosses_symlink(whole->c_str()) == 0) return normal(*whole);
    std::string real;
    if (int const outcome = resolve_by_reading(*whole, real); outcome < 0) {
        if (where == operation::obj_pin) return fail_at(outcome, where, *whole);
        if (outcome == -EPERM && has_dotted_name(*whole)) return dotted(outcome, where, *whole);
        return fail(outcome, where, *std::move(whole));
    }
    return real;
}

std::string directory_of(std::string_view path) {
    return std::string{path.substr(0, std::max<std::size_t>(path.rfind('/'), 1))};
}

std::string temporary_name(std::string const& path) {
    constexpr std::size_t most = NAME_MAX - temporary_ending.size();
    auto const name = name_of(path);
    return path.substr(0, path.size() - name.size() + std::min(name.size(), most)) +
           std::string{temporary_ending};
}

bool is_temporary(std::string_view path) {
    return path.ends_with(temporary_ending);
}

result<bool> is_same_place(std::string const& a, std::string const& b) {
    if (a == b) return true;
    if (name_of(a) != name_of(b)) return false;
    sys::file_facts first{}, second{};
    for (auto const& [path, facts] : {std::pair{&a, &first}, std::pair{&b, &second}}) {
        auto const directory = directory_of(*path);
        if (int const outcome = sys::facts_of_file(directory.c_str(), *facts); outcome < 0)
            return fail(outcome, operation::stat, directory);
    }
    return first.device == second.device && first.inode == second.inode;
}

result<unique_fd> open_pin(std::string const& path) {
    auto opened = sys::obj_get(path.c_str());
    if (opened) return unique_fd{std::move(opened)};
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

result<named> look_at(std::string const& path) {
    named found;
    if (int const outcome = sys::facts_of_name(path.c_str(), found.facts); outcome < 0) {
        if (is_absent(outcome, path)) return found;
        return fail(outcome, operation::stat, path);
    }
    auto const something_else = [&](error why) {
        found.what = named::kind::something_else;
        found.other = std::move(why);
        return std::move(found);
    };
    if (found.facts.kind != sys::file_kind::regular)
        return something_else({EINVAL, operation::obj_get, errc::invalid_argument, path,
                               advice_on(found.facts.kind)});
    auto opened = open_pin(path);
    if (!opened) {
        if (is_absent(-opened.error().code().value(), path)) return named{}; // gone meanwhile
        if (sys::is_on_bpffs(path.c_str()) == 0) return something_else(std::move(opened).error());
        return tl::unexpected{std::move(opened).error()};
    }
    if (auto const is_link = require_link(*opened, path); !is_link) {
        if (is_link.error() == errc::not_a_link) return something_else(is_link.error());
        return tl::unexpected{is_link.error()};
    }
    auto const header = detail::read_header(*opened);
    if (!header) return tl::unexpected{header.error()};
    found.what = named::kind::link;
    found.link = *std::move(opened);
    found.id = header->id;
    return found;
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
    case -EEXIST: {
        sys::file_facts there{};
        bool const is_file =
            sys::facts_of_name(path.c_str(), there) < 0 || there.kind == sys::file_kind::regular;
        return fail(outcome, where, errc::already_exists, path,
                    is_file ? "something is pinned there: replace_pin replaces a link"
                            : advice_on(there.kind));
    }
    default: break;
    }
    return fail(outcome, where, path);
}

} // namespace bpflink
