// SPDX-License-Identifier: Apache-2.0
// In place of src/sys.cpp: every call goes to the fake kernel, which may be told to fail it.
#include "border/sys.hpp"

#include "border/side_by_side.hpp"
#include "kernel.hpp"
#include "starve.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace bpflink::sys {
namespace {

using fake::call;

template <class Answer>
int entered(call what, Answer answer) noexcept {
    starve::fed const fed;
    auto& kernel = fake::kernel::current();
    if (int const number = kernel.enter(what)) return -number;
    return answer(kernel);
}

/// What a map of the fake kernel has for a path; EINVAL for a file of another kind.
template <class Map, class Number>
int number_at(char const* path, Map const& numbers, bool is_there, Number& number) {
    auto const found = numbers.find(path);
    if (found == numbers.end()) return is_there ? -EINVAL : -ENOENT;
    number = found->second;
    return 0;
}

} // namespace

opened prog_load(uapi::prog_load_attr const& attr) noexcept {
    return entered(call::prog_load, [&](auto& k) { return k.sys_prog_load(attr); });
}

opened link_create(uapi::link_create_attr const& attr) noexcept {
    return entered(call::link_create, [&](auto& k) { return k.sys_link_create(attr); });
}

opened raw_tracepoint_open(uapi::raw_tracepoint_attr const& attr) noexcept {
    return entered(call::raw_tracepoint_open,
                   [&](auto& k) { return k.sys_raw_tracepoint_open(attr); });
}

int link_update(uapi::link_update_attr const& attr) noexcept {
    return entered(call::link_update, [&](auto& k) { return k.sys_link_update(attr); });
}

int link_detach(int link) noexcept {
    return entered(call::link_detach, [&](auto& k) { return k.sys_link_detach(link); });
}

int link_get_next_id(std::uint32_t after, std::uint32_t& next) noexcept {
    return entered(call::link_get_next_id,
                   [&](auto& k) { return k.sys_link_get_next_id(after, next); });
}

opened link_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(call::link_get_fd_by_id, [&](auto& k) { return k.sys_link_get_fd_by_id(id); });
}

opened prog_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(call::prog_get_fd_by_id, [&](auto& k) { return k.sys_prog_get_fd_by_id(id); });
}

opened map_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(call::map_get_fd_by_id, [&](auto& k) { return k.sys_map_get_fd_by_id(id); });
}

opened btf_get_fd_by_id(std::uint32_t id) noexcept {
    return entered(call::btf_get_fd_by_id, [&](auto& k) { return k.sys_btf_get_fd_by_id(id); });
}

int prog_bind_map(int program, int map) noexcept {
    return entered(call::prog_bind_map, [&](auto& k) { return k.sys_prog_bind_map(program, map); });
}

int prog_test_run(int program, int argument, std::uint32_t& answer, int second) noexcept {
    return entered(call::prog_test_run,
                   [&](auto& k) { return k.sys_prog_test_run(program, argument, answer, second); });
}

int prog_test_run_on_nothing(int program) noexcept {
    return entered(call::prog_test_run_on_nothing,
                   [&](auto& k) { return k.sys_prog_test_run_on_nothing(program); });
}

int map_look_up(int map, void const* key, void* value) noexcept {
    return entered(call::map_look_up, [&](auto& k) { return k.sys_map_look_up(map, key, value); });
}
int map_update(int map, void const* key, void const* value) noexcept {
    return entered(call::map_update, [&](auto& k) { return k.sys_map_update(map, key, value); });
}

int map_look_up_nothing(int map) noexcept {
    return entered(call::map_look_up_nothing,
                   [&](auto& k) { return k.sys_map_look_up_nothing(map); });
}

opened iter_create(int link) noexcept {
    return entered(call::iter_create, [&](auto& k) { return k.sys_iter_create(link); });
}

int prog_query(uapi::prog_query_attr& attr) noexcept {
    return entered(call::prog_query, [&](auto& k) { return k.sys_prog_query(attr); });
}

opened perf_event_open(uapi::perf_event_attr const& attr, int pid, int cpu) noexcept {
    return entered(call::perf_event_open,
                   [&](auto& k) { return k.sys_perf_event_open(attr, pid, cpu); });
}

