// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <mutex>
#include <optional>

namespace bpflink::detail {

/// The program of bpf/all_links.bpf.c, loaded when it is asked for first. That it cannot be loaded
/// is remembered, unless that may be otherwise a moment later or for another thread. A public class
/// has a pointer to it, so that its functions are hidden and not the whole.
///
/// The process may close the descriptor, as daemons do that close all they have not opened, and
/// open something else by that number. So it is looked at each time, and loaded again.
class links_program {
public:
    struct loaded {
        fd_view fd;
        program_id id;
    };

    /// The one that the process shares. It is never unloaded: what runs at exit may still use it.
    [[nodiscard, gnu::visibility("hidden")]] static links_program& of_process();

    /// @errors not_supported      a kernel before 5.19, or without BTF
    ///         permission_denied  CAP_BPF or CAP_PERFMON is missing, or a security module refuses
    /// @threads any; none may close the descriptor meanwhile
    [[nodiscard, gnu::visibility("hidden")]] result<loaded> get();

private:
    [[gnu::visibility("hidden")]] result<void> load();

    std::mutex guard_;
    unique_fd fd_;
    program_id id_;
    std::optional<error> never_; // why it cannot be loaded
};

} // namespace bpflink::detail
