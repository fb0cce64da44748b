// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Names to look for in a table of texts, all of them in one pass over its bytes. Linkers let texts
/// share their ends, so that a name may begin in the middle of another.
class wanted_names {
public:
    /// @param names  not empty, without zero bytes; borrowed, and so are their texts
    explicit wanted_names(std::span<std::string_view const> names);

    [[nodiscard]] std::span<std::string_view const> names() const noexcept { return names_; }
    /// How many bytes before the end of a text have to be there.
    [[nodiscard]] std::size_t reach() const noexcept { return reach_; }

    /// Calls `found` with the index of each name that what ends at `end` ends in.
    /// @param end  behind `reach()` bytes
    template <class Found>
    void end_at(char const* end, Found const& found) const {
        std::uint64_t last = 0;
        std::memcpy(&last, end - sizeof last, sizeof last);
        for (auto const& each : groups_)
            if (auto const key = each.key_of(last); each.may_be[bit_of(key)]) {
                auto const [begin, stop] = each.by_key.equal_range(key);
                for (auto other = begin; other != stop; ++other) {
                    auto const name = names_[other->second];
                    if (std::string_view{end - name.size(), name.size()} == name)
                        found(other->second);
                }
            }
    }

private:
    static constexpr std::size_t most_letters = sizeof(std::uint64_t);

    /// Names of as many letters; or of more than a key holds.
    struct group {
        std::size_t letters = 0;
        std::bitset<std::size_t{1} << 16U> may_be = {};
        std::unordered_multimap<std::uint64_t, std::size_t> by_key = {};

        /// Of the last letters before an end.
        [[nodiscard]] std::uint64_t key_of(std::uint64_t last) const noexcept {
            auto const others = 8 * (most_letters - letters);
            return std::endian::native == std::endian::little ? last >> others : last << others;
        }
    };

    static std::size_t bit_of(std::uint64_t key) noexcept {
        return static_cast<std::size_t>(key * 0x9e37'79b9'7f4a'7c15U >> 48U);
    }
    std::span<std::string_view const> names_;
    std::vector<group> groups_;
    std::size_t reach_ = most_letters;
};

} // namespace bpflink
