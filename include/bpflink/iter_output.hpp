// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/views/output.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace bpflink {

/// One run of a BPF iterator: reading it walks the kernel's objects and runs the program on each.
///
/// A run is read once, by read() and the ranges, whose elements stop at the end of what it writes
/// or at the first error. Each goes on where the last one was left: bytes that were read and not
/// looked at are kept. They share one buffer of 32 KiB: a line or a span of bytes is valid until
/// the next element or the next read(). A range keeps the run open, even if the output goes.
/// @threads  an output and its ranges are for one thread at a time
class iter_output {
public:
    /// Empty: reading it fails (EBADF).
    iter_output() noexcept = default;
    /// Takes over the run of `other`, which is empty then.
    iter_output(iter_output&& other) noexcept = default;
    /// Takes over the run of `other`, which is empty then.
    iter_output& operator=(iter_output&& other) noexcept = default;

    /// @param link  an iterator link's descriptor; borrowed
    /// @errors invalid_argument  not an iterator link
    ///         EMFILE, ENOMEM; permission_denied
    /// @kernel since 5.8; kernel/bpf/bpf_iter.c, bpf_iter_new_fd()
    /// @cost 1 system call
    [[nodiscard]] static result<iter_output> open(fd_view link);

    /// Reads the next bytes, first those that a range has read and nobody looked at; 0 at the end.
    /// Goes on where the kernel pauses after a million objects without output, and where the
    /// program asks for the same object again (both EAGAIN).
    /// @param into  not empty; at most this many bytes, which may end inside a line
    /// @errors E2BIG  one object writes more than 32 KiB; not_supported  a walk over cgroups writes
    ///         more than one read takes; EAGAIN  a thousand times: the program never goes on
    /// @kernel kernel/bpf/bpf_iter.c, bpf_seq_read()
    /// @cost 1 system call
    [[nodiscard]] result<std::size_t> read(std::span<std::byte> into);

    /// All that is left, as text.
    /// @errors as read; bytes read before the error are lost
    [[nodiscard]] result<std::string> read_all();

    /// The lines, without their ends; the last one may have none. `for (auto&& line : out.lines())`
    /// Elements: result<std::string_view>.
    /// @errors as read
    /// @cost 1 system call for about 32 KiB; allocates once, and again for a line longer than that
    [[nodiscard]] lines_view lines() &;
    lines_view lines() && = delete; // the lines are in a buffer of what would be gone

    /// The structs that the program writes by bpf_seq_write(), one T after another. Elements:
    /// result<T>.
    /// @errors as read; invalid_argument (EPROTO): the output ends inside a record
    /// @cost as lines
    template <output_record T>
    [[nodiscard]] records_view<T> records() & {
        return records_view<T>{{run_}};
    }
    template <output_record T>
    records_view<T> records() && = delete;

    /// As it comes: a span of bytes for each system call. Elements: result<std::span<std::byte
    /// const>>.
    /// @errors as read
    [[nodiscard]] bytes_view bytes() &;
    bytes_view bytes() && = delete;

    /// The run's descriptor; borrowed. There is no waiting for it: it is always ready.
    [[nodiscard]] fd_view fd() const& noexcept { return run_.fd(); }
    fd_view fd() const&& = delete; // it would be closed before the view is used

private:
    explicit iter_output(unique_fd fd) : run_{std::move(fd)} {}

    detail::output_share run_;
};

} // namespace bpflink
