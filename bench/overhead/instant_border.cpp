// SPDX-License-Identifier: Apache-2.0
// In place of src/sys.cpp: a kernel that answers at once, so that what is left to measure is the
// library. There are `live_links` links, with the ids from 1 on.
#include "instant_border.hpp"

#include "border/side_by_side.hpp"
#include "border/sys.hpp"
#include "snapshot/raw_link_record.h"

#include <bpflink/program_type.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace instant {

std::uint32_t live_links = 1;
bpflink::link_type kind = bpflink::link_type::xdp;

namespace {
std::uint32_t opened_id = 1;      // the link whose descriptor was asked for last
std::uint32_t next_record = 1;    // of the iterator
constexpr int any_fd = 1'000'000; // close() is ours, too
constexpr int walker = 1'000'001; // the iterator's program
} // namespace

} // namespace instant

namespace bpflink::sys {

using namespace instant;

opened link_create(uapi::link_create_attr const&) noexcept {
    return any_fd;
}
opened raw_tracepoint_open(uapi::raw_tracepoint_attr const&) noexcept {
    return any_fd;
}
int link_update(uapi::link_update_attr const&) noexcept {
    return 0;
}
int link_detach(int) noexcept {
    return 0;
}
int link_get_next_id(std::uint32_t after, std::uint32_t& next) noexcept {
    if (after >= live_links) return -ENOENT;
    next = after + 1;
    return 0;
}
opened link_get_fd_by_id(std::uint32_t id) noexcept {
    opened_id = id;
    return any_fd;
}
int obj_get_info(int fd, void* info, std::uint32_t& size) noexcept {
    if (fd == walker) {
        uapi::object_info_head const head{static_cast<std::uint32_t>(program_type::tracing), 7};
        std::memcpy(info, &head, std::min<std::size_t>(size, sizeof head));
        return 0;
    }
    uapi::link_info answer{};
    answer.type = static_cast<std::uint32_t>(kind);
    answer.id = opened_id;
    answer.prog_id = 7;
    if (kind == link_type::raw_tracepoint) {
        constexpr char name[] = "sched_switch";
        uapi::link_info asked{};
        std::memcpy(&asked, info, std::min<std::size_t>(size, sizeof asked));
        answer.raw_tracepoint.name = asked.raw_tracepoint.name;
        answer.raw_tracepoint.name_len = sizeof name;
        if (asked.raw_tracepoint.name != 0)
            std::memcpy(reinterpret_cast<char*>(asked.raw_tracepoint.name), name, sizeof name);
    } else {
        answer.device.ifindex = 2;
    }
    std::memcpy(info, &answer, std::min<std::size_t>(size, sizeof answer));
    return 0;
}
opened iter_create(int) noexcept {
    next_record = 1;
    return any_fd;
}
int read(int, std::span<std::byte> into) noexcept {
    std::size_t written = 0;
    for (; next_record <= live_links && written + sizeof(raw_link_record) <= into.size();
         ++next_record) {
        raw_link_record record{};
        record.id = next_record;
        record.type = static_cast<std::uint32_t>(kind);
        record.program = 8;
        record.target_kind = raw_target_ifindex;
        record.device = {2, 4'026'531'840U};
        std::memcpy(into.data() + written, &record, sizeof record);
        written += sizeof record;
    }
    return static_cast<int>(written);
}
opened load_object(std::span<std::byte const>) noexcept {
    return walker;
}
int obj_pin(int, char const*) noexcept {
    return 0;
}
opened obj_get(char const*) noexcept {
    return any_fd;
}
int unlink(char const*) noexcept {
    return 0;
}
int close(int) noexcept {
    return 0;
}
opened duplicate(int, bool) noexcept {
    return any_fd;
}
opened watch(int) noexcept {
    return any_fd;
}
opened open_waiter() noexcept {
    return any_fd;
}
int wait_for(int, int, unsigned, waits) noexcept {
    return 0;
}
int wait_any(int, std::chrono::milliseconds, unsigned& which) noexcept {
    which = 0;
    return 0;
}
opened open_timer(std::chrono::milliseconds, std::chrono::milliseconds) noexcept {
    return any_fd;
}
opened open_device_news() noexcept {
    return any_fd;
}
int read_device_news(int) noexcept {
    return 0;
}
int is_open(int) noexcept {
    return 0;
}
int descriptor_name(int, std::span<char> into) noexcept {
    constexpr std::string_view name = "anon_inode:bpf_link";
    std::ranges::copy(name, into.begin());
    return static_cast<int>(name.size());
}
int is_on_sysfs(char const*) noexcept {
    return -ENOSYS;
}
int is_on_bpffs(char const*) noexcept {
    return 1;
}
int facts_of_name(char const*, file_facts& out) noexcept {
    out = {
        .kind = file_kind::regular, .device = 1, .inode = 1, .mode = 0600, .owner = 0, .group = 0};
    return 0;
}
int crosses_symlink(char const*) noexcept {
    return 0;
}
int process_id() noexcept {
    return 1;
}
void back_off(int) noexcept {
}
void side_by_side(std::size_t count, void (*work)(void*, std::size_t), void* with) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        work(with, i);
}

// What nothing here is measured with.

opened prog_load(uapi::prog_load_attr const&) noexcept {
    return -ENOSYS;
}
opened prog_get_fd_by_id(std::uint32_t) noexcept {
    return -ENOSYS;
}
opened map_get_fd_by_id(std::uint32_t) noexcept {
    return -ENOSYS;
}
int make_directory(char const*, unsigned) noexcept {
    return -ENOSYS;
}
opened btf_get_fd_by_id(std::uint32_t) noexcept {
    return -ENOSYS;
}
int prog_bind_map(int, int) noexcept {
    return -ENOSYS;
}
int prog_test_run(int, int, std::uint32_t&, int) noexcept {
    return -ENOSYS;
}
int map_look_up(int, void const*, void*) noexcept {
    return -ENOSYS;
}
int map_update(int, void const*, void const*) noexcept {
    return -ENOSYS;
}
int map_look_up_nothing(int) noexcept {
    return -ENOSYS;
}
int prog_query(uapi::prog_query_attr&) noexcept {
    return -ENOSYS;
}
opened open_directory(char const*) noexcept {
    return -ENOSYS;
}
opened open_file(char const*) noexcept {
    return -ENOSYS;
}
opened look_up(int, char const*, lookup) noexcept {
    return -ENOSYS;
}
int look_at(int, file_facts&) noexcept {
    return -ENOSYS;
}
int is_on_proc(int) noexcept {
    return -ENOSYS;
}
int link_text(int, std::span<char>) noexcept {
    return -ENOSYS;
}
opened reopen(int) noexcept {
    return -ENOSYS;
}
int read_at(int, std::span<std::byte>, std::uint64_t) noexcept {
    return -ENOSYS;
}
int has_capability(unsigned) noexcept {
    return 1;
}

int is_in_first_user_namespace() noexcept {
    return 1;
}

int has_locked_memory_limit() noexcept {
    return 0;
}
int is_on_cgroup1(int) noexcept {
    return 0;
}
int is_socket_filter_locked(int) noexcept {
    return 0;
}

int find_process(int) noexcept {
    return -ENOSYS;
}
opened descriptor_of(int, int, int) noexcept {
    return opened{-ENOSYS};
}
int find_process_of(int) noexcept {
    return -ENOSYS;
}
int find_thread(int) noexcept {
    return -ENOSYS;
}
int find_memory(int) noexcept {
    return -ENOSYS;
}
opened perf_event_open(uapi::perf_event_attr const&, int, int) noexcept {
    return -ENOSYS;
}
int attach_socket_filter(int, int) noexcept {
    return -ENOSYS;
}
int detach_socket_filter(int) noexcept {
    return -ENOSYS;
}
int rename(char const*, char const*) noexcept {
    return -ENOSYS;
}
int rename_no_replace(char const*, char const*) noexcept {
    return -ENOSYS;
}
int current_directory(std::span<char>) noexcept {
    return -ENOSYS;
}
int facts_of_file(char const*, file_facts&) noexcept {
    return -ENOSYS;
}
int change_mode(char const*, unsigned) noexcept {
    return -ENOSYS;
}
int change_owner(char const*, unsigned, unsigned) noexcept {
    return -ENOSYS;
}
int read_link(char const*, std::span<char>) noexcept {
    return -ENOSYS;
}
int lock(int) noexcept {
    return -ENOSYS;
}
int unlock(int) noexcept {
    return -ENOSYS;
}
std::chrono::steady_clock::time_point now() noexcept {
    return {};
}
int list_begin(char const*, void*&) noexcept {
    return -ENOSYS;
}
int list_next(void*, entry&) noexcept {
    return -ENOSYS;
}
int list_link(void*, char const*, std::span<char>) noexcept {
    return -ENOSYS;
}
void list_end(void*) noexcept {
}
int interface_index(char const*) noexcept {
    return -ENOSYS;
}
int interface_name(std::uint32_t, std::span<char, 16>) noexcept {
    return -ENOSYS;
}
int interface_facts_of(std::uint32_t, interface_facts&) noexcept {
    return -ENOSYS;
}
int neighbour_with_xdp(std::uint32_t, side, std::span<char, 16>) noexcept {
    return -ENOSYS;
}
int xdp_query(std::uint32_t, xdp_programs&) noexcept {
    return -ENOSYS;
}
int xdp_replace_by_itself(std::uint32_t, int, unsigned) noexcept {
    return -ENOSYS;
}
int prog_test_run_on_nothing(int) noexcept {
    return -ENOSYS;
}
int netns_inode(char const*, std::uint32_t&) noexcept {
    return -ENOSYS;
}
int cgroup_id(char const*, std::uint64_t&) noexcept {
    return -ENOSYS;
}
int program_name_in_types(int, std::span<char>) noexcept {
    return -ENOSYS;
}
int set_netns(int) noexcept {
    return -ENOSYS;
}
void give_up(char const*) noexcept {
    std::abort();
}
int netns_inode_of(int, std::uint32_t&) noexcept {
    return -ENOSYS;
}
int cgroup_id_of(int, std::uint64_t&) noexcept {
    return -ENOSYS;
}
int cgroup_path(std::uint64_t, std::span<char>) noexcept {
    return -ENOSYS;
}
int program_fd(::bpf_program const*) noexcept {
    return -ENOSYS;
}
unsigned program_type(::bpf_program const*) noexcept {
    return 0;
}
unsigned program_expected_attach_type(::bpf_program const*) noexcept {
    return 0;
}
char const* program_name(::bpf_program const*) noexcept {
    return "";
}
char const* program_section(::bpf_program const*) noexcept {
    return "";
}
bool program_autoload(::bpf_program const*) noexcept {
    return true;
}
bool program_autoattach(::bpf_program const*) noexcept {
    return true;
}
::bpf_program const* next_program(::bpf_object const*, ::bpf_program const*) noexcept {
    return nullptr;
}
char const* object_name(::bpf_object const*) noexcept {
    return "";
}
int kernel_type(char const*, unsigned) noexcept {
    return -ENOSYS;
}
int program_function(int, char const*) noexcept {
    return -ENOSYS;
}
int open_types(char const*, void*&) noexcept {
    return -ENOSYS;
}
int next_function(void*, function_type&) noexcept {
    return 0;
}
void close_types(void*) noexcept {
}
int table_name(std::uint32_t, std::uint32_t&, std::uint32_t&) noexcept {
    return -ENOSYS;
}
int link_fd(::bpf_link const*) noexcept {
    return -ENOSYS;
}
void destroy(::bpf_link*) noexcept {
}
int map_fd(::bpf_map const*) noexcept {
    return -ENOSYS;
}

} // namespace bpflink::sys
