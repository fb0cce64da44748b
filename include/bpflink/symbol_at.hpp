// SPDX-License-Identifier: Apache-2.0
#pragma once

// The way back: from a place in a file to the function that it is in.

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/resolve_options.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace bpflink {

/// A place in a function.
struct symbol_at_place {
    std::string name;           ///< as resolve_symbols() takes it
    std::uint64_t distance = 0; ///< in bytes, from where the function begins

    /// Whether they are the same place.
    friend bool operator==(symbol_at_place const&, symbol_at_place const&) = default;
};

/// The function that an offset in a file is in: one whose size covers it, or one without a size
/// that begins nearest before it. Of several names a dynamic one wins over others, then a global
/// one over a weak one over a local one. After that a default version wins, then the first of the
/// alphabet.
/// @param binary   as in resolve_symbols()
/// @param offset   in the file, as link info and resolve_symbols() tell it; offset_of_address()
///                 makes it of an address
/// @param options  `.indirect`: indirect functions count; `.unique` means nothing here
/// @errors not_found  no segment that is loaded from the file has the offset, or no function
///                    covers it; and as resolve_symbols() of the file
/// @cost as resolve_symbols(), with all tables read
[[nodiscard]] result<symbol_at_place> symbol_at(std::string_view binary, std::uint64_t offset,
                                                resolve_options options = {});
/// The same for an open file, which is borrowed. It is opened once more, whatever its mode is.
[[nodiscard]] result<symbol_at_place> symbol_at(fd_view binary, std::uint64_t offset,
                                                resolve_options options = {});
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto symbol_at(P const& binary, std::uint64_t offset, resolve_options options = {}) {
    return symbol_at(detail::text_of(binary), offset, options);
}

} // namespace bpflink
