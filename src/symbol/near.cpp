// SPDX-License-Identifier: Apache-2.0
#include "symbol/near.hpp"

#include "symbol/names.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace bpflink {
namespace {

constexpr std::size_t most_named = 5;

std::string text_of(std::set<std::pair<std::size_t, std::string>> const& names) {
    std::vector<std::string> all;
    all.reserve(names.size());
    for (auto const& each : names)
        all.push_back(each.second);
    return enumerated(all, most_named);
}

} // namespace

std::size_t edit_distance(std::string_view one, std::string_view other, std::size_t most) {
    auto const longer = std::max(one.size(), other.size());
    if (longer - std::min(one.size(), other.size()) > most) return most + 1;
    // For prefixes of one and the other; pairs too far from the diagonal stay out.
    std::vector<std::size_t> before(other.size() + 1), now(other.size() + 1, most + 1);
    std::iota(before.begin(), before.end(), std::size_t{0});
    for (std::size_t i = 1; i <= one.size(); ++i) {
        std::size_t const begin = i > most ? i - most : 1;
        std::size_t const end = std::min(other.size(), i + most);
        now[begin - 1] = begin == 1 ? i : most + 1;
        std::size_t least = now[begin - 1];
        for (auto j = begin; j <= end; ++j) {
            auto const changed = before[j - 1] + (one[i - 1] == other[j - 1] ? 0U : 1U);
            auto const above = j == i + most ? most + 1 : before[j] + 1;
            now[j] = std::min({changed, above, now[j - 1] + 1});
            least = std::min(least, now[j]);
        }
        if (least > most) return most + 1;
        std::swap(before, now);
    }
    return std::min(before[other.size()], most + 1);
}

void near_names::keep(ranked& best, std::size_t distance, std::string_view name) {
    if (best.size() == most_named && best.rbegin()->first < distance) return;
    best.emplace(distance, name);
    if (best.size() > most_named) best.erase(std::prev(best.end()));
}

void near_names::offer(std::string_view name) {
    if (name == wanted_) return;
    if (name.size() > wanted_.size() + 1 && name.starts_with(wanted_) &&
        (name[wanted_.size()] == '.' || name[wanted_.size()] == '@')) {
        keep(derived_, name.size(), name);
        return;
    }
    std::size_t const most = wanted_.size() < 3 ? 0 : wanted_.size() < 6 ? 1 : 2;
    auto const distance = edit_distance(wanted_, name, most);
    if (distance <= most)
        keep(similar_, distance, name);
    else if (most != 0 && name.ends_with(wanted_) && name[name.size() - wanted_.size() - 1] == '_')
        keep(similar_, name.size() - wanted_.size(), name); // as __x64_sys_read for sys_read
}

std::string near_names::told() const {
    std::string text;
    if (!derived_.empty()) text = "there is only " + text_of(derived_);
    if (!similar_.empty())
        text.append(text.empty() ? "" : "; ").append("near it: ").append(text_of(similar_));
    return text;
}

} // namespace bpflink
