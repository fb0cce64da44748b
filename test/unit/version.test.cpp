// SPDX-License-Identifier: Apache-2.0
#include <bpflink/version.hpp>

#include <doctest/doctest.h>

namespace bl = bpflink;

static_assert(bl::version_number{0, 1, 9} < bl::version_number{0, 2, 0});
static_assert(bl::version_number{0, 9, 9} < bl::version_number{1, 0, 0});

TEST_CASE("headers and library are of the same version") {
    CHECK((bl::version() == bl::header_version));
    CHECK(bl::header_version.major == BPFLINK_VERSION_MAJOR);
    CHECK(bl::header_version.minor == BPFLINK_VERSION_MINOR);
    CHECK(bl::header_version.patch == BPFLINK_VERSION_PATCH);
}
