// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"

#include "starve.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

// The fake kernel says where memory is not to fail. Here it never does: operator new is the
// sanitizer's.
namespace starve {
fed::fed() noexcept = default;
fed::~fed() = default;
} // namespace starve

namespace fuzz {

void require(bool holds, char const* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

kernel::~kernel() {
    require(open_descriptors().empty(), "no descriptor is left open");
    require(open_lists() == 0, "no directory is left open");
    require(bad_closes() == 0, "no descriptor is closed twice");
    require(stray_addresses() == 0, "the kernel is given no stray address");
}

void check(bl::error const& e) {
    auto const message = e.message();
    require(std::ranges::none_of(message, [](char each) { return each >= 0 && each < ' '; }),
            "a message is one line without control characters");
    require(e.code().value() > 0, "an error has an errno");
}

std::string_view input::take(std::size_t size) {
    auto const piece = left_.substr(0, size);
    left_.remove_prefix(piece.size());
    return piece;
}

std::string_view input::until(char end) {
    auto const piece = left_.substr(0, left_.find(end));
    left_.remove_prefix(std::min(piece.size() + 1, left_.size()));
    return piece;
}

} // namespace fuzz