opened open_file(char const* path) noexcept {
    return entered(call::open_file, [&](auto& k) { return k.sys_open_file(path); });
}

opened look_up(int directory, char const* path, lookup how) noexcept {
    return entered(call::look_up, [&](auto& k) { return k.sys_look_up(directory, path, how); });
}

int look_at(int fd, file_facts& facts) noexcept {
    return entered(call::look_at, [&](auto& k) { return k.sys_look_at(fd, facts); });
}

int is_on_proc(int fd) noexcept {
    return entered(call::is_on_proc, [&](auto& k) { return k.sys_is_on_proc(fd); });
}

int link_text(int link, std::span<char> into) noexcept {
    return entered(call::link_text, [&](auto& k) { return k.sys_link_text(link, into); });
}

opened reopen(int found) noexcept {
    return entered(call::reopen, [&](auto& k) { return k.sys_reopen(found); });
}

int read_at(int fd, std::span<std::byte> into, std::uint64_t offset) noexcept {
    return entered(call::read_at, [&](auto& k) { return k.sys_read_at(fd, into, offset); });
}

int find_process(int number) noexcept {
    return entered(call::find_process, [&](auto& k) { return k.sys_find_process(number); });
}

opened descriptor_of(int process, int, int number) noexcept {
    return entered(call::descriptor_of,
                   [&](auto& k) { return k.sys_descriptor_of(process, number); });
}

int find_process_of(int pidfd) noexcept {
    return entered(call::find_process_of, [&](auto& k) { return k.is_open(pidfd) ? 0 : -EBADF; });
}

int find_thread(int number) noexcept {
    return entered(call::find_thread, [&](auto& k) {
        return std::ranges::count(k.threads, number) != 0 ? 0 : k.sys_find_process(number);
    });
}

int find_memory(int process) noexcept {
    return entered(call::find_memory, [&](auto& k) {
        return std::ranges::count(k.without_memory, process) != 0 ? -ESRCH
                                                                  : k.sys_find_process(process);
    });
}

int attach_socket_filter(int socket, int program) noexcept {
    return entered(call::attach_socket_filter,
                   [&](auto& k) { return k.sys_set_filter(socket, program); });
}

int detach_socket_filter(int socket) noexcept {
    return entered(call::detach_socket_filter,
                   [&](auto& k) { return k.sys_set_filter(socket, std::nullopt); });
}

int obj_pin(int fd, char const* path) noexcept {
    return entered(call::obj_pin, [&](auto& k) { return k.sys_obj_pin(fd, path); });
}

opened obj_get(char const* path) noexcept {
    return entered(call::obj_get, [&](auto& k) { return k.sys_obj_get(path); });
}

int obj_get_info(int fd, void* info, std::uint32_t& size) noexcept {
    return entered(call::obj_get_info, [&](auto& k) { return k.sys_obj_get_info(fd, info, size); });
}

int close(int fd) noexcept {
    starve::fed const fed;
    auto& kernel = fake::kernel::current();
    int const number = kernel.enter(call::close);
    int const outcome = kernel.sys_close(fd); // the number is free even when closing fails
    return number != 0 ? -number : outcome;
}

opened duplicate(int fd, bool survives_exec) noexcept {
    return entered(call::duplicate, [&](auto& k) { return k.sys_duplicate(fd, survives_exec); });
}

opened watch(int fd) noexcept {
    return entered(call::watch, [&](auto& k) { return k.sys_watch(fd); });
}

opened open_waiter() noexcept {
    return entered(call::open_waiter, [&](auto& k) { return k.sys_open_waiter(); });
}

int wait_for(int waiter, int fd, unsigned which, waits how) noexcept {
    return entered(call::wait_for,
                   [&](auto& k) { return k.sys_wait_for(waiter, fd, which, how == waits::once); });
}

int wait_any(int waiter, std::chrono::milliseconds limit, unsigned& which) noexcept {
    return entered(call::wait_any, [&](auto& k) { return k.sys_wait_any(waiter, limit, which); });
}

