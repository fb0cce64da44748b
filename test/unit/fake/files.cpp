// SPDX-License-Identifier: Apache-2.0
// Directories and pins.
#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <tuple>

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

std::string in_directory(std::string const& directory, std::string const& name) {
    return (directory == "/" ? "" : directory) + "/" + name;
}

/// Takes the first name off a path; empty when there is none.
std::string take_name(std::string& path) {
    auto const begin = std::min(path.find_first_not_of('/'), path.size());
    auto const end = std::min(path.find('/', begin), path.size());
    auto name = path.substr(begin, end - begin);
    path.erase(0, end);
    return name;
}

} // namespace

void kernel::make_node(std::string const& path, node what) {
    what.inode = next_inode_++;
    nodes_.insert_or_assign(path, std::make_shared<node>(std::move(what)));
}

void kernel::make_directory(std::string const& path) {
    make_node(path, {.filesystem = nodes_.at(parent_of(path))->filesystem});
}

void kernel::make_bpffs(std::string const& path, int device) {
    make_node(path, {.filesystem = device});
}

void kernel::make_cgroup(std::string const& path) {
    make_node(path, {.is_cgroup = true});
    auto const above = nodes_.find(parent_of(path));
    if (above == nodes_.end() || !above->second->is_cgroup) nodes_.at(path)->inode = 1; // a root
}

void kernel::make_file(std::string const& path) {
    make_node(path,
              {.kind = node_kind::file, .filesystem = nodes_.at(parent_of(path))->filesystem});
}

void kernel::make_symlink(std::string const& path, std::string target) {
    make_node(path, {.kind = node_kind::symlink,
                     .filesystem = nodes_.at(parent_of(path))->filesystem,
                     .target = std::move(target)});
}

void kernel::make_magic_link(std::string const& path, std::string target) {
    make_symlink(path, std::move(target));
    nodes_.at(path)->is_magic = true;
}

void kernel::make_hard_link(std::string const& from, std::string const& to) {
    nodes_.insert_or_assign(to, nodes_.at(from));
}

void kernel::bind(std::string const& path, std::string const& directory) {
    make_node(path, {.target = directory});
}

void kernel::move(std::string const& from, std::string const& to) {
    auto const before = std::exchange(nodes_, {});
    for (auto const& [path, what] : before)
        if (path == from || path.starts_with(from + "/"))
            nodes_[to + path.substr(from.size())] = what;
        else
            nodes_.emplace(path, what);
}

