// SPDX-License-Identifier: Apache-2.0
// Directories and pins.
#include "model.hpp"

#include <algorithm>
#include <cerrno>

namespace fake {
namespace {

std::string parent_of(std::string const& path) {
    auto const slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(std::string const& path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_below(std::string const& path, std::string const& directory) {
    return path != directory && parent_of(path) == directory;
}

} // namespace

void kernel::make_node(std::string const& path, node what) {
    nodes_.insert_or_assign(path, std::move(what));
}

void kernel::make_directory(std::string const& path) {
    make_node(path, {.filesystem = nodes_.at(parent_of(path)).filesystem});
}

void kernel::make_cgroup(std::string const& path) {
    make_node(path, {.is_cgroup = true});
}

void kernel::make_symlink(std::string const& path) {
    make_node(path,
              {.kind = node_kind::symlink, .filesystem = nodes_.at(parent_of(path)).filesystem});
}

void kernel::pin_object(std::string const& path, object what) {
    make_node(path, {.kind = node_kind::pin,
                     .filesystem = nodes_.at(parent_of(path)).filesystem,
                     .what = std::move(what)});
}

void kernel::remove(std::string const& path) {
    nodes_.erase(path);
}

bool kernel::has_path(std::string const& path) const {
    return nodes_.contains(path);
}

std::uint32_t kernel::link_at(std::string const& path) const {
    auto const found = nodes_.find(path);
    if (found == nodes_.end() || !found->second.what) return 0;
    auto const* const pinned = std::get_if<std::shared_ptr<link>>(&*found->second.what);
    return pinned ? (*pinned)->id() : 0;
}

std::vector<std::string> kernel::names_in(std::string const& directory) const {
    std::vector<std::string> names;
    for (auto const& entry : nodes_)
        if (is_below(entry.first, directory)) names.push_back(name_of(entry.first));
    return names;
}

/// From the root, without empty, "." and ".." components.
std::string kernel::normal(std::string_view path) const {
    std::string whole =
        path.starts_with('/') ? std::string{path} : working_directory_ + "/" + std::string{path};
    std::vector<std::string> components;
    for (std::size_t at = 0; at < whole.size();) {
        auto const end = std::min(whole.find('/', at), whole.size());
        auto component = whole.substr(at, end - at);
        at = end + 1;
        if (component == ".." && !components.empty()) components.pop_back();
        if (component.empty() || component == "." || component == "..") continue;
        components.push_back(std::move(component));
    }
    std::string result;
    for (auto const& component : components)
        result += "/" + component;
    return result.empty() ? "/" : result;
}

/// 0 when something is at a normal path. A bpffs refuses to look for a name with a dot.
int kernel::look_up(std::string const& path) const {
    if (nodes_.contains(path)) return 0;
    node const* parent = nullptr;
    if (int const outcome = check_parent(path, parent); outcome < 0) return outcome;
    return parent->filesystem != 0 && name_of(path).find('.') != std::string::npos ? -EPERM
                                                                                   : -ENOENT;
}

int kernel::check_parent(std::string const& path, node const*& parent) const {
    auto const directory = parent_of(path);
    if (int const outcome = look_up(directory); outcome < 0) return outcome;
    parent = &nodes_.at(directory);
    return parent->kind == node_kind::directory ? 0 : -ENOTDIR;
}

int kernel::sys_obj_pin(int fd, std::string_view path) {
    auto const found = descriptors_.find(fd);
    if (found == descriptors_.end()) return -EBADF;
    auto const& what = found->second.what;
    if (!std::holds_alternative<std::shared_ptr<link>>(what) &&
        !std::holds_alternative<std::shared_ptr<program>>(what) &&
        !std::holds_alternative<std::shared_ptr<map>>(what))
        return -EINVAL;
    auto const where = normal(path);
    node const* parent = nullptr;
    if (int const outcome = check_parent(where, parent); outcome < 0) return outcome;
    int const there = look_up(where);
    if (there == 0) return -EEXIST;
    if (there != -ENOENT) return there;
    if (parent->filesystem == 0) return -EPERM;
    pin_object(where, what);
    return 0;
}

int kernel::sys_obj_get(std::string_view path) {
    auto const where = normal(path);
    if (int const outcome = look_up(where); outcome < 0) return outcome;
    auto const& there = nodes_.at(where);
    if (!there.what) return -EACCES;
    if (auto const* const l = std::get_if<std::shared_ptr<link>>(&*there.what))
        return install(*l, opened_link_name);
    if (auto const* const prog = std::get_if<std::shared_ptr<program>>(&*there.what))
        return install(*prog, program_name);
    return install(*there.what, map_name);
}

int kernel::sys_unlink(std::string_view path) {
    auto const where = normal(path);
    if (int const outcome = look_up(where); outcome < 0) return outcome;
    if (nodes_.at(where).kind == node_kind::directory) return -EISDIR;
    nodes_.erase(where);
    return 0;
}

int kernel::sys_rename(std::string_view from, std::string_view to, bool replace) {
    auto const source = normal(from);
    auto const target = normal(to);
    node const* old_parent = nullptr;
    node const* new_parent = nullptr;
    if (int const outcome = check_parent(source, old_parent); outcome < 0) return outcome;
    if (int const outcome = check_parent(target, new_parent); outcome < 0) return outcome;
    if (old_parent->filesystem != new_parent->filesystem) return -EXDEV;
    if (int const outcome = look_up(source); outcome < 0) return outcome;
    int const there = look_up(target);
    if (there < 0 && there != -ENOENT) return there;
    if (there == 0 && !replace) return -EEXIST;
    if (source == target) return 0;
    if (there == 0 && nodes_.at(target).kind == node_kind::directory) return -EISDIR;
    auto moved = std::move(nodes_.at(source));
    nodes_.erase(source);
    make_node(target, std::move(moved));
    return 0;
}

int kernel::sys_is_on_bpffs(std::string_view path) {
    auto const where = normal(path);
    if (int const outcome = look_up(where); outcome < 0) return outcome;
    return nodes_.at(where).filesystem != 0 ? 1 : 0;
}

int kernel::sys_is_same_directory(std::string_view a, std::string_view b) {
    for (auto const path : {a, b})
        if (int const outcome = look_up(normal(path)); outcome < 0) return outcome;
    return normal(a) == normal(b) ? 1 : 0;
}

int kernel::sys_open_directory(std::string_view path) {
    auto const where = normal(path);
    if (int const outcome = look_up(where); outcome < 0) return outcome;
    auto const& there = nodes_.at(where);
    if (there.kind != node_kind::directory) return -ENOTDIR;
    return install(std::make_shared<directory>(directory{there.is_cgroup}), where);
}

int kernel::sys_current_directory(std::span<char> into) {
    if (into.size() <= working_directory_.size()) return -ERANGE;
    std::copy_n(working_directory_.c_str(), working_directory_.size() + 1, into.begin());
    return 0;
}

int kernel::sys_list_begin(std::string_view path, void*& stream) {
    auto const where = normal(path);
    if (int const outcome = look_up(where); outcome < 0) return outcome;
    if (nodes_.at(where).kind != node_kind::directory) return -ENOTDIR;
    auto opened = std::make_unique<listing>();
    for (auto const& entry : nodes_)
        if (is_below(entry.first, where))
            opened->entries.push_back({name_of(entry.first), entry.second.kind});
    stream = opened.release();
    ++open_lists_;
    return 0;
}

bool kernel::sys_list_next(void* stream, std::string const*& name, node_kind& kind) {
    auto& list = *static_cast<listing*>(stream);
    if (list.next == list.entries.size()) return false;
    // In a place of its own, which the next call overwrites.
    list.current = list.entries[list.next++];
    name = &list.current.name;
    kind = list.current.kind;
    return true;
}

void kernel::sys_list_end(void* stream) {
    delete static_cast<listing*>(stream);
    --open_lists_;
}

} // namespace fake
