// SPDX-License-Identifier: Apache-2.0
#include "error/names.hpp"

#include <bpflink/link_traits.hpp>
#include <bpflink/link_type.hpp>

#include <ostream>

namespace bpflink {

std::string to_string(link_type type) {
    if (auto const* const traits = find_traits(type)) return std::string{traits->name};
    return detail::unknown(static_cast<unsigned>(type));
}

std::optional<link_type> parse_link_type(std::string_view name) noexcept {
    for (auto const& traits : link_traits_table)
        if (traits.name == name) return traits.type;
    return std::nullopt;
}

std::ostream& operator<<(std::ostream& out, link_type type) {
    return out << to_string(type);
}

} // namespace bpflink