opened open_timer(std::chrono::milliseconds first, std::chrono::milliseconds period) noexcept {
    return entered(call::open_timer, [&](auto& k) { return k.sys_open_timer(first, period); });
}

opened open_device_news() noexcept {
    return entered(call::open_device_news, [&](auto& k) { return k.sys_open_device_news(); });
}

int read_device_news(int socket) noexcept {
    return entered(call::read_device_news, [&](auto& k) { return k.sys_read_device_news(socket); });
}

int is_open(int fd) noexcept {
    return entered(call::is_open, [&](auto& k) { return k.is_open(fd) ? 0 : -EBADF; });
}

int read(int fd, std::span<std::byte> into) noexcept {
    return entered(call::read, [&](auto& k) { return k.sys_read(fd, into); });
}

opened open_directory(char const* path) noexcept {
    return entered(call::open_directory, [&](auto& k) { return k.sys_open_directory(path); });
}

int descriptor_name(int fd, std::span<char> into) noexcept {
    return entered(call::descriptor_name, [&](auto& k) { return k.sys_descriptor_name(fd, into); });
}

int make_directory(char const* path, unsigned mode) noexcept {
    return entered(call::make_directory, [&](auto& k) { return k.sys_make_directory(path, mode); });
}

int unlink(char const* path) noexcept {
    return entered(call::unlink, [&](auto& k) { return k.sys_unlink(path); });
}

int rename(char const* from, char const* to) noexcept {
    return entered(call::rename, [&](auto& k) { return k.sys_rename(from, to, true); });
}

int rename_no_replace(char const* from, char const* to) noexcept {
    return entered(call::rename_no_replace, [&](auto& k) { return k.sys_rename(from, to, false); });
}

int is_on_bpffs(char const* path) noexcept {
    return entered(call::is_on_bpffs, [&](auto& k) { return k.sys_is_on_bpffs(path); });
}

int has_capability(unsigned number) noexcept {
    return entered(call::has_capability, [&](auto& k) {
        return std::ranges::count(k.lacks_capabilities, number) == 0 ? 1 : 0;
    });
}

int is_in_first_user_namespace() noexcept {
    return entered(call::is_in_first_user_namespace,
                   [](auto& k) { return k.in_first_user_namespace ? 1 : 0; });
}

int has_locked_memory_limit() noexcept {
    return entered(call::has_locked_memory_limit,
                   [](auto& k) { return k.limits_locked_memory ? 1 : 0; });
}

int is_socket_filter_locked(int) noexcept {
    return entered(call::is_socket_filter_locked,
                   [](auto& k) { return k.filter_is_locked ? 1 : 0; });
}

int is_on_cgroup1(int) noexcept {
    return entered(call::is_on_cgroup1, [](auto& k) { return k.has_version_1_cgroups ? 1 : 0; });
}

int is_on_sysfs(char const*) noexcept {
    return entered(call::is_on_sysfs, [](auto& k) { return k.has_sysfs ? 1 : -ENOENT; });
}

int facts_of_name(char const* path, file_facts& out) noexcept {
    return entered(call::facts_of_name,
                   [&](auto& k) { return k.sys_facts_of_name(path, out, false); });
}

int facts_of_file(char const* path, file_facts& out) noexcept {
    return entered(call::facts_of_file,
                   [&](auto& k) { return k.sys_facts_of_name(path, out, true); });
}

int change_mode(char const* path, unsigned mode) noexcept {
    return entered(call::change_mode, [&](auto& k) { return k.sys_permit(path, mode, {}); });
}

int change_owner(char const* path, unsigned owner, unsigned group) noexcept {
    return entered(call::change_owner,
                   [&](auto& k) { return k.sys_permit(path, {}, std::pair{owner, group}); });
}

int crosses_symlink(char const* path) noexcept {
    return entered(call::crosses_symlink, [&](auto& k) { return k.sys_crosses_symlink(path); });
}

int read_link(char const* path, std::span<char> into) noexcept {
    return entered(call::read_link, [&](auto& k) { return k.sys_read_link(path, into); });
}

int lock(int fd) noexcept {
    return entered(call::lock, [&](auto& k) { return k.sys_lock(fd); });
}

