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
/// A run is read once, by read() or by one of the ranges, whose elements stop at the end of what it
/// writes or at the first error. They read into one buffer of 32 KiB, so that a line or a span of
/// bytes is valid until the next element is looked at, and they borrow the output: one that is
/// about to go has no ranges.
class iter_output {
public:
    /// Empty: reading it fails (EBADF).
    iter_output() noexcept = default;

    /// @param link  an iterator link's descriptor; borrowed
    /// @errors invalid_argument  not an iterator link
    ///         EMFILE, ENOMEM
    /// @kernel since 5.8; kernel/bpf/bpf_iter.c, bpf_iter_new_fd()
    /// @cost 1 system call
    [[nodiscard]] static result<iter_output> open(fd_view link);

    /// Reads the next bytes; 0 at the end. Goes on where the kernel pauses after a million objects
    /// without output, and where the program asks for the same object again (both EAGAIN).
    /// @param into  not empty; at most this many bytes, which may end inside a line
    /// @errors E2BIG  one object's output is larger than the kernel's buffer
    ///         EAGAIN  a thousand times in a row: the program never goes on (it returns 1)
    /// @kernel kernel/bpf/bpf_iter.c, bpf_seq_read()
    /// @cost 1 system call
    [[nodiscard]] result<std::size_t> read(std::span<std::byte> into);

    /// All that is left, as text.
    /// @errors as read; what was read before the error is lost
    [[nodiscard]] result<std::string> read_all();

    /// The lines, without their ends; the last one may have none. `for (auto&& line : out.lines())`
    /// Elements: result<std::string_view>.
    /// @errors as read
    /// @cost 1 system call for about 32 KiB; allocates once, and again for a line longer than that
    [[nodiscard]] lines_view lines() & noexcept;
    lines_view lines() && = delete; // it would be gone before the first line is read

    /// What the program writes by bpf_seq_write(), one T after another. Elements: result<T>.
    /// @errors as read; invalid_argument (EPROTO): the output ends inside a record
    /// @cost as lines
    template <output_record T>
    [[nodiscard]] records_view<T> records() & noexcept {
        return records_view<T>{{this}};
    }
    template <output_record T>
    records_view<T> records() && = delete;

    /// As it comes: a span of bytes for each system call. Elements: result<std::span<std::byte
    /// const>>.
    /// @errors as read
    [[nodiscard]] bytes_view bytes() & noexcept;
    bytes_view bytes() && = delete;

    /// The run's descriptor; borrowed. There is no waiting for it: it is always ready.
    [[nodiscard]] fd_view fd() const noexcept { return fd_; }

private:
    explicit iter_output(unique_fd fd) noexcept : fd_{std::move(fd)} {}

    unique_fd fd_;
};

} // namespace bpflink
