// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace bpflink {

/// One run of a BPF iterator: reading it walks the kernel's objects and runs the program on each.
class iter_output {
public:
    iter_output() noexcept = default;

    /// @param link  an iterator link's descriptor; borrowed
    /// @errors invalid_argument  not an iterator link
    ///         EMFILE, ENOMEM
    /// @kernel since 5.8; kernel/bpf/bpf_iter.c, bpf_iter_new_fd()
    /// @cost 1 system call
    [[nodiscard]] static result<iter_output> open(fd_view link);

    /// Reads the next bytes; 0 at the end. Goes on where the kernel pauses after a million objects
    /// without output (EAGAIN).
    /// @param into  not empty; at most this many bytes, which may end inside a line
    /// @errors E2BIG  one object's output is larger than the kernel's buffer
    ///         what the program itself returned
    /// @kernel kernel/bpf/bpf_iter.c, bpf_seq_read()
    /// @cost 1 system call
    [[nodiscard]] result<std::size_t> read(std::span<std::byte> into);

    /// All that is left, as text.
    /// @errors as read; what was read before the error is lost
    [[nodiscard]] result<std::string> read_all();

    [[nodiscard]] fd_view fd() const noexcept { return fd_; }

private:
    explicit iter_output(unique_fd fd) noexcept : fd_{std::move(fd)} {}

    unique_fd fd_;
};

} // namespace bpflink
