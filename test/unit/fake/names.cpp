// SPDX-License-Identifier: Apache-2.0
// Files that are looked up by name before they are opened, as fs/namei.c does.
#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <ranges>

namespace fake {
namespace {

using bpflink::sys::lookup;

std::string joined(std::string const& directory, std::string_view name) {
    return (directory == "/" ? "" : directory) + "/" + std::string{name};
}

std::string parent_of(std::string const& path) {
    auto const slash = path.rfind('/');
    return slash == 0 || slash == path.npos ? "/" : path.substr(0, slash);
}

/// Those of /proc/PID, and not those of /proc itself.
bool is_magic(std::string const& link) {
    return link.starts_with("/proc/") && parent_of(link) != "/proc";
}

bool is_at_or_below(std::string const& path, std::string const& directory) {
    return directory == "/" || path == directory || path.starts_with(directory + "/");
}

} // namespace

/// The path that `path` comes to, with no link left in it.
int kernel::follow(std::string path, std::string const& root, lookup how,
                   std::string& found) const {
    std::string at = root;
    for (int links = 0; !path.empty();) {
        auto const end = std::min(path.find('/'), path.size());
        auto const component = path.substr(0, end);
        path.erase(0, std::min(end + 1, path.size()));
        if (component.empty() || component == ".") continue;
        if (component == "..") {
            if (at == root && how == lookup::beneath) return -EXDEV;
            at = at == root && how == lookup::in_root ? at : parent_of(at);
            continue;
        }
        auto next = joined(at, component);
        auto const link = symlinks.find(next);
        if (link == symlinks.end() || (how == lookup::no_follow && path.empty())) {
            at = std::move(next);
            continue;
        }
        if (++links > 40 || (is_magic(next) && how != lookup::plain)) return -ELOOP;
        bool const is_absolute = link->second.starts_with('/');
        if (is_absolute && how == lookup::beneath) return -EXDEV;
        if (is_absolute) at = how == lookup::in_root ? root : "/";
        path = link->second + "/" + path;
    }
    found = at;
    return 0;
}

std::shared_ptr<named_file> kernel::body_of(std::string const& path) {
    auto& body = bodies_[path];
    if (auto const& text = files.find(path)->second; !body || body->text != text)
        body = std::make_shared<named_file>(named_file{text, next_inode_++});
    return body;
}

bl::unique_fd kernel::open_file(std::string const& path) {
    return bl::unique_fd{install(body_of(path), path)};
}

void kernel::shorten(std::string const& path, std::size_t size) {
    auto const body = body_of(path);
    body->text.resize(size);
    files[path] = body->text;
}

int kernel::sys_look_up(int directory, std::string_view path, lookup how) {
    if (how > lookup::no_follow && lacks_openat2 != 0) return -lacks_openat2;
    std::string root = path.starts_with('/') ? "/" : working_directory_;
    if (directory != bpflink::sys::working_directory) {
        auto const from = descriptors_.find(directory);
        if (from == descriptors_.end()) return -EBADF;
        root = from->second.name;
    }
    std::string found{path};
    if (!files.contains(found)) // a relative one may be there as it is spelt
        if (int const outcome = follow(std::string{path}, root, how, found); outcome < 0)
            return outcome;
    if (auto const reached = nodes_.find(found);
        reached != nodes_.end() && reached->second->kind == node_kind::directory)
        return install(std::make_shared<fake::directory>(
                           fake::directory{reached->second->is_cgroup, reached->second->inode}),
                       found);
    auto made = std::make_shared<found_name>();
    if (files.contains(found)) {
        made->file = body_of(found);
    } else if (symlinks.contains(found)) {
        made->what = found_name::kind::symlink;
        made->text = symlinks[found];
    } else if (std::ranges::count(devices, found) != 0) {
        made->what = found_name::kind::device;
    } else {
        auto const is_below = [&](std::string const& name) { return is_at_or_below(name, found); };
        if (std::ranges::none_of(files | std::views::keys, is_below) &&
            std::ranges::none_of(symlinks | std::views::keys, is_below) &&
            std::ranges::none_of(devices, is_below))
            return -ENOENT;
        made->what = found_name::kind::directory;
    }
    return install(std::move(made), found);
}

int kernel::sys_look_at(int fd, bpflink::sys::file_facts& facts) {
    using bpflink::sys::file_kind;
    auto const entry = descriptors_.find(fd);
    if (entry == descriptors_.end()) return -EBADF;
    auto const& what = entry->second.what;
    if (std::holds_alternative<std::shared_ptr<directory>>(what)) return sys_facts_of(fd, facts);
    facts = {file_kind::other, 1, 0};
    if (auto const* const opened = std::get_if<std::shared_ptr<named_file>>(&what))
        facts = {file_kind::regular, 1, (*opened)->inode};
    if (auto const* const name = std::get_if<std::shared_ptr<found_name>>(&what)) {
        using enum found_name::kind;
        switch ((*name)->what) {
        case file: facts = {file_kind::regular, 1, (*name)->file->inode}; break;
        case directory:
            facts = {file_kind::directory, 1, entry->second.name == "/proc" ? 1U : 2U};
            break;
        case symlink: facts = {file_kind::symlink, 1, 3}; break;
        case device: break;
        }
    }
    return 0;
}

int kernel::sys_is_on_proc(int fd) {
    auto const entry = descriptors_.find(fd);
    return entry == descriptors_.end() ? -EBADF : is_at_or_below(entry->second.name, "/proc");
}

int kernel::sys_link_text(int fd, std::span<char> into) {
    int outcome;
    auto const link = get<found_name>(fd, outcome);
    if (!link) return outcome;
    if (link->what != found_name::kind::symlink) return -ENOENT;
    auto const length = std::min(into.size(), link->text.size());
    std::copy_n(link->text.begin(), length, into.begin());
    return static_cast<int>(length);
}

int kernel::sys_reopen(int fd) {
    auto const entry = descriptors_.find(fd);
    if (entry == descriptors_.end()) return -ENOENT;
    auto const name = entry->second.name;
    int outcome;
    if (auto const opened = get<named_file>(fd, outcome)) return install(opened, name);
    auto const found = get<found_name>(fd, outcome);
    return found && found->file ? install(found->file, name) : -EINVAL;
}

int kernel::sys_read_at(int fd, std::span<std::byte> into, std::uint64_t offset) {
    int outcome;
    auto const file = get<named_file>(fd, outcome);
    if (!file) return outcome;
    auto const& text = file->text;
    if (offset >= text.size()) return 0;
    auto const count = std::min({text.size() - offset, into.size(), most_read});
    std::copy_n(reinterpret_cast<std::byte const*>(text.data()) + offset, count, into.begin());
    return static_cast<int>(count);
}

int kernel::sys_find_process(int number) {
    if (number == process_id || std::ranges::count(processes, number) != 0) return 0;
    return std::ranges::count(threads, number) != 0 ? -EINVAL : -ESRCH;
}

} // namespace fake
