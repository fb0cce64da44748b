// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/program_info.hpp>
#include <bpflink/program_ref.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink {

namespace detail {

struct program_id_and_type {
    program_id id;
    program_type type;
};

[[nodiscard]] result<program_id_and_type> identify_program(fd_view fd, std::string subject);
[[nodiscard]] error wrong_program_type(program_id id, program_type is, program_type wanted);

} // namespace detail

/// Owns a descriptor of a loaded program whose type is known at run time.
class program {
public:
    /// Empty.
    program() noexcept = default;

    /// @errors not_found          no such id
    ///         permission_denied  CAP_SYS_ADMIN is missing
    /// @kernel since 4.13; kernel/bpf/syscall.c, bpf_prog_get_fd_by_id()
    /// @cost 5 system calls
    [[nodiscard]] static result<program> from_id(program_id id);

    /// @param path  a pin on a bpffs; copied
    /// @errors not_found         nothing is there
    ///         invalid_argument  the pin is not a program's, or the path is not on a bpffs
    /// @cost 5 system calls
    [[nodiscard]] static result<program> load_pinned(std::string_view path);
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path P>
    [[nodiscard]] static auto load_pinned(P const& path) {
        return load_pinned(detail::text_of(path));
    }

    /// Takes the descriptor over when it is a program's; otherwise it stays the caller's.
    /// @errors invalid_argument  another kind of object
    ///         EBADF             not open
    /// @cost 4 system calls
    [[nodiscard]] static result<program> from_fd(unique_fd&& fd);

    /// The program's descriptor; borrowed.
    [[nodiscard]] fd_view fd() const& noexcept { return fd_; }
    fd_view fd() const&& = delete; // it would be closed before the view is used
    /// The kernel's number of the program; 0 for an empty one.
    [[nodiscard]] program_id id() const noexcept { return facts_.id; }
    /// Its type; `unspec` for an empty one.
    [[nodiscard]] program_type type() const noexcept { return facts_.type; }
    /// Whether it holds a program.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

    /// Returns the kernel's facts about it.
    /// @errors EMFILE, ENOMEM  no descriptor or memory is left to read a long name by
    /// @kernel as program_info_of
    /// @cost 1 system call, 1 more for maps, and 6 more where the kernel cut the name; allocates
    [[nodiscard]] result<program_info> info() const;

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
    static result<program> checked(unique_fd&& fd, std::string subject);

    program(unique_fd fd, detail::program_id_and_type facts) noexcept
        : fd_{std::move(fd)}, facts_{facts} {}

    unique_fd fd_;
    detail::program_id_and_type facts_{program_id{}, program_type::unspec};
};

} // namespace bpflink
