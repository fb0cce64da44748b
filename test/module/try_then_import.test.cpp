// SPDX-License-Identifier: Apache-2.0
// A module has no macros: the header of BPFLINK_TRY is included, and then all else imported.
#include <bpflink/try.hpp>

#include <doctest/doctest.h>

import bpflink;

namespace bl = bpflink;

namespace {

bl::result<bool> pinned(char const* path) {
    BPFLINK_TRY(link, bl::link::load_pinned(path));
    BPFLINK_TRY(link.info());
    return link.is_pinned();
}

} // namespace

// E34
TEST_CASE("BPFLINK_TRY works with what was imported") {
    CHECK(pinned("/nonexistent/bpflink").error() == bl::errc::not_found);
}
