// SPDX-License-Identifier: Apache-2.0
#pragma once

// Places of functions in ELF files, as file offsets for uprobes. For the kernel's functions see
// kernel_symbols.hpp.

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/kernel_symbols.hpp>
#include <bpflink/resolve_options.hpp>
#include <bpflink/symbol_at.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink {

/// The offsets in a file at which uprobes on functions belong, in the order asked for.
///
/// Functions of both symbol tables count, the dynamic one first. Of one name, a default or missing
/// version wins over a hidden one, and a global symbol over a weak one over a local one. An
/// exported function's default version is the answer without a look at others. A name that neither
/// table has is looked for in the file's debug file. That is found by build-id, then by
/// .gnu_debuglink whose sum has to be right, below `.debug_directories` and /usr/lib/debug. It has
/// to be of the same build, and offsets are counted by the headers of `binary`. Then come the
/// symbols that are packed in the file itself (.gnu_debugdata), if the library was built with
/// liblzma. Last is the table of a program of Go 1.18 or later (.gopclntab).
/// @param binary   a path; or, without a slash, the name of a library ("libc.so.6") or of a
///                 program. A library is looked for in the standard directories, first this
///                 machine's multiarch ones; neither LD_LIBRARY_PATH nor ld.so.cache counts. A
///                 program is looked for in the absolute directories of PATH, then /usr/bin,
///                 /usr/sbin, /bin, /sbin. The first ELF file is taken. Below /proc/PID/root, names
///                 and links mean what they mean to that process; they do not lead out of its other
///                 directories. Borrowed
/// @param symbols  "name", "name@VERSION", or "name@@VERSION" where that has to be the default one.
///                 With "::" or "(", a name of C++: "ns::f" with any parameters, or "ns::f(int)" as
///                 c++filt(1) writes it. Borrowed
/// @param options  indirect functions, unique names, directories of debug files
/// @errors not_found          no such file (operation::open); or no such functions. The first 20
///                            are named, with names near the first three, and the libraries needed
///                            by the file that have them
///         invalid_argument   a name is empty or has a zero byte; not an ELF file, a damaged one,
///                            or one of the other byte order (ENOEXEC); not a regular file, which
///                            is not opened; links that lead out; functions of one name at several
///                            addresses, each named with their number; a function that is indirect,
///                            or outside of what is loaded
///         permission_denied  the file may not be read
///         not_supported      /proc is not mounted
///         EMFILE, ENOMEM, EIO
/// @cost opens the file in 5 system calls, and reads each symbol table once at most, 64 KiB at a
///       time, for any number of names; memory for the names asked for, and for the file's own, 512
///       MiB at most. For a missing name, 2 to 5 system calls for each debug file looked for; one
///       that .gnu_debuglink led to is read whole, 4 GiB at most; 256 MiB of memory more for packed
///       symbols, and as much for Go's table. A file that changes meanwhile gives an error, or
///       other answers
[[nodiscard]] result<std::vector<std::uint64_t>>
resolve_symbols(std::string_view binary, std::span<std::string_view const> symbols,
                resolve_options options = {});
/// The same for an open file, which is borrowed. It is opened once more, whatever its mode is.
[[nodiscard]] result<std::vector<std::uint64_t>>
resolve_symbols(fd_view binary, std::span<std::string_view const> symbols,
                resolve_options options = {});
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto resolve_symbols(P const& binary, std::span<std::string_view const> symbols,
                                   resolve_options options = {}) {
    return resolve_symbols(detail::text_of(binary), symbols, options);
}

/// The same for one function.
[[nodiscard]] result<std::uint64_t> resolve_symbol(std::string_view binary, std::string_view symbol,
                                                   resolve_options options = {});
/// The same for an open file.
[[nodiscard]] result<std::uint64_t> resolve_symbol(fd_view binary, std::string_view symbol,
                                                   resolve_options options = {});
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto resolve_symbol(P const& binary, std::string_view symbol,
                                  resolve_options options = {}) {
    return resolve_symbol(detail::text_of(binary), symbol, options);
}

/// The offset in a file of a virtual address, as nm(1), debug information and profilers tell it.
/// @param binary   as in resolve_symbols
/// @param address  before the program is relocated: as in the file's own headers
/// @errors not_found  no segment that is loaded from the file has the address; and as
///                    resolve_symbols of the file
/// @cost opens the file and reads its program headers: 9 system calls
[[nodiscard]] result<std::uint64_t> offset_of_address(std::string_view binary,
                                                      std::uint64_t address);
/// The same for an open file.
[[nodiscard]] result<std::uint64_t> offset_of_address(fd_view binary, std::uint64_t address);
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto offset_of_address(P const& binary, std::uint64_t address) {
    return offset_of_address(detail::text_of(binary), address);
}

/// The names of a file's own functions that match, sorted, each once; possibly none. Names that
/// share an address are all listed, and one that stands for several addresses is too, which
/// resolve_symbols refuses. Hidden versions are listed, and matched, as "name@VERSION".
/// @param binary   as in resolve_symbols
/// @param pattern  * is any text, ? any one character, the rest itself. One with "::" or "(" is for
///                 names as C++ has them, too, of which the mangled ones are listed. Borrowed
/// @param options  whether indirect functions are listed
/// @errors invalid_argument  the pattern is empty; and as resolve_symbols of the file
/// @cost as resolve_symbols; memory for what matches
[[nodiscard]] result<std::vector<std::string>>
matching_symbols(std::string_view binary, std::string_view pattern, resolve_options options = {});
/// The same for an open file.
[[nodiscard]] result<std::vector<std::string>>
matching_symbols(fd_view binary, std::string_view pattern, resolve_options options = {});
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto matching_symbols(P const& binary, std::string_view pattern,
                                    resolve_options options = {}) {
    return matching_symbols(detail::text_of(binary), pattern, options);
}

} // namespace bpflink
