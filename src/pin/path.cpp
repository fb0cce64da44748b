// SPDX-License-Identifier: Apache-2.0
#include "pin/path.hpp"

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/detail/read_info.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace bpflink {
namespace {

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
        auto next = real;
        next.append("/").append(name);
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

char const* name_of(sys::file_kind kind) {
    switch (kind) {
    case sys::file_kind::directory: return "it is a directory";
    case sys::file_kind::symlink: return "it is a symbolic link that leads to nothing";
    default: return "it is not a pin";
    }
}

using detail::attempt;
using detail::finding;
using detail::refusal;

std::string const& path_of(attempt const& tried) {
    return tried.as<std::string>();
}

finding yes_if_0(int told) {
    return {told < 0 ? match::unknown : told == 0 ? match::yes : match::no};
}

finding directory_is_not_on_bpffs(attempt const& tried) {
    return yes_if_0(sys::is_on_bpffs(directory_of(path_of(tried)).c_str()));
}

finding directory_is_on_bpffs(attempt const& tried) {
    bool const is_known = directory_is_not_on_bpffs(tried).is == match::no;
    return {is_known ? match::yes : match::unknown};
}

finding directory_is_missing(attempt const& tried) {
    sys::file_facts facts{};
    int const outcome = sys::facts_of_file(directory_of(path_of(tried)).c_str(), facts);
    return {outcome == -ENOENT ? match::yes : outcome < 0 ? match::unknown : match::no};
}

finding has_a_dot(attempt const& tried) {
    sys::file_facts there{};
    if (sys::facts_of_name(path_of(tried).c_str(), there) == 0)
        return {match::no}; // the kernel's own
    return {has_dotted_name(path_of(tried)) ? match::yes : match::no};
}

finding other_file_is_there(attempt const& tried) {
    sys::file_facts there{};
    int const outcome = sys::facts_of_name(path_of(tried).c_str(), there);
    if (outcome < 0 || there.kind == sys::file_kind::regular) return {match::no};
    return {match::yes, name_of(there.kind)};
}

/// A map or a program is pinned there, or another object.
finding other_object_is_there(attempt const& tried) {
    auto const there = sys::obj_get(path_of(tried).c_str());
    if (!there) return {match::no};
    auto const kind = identify(there.view());
    if (!kind || *kind == object_kind::link) return {match::no};
    return {match::yes, *kind == object_kind::map       ? "a map"
                        : *kind == object_kind::program ? "a program"
                                                        : "something else than a link"};
}

finding file_is_not_on_bpffs(attempt const& tried) {
    int const told = sys::is_on_bpffs(path_of(tried).c_str());
    if (told == -EACCES) return {match::no}; // nor is the way there open
    return yes_if_0(told);
}

/// The file is there, and known not to be on a bpffs.
finding other_file_system(attempt const& tried) {
    return {file_is_not_on_bpffs(tried).is == match::yes ? match::yes : match::no};
}

finding file_is_a_directory(attempt const& tried) {
    auto const opened = sys::open_directory(path_of(tried).c_str());
    return {opened ? match::yes : match::no};
}

constexpr std::array way_causes{
    refusal{EPERM, errc::invalid_argument, "a bpffs takes no dot in a name",
            "choose a name without one", "bpf_lookup", has_a_dot},
    refusal{ENOTDIR, errc::invalid_argument, "a name on the way is not a directory", "",
            "link_path_walk"},
    refusal{ELOOP, errc::invalid_argument, "symbolic links on the way lead in a circle", "",
            "pick_link"},
    refusal{ENAMETOOLONG, errc::invalid_argument,
            "a name is longer than 255 bytes, or the path than 4,095", "", "getname_flags"},
    refusal{EROFS, errc::read_only, "the bpffs is mounted so that nothing can be written",
            "mount it again for writing", "mnt_want_write"},
};

constexpr std::array pin_causes{
    refusal{EPERM, errc::invalid_argument, "the directory is not on a bpffs",
            "mount one there, or pin below /sys/fs/bpf", "bpf_obj_do_pin",
            directory_is_not_on_bpffs},
    refusal{EINVAL, errc::invalid_argument, "the directory is not on a bpffs",
            "mount one there, or pin below /sys/fs/bpf", "bpf_obj_do_pin",
            directory_is_not_on_bpffs},
    refusal{EXDEV, errc::invalid_argument, "the directory is not on a bpffs",
            "mount one there, or pin below /sys/fs/bpf", "do_renameat2", directory_is_not_on_bpffs},
    refusal{EROFS, errc::invalid_argument, "the directory is not on a bpffs",
            "mount one there, or pin below /sys/fs/bpf", "filename_create",
            directory_is_not_on_bpffs},
    refusal{ENOENT, errc::not_found, "the directory does not exist", "make it", "filename_create",
            directory_is_missing},
    refusal{ENOENT, errc::invalid_argument, "the directory is not on a bpffs",
            "mount one there, or pin below /sys/fs/bpf", "filename_create",
            directory_is_not_on_bpffs},
    refusal{EEXIST, errc::already_exists, "{}", "", "filename_create", other_file_is_there},
    refusal{EEXIST, errc::already_exists, "the directory is not on a bpffs",
            "mount one there, or pin below /sys/fs/bpf", "filename_create", file_is_not_on_bpffs},
    refusal{EEXIST, errc::already_exists, "{} is pinned there", "choose another name",
            "filename_create", other_object_is_there},
    refusal{EEXIST, errc::already_exists, "something is pinned there",
            "replace_pin replaces a link", "filename_create"},
    refusal{EACCES, errc::permission_denied, "the mode of a directory refuses it", "",
            "inode_permission"},
    refusal{ENOSPC, errc{}, "the kernel has no memory for another name", "", "bpf_get_inode",
            always},
};

/// For the operations that make a name.
constexpr std::array naming_causes{
    refusal{EOVERFLOW, errc::invalid_argument,
            "this process's user or group has no number on this bpffs",
            "pin as one that has, or in the user namespace that mounted it", "may_create"},
};

constexpr std::array pinning_causes{
    refusal{EINVAL, errc::invalid_argument, "the link's descriptor was closed behind its handle",
            "", "bpf_fd_probe_obj", directory_is_on_bpffs},
};

constexpr std::string_view not_on_bpffs = "the path is not on a bpffs";

constexpr std::array open_causes{
    refusal{ENOENT, errc::not_found, "nothing is there", "", "user_path_at"},
    refusal{EACCES, errc::invalid_argument, not_on_bpffs, "", "bpf_obj_do_get",
            file_is_not_on_bpffs},
    refusal{EROFS, errc::invalid_argument, not_on_bpffs, "", "path_permission", other_file_system},
    refusal{EPERM, errc::invalid_argument, not_on_bpffs, "", "path_permission", other_file_system},
    refusal{EACCES, errc::invalid_argument, "it is a directory", "", "bpf_obj_do_get",
            file_is_a_directory},
    refusal{EACCES, errc::permission_denied, "the mode of the pin or of a directory refuses it", "",
            "path_permission"},
};

finding it_is_not_a_directory(attempt const& tried) {
    sys::file_facts there{};
    int const outcome = sys::facts_of_file(path_of(tried).c_str(), there);
    return {outcome >= 0 && there.kind != sys::file_kind::directory ? match::yes : match::no};
}

/// Looks at a path itself, without opening it by bpf(2).
constexpr std::array look_causes{
    refusal{ENOENT, errc::not_found, "nothing is there", "", "filename_lookup"},
    refusal{ENOTDIR, errc::invalid_argument, "it is not a directory", "", "do_open",
            it_is_not_a_directory},
    refusal{EACCES, errc::permission_denied, "the mode of a directory refuses it", "",
            "inode_permission"},
    refusal{EINVAL, errc::invalid_argument, "the directory is not on a bpffs", "", "bpf_obj_do_get",
            file_is_not_on_bpffs},
};

/// A capability of this thread is known to be missing.
template <unsigned Capability>
finding lacks(attempt const&) {
    int const told = sys::has_capability(Capability);
    return {told < 0 ? match::unknown : told == 0 ? match::yes : match::no};
}

finding is_empty(attempt const& tried) {
    return {tried.as<std::string_view>().empty() ? match::yes : match::no};
}

finding has_a_zero_byte(attempt const& tried) {
    auto const path = tried.as<std::string_view>();
    return {path.find('\0') != path.npos ? match::yes : match::no};
}

finding ends_in_slash(attempt const& tried) {
    return {tried.as<std::string_view>().ends_with('/') ? match::yes : match::no};
}

finding is_temporary_name(attempt const& tried) {
    return {is_temporary(tried.as<std::string_view>()) ? match::yes : match::no};
}

constexpr std::array directory_causes{
    refusal{ENOENT, errc::not_found, "the working directory was removed", "give an absolute path",
            "getcwd"},
    refusal{ERANGE, errc::invalid_argument,
            "the working directory's path is longer than 4,095 bytes", "give an absolute path",
            "getcwd"},
};

constexpr unsigned cap_chown = 0;
constexpr unsigned cap_fowner = 3;

finding is_kept_by_its_directory(attempt const& tried) {
    constexpr unsigned sticky = 01000;
    sys::file_facts facts{};
    int const outcome = sys::facts_of_file(directory_of(path_of(tried)).c_str(), facts);
    if (outcome < 0) return {};
    return (facts.mode & sticky) == 0 ? finding{match::no} : lacks<cap_fowner>(tried);
}

constexpr std::array removal_causes{
    refusal{EBUSY, errc{}, "something is mounted on it", "unmount that", "vfs_unlink"},
    refusal{ENOSYS, errc::not_supported, "a filter of system calls refuses it", "", "do_renameat2"},
    refusal{EPERM, errc::permission_denied,
            "the directory is sticky, the pin has another owner, and CAP_FOWNER is missing",
            "run with it, or as that user", "may_delete", is_kept_by_its_directory},
    refusal{EOVERFLOW, errc::invalid_argument,
            "the pin's owner or group has no number on this bpffs",
            "do it in the user namespace that mounted it", "may_delete"},
};

constexpr std::array owner_causes{
    refusal{EPERM, errc::permission_denied,
            "CAP_CHOWN is missing, which it takes to give the pin that owner and group",
            "run with it, or as that user", "chown_ok", lacks<cap_chown>},
    refusal{EINVAL, errc::invalid_argument,
            "that owner or group has no number in this user namespace", "unpin it, and pin anew",
            "make_kuid"},
    refusal{EOVERFLOW, errc::invalid_argument, "that owner or group has no number on this bpffs",
            "unpin it, and pin anew", "notify_change"},
};

constexpr std::array mode_causes{
    refusal{EPERM, errc::permission_denied, "the pin has another owner, and CAP_FOWNER is missing",
            "run with it, or as that user", "inode_owner_or_capable", lacks<cap_fowner>},
};

} // namespace

tl::unexpected<error> refuse_pin_at(int outcome, operation where, std::string const& path) {
    bool const is_bpf = where == operation::obj_pin;
    bool const removes = where == operation::unlink || where == operation::rename;
    bool const names = is_bpf || where == operation::rename || where == operation::mkdir;
    return refuse(outcome, where, path, {.request = &path},
                  {removes ? removal_causes : refusals{}, names ? naming_causes : refusals{},
                   pin_causes, is_bpf ? refusals{pinning_causes} : refusals{}, way_causes,
                   is_bpf ? command_causes() : common_causes()});
}

/// Why what is at a path was not opened.
static tl::unexpected<error> refuse_open_of(int outcome, operation where, std::string const& path) {
    return refuse(outcome, where, path, {.request = &path},
                  {open_causes, way_causes, command_causes()});
}

tl::unexpected<error> refuse_look_at(int outcome, operation where, std::string const& path) {
    return refuse(outcome, where, path, {.request = &path},
                  {look_causes, way_causes, common_causes()});
}

tl::unexpected<error> refuse_change_of(int outcome, operation where, std::string const& path) {
    return refuse(outcome, where, path, {.request = &path},
                  {where == operation::chown ? owner_causes : refusals{mode_causes}, look_causes,
                   way_causes, common_causes()});
}

result<std::string> absolute(std::string_view path, operation where) {
    constexpr std::array mistakes{
        refusal{EINVAL, errc::invalid_argument, "the path is empty", "", "", is_empty},
        refusal{EINVAL, errc::invalid_argument, "the path has a zero byte in it", "", "",
                has_a_zero_byte},
    };
    auto const subject = [&] { return std::string{path}; };
    if (auto clear = check({.request = &path}, mistakes, where, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    if (path.front() == '/') return std::string{path};
    std::array<char, PATH_MAX> directory;
    if (int const outcome = sys::current_directory(directory); outcome < 0)
        return refuse(outcome, where, subject(), {}, {directory_causes, common_causes()});
    return std::string{directory.data()} + "/" + std::string{path};
}

result<std::string> resolve(std::string_view path, operation where) {
    auto whole = absolute(path, where);
    if (!whole) return whole;
    if (sys::crosses_symlink(whole->c_str()) == 0) return normal(*whole);
    std::string real;
    if (int const outcome = resolve_by_reading(*whole, real); outcome < 0) {
        return where == operation::obj_pin ? refuse_pin_at(outcome, where, *whole)
                                           : refuse_open_of(outcome, where, *whole);
    }
    return real;
}

result<std::string> resolve_lasting(std::string_view path) {
    constexpr std::array mistakes{
        refusal{EINVAL, errc::invalid_argument, "the path ends in a slash", "name the pin", "",
                ends_in_slash},
        refusal{EINVAL, errc::invalid_argument,
                "names that end in %tmp are replace_pin's own, which replaces what is there",
                "choose another", "", is_temporary_name},
    };
    return resolve(path, operation::obj_pin).and_then([&](std::string&& real) {
        std::string_view const name{real};
        return check({.request = &name}, mistakes, operation::obj_pin, [&] { return real; })
            .map([&] { return std::move(real); });
    });
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

result<void> make_directories_for(std::string const& path) {
    auto const directory = directory_of(path);
    sys::file_facts facts{};
    int outcome = sys::facts_of_file(directory.c_str(), facts);
    if (outcome >= 0) return {};
    if (outcome != -ENOENT) return refuse_pin_at(outcome, operation::mkdir, directory);
    if (auto above = make_directories_for(directory); !above) return above;
    outcome = sys::is_on_bpffs(directory_of(directory).c_str());
    if (outcome == 0) outcome = -EPERM; // as the kernel says to a pin there
    if (outcome > 0) outcome = sys::make_directory(directory.c_str(), 0700);
    if (outcome >= 0 || outcome == -EEXIST) return {}; // another was faster
    return refuse_pin_at(outcome, operation::mkdir, directory);
}

result<bool> is_same_place(std::string const& a, std::string const& b) {
    if (a == b) return true;
    if (name_of(a) != name_of(b)) return false;
    sys::file_facts first{}, second{};
    for (auto const& [path, facts] : {std::pair{&a, &first}, std::pair{&b, &second}}) {
        auto const directory = directory_of(*path);
        if (int const outcome = sys::facts_of_file(directory.c_str(), *facts); outcome < 0)
            return refuse_look_at(outcome, operation::stat, directory);
    }
    return first.device == second.device && first.inode == second.inode;
}

result<unique_fd> open_pin(std::string const& path) {
    auto opened = sys::obj_get(path.c_str());
    if (opened) return unique_fd{std::move(opened)};
    return refuse_open_of(opened.outcome(), operation::obj_get, path);
}

result<named> look_at(std::string const& path) {
    named found;
    if (int const outcome = sys::facts_of_name(path.c_str(), found.facts); outcome < 0) {
        if (is_absent(outcome, path)) return found;
        return refuse_look_at(outcome, operation::stat, path);
    }
    auto const something_else = [&](error why) {
        found.what = named::kind::something_else;
        found.other = std::move(why);
        return std::move(found);
    };
    if (found.facts.kind != sys::file_kind::regular)
        return something_else(
            {EINVAL, operation::obj_get, errc::invalid_argument, path, name_of(found.facts.kind)});
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

} // namespace bpflink
