// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace tool {

using json = nlohmann::ordered_json;

/// One thing that the kernel tells of a kind of link.
struct fact {
    std::string_view key; ///< as bpftool spells it
    json value;           ///< a number, a text, a truth; or an array of objects, one for each place
    std::string text{};   ///< the same for people, as a part of the target; may be empty
};

/// The facts particular to a link's kind: all that JSON, tables and show print of its details.
[[nodiscard]] std::vector<fact> facts_of(record const& link);

/// Writes the same as members of a JSON object, each after a comma.
void append_facts(std::string& to, record const& link);

/// The place of a link, for people: "eth0 (ifindex 2), tcx_ingress"; "-" for nothing. A device of
/// another network namespace has that one's name or number beside its own.
[[nodiscard]] std::string target_of(record const& link);

/// A constant of the kernel's.
struct constant {
    std::string name; ///< empty where there is none
    unsigned number;
};
void to_json(json& to, constant const& from);
void append_json(std::string& to, constant const& value);

/// A constant's name, or its number where there is no name for it.
template <class Enum>
[[nodiscard]] constant name_or_number(Enum value) {
    constant one{to_string(value), static_cast<unsigned>(value)};
    if (one.name.starts_with("unknown(")) one.name.clear();
    return one;
}

} // namespace tool
