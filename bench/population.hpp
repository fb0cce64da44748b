// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "programs.hpp"
#include "sandbox.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

/// Live links for a benchmark to walk over. They are gone with the object.
class population {
public:
    enum class kind {
        raw_tracepoint, ///< on a tracepoint with a short name
        long_names,     ///< on a tracepoint whose name is too long for std::string's own buffer
        iter,           ///< on no hook: nothing runs until somebody reads them
        in_turn,        ///< iter, raw tracepoint and cgroup links, no two neighbours alike
    };

    /// Raises RLIMIT_NOFILE as needed. Throws std::system_error when a link is refused.
    population(kind what, std::size_t count);

    /// In the order of creation.
    [[nodiscard]] std::span<bpflink::link_id const> ids() const noexcept { return ids_; }

    /// Whether the kernel takes one program on one tracepoint many times, as it does since 6.10.
    [[nodiscard]] static bool can_share_a_tracepoint();

private:
    [[nodiscard]] int open_iter() const;
    [[nodiscard]] int open_raw_tracepoint(char const* name) const;
    [[nodiscard]] int open_cgroup();

    test_programs programs_;
    std::deque<sandbox::cgroup> cgroups_;
    bpflink::unique_fd cgroup_; // the last of them
    std::size_t on_cgroup_ = 0;
    std::vector<bpflink::unique_fd> links_;
    std::vector<bpflink::link_id> ids_;
};
