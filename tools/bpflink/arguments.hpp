// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "parameters.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/program.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace tool {

// The meaning of the command line's words. Each parse_ function throws usage_error for a
// word without a meaning, before anything is done.

/// The id of a link or program.
[[nodiscard]] std::uint32_t parse_id(std::string const& word);

/// A link by its id, or by the path of a pin.
using link_argument = std::variant<bpflink::link_id, std::string>;
/// A word with a slash is a path.
[[nodiscard]] link_argument parse_link(std::string const& word);
[[nodiscard]] bpflink::result<bpflink::link> open(link_argument const& link);

/// A program by its id, or by the path of a pin.
using program_argument = std::variant<bpflink::program_id, std::string>;
/// A word with a slash is a path.
[[nodiscard]] program_argument parse_program(std::string const& word);
[[nodiscard]] bpflink::result<bpflink::program> open(program_argument const& program);
/// A pin is opened for it.
[[nodiscard]] bpflink::result<bpflink::program_id> id_of(program_argument const& program);

/// Opens a map by its id. A pin's path, with a slash in it, may be another object's.
[[nodiscard]] bpflink::result<bpflink::unique_fd> open_map(std::string const& word);

/// Adds the option --program, which has to be there.
/// @param into  lives as long as the command
void add_program(parameters const& takes, program_argument& into);

/// Adds the positional ID|PATH, which has to be there.
/// @param into  lives as long as the command
void add_link(parameters const& takes, link_argument& into);

/// Adds the positional PATH, which has to be there.
void add_path(parameters const& takes, std::string& into, std::string const& description);

/// Both within the limits. A unit behind the number is a mistake.
[[nodiscard]] std::uint32_t parse_whole(std::string const& word, std::uint32_t least,
                                        std::uint32_t most);
[[nodiscard]] double parse_decimal(std::string const& word, double least, double most);

/// A name that the library knows, or a number for a type that is newer.
[[nodiscard]] bpflink::link_type parse_type(std::string const& word);

/// "raw_tracepoint, tracing, ...": all that parse_type knows.
[[nodiscard]] std::string type_names();

} // namespace tool