void kernel::pin_object(std::string const& path, object what) {
    make_node(path, {.kind = node_kind::pin,
                     .filesystem = nodes_.at(parent_of(path))->filesystem,
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
    if (found == nodes_.end() || !found->second->what) return 0;
    auto const* const pinned = std::get_if<std::shared_ptr<link>>(&*found->second->what);
    return pinned ? (*pinned)->id() : 0;
}

std::vector<std::string> kernel::names_in(std::string const& directory) const {
    std::vector<std::string> names;
    for (auto const& entry : nodes_)
        if (is_below(entry.first, directory)) names.push_back(name_of(entry.first));
    return names;
}

void kernel::permit(std::string const& path, permissions what) {
    nodes_.at(path)->who = what;
}

kernel::permissions kernel::permissions_of(std::string const& path) const {
    return nodes_.at(path)->who;
}

void kernel::lock_directory(std::string const& path) {
    constexpr int another_process = -1;
    locks_[nodes_.at(path)->inode] = another_process;
}

void kernel::unlock_directory(std::string const& path) {
    locks_.erase(nodes_.at(path)->inode);
}

bool kernel::is_locked(std::string const& path) const {
    return locks_.contains(nodes_.at(path)->inode);
}

/// 0 when something is at a path. A bpffs refuses to look for a name with a dot.
int kernel::walk(std::string_view path, bool follow, location& at) const {
    constexpr int most_links = 40;
    std::string rest{path};
    at = {.path = path.starts_with('/') ? "/" : working_directory_};
    for (auto name = take_name(rest); !name.empty(); name = take_name(rest)) {
        auto const directory = nodes_.find(at.path);
        if (directory == nodes_.end()) return -ENOENT; // the working directory is gone
        bool const is_last = rest.find_first_not_of('/') == rest.npos;
        auto const here = std::exchange(at.path, {});
        if (directory->second->kind != node_kind::directory) return -ENOTDIR;
        if (name == "." || name == "..") {
            at.path = name == "." ? here : parent_of(here);
            continue;
        }
        auto const next = in_directory(here, name);
        auto const found = nodes_.find(next);
        if (found == nodes_.end()) {
            if (is_last) at.path = next;
            bool const dotted = name.find('.') != name.npos;
            return directory->second->filesystem != 0 && dotted ? -EPERM : -ENOENT;
        }
        auto const& reached = *found->second;
        if (reached.kind == node_kind::symlink && (!is_last || follow)) {
            if (++at.links > most_links) return -ELOOP;
            rest = reached.target + rest;
            at.path = reached.target.starts_with('/') ? "/" : here;
        } else if (reached.kind == node_kind::symlink) {
            ++at.links;
            at.path = next;
        } else if (reached.kind == node_kind::directory && !reached.target.empty()) {
            at.path = reached.target;
            at.mount = next;
        } else {
            at.path = next;
        }
    }
    return nodes_.contains(at.path) ? 0 : -ENOENT;
}

int kernel::sys_obj_pin(int fd, std::string_view path) {
    auto const found = descriptors_.find(fd);
    if (found == descriptors_.end()) return -EBADF;
    auto const& what = found->second.what;
    if (!std::holds_alternative<std::shared_ptr<link>>(what) &&
        !std::holds_alternative<std::shared_ptr<program>>(what) &&
        !std::holds_alternative<std::shared_ptr<map>>(what))
        return -EINVAL;
    location at;
    int const there = walk(path, false, at);
    if (there == 0) return -EEXIST;
    if (there != -ENOENT || at.path.empty()) return there;
    if (nodes_.at(parent_of(at.path))->filesystem == 0) return -EPERM;
    pin_object(at.path, what);
    return 0;
}

int kernel::sys_obj_get(std::string_view path) {
    location at;
    if (int const outcome = walk(path, true, at); outcome < 0) return outcome;
    auto const& there = *nodes_.at(at.path);
    if (!there.what) return -EACCES;
    if (auto const* const l = std::get_if<std::shared_ptr<link>>(&*there.what))
        return install(*l, opened_link_name);
    if (auto const* const prog = std::get_if<std::shared_ptr<program>>(&*there.what))
        return install(*prog, program_name);
    return install(*there.what, map_name);
}

int kernel::sys_make_directory(std::string_view path, unsigned mode) {
    location at;
    int const outcome = walk(path, false, at);
    if (outcome == 0) return -EEXIST;
    if (outcome != -ENOENT || at.path.empty()) return outcome;
    make_directory(at.path);
    nodes_.at(at.path)->who.mode = mode;
    return 0;
}

int kernel::sys_unlink(std::string_view path) {
    location at;
    if (int const outcome = walk(path, false, at); outcome < 0) return outcome;
    if (nodes_.at(at.path)->kind == node_kind::directory) return -EISDIR;
    nodes_.erase(at.path);
    return 0;
}

int kernel::sys_rename(std::string_view from, std::string_view to, bool replace) {
    location source, target;
    int const found = walk(from, false, source);
    if (found < 0 && source.path.empty()) return found;
    int const there = walk(to, false, target);
    if (there < 0 && target.path.empty()) return there;
    auto const filesystem = [&](location const& at) {
        return nodes_.at(parent_of(at.path))->filesystem;
    };
    if (source.mount != target.mount || filesystem(source) != filesystem(target)) return -EXDEV;
    if (found < 0) return found;
    if (there < 0 && there != -ENOENT) return there;
    if (there == 0 && !replace) return -EEXIST;
    auto moved = nodes_.at(source.path);
    // Two names of one inode stay what they are.
    if (there == 0 && nodes_.at(target.path) == moved) return 0;
    if (there == 0 && nodes_.at(target.path)->kind == node_kind::directory) return -EISDIR;
    nodes_.erase(source.path);
    nodes_.insert_or_assign(target.path, std::move(moved));
    return 0;
}

int kernel::sys_is_on_bpffs(std::string_view path) {
    location at;
    if (int const outcome = walk(path, true, at); outcome < 0) return outcome;
    return nodes_.at(at.path)->filesystem != 0 ? 1 : 0;
}

int kernel::sys_facts_of_name(std::string_view path, bl::sys::file_facts& out, bool follow) {
    if (auto const inode = proc_inode(path); inode != 0) {
        if (inode < 0) return static_cast<int>(inode);
        out = {.kind = bl::sys::file_kind::regular,
               .device = 9,
               .inode = static_cast<std::uint64_t>(inode)};
        return 0;
    }
    location at;
    if (int const outcome = walk(path, follow, at); outcome < 0) return outcome;
    auto const& there = *nodes_.at(at.path);
    out = {
        .kind = there.kind == node_kind::directory ? bl::sys::file_kind::directory
                : there.kind == node_kind::symlink ? bl::sys::file_kind::symlink
                                                   : bl::sys::file_kind::regular,
        .device = static_cast<std::uint64_t>(there.filesystem),
        .inode = there.inode,
        .mode = there.who.mode,
        .owner = there.who.owner,
        .group = there.who.group,
    };
    return 0;
}

int kernel::sys_facts_of(int fd, bl::sys::file_facts& out) {
    int outcome = 0;
    auto const opened = get<directory>(fd, outcome);
    if (outcome < 0) return outcome;
    for (auto const& entry : nodes_)
        if (entry.second->inode == opened->inode) return sys_facts_of_name(entry.first, out, false);
    out = {.kind = bl::sys::file_kind::directory,
           .device = 0,
           .inode = opened->inode,
           .mode = 0,
           .owner = 0,
           .group = 0};
    return 0; // removed meanwhile
}

int kernel::sys_permit(std::string_view path, std::optional<unsigned> mode,
                       std::optional<std::pair<unsigned, unsigned>> owners) {
    location at;
    if (int const outcome = walk(path, mode.has_value(), at); outcome < 0) return outcome;
    auto& who = nodes_.at(at.path)->who;
    if (mode) who.mode = *mode;
    if (owners) std::tie(who.owner, who.group) = *owners;
    return 0;
}

int kernel::sys_crosses_symlink(std::string_view path) {
    location at;
    int const outcome = walk(path, true, at);
    if (at.links > 0) return 1;
    return outcome == -ENOENT || outcome == -ENOTDIR ? 0 : outcome;
}

int kernel::sys_read_link(std::string_view path, std::span<char> into) {
    location at;
    if (int const outcome = walk(path, false, at); outcome < 0) return outcome;
    auto const& there = *nodes_.at(at.path);
    if (there.kind != node_kind::symlink) return -EINVAL;
    if (there.is_magic) return 0;
    auto const length = std::min(into.size(), there.target.size());
    std::copy_n(there.target.begin(), length, into.begin());
    return static_cast<int>(length);
}

int kernel::sys_lock(int fd) {
    int outcome = 0;
    auto const opened = get<directory>(fd, outcome);
    if (outcome < 0) return outcome;
    auto const holder = locks_.emplace(opened->inode, fd).first->second;
    return holder == fd ? 0 : -EAGAIN;
}

int kernel::sys_unlock(int fd) {
    std::erase_if(locks_, [&](auto const& held) { return held.second == fd; });
    return 0;
}

int kernel::sys_open_directory(std::string_view path) {
    location at;
    if (int const outcome = walk(path, true, at); outcome < 0) return outcome;
    auto const& there = *nodes_.at(at.path);
    if (there.kind != node_kind::directory) return -ENOTDIR;
    return install(std::make_shared<directory>(directory{there.is_cgroup, there.inode}), at.path);
}

int kernel::sys_current_directory(std::span<char> into) {
    if (into.size() <= working_directory_.size()) return -ERANGE;
    std::copy_n(working_directory_.c_str(), working_directory_.size() + 1, into.begin());
    return 0;
}

int kernel::sys_list_begin(std::string_view path, void*& stream) {
    std::vector<std::string> directories, names;
    if (int outcome = 0; list_proc(path, directories, names, outcome)) {
        if (outcome < 0) return outcome;
        auto opened = std::make_unique<listing>();
        opened->path = path;
        for (auto& each : directories)
            opened->entries.push_back({std::move(each), node_kind::directory});
        for (auto& each : names)
            opened->entries.push_back({std::move(each), node_kind::symlink});
        stream = opened.release();
        ++open_lists_;
        return 0;
    }
    location at;
    if (int const outcome = walk(path, true, at); outcome < 0) return outcome;
    if (nodes_.at(at.path)->kind != node_kind::directory) return -ENOTDIR;
    auto opened = std::make_unique<listing>();
    for (auto const& entry : nodes_)
        if (is_below(entry.first, at.path))
            opened->entries.push_back({name_of(entry.first), entry.second->kind});
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