int unlock(int fd) noexcept {
    return entered(call::unlock, [&](auto& k) { return k.sys_unlock(fd); });
}

std::chrono::steady_clock::time_point now() noexcept {
    return fake::kernel::current().sys_now();
}

int current_directory(std::span<char> into) noexcept {
    return entered(call::current_directory, [&](auto& k) { return k.sys_current_directory(into); });
}

int list_begin(char const* path, void*& stream) noexcept {
    return entered(call::list_begin, [&](auto& k) { return k.sys_list_begin(path, stream); });
}

int list_next(void* stream, entry& out) noexcept {
    return entered(call::list_next, [&](auto& k) {
        std::string const* name = nullptr;
        fake::kernel::node_kind kind{};
        if (!k.sys_list_next(stream, name, kind)) return 0;
        out.name = name->c_str();
        out.kind = kind == fake::kernel::node_kind::directory ? entry_kind::directory
                   : kind == fake::kernel::node_kind::symlink ? entry_kind::other
                                                              : entry_kind::file;
        return 1;
    });
}

int list_link(void* stream, char const* name, std::span<char> into) noexcept {
    return entered(call::list_link, [&](auto& k) { return k.sys_list_link(stream, name, into); });
}

void list_end(void* stream) noexcept {
    starve::fed const fed;
    auto& kernel = fake::kernel::current();
    kernel.enter(call::list_end);
    kernel.sys_list_end(stream);
}

int interface_index(char const* name) noexcept {
    return entered(call::interface_index, [&](auto& k) {
        for (auto const& [index, own] : k.interfaces)
            if (own == name) return static_cast<int>(index);
        return -ENODEV;
    });
}

int interface_name(std::uint32_t index, std::span<char, 16> into) noexcept {
    return entered(call::interface_name, [&](auto& k) {
        if (!k.has_interface(index)) return -ENODEV;
        std::ranges::copy(k.interfaces[index] + '\0', into.begin());
        return 0;
    });
}

int interface_facts_of(std::uint32_t index, interface_facts& facts) noexcept {
    return entered(call::interface_facts_of, [&](auto& k) {
        if (!k.has_interface(index)) return -ENODEV;
        auto const& known = k.interface_facts[index];
        std::ranges::copy(known.kind + '\0', facts.kind);
        facts.mtu = known.mtu;
        return 0;
    });
}

int neighbour_with_xdp(std::uint32_t index, side where, std::span<char, 16> name) noexcept {
    return entered(call::neighbour_with_xdp,
                   [&](auto& k) { return k.sys_neighbour_with_xdp(index, where, name); });
}

int xdp_query(std::uint32_t index, xdp_programs& programs) noexcept {
    return entered(call::xdp_query, [&](auto& k) {
        auto const all = k.xdp_on(index);
        programs = {all.offload, all.driver, all.generic};
        return 0;
    });
}

int xdp_replace_by_itself(std::uint32_t index, int program, unsigned mode) noexcept {
    return entered(call::xdp_replace_by_itself,
                   [&](auto& k) { return k.sys_xdp_replace_by_itself(index, program, mode); });
}

int netns_inode(char const* path, std::uint32_t& inode) noexcept {
    return entered(call::netns_inode, [&](auto& k) {
        return number_at(path, k.network_namespaces, k.has_path(path), inode);
    });
}

int cgroup_id(char const* path, std::uint64_t& id) noexcept {
    return entered(call::cgroup_id,
                   [&](auto& k) { return number_at(path, k.cgroups, k.has_path(path), id); });
}

int program_name_in_types(int program, std::span<char> into) noexcept {
    return entered(call::program_name_in_types,
                   [&](auto& k) { return k.sys_program_name_in_types(program, into); });
}

int set_netns(int fd) noexcept {
    return entered(call::set_netns, [&](auto& k) {
        auto const name = k.descriptor_path(fd);
        return name ? number_at(name->c_str(), k.network_namespaces, true, k.own_netns) : -EBADF;
    });
}

void give_up(char const* line) noexcept {
    std::fputs(line, stderr);
    std::abort();
}

