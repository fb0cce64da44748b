// SPDX-License-Identifier: Apache-2.0
#include "floor.hpp"

#include "need.hpp"

#include <bpflink/views/snapshot.hpp>

#include <cstdint>
#include <stdexcept>

#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

void ask(int link, std::uint32_t size) {
    ::bpf_link_info info{};
    need(::bpf_link_get_info_by_fd(link, &info, &size));
}

} // namespace

std::vector<contest> floor(operations const& one) {
    auto const nothing = repeated([] { need(::syscall(SYS_getppid)); });
    int const link = one.link().get();
    std::uint32_t const id = one.id();
    return {
        {"dup + close", repeated([link] { ::close(need(::dup(link))); }), nothing},
        {"bpf(2), refused at once", repeated([] { ::syscall(SYS_bpf, -1, nullptr, 0); }), nothing},
        {"next id", repeated([id] {
             std::uint32_t next = 0;
             need(::bpf_link_get_next_id(id - 1, &next));
         }),
         nothing},
        {"open by id + close", repeated([id] { ::close(need(::bpf_link_get_fd_by_id(id))); }),
         nothing},
        {"info, 12 bytes", repeated([link] { ask(link, 12); }), nothing},
        {"info, whole", repeated([link] { ask(link, sizeof(::bpf_link_info)); }), nothing},
        {"snapshot of few links", repeated([by = bpflink::snapshotter{}]() mutable {
             if (!by.take()) throw std::runtime_error{"no snapshot"};
         }),
         nothing},
    };
}
