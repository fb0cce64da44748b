// SPDX-License-Identifier: Apache-2.0
// Files that are looked up by name before they are opened, as fs/namei.c does.
#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <ranges>

namespace fake {
namespace {

using bpflink::sys::lookup;

/// Those of /proc/PID, and not those of /proc itself.
bool is_magic(std::string const& link) {
    return link.starts_with("/proc/") && parent_of(link) != "/proc";
}

bool is_at_or_below(std::string const& path, std::string const& directory) {
    return directory == "/" || path == directory || path.starts_with(directory + "/");
}

/// The path that `path` comes to, with no link left in it.
std::string follow(kernel const& k, std::string path, std::string const& root, lookup how) {
    std::string at = root;
    for (int links = 0; !path.empty();) {
        auto const end = std::min(path.find('/'), path.size());
        auto const component = path.substr(0, end);
        path.erase(0, std::min(end + 1, path.size()));
        if (component.empty() || component == ".") continue;
        if (component == "..") {
            if (at == root && how == lookup::beneath) throw refusal{EXDEV};
            at = at == root && how == lookup::in_root ? at : parent_of(at);
            continue;
        }
        auto next = joined(at, component);
        auto const link = k.symlinks.find(next);
        if (link == k.symlinks.end() || (how == lookup::no_follow && path.empty())) {
            at = std::move(next);
            continue;
        }
        if (++links > 40 || (is_magic(next) && how != lookup::plain)) throw refusal{ELOOP};
        bool const is_absolute = link->second.starts_with('/');
        if (is_absolute && how == lookup::beneath) throw refusal{EXDEV};
        if (is_absolute) at = how == lookup::in_root ? root : "/";
        path = link->second + "/" + path;
    }
    return at;
}

} // namespace

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

} // namespace fake

namespace bpflink::sys {

opened look_up(int from, char const* path, lookup how) noexcept {
    return entered(look_up, [&](kernel& k) {
        if (how > lookup::no_follow && k.lacks_openat2 != 0) return -k.lacks_openat2;
        std::string found{path};
        auto const root = from != working_directory ? k.descriptor_at(from).name
                          : found.starts_with('/')  ? "/"
                                                    : k.working_directory_;
        if (!k.files.contains(found)) // a relative one may be there as it is spelt
            found = follow(k, found, root, how);
        if (auto const reached = k.nodes_.find(found);
            reached != k.nodes_.end() && reached->second->kind == kernel::node_kind::directory)
            return k.install(std::make_shared<directory>(
                                 directory{reached->second->is_cgroup, reached->second->inode}),
                             found);
        auto made = std::make_shared<found_name>();
        if (k.files.contains(found)) {
            made->file = k.body_of(found);
        } else if (k.symlinks.contains(found)) {
            made->what = found_name::kind::symlink;
            made->text = k.symlinks[found];
        } else if (std::ranges::count(k.devices, found) != 0) {
            made->what = found_name::kind::device;
        } else {
            auto const is_below = [&](std::string const& name) {
                return is_at_or_below(name, found);
            };
            if (std::ranges::none_of(k.files | std::views::keys, is_below) &&
                std::ranges::none_of(k.symlinks | std::views::keys, is_below) &&
                std::ranges::none_of(k.devices, is_below))
                return -ENOENT;
            made->what = found_name::kind::directory;
        }
        return k.install(std::move(made), found);
    });
}

int is_on_proc(int fd) noexcept {
    return entered(is_on_proc,
                   [&](kernel& k) { return is_at_or_below(k.descriptor_at(fd).name, "/proc"); });
}

int link_text(int fd, std::span<char> into) noexcept {
    return entered(link_text, [&](kernel& k) {
        auto const link = k.get<found_name>(fd);
        return link->what == found_name::kind::symlink ? copy_text(link->text, into) : -ENOENT;
    });
}

opened reopen(int fd) noexcept {
    return entered(reopen, [&](kernel& k) {
        if (!k.is_open(fd)) return -ENOENT;
        auto const name = k.descriptor_at(fd).name;
        if (auto const file = k.find<named_file>(fd)) return k.install(file, name);
        auto const found = k.find<found_name>(fd);
        return found && found->file ? k.install(found->file, name) : -EINVAL;
    });
}

} // namespace bpflink::sys
