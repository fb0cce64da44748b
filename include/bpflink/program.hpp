// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/program_type.hpp>

#include <concepts>
#include <optional>
#include <string_view>
#include <type_traits>

namespace bpflink {

/// Anything that lends a descriptor: what the untyped operations take, checked by the kernel.
template <class P>
concept any_program = requires(P const& p) {
    { p.fd() } -> std::convertible_to<fd_view>;
};

/// A program whose type is known at compile time, as `static constexpr program_type type`: a
/// service can bring a class of its own.
template <class P>
concept bpf_program =
    any_program<P> && requires { typename std::integral_constant<program_type, P::type>; };

namespace detail {

/// What a hook needs to know of a program, whatever class it came in.
struct borrowed_program {
    fd_view fd;
    program_type type = program_type::unspec;
    std::optional<attach_type> expected; // known only where libbpf loaded it
};

struct program_id_and_type {
    program_id id;
    program_type type;
};

[[nodiscard]] result<borrowed_program> inspect(::bpf_program const* prog, program_type wanted);
[[nodiscard]] result<borrowed_program> inspect(fd_view fd, program_type wanted);
[[nodiscard]] result<program_id_and_type> identify_program(fd_view fd);
[[nodiscard]] error wrong_program_type(program_id id, program_type is, program_type wanted);

template <any_program P>
[[nodiscard]] borrowed_program borrow(P const& prog) {
    borrowed_program lent{prog.fd(), program_type::unspec, std::nullopt};
    if constexpr (bpf_program<P>) lent.type = P::type;
    if constexpr (requires {
                      { prog.expected_attach_type() } -> std::same_as<std::optional<attach_type>>;
                  })
        lent.expected = prog.expected_attach_type();
    return lent;
}

} // namespace detail

/// Borrows a loaded program of one type. The owner (a libbpf object, a descriptor) must outlive
/// it; a link keeps its own reference, so that nothing is needed after attach.
/// @threads as an int: copies are independent
template <program_type Type>
class program_ref {
public:
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
    /// @cost 2 system calls
    [[nodiscard]] static result<program_ref> from_fd(fd_view fd) {
        return detail::inspect(fd, Type).map([](auto lent) { return program_ref{lent}; });
    }

    [[nodiscard]] fd_view fd() const noexcept { return lent_.fd; }

    /// Fixed when the program was loaded; empty where only a descriptor is known, as the kernel
    /// does not report it.
    [[nodiscard]] std::optional<attach_type> expected_attach_type() const noexcept {
        return lent_.expected;
    }

private:
    friend class program;
    explicit program_ref(detail::borrowed_program lent) noexcept : lent_{lent} {}

    detail::borrowed_program lent_;
};

/// Owns a descriptor of a loaded program whose type is known at run time.
class program {
public:
    program() noexcept = default;

    /// @errors not_found          no such id
    ///         permission_denied  CAP_SYS_ADMIN is missing
    /// @kernel since 4.13; kernel/bpf/syscall.c, bpf_prog_get_fd_by_id()
    [[nodiscard]] static result<program> from_id(program_id id);

    /// @param path  a pin on a bpffs; copied
    /// @errors not_found         nothing is there
    ///         invalid_argument  the pin is not a program's, or the path is not on a bpffs
    [[nodiscard]] static result<program> load_pinned(std::string_view path);

    /// Takes the descriptor over when it is a program's; otherwise it stays the caller's.
    /// @errors invalid_argument  another kind of object
    ///         EBADF             not open
    [[nodiscard]] static result<program> from_fd(unique_fd&& fd);

    [[nodiscard]] fd_view fd() const noexcept { return fd_; }
    [[nodiscard]] program_id id() const noexcept { return facts_.id; }
    [[nodiscard]] program_type type() const noexcept { return facts_.type; }
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

    /// Borrows with the type as a compile-time fact.
    /// @errors invalid_argument  of another type; both are named
    /// @cost no system call
    template <program_type Type>
    [[nodiscard]] result<program_ref<Type>> as() const& {
        if (facts_.type != Type)
            return tl::unexpected{detail::wrong_program_type(facts_.id, facts_.type, Type)};
        return program_ref<Type>{detail::borrowed_program{fd_, Type, std::nullopt}};
    }
    template <program_type Type>
    result<program_ref<Type>> as() const&& = delete; // the reference would dangle

private:
    program(unique_fd fd, detail::program_id_and_type facts) noexcept
        : fd_{std::move(fd)}, facts_{facts} {}

    unique_fd fd_;
    detail::program_id_and_type facts_{program_id{}, program_type::unspec};
};

/// Borrows a map: what struct_ops attaches and a sockmap is a hook of.
class map_ref {
public:
    /// @param map  a map of a loaded ::bpf_object; borrowed
    /// @errors invalid_argument  nullptr or not created yet
    /// @cost no system call
    [[nodiscard]] static result<map_ref> from(::bpf_map const* map);

    /// @param fd  a map's descriptor; borrowed
    /// @errors invalid_argument  another kind of object
    ///         EBADF             not open
    [[nodiscard]] static result<map_ref> from_fd(fd_view fd);

    [[nodiscard]] fd_view fd() const noexcept { return fd_; }

private:
    explicit map_ref(fd_view fd) noexcept : fd_{fd} {}

    fd_view fd_;
};

/// A program that a compare-and-swap update expects to find; made by `expecting`.
class expected_program {
public:
    [[nodiscard]] fd_view fd() const noexcept { return fd_; }

private:
    template <any_program P>
    friend expected_program expecting(P const& prog) noexcept;
    explicit expected_program(fd_view fd) noexcept : fd_{fd} {}

    fd_view fd_;
};

/// `link.update(next, expecting(current))`: swap only while `prog` is the one that runs.
/// @param prog  borrowed
template <any_program P>
[[nodiscard]] expected_program expecting(P const& prog) noexcept {
    return expected_program{prog.fd()};
}

} // namespace bpflink
