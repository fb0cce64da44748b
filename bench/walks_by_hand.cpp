// SPDX-License-Identifier: Apache-2.0
#include "walks.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <unistd.h>

// What a careful C programmer writes, error handling included.

namespace by_hand {
namespace {

[[noreturn]] void fail(char const* what) {
    throw std::runtime_error{std::string{what} + ": " + std::strerror(errno)};
}

/// False at the end.
bool next(std::uint32_t& id) {
    if (::bpf_link_get_next_id(id, &id) == 0) return true;
    if (errno != ENOENT) fail("bpf_link_get_next_id");
    return false;
}

/// -1 where the link is gone or not attached yet.
int open(std::uint32_t id) {
    int const fd = ::bpf_link_get_fd_by_id(id);
    if (fd < 0 && errno != ENOENT && errno != EAGAIN) fail("bpf_link_get_fd_by_id");
    return fd;
}

bool has_name(std::uint32_t type) {
    return type == BPF_LINK_TYPE_RAW_TRACEPOINT || type == BPF_LINK_TYPE_ITER;
}

void offer(::bpf_link_info& info, char* buffer, std::uint32_t size) {
    // iter.target_name is at the same place.
    info.raw_tracepoint.tp_name = reinterpret_cast<std::uintptr_t>(buffer);
    info.raw_tracepoint.tp_name_len = size;
}

void ask(int fd, ::bpf_link_info& info) {
    std::uint32_t size = sizeof info;
    if (::bpf_link_get_info_by_fd(fd, &info, &size) < 0) fail("bpf_link_get_info_by_fd");
}

} // namespace

tally link_ids() {
    tally all;
    for (std::uint32_t id = 0; next(id);) {
        all.numbers += id;
        ++all.seen;
    }
    return all;
}

tally links() {
    tally all;
    for (std::uint32_t id = 0; next(id);) {
        int fd = open(id);
        if (fd < 0) continue;
        benchmark::DoNotOptimize(fd);
        ::close(fd);
        ++all.seen;
    }
    return all;
}

tally infos() {
    tally all;
    for (std::uint32_t id = 0; next(id);) {
        int const fd = open(id);
        if (fd < 0) continue;
        std::array<char, 128> name;
        ::bpf_link_info info{};
        ask(fd, info);
        if (has_name(info.type)) {
            offer(info, name.data(), name.size());
            ask(fd, info);
            all.letters += static_cast<unsigned char>(name[0]);
        }
        all.numbers += info.prog_id;
        ::close(fd);
        ++all.seen;
    }
    return all;
}

} // namespace by_hand
