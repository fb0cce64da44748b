// SPDX-License-Identifier: Apache-2.0
#include "error/names.hpp"

#include <bpflink/link_info.hpp>

#include <array>
#include <ostream>

namespace bpflink {
namespace {

constexpr std::array<std::string_view, 3> link_state_names{"attached", "defunct", "unknown"};

constexpr std::array<std::string_view, 6> cgroup_iter_order_names{
    "unspec", "self_only", "descendants_pre", "descendants_post", "ancestors_up", "children",
};

} // namespace

std::string to_string(link_state state) {
    return detail::name_or_number(link_state_names, static_cast<unsigned>(state));
}

std::string to_string(cgroup_iter_order order) {
    return detail::name_or_number(cgroup_iter_order_names, static_cast<unsigned>(order));
}

std::ostream& operator<<(std::ostream& out, link_state state) {
    return out << to_string(state);
}

std::ostream& operator<<(std::ostream& out, cgroup_iter_order order) {
    return out << to_string(order);
}

} // namespace bpflink
