// SPDX-License-Identifier: Apache-2.0
#include "driver.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

// These ask the driver of the machine, and change nothing there. They have never run on one.
TEST_SUITE_BEGIN("real");

TEST_CASE("the links and pins of this machine tell of themselves") {
    if (!std::getenv("BPFLINK_TEST_REAL_EBPFAPI")) {
        std::puts("skipped: BPFLINK_TEST_REAL_EBPFAPI is not set");
        return;
    }
    std::vector<bl::link_id> ids;
    for (auto&& id : bl::link_ids()) {
        REQUIRE(succeeded(id));
        ids.push_back(*id);
    }
    for (auto const id : ids) {
        auto link = bl::link::from_id(id);
        if (!link && link.error() == bl::errc::not_found) continue; // gone meanwhile
        REQUIRE(succeeded(link));
        auto const info = link->info();
        REQUIRE(succeeded(info));
        CHECK(info->id == id);
        CHECK(succeeded(bl::program_info_of(info->program)));
        auto copy = bl::link::duplicate(link->fd());
        REQUIRE(succeeded(copy));
        CHECK(succeeded(link->close()));
        CHECK(succeeded(bl::link::from_fd(std::move(*copy).release())));
    }
    CHECK(succeeded(bl::snapshot()));
    for (auto&& pin : bl::pins())
        CHECK(succeeded(pin));
}

TEST_SUITE_END();
