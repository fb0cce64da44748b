// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "snapshot/own_program.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>

#include <cstdint>
#include <optional>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Whether links of a kind are in a network namespace: on a device, on its packet filter, or on the
/// namespace itself.
[[nodiscard]] constexpr bool is_in_netns(link_type type) noexcept {
    switch (type) {
    case link_type::netns:
    case link_type::xdp:
    case link_type::netfilter:
    case link_type::tcx:
    case link_type::netkit: return true;
    default: return false;
    }
}

/// Tells what the kernel's info of a link does not have, of one link after another, by a program of
/// the library's own. The program is asked for once, and what keeps it away is what every link is
/// answered then.
class netns_reader {
public:
    explicit netns_reader(own_program& by = netns_program()) noexcept : by_{by} {}

    /// The namespace where what the link is on is now: a device can be moved. 0 when that is gone,
    /// or the link was detached.
    /// @param link  a link's descriptor; none: the namespace of the calling thread
    /// @errors not_supported  the link is not in a namespace, or the kernel does not tell
    ///         and as own_program::get
    /// @kernel since 5.10; net/bpf/test_run.c, bpf_prog_test_run_raw_tp(); read at v5.10 and v6.12
    /// @cost 1 system call; 1 more the first time
    [[nodiscard]] result<netns_inode> of(fd_view link);

    /// The process that a link of probes in user space is for: process_every, process_ended, or
    /// process_first and its number in this pid namespace.
    /// @errors not_supported  the link is not on probes, or the kernel does not tell
    ///         and as own_program::get
    /// @cost 1 system call; 1 more the first time
    [[nodiscard]] result<std::uint32_t> process_of(fd_view link);

    /// Whether a link of probes in user space is in a file that is open, whatever names lead to it.
    /// @errors not_supported  the link is not on probes, or the kernel does not tell
    ///         and as own_program::get
    /// @kernel since 6.6; kernel/trace/trace_uprobe.c, trace_uprobe_primary_from_call(), and
    ///         kernel/trace/bpf_trace.c, bpf_uprobe_multi_link; read at v6.12 and v6.18
    /// @cost 1 system call; 1 more the first time
    [[nodiscard]] result<bool> is_in(fd_view link, fd_view file);

private:
    [[nodiscard]] result<std::uint32_t> ask(fd_view link, char const* untold, fd_view other = {});

    own_program& by_;
    std::optional<result<own_program::loaded>> program_;
};

/// The network namespace of the calling thread.
/// @errors as netns_inode_of("/proc/thread-self/ns/net"), where the program may not run either
/// @cost 5 system calls
[[nodiscard]] result<netns_inode> own_netns();

} // namespace bpflink
