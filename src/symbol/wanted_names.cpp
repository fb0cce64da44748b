// SPDX-License-Identifier: Apache-2.0
#include "symbol/wanted_names.hpp"

#include <algorithm>
#include <array>

namespace bpflink {

wanted_names::wanted_names(std::span<std::string_view const> names) : names_{names} {
    for (std::size_t i = 0; i != names.size(); ++i) {
        auto const letters = std::min(names[i].size(), most_letters);
        auto its = std::ranges::find(groups_, letters, &group::letters);
        if (its == groups_.end()) {
            groups_.push_back({.letters = letters});
            its = groups_.end() - 1;
        }
        std::array<char, most_letters> tail{};
        std::ranges::copy(names[i].substr(names[i].size() - letters), tail.end() - letters);
        auto const key = its->key_of(std::bit_cast<std::uint64_t>(tail));
        its->may_be.set(bit_of(key));
        its->by_key.emplace(key, i);
        reach_ = std::max(reach_, names[i].size());
    }
}

} // namespace bpflink
