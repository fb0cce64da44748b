// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/link_type.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace tool {

// What the command line's words mean. Each throws CLI::ValidationError for a word that means
// nothing, before anything is done.

/// The id of a link or program.
[[nodiscard]] std::uint32_t parse_id(std::string const& word);

/// A name that the library knows, or a number for a type that is newer.
[[nodiscard]] bpflink::link_type parse_type(std::string const& word);

/// "raw_tracepoint, tracing, ...", all that parse_type knows, in lines of at most `width`.
[[nodiscard]] std::string type_names(std::size_t width);

} // namespace tool
