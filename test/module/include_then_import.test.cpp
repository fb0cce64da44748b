// SPDX-License-Identifier: Apache-2.0
// Headers first, then the module: the names are of the same things, here and in other files.
#include <bpflink/bpflink.hpp>
#include <bpflink/coro/asio.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <ostream>
#include <variant>

#include <doctest/doctest.h>

import bpflink;

namespace bl = bpflink;

bl::result<bl::link_info> made_by_importer(); // in import.test.cpp

TEST_CASE("what was included and what was imported are one") {
    auto const made = made_by_importer();
    REQUIRE(made);
    CHECK(made->id == bl::link_id{42u});
    CHECK(std::get<bl::xdp_details>(made->details).ifindex == bl::ifindex{2u});
}

TEST_CASE("what was included still works") {
    CHECK(BPFLINK_VERSION_MAJOR == bl::version().major);
    CHECK((bl::pins("/nonexistent/bpflink") | bl::collect).error() == bl::errc::not_found);
}

TEST_CASE("coro/asio.hpp, which the module does not have, works beside it") {
    asio::io_context loop;
    bool refused = false;
    asio::co_spawn(loop, bl::async_ready(bl::fd_view{}),
                   [&](std::exception_ptr, bl::result<void> waited) { refused = !waited; });
    loop.run();
    CHECK(refused);
}
