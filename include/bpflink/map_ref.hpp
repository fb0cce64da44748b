// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/fwd.hpp>

namespace bpflink {

/// Borrows a map: the one that hook::struct_ops attaches, or the sockmap of hook::sockmap.
class map_ref {
public:
    /// @param map  a map of a loaded ::bpf_object; borrowed
    /// @errors invalid_argument  nullptr or not created yet
    /// @cost no system call
    [[nodiscard]] static result<map_ref> from(::bpf_map const* map);

    /// @param fd  a map's descriptor; borrowed
    /// @errors invalid_argument  another kind of object
    ///         EBADF             not open
    /// @cost 3 system calls
    [[nodiscard]] static result<map_ref> from_fd(fd_view fd);

    /// The map's descriptor; borrowed.
    [[nodiscard]] fd_view fd() const noexcept { return fd_; }

private:
    explicit map_ref(fd_view fd) noexcept : fd_{fd} {}

    fd_view fd_;
};

/// `link.update(next, expecting(current))`: swap only while `map` is the one in use.
/// @param map  borrowed
[[nodiscard]] inline expected_program expecting(map_ref const& map) noexcept {
    return expected_program{map.fd()};
}

} // namespace bpflink
