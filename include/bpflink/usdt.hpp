// SPDX-License-Identifier: Apache-2.0
#pragma once

// USDT: probes that a program's author put into it (<sys/sdt.h>). A note in the file says of each
// where it is, and where its arguments are.

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bpflink {

/// One of the places of a probe: the compiler makes several where code is inlined.
struct usdt_place {
    std::uint64_t offset = 0;    ///< in the file
    std::uint64_t semaphore = 0; ///< offset in the file of a counter of watchers; 0: none
    std::string arguments;       ///< as the note has them: "8@%rdi -4@$1"; possibly empty

    /// Whether all fields are the same.
    friend bool operator==(usdt_place const&, usdt_place const&) = default;
};

/// A probe by its names.
struct usdt_probe {
    std::string provider; ///< "libstdcxx"
    std::string name;     ///< "throw"

    /// By the provider, then by the name.
    friend auto operator<=>(usdt_probe const&, usdt_probe const&) = default;
};

/// The places of a USDT probe, in the order of the file's notes. Addresses are counted from where
/// the file is now, also where prelink(8) has moved it since it was built. hook::usdt attaches to
/// all of them by one link.
/// @param binary    a path or a file name, as in resolve_symbols; or a descriptor of a file, which
///                  is read by another one; borrowed
/// @param provider  borrowed
/// @param name      borrowed
/// @errors not_found          no such file (operation::open); or no such probe: the message tells
///                            those that the file has
///         invalid_argument   a name is empty or has a zero byte; not an ELF file, or one whose
///                            notes are damaged (ENOEXEC); not a regular file; a place that is not
///                            in loaded code, or a semaphore that is not in loaded data (EINVAL)
///         permission_denied  the file may not be read
///         not_supported      /proc is not mounted
///         EBADF, EMFILE, ENOMEM, EIO
/// @cost some 20 system calls; memory for the notes, 64 MiB at most
[[nodiscard]] result<std::vector<usdt_place>>
resolve_usdt(std::variant<std::string_view, fd_view> const& binary, std::string_view provider,
             std::string_view name);
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto resolve_usdt(P const& binary, std::string_view provider, std::string_view name) {
    return resolve_usdt(detail::text_of(binary), provider, name);
}

/// The USDT probes of a file that match, sorted, each once; possibly none.
/// @param binary   as in resolve_usdt
/// @param pattern  of "PROVIDER:NAME": * is any text, ? any one character, the rest itself;
///                 borrowed
/// @errors invalid_argument  the pattern is empty; and as resolve_usdt of the file
/// @cost as resolve_usdt
[[nodiscard]] result<std::vector<usdt_probe>>
matching_usdt(std::variant<std::string_view, fd_view> const& binary, std::string_view pattern);
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto matching_usdt(P const& binary, std::string_view pattern) {
    return matching_usdt(detail::text_of(binary), pattern);
}

} // namespace bpflink
