// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Names that somebody may have meant who asked for one that is not there.
class near_names {
public:
    /// @param wanted  borrowed
    explicit near_names(std::string_view wanted) noexcept : wanted_{wanted} {}

    void offer(std::string_view name);

    /// A sentence's part about the nearest ones, or nothing.
    [[nodiscard]] std::string told() const;

private:
    using ranked = std::set<std::pair<std::size_t, std::string>>;
    static void keep(ranked& best, std::size_t distance, std::string_view name);

    std::string_view wanted_;
    ranked derived_; // made of it by the compiler
    ranked similar_;
};

/// The number of letters to put in, leave out or change to make one of the other; `most` + 1 where
/// it takes more than `most`.
[[nodiscard]] std::size_t edit_distance(std::string_view one, std::string_view other,
                                        std::size_t most);

} // namespace bpflink