int netns_inode_of(int fd, std::uint32_t& inode) noexcept {
    return entered(call::netns_inode_of, [&](auto& k) {
        auto const name = k.descriptor_path(fd);
        return name ? number_at(name->c_str(), k.network_namespaces, true, inode) : -EBADF;
    });
}

int cgroup_id_of(int fd, std::uint64_t& id) noexcept {
    return entered(call::cgroup_id_of, [&](auto& k) {
        auto const name = k.descriptor_path(fd);
        return name ? number_at(name->c_str(), k.cgroups, true, id) : -EBADF;
    });
}

int cgroup_path(std::uint64_t id, std::span<char> into) noexcept {
    return entered(call::cgroup_path, [&](auto& k) {
        for (auto const& [path, own] : k.cgroups) {
            if (own != id) continue;
            std::ranges::copy(path, into.begin());
            return static_cast<int>(path.size());
        }
        return -ESTALE;
    });
}

int process_id() noexcept {
    return fake::kernel::current().process_id;
}

void back_off(int) noexcept {
    starve::fed const fed;
    auto& kernel = fake::kernel::current();
    kernel.enter(call::back_off);
    kernel.sys_back_off();
}

void side_by_side(std::size_t count, void (*work)(void* with, std::size_t i), void* with) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        work(with, i);
}

int program_fd(::bpf_program const* prog) noexcept {
    return prog->fd;
}

unsigned program_type(::bpf_program const* prog) noexcept {
    return static_cast<unsigned>(prog->type);
}

unsigned program_expected_attach_type(::bpf_program const* prog) noexcept {
    return static_cast<unsigned>(prog->expected);
}

char const* program_name(::bpf_program const* prog) noexcept {
    return prog->name.c_str();
}

char const* program_section(::bpf_program const* prog) noexcept {
    return prog->section.c_str();
}

bool program_autoload(::bpf_program const* prog) noexcept {
    return prog->autoload;
}

bool program_autoattach(::bpf_program const* prog) noexcept {
    return prog->autoattach;
}

::bpf_program const* next_program(::bpf_object const* object, ::bpf_program const* prog) noexcept {
    auto const& all = object->programs;
    auto const after = prog ? std::next(std::ranges::find(all, prog)) : all.begin();
    return after == all.end() ? nullptr : *after;
}

char const* object_name(::bpf_object const* object) noexcept {
    return object->name.c_str();
}

int kernel_type(char const*, unsigned) noexcept {
    return entered(call::kernel_type, [](auto&) { return 77; });
}

int program_function(int program, char const* name) noexcept {
    return entered(call::program_function,
                   [&](auto& k) { return k.sys_program_function(program, name); });
}

int open_types(char const* module, void*& types) noexcept {
    return entered(call::open_types, [&](auto& k) {
        auto const found = k.function_types.find(module ? std::string_view{module} : "vmlinux");
        if (found == k.function_types.end()) return -ENOENT;
        types = &found->second;
        ++k.open_function_types;
        return 0;
    });
}

int next_function(void* types, function_type& at) noexcept {
    return entered(call::next_function, [&](auto&) {
        auto const& all = *static_cast<std::vector<fake::typed_function> const*>(types);
        auto const next = std::ranges::upper_bound(all, at.id, {}, &fake::typed_function::id);
        if (next == all.end()) return 0;
        at = {next->name.c_str(), next->id, next->can_be_traced};
        return 1;
    });
}

void close_types(void*) noexcept {
    --fake::kernel::current().open_function_types;
}

int table_name(std::uint32_t value_type, std::uint32_t& offset, std::uint32_t& length) noexcept {
    return entered(call::table_name, [&](auto&) {
        offset = 8;
        length = 16;
        return value_type == 0 ? -ENOENT : 0;
    });
}

opened load_object(std::span<std::byte const> file) noexcept {
    return entered(call::load_object,
                   [&](auto& k) { return file.empty() ? -EINVAL : k.sys_load_object(file); });
}

int link_fd(::bpf_link const* link) noexcept {
    return link->fd;
}

void destroy(::bpf_link* link) noexcept {
    close(link->fd);
    link->destroyed = true;
}

int map_fd(::bpf_map const* map) noexcept {
    return map->fd;
}

} // namespace bpflink::sys
