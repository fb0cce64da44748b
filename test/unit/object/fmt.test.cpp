// SPDX-License-Identifier: Apache-2.0
#define FMT_HEADER_ONLY // so that the tests link no {fmt}
#include <bpflink/fmt.hpp>

#include <doctest/doctest.h>

#if __has_include(<fmt/format.h>)
#include "object/formatted.hpp"

TEST_CASE("{fmt} prints errors, ids and enumerations as streams do, and pads and aligns them") {
    check_formatted(
        [](auto const& pattern, auto const& x) { return fmt::format(fmt::runtime(pattern), x); });
}
#else
TEST_CASE("{fmt} prints errors, ids and enumerations" * doctest::skip()) {
}
#endif
