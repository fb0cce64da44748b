// SPDX-License-Identifier: Apache-2.0
// Directories and pins.
#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace fake {
namespace {

std::string name_of(std::string const& path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_below(std::string const& path, std::string const& directory) {
    return path != directory && parent_of(path) == directory;
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
        auto const next = joined(here, name);
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
    auto const found = nodes_.find(at.path);
    if (found == nodes_.end()) return -ENOENT;
    at.there = found->second;
    return 0;
}

kernel::location kernel::reach(std::string_view path, bool follow) const {
    location at;
    if (int const outcome = walk(path, follow, at); outcome < 0) throw refusal{-outcome};
    return at;
}

/// Of each directory that is listed.
struct listing {
    struct named {
        std::string name;
        bl::sys::entry_kind kind{};
    };
    std::string path; // in /proc
    std::vector<named> entries{};
    std::size_t next = 0;
    named current{};
};

} // namespace fake

namespace bpflink::sys {
namespace {

int move(kernel& k, char const* from, char const* to, bool replace) {
    kernel::location source, target;
    int const found = k.walk(from, false, source);
    if (found < 0 && source.path.empty()) return found;
    int const there = k.walk(to, false, target);
    if (there < 0 && target.path.empty()) return there;
    auto const filesystem = [&](kernel::location const& at) {
        return k.nodes_.at(parent_of(at.path))->filesystem;
    };
    if (source.mount != target.mount || filesystem(source) != filesystem(target)) return -EXDEV;
    if (found < 0) return found;
    if (there < 0 && there != -ENOENT) return there;
    if (target.there && !replace) return -EEXIST;
    if (target.there == source.there) return 0; // two names of one inode stay what they are
    if (target.there && target.there->kind == kernel::node_kind::directory) return -EISDIR;
    k.nodes_.erase(source.path);
    k.nodes_.insert_or_assign(target.path, source.there);
    return 0;
}

char const* descriptor_name_of(object const& what) {
    if (std::holds_alternative<std::shared_ptr<link>>(what)) return opened_link_name;
    bool const is_program = std::holds_alternative<std::shared_ptr<program>>(what);
    return is_program ? opened_program_name : opened_map_name;
}

int tell_facts(kernel::node const& there, file_facts& out) {
    out = {.kind = there.kind == kernel::node_kind::directory ? file_kind::directory
                   : there.kind == kernel::node_kind::symlink ? file_kind::symlink
                                                              : file_kind::regular,
           .device = static_cast<std::uint64_t>(there.filesystem),
           .inode = there.inode,
           .mode = there.who.mode,
           .owner = there.who.owner,
           .group = there.who.group};
    return 0;
}

int tell_facts(kernel& k, char const* path, file_facts& out, bool follow) {
    auto const inode = proc_inode(k, path);
    if (inode == 0) return tell_facts(*k.reach(path, follow).there, out);
    out = {.kind = file_kind::regular, .device = 9, .inode = inode};
    return 0;
}

} // namespace

int obj_pin(int fd, char const* path) noexcept {
    return entered(obj_pin, [&](kernel& k) {
        auto const& what = k.descriptor_at(fd).what;
        if (!k.find<link>(fd) && !k.find<program>(fd) && !k.find<map>(fd)) return -EINVAL;
        kernel::location at;
        int const there = k.walk(path, false, at);
        if (there == 0) return -EEXIST;
        if (there != -ENOENT || at.path.empty()) return there;
        if (k.nodes_.at(parent_of(at.path))->filesystem == 0) return -EPERM;
        k.pin_object(at.path, what);
        return 0;
    });
}

opened obj_get(char const* path) noexcept {
    return entered(obj_get, [&](kernel& k) {
        auto const what = k.reach(path, true).there->what;
        if (!what) return -EACCES;
        return k.install(*what, descriptor_name_of(*what));
    });
}

opened open_directory(char const* path) noexcept {
    return entered(open_directory, [&](kernel& k) {
        auto const at = k.reach(path, true);
        if (at.there->kind != kernel::node_kind::directory) return -ENOTDIR;
        return k.install(
            std::make_shared<directory>(directory{at.there->is_cgroup, at.there->inode}), at.path);
    });
}

opened open_file(char const* path) noexcept {
    return entered(open_file, [&](kernel& k) {
        auto const found = k.files.find(path);
        auto const told = found == k.files.end() ? proc_file(k, path) : found->second;
        if (!told) return -ENOENT;
        return k.install(std::make_shared<iterator_run>(iterator_run{{*told}}), path);
    });
}

int make_directory(char const* path, unsigned mode) noexcept {
    return entered(make_directory, [&](kernel& k) {
        kernel::location at;
        int const outcome = k.walk(path, false, at);
        if (outcome == 0) return -EEXIST;
        if (outcome != -ENOENT || at.path.empty()) return outcome;
        k.make_directory(at.path);
        k.nodes_.at(at.path)->who.mode = mode;
        return 0;
    });
}

int unlink(char const* path) noexcept {
    return entered(unlink, [&](kernel& k) {
        auto const at = k.reach(path, false);
        if (at.there->kind == kernel::node_kind::directory) return -EISDIR;
        k.nodes_.erase(at.path);
        return 0;
    });
}

int rename(char const* from, char const* to) noexcept {
    return entered(rename, [&](kernel& k) { return move(k, from, to, true); });
}

int rename_no_replace(char const* from, char const* to) noexcept {
    return entered(rename_no_replace, [&](kernel& k) { return move(k, from, to, false); });
}

int is_on_bpffs(char const* path) noexcept {
    return entered(is_on_bpffs,
                   [&](kernel& k) { return k.reach(path, true).there->filesystem != 0; });
}

int is_on_sysfs(char const*) noexcept {
    return entered(is_on_sysfs, [](kernel& k) { return k.has_sysfs ? 1 : -ENOENT; });
}

int is_on_cgroup1(int) noexcept {
    return entered(is_on_cgroup1, [](kernel& k) { return k.has_version_1_cgroups; });
}

int facts_of_name(char const* path, file_facts& out) noexcept {
    return entered(facts_of_name, [&](kernel& k) { return tell_facts(k, path, out, false); });
}

int facts_of_file(char const* path, file_facts& out) noexcept {
    return entered(facts_of_file, [&](kernel& k) { return tell_facts(k, path, out, true); });
}

int look_at(int fd, file_facts& facts) noexcept {
    return entered(look_at, [&](kernel& k) {
        auto const& known = k.descriptor_at(fd);
        if (auto const opened = k.find<directory>(fd)) {
            for (auto const& [path, each] : k.nodes_)
                if (each->inode == opened->inode) return tell_facts(*each, facts);
            facts = {file_kind::directory, 0, opened->inode}; // removed meanwhile
            return 0;
        }
        facts = {file_kind::other, 1, 0};
        if (auto const opened = k.find<named_file>(fd))
            facts = {file_kind::regular, 1, opened->inode};
        if (auto const name = k.find<found_name>(fd)) {
            using enum found_name::kind;
            switch (name->what) {
            case file: facts = {file_kind::regular, 1, name->file->inode}; break;
            case directory:
                facts = {file_kind::directory, 1, known.name == "/proc" ? 1U : 2U};
                break;
            case symlink: facts = {file_kind::symlink, 1, 3}; break;
            case device: break;
            }
        }
        return 0;
    });
}

int change_mode(char const* path, unsigned mode) noexcept {
    return entered(change_mode, [&](kernel& k) {
        k.reach(path, true).there->who.mode = mode;
        return 0;
    });
}

int change_owner(char const* path, unsigned owner, unsigned group) noexcept {
    return entered(change_owner, [&](kernel& k) {
        auto& who = k.reach(path, false).there->who;
        who.owner = owner;
        who.group = group;
        return 0;
    });
}

int crosses_symlink(char const* path) noexcept {
    return entered(crosses_symlink, [&](kernel& k) {
        kernel::location at;
        int const outcome = k.walk(path, true, at);
        if (at.links > 0) return 1;
        return outcome == -ENOENT || outcome == -ENOTDIR ? 0 : outcome;
    });
}

int read_link(char const* path, std::span<char> into) noexcept {
    return entered(read_link, [&](kernel& k) {
        auto const there = k.reach(path, false).there;
        if (there->kind != kernel::node_kind::symlink) return -EINVAL;
        return there->is_magic ? 0 : copy_text(there->target, into);
    });
}

int lock(int fd) noexcept {
    return entered(lock, [&](kernel& k) {
        auto const holder = k.locks_.emplace(k.get<directory>(fd)->inode, fd).first->second;
        return holder == fd ? 0 : -EAGAIN;
    });
}

int unlock(int fd) noexcept {
    return entered(unlock, [&](kernel& k) {
        std::erase_if(k.locks_, [&](auto const& held) { return held.second == fd; });
        return 0;
    });
}

int current_directory(std::span<char> into) noexcept {
    return entered(current_directory, [&](kernel& k) {
        if (into.size() <= k.working_directory_.size()) return -ERANGE;
        std::ranges::copy(k.working_directory_ + '\0', into.begin());
        return 0;
    });
}

int list_begin(char const* path, void*& stream) noexcept {
    return entered(list_begin, [&](kernel& k) {
        auto list = std::make_unique<listing>();
        std::vector<std::string> directories, names;
        if (list_proc(k, path, directories, names)) {
            list->path = path;
            for (auto& each : directories)
                list->entries.push_back({std::move(each), entry_kind::directory});
            for (auto& each : names)
                list->entries.push_back({std::move(each), entry_kind::other});
        } else {
            auto const at = k.reach(path, true);
            if (at.there->kind != kernel::node_kind::directory) return -ENOTDIR;
            for (auto const& [each, what] : k.nodes_)
                if (is_below(each, at.path))
                    list->entries.push_back(
                        {name_of(each),
                         what->kind == kernel::node_kind::directory ? entry_kind::directory
                         : what->kind == kernel::node_kind::symlink ? entry_kind::other
                                                                    : entry_kind::file});
        }
        stream = list.release();
        ++k.open_lists_;
        return 0;
    });
}

int list_next(void* stream, entry& out) noexcept {
    return entered(list_next, [&](kernel&) {
        auto& list = *static_cast<listing*>(stream);
        if (list.next == list.entries.size()) return 0;
        // In a place of its own, which the next call overwrites.
        list.current = list.entries[list.next++];
        out = {list.current.name.c_str(), list.current.kind};
        return 1;
    });
}

int list_link(void* stream, char const* name, std::span<char> into) noexcept {
    return entered(list_link, [&](kernel& k) {
        auto const text = proc_link(k, static_cast<listing*>(stream)->path, name);
        return text ? copy_text(*text, into) : -ENOENT;
    });
}

void list_end(void* stream) noexcept {
    starve::fed const fed;
    auto& k = kernel::current();
    k.enter(list_end);
    delete static_cast<listing*>(stream);
    --k.open_lists_;
}

} // namespace bpflink::sys
