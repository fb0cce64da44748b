// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"

#include <bpflink/views/snapshot.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using records = std::vector<bl::link_record>;

/// Every kind of link.
struct walked_machine : machine {
    std::vector<fake::link*> links = add_every_kind(*this);
    bl::snapshotter by_walk{bl::snapshot_source::walk};

    records taken() {
        auto all = by_walk.take();
        REQUIRE(succeeded(all));
        return *std::move(all);
    }
};

} // namespace

TEST_CASE_FIXTURE(walked_machine, "a walk has a record of each link, and asks for no iterator") {
    auto const all = taken();
    REQUIRE(all.size() == links.size());
    for (std::size_t i = 0; i != all.size(); ++i) {
        CHECK(all[i].id.value() == links[i]->id());
        CHECK(all[i].type == links[i]->facts.type);
    }
    CHECK(by_walk.source() == bl::snapshot_source::walk);
    CHECK_FALSE(by_walk.why_walked());
    CHECK(by_walk.unseen().empty());
}

TEST_CASE_FIXTURE(walked_machine,
                  "a link that may not be looked at is in a walk by its id, and why is said") {
    auto const same = taken();
    auto const by_id = any_calls::value_type{call::link_get_fd_by_id};
    for (auto const what : any_calls{by_id, call::obj_get_info})
        for (int const number : {EPERM, EACCES}) {
            CAPTURE(number);
            fail(what, number, 3);
            auto all = taken();
            REQUIRE(all.size() == same.size());
            CHECK(all[2] == bl::link_record{.id = same[2].id, .program = {}, .target = {}});
            all[2] = same[2];
            CHECK(all == same);
            REQUIRE(by_walk.unseen().size() == 1);
            check_error(by_walk.unseen().front(), number,
                        what == by_id ? bl::operation::link_get_fd_by_id
                                      : bl::operation::link_get_info,
                        bl::errc::permission_denied);
        }
    CHECK(taken() == same);
    CHECK(by_walk.unseen().empty());
}

TEST_CASE_FIXTURE(walked_machine, "where no link may be looked at, each is in the walk by its id") {
    fail_always(call::link_get_fd_by_id, EACCES);
    auto const all = taken();
    CHECK(all.size() == links.size());
    REQUIRE(by_walk.unseen().size() == links.size());
    for (std::size_t i = 0; i != all.size(); ++i) {
        CHECK(all[i].type == bl::link_type::unspec);
        CHECK(by_walk.unseen()[i].subject() == "link " + std::to_string(all[i].id.value()));
    }
    SUBCASE("and what ends the walk leaves neither records nor reasons") {
        fail(call::link_get_next_id, ENOMEM, 3);
        records none;
        CHECK_FALSE(by_walk.take(none));
        CHECK(none.empty());
        CHECK(by_walk.unseen().empty());
    }
}
