// SPDX-License-Identifier: Apache-2.0
#include <bpflink/version.hpp>

#include <doctest/doctest.h>

namespace bl = bpflink;

TEST_CASE("versions are ordered by their numbers, the first of them first") {
    CHECK(bl::version_number{0, 1, 9} < bl::version_number{0, 2, 0});
    CHECK(bl::version_number{0, 9, 9} < bl::version_number{1, 0, 0});
    CHECK(bl::version_number{1, 2, 3} < bl::version_number{1, 2, 4});
}
