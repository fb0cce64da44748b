// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <mutex>
#include <optional>

namespace bpflink::detail {

/// The program of bpf/all_links.bpf.c, loaded when it is asked for first. That it cannot be loaded
/// is remembered, unless that may be otherwise a moment later or for another thread. A public class
/// has a pointer to it, so that its functions are hidden and not the whole.
class links_program {
public:
    /// The one that the process shares. It is never unloaded: what runs at exit may still use it.
    [[nodiscard, gnu::visibility("hidden")]] static links_program& of_process();

    /// @errors not_supported      a kernel before 5.19, or without BTF
    ///         permission_denied  CAP_BPF or CAP_PERFMON is missing, or a security module refuses
    /// @threads any
    [[nodiscard, gnu::visibility("hidden")]] result<fd_view> get();

private:
    std::mutex guard_;
    std::optional<result<unique_fd>> loaded_;
};

} // namespace bpflink::detail
