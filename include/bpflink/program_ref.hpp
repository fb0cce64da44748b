// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/program_info.hpp>

#include <optional>

namespace bpflink {

namespace detail {
[[nodiscard]] result<borrowed_program> inspect(::bpf_program const* prog, program_type wanted);
[[nodiscard]] result<borrowed_program> inspect(fd_view fd, program_type wanted);
} // namespace detail

/// Borrows a loaded program of one type. The owner (a libbpf object, a descriptor) must outlive
/// it; a link keeps its own reference, so that nothing is needed after attach.
/// @threads as an int: copies are independent
template <program_type Type>
class program_ref {
public:
    /// The type, as the concept bpf_program asks for it.
    static constexpr program_type type = Type;

    /// @param prog  a program of a loaded ::bpf_object; borrowed
    /// @errors invalid_argument  nullptr, not loaded yet, or of another type (both are named)
    /// @cost no system call
    [[nodiscard]] static result<program_ref> from(::bpf_program const* prog) {
        return detail::inspect(prog, Type).map([](auto lent) { return program_ref{lent}; });
    }

    /// @param fd  a program's descriptor; borrowed
    /// @errors invalid_argument  not a program, or of another type (both are named)
    ///         EBADF             not open
    /// @kernel since 5.10; kernel/bpf/syscall.c, bpf_prog_get_info_by_fd()
    /// @cost 4 system calls
    [[nodiscard]] static result<program_ref> from_fd(fd_view fd) {
        return detail::inspect(fd, Type).map([](auto lent) { return program_ref{lent}; });
    }

    /// The program's descriptor; borrowed.
    [[nodiscard]] fd_view fd() const noexcept { return lent_.fd; }

    /// Fixed when the program was loaded. Empty where it was loaded for none, or only a descriptor
    /// is known, as the kernel does not report it. Empty too for SEC("cgroup/skb"), whose number 0
    /// libbpf leaves for either direction.
    [[nodiscard]] std::optional<attach_type> expected_attach_type() const noexcept {
        return lent_.expected;
    }

    /// As program::info.
    [[nodiscard]] result<program_info> info() const { return detail::read_program_info(lent_.fd); }

private:
    friend class program;
    friend detail::lender;
    explicit program_ref(detail::borrowed_program lent) noexcept : lent_{lent} {}

    detail::borrowed_program lent_;
};

} // namespace bpflink
