// SPDX-License-Identifier: Apache-2.0
#include <bpflink/format.hpp>

#include <doctest/doctest.h>

#ifdef __cpp_lib_format
#include "object/formatted.hpp"

TEST_CASE("std::format prints errors, ids and enumerations as streams do, and pads them") {
    check_formatted([](std::string_view pattern, auto const& x) {
        return std::vformat(pattern, std::make_format_args(x));
    });
}
#else
TEST_CASE("std::format prints errors, ids and enumerations: this library has no <format>" *
          doctest::skip()) {
}
#endif
