// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>

#include <map>
#include <string>
#include <vector>

namespace bpflink {

/// A process that has a link open.
struct process_holder {
    int process = 0;          ///< its number, in the calling process's pid namespace
    std::string command;      ///< as /proc/PID/comm has it; empty where the process has ended
    unsigned descriptors = 0; ///< how many of its descriptors are the link's
};

/// All that keeps a link alive, as far as it can be seen.
struct link_holders {
    std::vector<process_holder> processes; ///< the calling process too
    /// Paths; those of other mount namespaces are told as /proc/PID/root/...
    std::vector<std::string> pins;
    std::string unseen; ///< each place that could not be looked at, and why

    /// Whether all was looked at. Nobody can see descriptors in a socket's queue or registered with
    /// io_uring, nor pins on a bpffs that is mounted nowhere: those do not count.
    [[nodiscard]] bool complete() const noexcept { return unseen.empty(); }
};

/// The holders of a link: the descriptors of all processes, and the pins of all mount namespaces
/// that a process is in. The calling process is among the holders; the descriptors that this look
/// opens are not.
///
/// It takes a while, and others do not stand still meanwhile. A descriptor that is handed from one
/// process to another may be missed, or be seen twice. An iterator of the library's own tells the
/// descriptors where it may be loaded, and numbers are of the first pid namespace; elsewhere /proc
/// does. By /proc, descriptors of links are copied, so that a link may end a moment later.
/// @errors not_found          no link has this id
///         permission_denied  CAP_SYS_ADMIN is missing, which telling ids takes
///         not_supported      before 5.8; /proc is not mounted; by it, also without pidfd_getfd(2)
/// @kernel since 5.8; kernel/bpf/task_iter.c, task_file_seq_get_next(), and kernel/pid.c,
///         pidfd_getfd(). Not by /proc/PID/fdinfo, which kills kernels that have a bug there (6.18,
///         bpf_kprobe_multi_show_fdinfo())
/// @cost 3 system calls a process, and those of pins(); loading the iterator once, as a snapshot
///       does. By /proc 7 a process, 1 a descriptor, and 7 a descriptor of a link
[[nodiscard]] result<link_holders> holders(link_id id);

/// The same for every link, in one pass, whatever their number.
/// @errors permission_denied, not_supported  as above
/// @cost as above, and 1 system call a link
[[nodiscard]] result<std::map<link_id, link_holders>> holders();

} // namespace bpflink
