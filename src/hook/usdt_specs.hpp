// SPDX-License-Identifier: Apache-2.0
#pragma once

// The map by which programs that include libbpf's <bpf/usdt.bpf.h> read arguments. It has the
// places of the arguments, and a cookie is a key of it.

#include "symbol/usdt_arguments.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/usdt.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// libbpf's struct __bpf_usdt_spec, in the layout of a map's values. One is that of up to libbpf
/// 1.6; the later one has arguments by an index register.
/// @param size  of the map's values
/// @errors not_supported  arguments that the layout has no room for
[[nodiscard]] result<std::vector<std::byte>> spec_of(std::span<usdt_argument const> arguments,
                                                     cookie own, std::size_t size,
                                                     std::string const& subject);
inline constexpr std::size_t spec_size = 208;
inline constexpr std::size_t spec_size_with_index = 304;

/// A program, and the map of its specs where the caller lends it.
struct spec_reader {
    fd_view program;
    fd_view specs = {};
};

/// The cookies by which a link runs a program at the places of a probe: `own` at each. Where the
/// program has such a map, they are keys of it, and the map has the specs afterwards.
/// @param machine  the file's
/// @param subject  for an error
/// @errors not_supported      arguments that cannot be read so; specs of an unknown layout
///         permission_denied  the program has maps, none is lent, and CAP_SYS_ADMIN is missing to
///                            look at them
///         invalid_argument   the map that is lent is not that of the program's specs
///         ENOSPC             the map is full
[[nodiscard]] result<std::vector<cookie>> cookies_of(spec_reader reader,
                                                     std::span<usdt_place const> places,
                                                     std::uint16_t machine, cookie own,
                                                     std::string const& subject);

} // namespace bpflink
