// SPDX-License-Identifier: Apache-2.0
#include "views/many_links.hpp"

#include <bpflink/views/link_ids.hpp>

#include <climits>
#include <vector>

namespace {

std::vector<bl::link_id> values(bl::link_ids_view view) {
    std::vector<bl::link_id> ids;
    for (auto&& id : view) {
        REQUIRE(succeeded(id));
        ids.push_back(*id);
    }
    return ids;
}

} // namespace

TEST_CASE_FIXTURE(many_links, "ids come in ascending order, one system call each") {
    CHECK(values(bl::link_ids()) == ids);
    CHECK(system_calls() == count + 1);
    CHECK(calls(call::link_get_next_id) == count + 1);
}

TEST_CASE_FIXTURE(many_links, "ids go on after the one that is given") {
    CHECK(values(bl::link_ids(ids[6])) == std::vector{ids[7], ids[8], ids[9]});
    CHECK(values(bl::link_ids(bl::link_id{ids[6].value() - 1})).size() == 4);
    CHECK(values(bl::link_ids(ids.back())).empty());
}

TEST_CASE_FIXTURE(machine, "without links there are no ids") {
    CHECK(values(bl::link_ids()).empty());
    CHECK(system_calls() == 1);
}

TEST_CASE_FIXTURE(many_links, "a link that comes or goes during the walk does not disturb it") {
    before(
        call::link_get_next_id,
        [this] {
            drop(ids[2]);
            add_link({.type = bl::link_type::xdp, .id = 5'000});
        },
        3);
    auto expected = ids;
    expected.erase(expected.begin() + 2);
    expected.emplace_back(5'000);
    CHECK(values(bl::link_ids()) == expected);
}

TEST_CASE_FIXTURE(many_links, "an error of the walk is its last element") {
    struct row {
        int number;
        bl::errc condition;
        char const* text;
    };
    lacks_capabilities = {21}; // CAP_SYS_ADMIN
    for (row const& each : {row{EPERM, bl::errc::permission_denied, "CAP_SYS_ADMIN"},
                            row{EINVAL, bl::errc::not_supported, "5.8"},
                            row{EAGAIN, no_condition, ""}, row{ENOMEM, no_condition, ""}})
        for (int nth = 1; nth != count + 1; ++nth) {
            fail(call::link_get_next_id, each.number, nth);
            int seen = 0;
            bool ended = false;
            for (auto&& id : bl::link_ids()) {
                ++seen;
                CHECK_FALSE(ended);
                CHECK(id.has_value() == (seen < nth));
                if (id) continue;
                ended = true;
                auto const after = nth == 1 ? "link 0" : "link " + std::to_string(998 + nth);
                check_error(id.error(), each.number, bl::operation::link_get_next_id,
                            each.condition, {"after " + after, each.text});
            }
            CHECK(seen == nth);
        }
}

TEST_CASE_FIXTURE(machine, "an id that can be none is refused") {
    int seen = 0;
    for (auto&& id : bl::link_ids(bl::link_id{static_cast<unsigned>(INT_MAX)})) {
        ++seen;
        REQUIRE_FALSE(id);
        check_error(id.error(), EINVAL, bl::operation::link_get_next_id, bl::errc::invalid_argument,
                    {"INT_MAX"});
    }
    CHECK(seen == 1);
}
