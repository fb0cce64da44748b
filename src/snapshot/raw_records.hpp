// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "error/fail.hpp"
#include "snapshot/own_program.hpp"
#include "walk/output.hpp"

#include <bpflink/hook/iter.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Runs an iterator of the library's own, and calls `use(record)` for each that it writes.
template <class Raw, class Use>
result<void> for_each_raw(own_program::loaded program, Use use) {
    // As many as fit into the kernel's own buffer, where pages have 4 KiB.
    std::array<Raw, 32 * 1024 / sizeof(Raw)> buffer;
    auto const bytes = std::as_writable_bytes(std::span{buffer});
    auto const link = hook_traits<hook::iter>::create({.fd = program.fd}, {});
    if (!link) return tl::unexpected{link.error()};
    auto const run = detail::open_output(*link);
    if (!run) return tl::unexpected{run.error()};
    for (;;) {
        auto const count = detail::read_output(run->view(), bytes);
        if (!count) return tl::unexpected{count.error()};
        if (*count == 0) return {};
        if (*count % sizeof(Raw) != 0)
            return fail(-EIO, operation::read, "part of a record of the library's own iterator");
        for (auto const& raw : std::span{buffer}.first(*count / sizeof(Raw)))
            use(raw);
    }
}

} // namespace bpflink
