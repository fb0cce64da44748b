// SPDX-License-Identifier: Apache-2.0
// A kernel that answers at once, so that what is left to measure is the library. There are
// `live_links` links, with the ids from 1 on. Nothing measured comes to what is not here, which
// src/border/sys.cpp has.
#include "instant_border.hpp"

#include "border/side_by_side.hpp"
#include "border/sys.hpp"
#include "snapshot/raw_link_record.h"

#include <bpflink/program_type.hpp>

#include <algorithm>
#include <cerrno>
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
bool may_run_code_for(std::uint16_t) noexcept {
    return true;
}
void back_off(int) noexcept {
}
void side_by_side(std::size_t count, void (*work)(void*, std::size_t), void* with) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        work(with, i);
}

} // namespace bpflink::sys
