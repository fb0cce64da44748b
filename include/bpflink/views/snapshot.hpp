// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/link_record.hpp>

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace bpflink {

/// Where the records of a snapshot came from.
enum class snapshot_source {
    none,     ///< there was no snapshot yet
    iterator, ///< the library's own BPF iterator
    walk,     ///< the walk from id to id
};

/// Takes records of all links in the kernel, again and again, by a BPF iterator that hands over
/// more than a thousand with each read.
///
/// The iterator's program is loaded when the first snapshot of the process is taken, and stays
/// loaded as long as the process lives. `bpftool prog` shows it as bpflink_links. Where it cannot
/// be had, the same records come from the walk: see source(). Closing all descriptors between two
/// snapshots is safe: the next one reloads the program. Do not close them while one is being taken.
///
/// The walk reads the network namespaces with a second, smaller program (bpflink_netns). It loads
/// that at the first link that is in one, and runs it for each such link. Where that cannot be had
/// either, link_record::netns is empty.
///
/// The next snapshot tries again after a program could not be loaded. It first asks by 1 or 2
/// system calls whether the obstacle is still there. That the kernel has no such iterator is
/// remembered, once the kernel's own list of types has said so.
class snapshotter {
public:
    /// @param preferred  snapshot_source::walk loads no iterator: cheaper for one snapshot of less
    ///                   than some thousand links in a process that takes no other
    explicit snapshotter(snapshot_source preferred = snapshot_source::iterator) noexcept
        : preferred_{preferred} {}

    /// One record for each link, in ascending order of ids. A link that exists throughout is always
    /// there; one that vanishes meanwhile, or is not attached yet, may be left out. The link that
    /// the iterator needs for itself is not among them.
    /// Reading holds a link for an instant, as in a walk. If its owner closes it just then, the
    /// link ends right after it was read.
    ///
    /// The walk opens each link, which a security module can refuse. Such a link has a record of
    /// its id alone, whose type is link_type::unspec: see unseen(). The iterator opens none.
    /// @errors permission_denied  the iterator takes CAP_BPF and CAP_PERFMON, the
    ///                            walk CAP_SYS_ADMIN, which the iterator takes as well; since 6.0
    ///                            the iterator takes none once its program is loaded
    ///         EMFILE, ENOMEM     also where the iterator meets it, and the walk is not permitted
    /// @kernel since 5.19 by the iterator, 5.8 by the walk; kernel/bpf/link_iter.c,
    ///         bpf_link_seq_show(); read at v6.12
    /// @cost 6 system calls, and 1 for every 1,365 links; the first time in a process, 3 ms and
    ///       more for loading. By the walk 4 a link, 5 for one in a network namespace, 6 for an
    ///       iterator
    [[nodiscard]] result<std::vector<link_record>> take();

    /// The same into a vector that is used again: no allocation once it is large enough.
    /// @param into  its old records are lost; empty after an error
    result<void> take(std::vector<link_record>& into);

    /// Where the records of the last take() came from.
    [[nodiscard]] snapshot_source source() const noexcept { return source_; }

    /// Why a link is in the last take() by its id alone: one error for each such link, in the same
    /// order. Empty where all links were seen. Valid until the next take().
    [[nodiscard]] std::span<error const> unseen() const& noexcept;
    std::span<error const> unseen() const&& = delete; // they would be gone

    /// Why the last take() went by the walk, where the iterator was preferred; else a null pointer.
    /// Valid until the next take().
    [[nodiscard]] error const* why_walked() const& noexcept;
    error const* why_walked() const&& = delete; // it would be gone

private:
    snapshot_source preferred_;
    snapshot_source source_ = snapshot_source::none;
    error why_{0, operation::prog_load}; // 0: nothing
    std::vector<error> unseen_;
};

/// Records of all links in the kernel: snapshotter::take(), once. A link that may not be looked at
/// has a record of type link_type::unspec.
/// @errors as snapshotter::take
/// @threads any
[[nodiscard]] result<std::vector<link_record>> snapshot();

/// The kernel's facts about all links, as infos() gives them, by a BPF iterator of the library's
/// own. Only links of probes, functions and iterators, and of packet filters, are opened. It pays
/// from some thousand links on. Before, and where this fails, walk: infos().
///
/// In ascending order of ids. A link that exists throughout is always there. That one cannot be
/// opened is an element.
/// @errors permission_denied  CAP_BPF and CAP_PERFMON are missing, which the iterator takes; or
///                            kernel lockdown (confidentiality) forbids it
///         not_supported      a kernel before 5.19
///         EMFILE, ENOMEM
/// @kernel since 5.19; kernel/bpf/link_iter.c, bpf_link_seq_show(); read at v6.12
/// @cost 6 system calls, 1 for every 455 links, and for an opened one as link::from_id and
///       link::info; the first time in a process, 3 ms and more for loading
/// @threads any
[[nodiscard]] result<std::vector<result<link_info>>> infos_at_once();

/// The name as the enumerator spells it.
[[nodiscard]] std::string to_string(snapshot_source source);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, snapshot_source source);

} // namespace bpflink
