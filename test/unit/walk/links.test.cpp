// SPDX-License-Identifier: Apache-2.0
#include "views/many_links.hpp"

#include <bpflink/views/links.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

TEST_CASE_FIXTURE(many_links, "every link is opened in turn, at three system calls") {
    int seen = 0;
    for (auto&& link : bl::links()) {
        REQUIRE(succeeded(link));
        CHECK(is_open(link->fd().get()));
        CHECK_FALSE(link->is_pinned());
        ++seen;
    }
    CHECK(seen == count);
    CHECK(system_calls() == 3 * count + 1);
    CHECK(most_open() == 1);
    CHECK(open_descriptors().empty());
}

TEST_CASE_FIXTURE(many_links, "links come in ascending order of their ids") {
    CHECK(ids_of(bl::links()) == ids);
    CHECK(ids_of(bl::links(ids[7])) == std::vector{ids[8], ids[9]});
    CHECK(ids_of(bl::links(ids.back())).empty());
}

TEST_CASE_FIXTURE(machine, "without links the walk is empty") {
    CHECK(ids_of(bl::links()).empty());
    CHECK(system_calls() == 1);
}

TEST_CASE_FIXTURE(many_links, "no system call is made before an element is looked at") {
    auto all = bl::links();
    auto it = all.begin();
    CHECK(system_calls() == 0);
    REQUIRE(succeeded(*it));
    CHECK(system_calls() == 2);
    ++it;
    CHECK(system_calls() == 3); // closed before the next one opens
    CHECK(open_descriptors().empty());
}

// E7
TEST_CASE_FIXTURE(many_links,
                  "a walk that stops early opens no more than it looked at, and holds none") {
    auto all = bl::links();
    int seen = 0;
    for (auto&& link : all) {
        REQUIRE(succeeded(link));
        if (++seen == 3) break;
    }
    CHECK(opened() == 3);
    CHECK(open_descriptors().empty()); // though the view has a name
    drop(ids[2]);
    CHECK_FALSE(exists(ids[2])); // its owner has closed it
}

TEST_CASE_FIXTURE(many_links, "a link that is moved out stays open, and the others close") {
    std::vector<bl::link> kept;
    for (auto&& link : bl::links()) {
        REQUIRE(succeeded(link));
        if (id_of(*link).value() % 3 == 0) kept.push_back(*std::move(link));
    }
    CHECK(open_descriptors().size() == kept.size());
    for (auto const& link : kept)
        CHECK(id_of(link).value() % 3 == 0);
}

TEST_CASE_FIXTURE(many_links, "a link that vanishes between two calls is left out") {
    before(call::link_get_fd_by_id, [this] { drop(ids[4]); }, 5);
    auto expected = ids;
    expected.erase(expected.begin() + 4);
    CHECK(ids_of(bl::links()) == expected);
}

TEST_CASE_FIXTURE(many_links, "a link that is not attached yet is left out, without waiting") {
    find_link(ids[0].value())->settled = false;
    find_link(ids[5].value())->settled = false;
    find_link(ids[9].value())->settled = false;
    auto const seen = ids_of(bl::links());
    CHECK(seen.size() == 7);
    for (auto const id : {ids[0], ids[5], ids[9]})
        CHECK(std::ranges::find(seen, id) == seen.end());
    CHECK(calls(call::back_off) == 0);
}

TEST_CASE_FIXTURE(many_links, "when all vanish under the walk it ends") {
    before(call::link_get_fd_by_id, [this] {
        for (auto const id : ids)
            drop(id);
    });
    CHECK(ids_of(bl::links()).empty());
}

TEST_CASE_FIXTURE(machine, "under churn every stable link is seen, each once, and no error") {
    std::vector<bl::link_id> stable;
    for (std::uint32_t i = 0; i != 50; ++i)
        stable.emplace_back(add_link({.type = bl::link_type::xdp, .id = 1'000 + 10 * i}).id());
    std::minstd_rand random{42};
    // Before every call, links between the stable ones go, or come and are attached or not yet.
    auto const churn = [&] {
        for (int i = 0; i != 5; ++i) {
            auto const id = static_cast<std::uint32_t>(1'000 + random() % 500);
            if (id % 10 == 0) continue;
            if (auto* const old = find_link(id))
                let_go(*old);
            else
                add_link({.type = bl::link_type::iter, .id = id}).settled = random() % 2 == 0;
        }
    };
    for (int nth = 1; nth != 2'000; ++nth) {
        before(call::link_get_next_id, churn, nth);
        before(call::link_get_fd_by_id, churn, nth);
    }
    std::size_t strangers = 0;
    for (int round = 0; round != 20; ++round) {
        std::vector<bl::link_id> seen;
        for (auto&& link : bl::links()) {
            REQUIRE(succeeded(link));
            seen.push_back(id_of(*link));
        }
        CHECK(std::ranges::is_sorted(seen));
        CHECK(std::ranges::adjacent_find(seen) == seen.end());
        CHECK(std::ranges::includes(seen, stable));
        strangers += seen.size() - stable.size();
    }
    CHECK(strangers > 0);
}

TEST_CASE_FIXTURE(many_links, "a link that cannot be opened is an element, and the walk goes on") {
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{EMFILE, no_condition},
                                               {ENFILE, no_condition},
                                               {ENOMEM, no_condition},
                                               {EACCES, bl::errc::permission_denied},
                                               {EPERM, bl::errc::permission_denied}}) {
        fail(call::link_get_fd_by_id, number, 4);
        std::vector<bl::link_id> seen;
        int errors = 0;
        for (auto&& link : bl::links()) {
            if (link) {
                seen.push_back(id_of(*link));
                continue;
            }
            ++errors;
            CHECK(seen.size() == 3);
            check_error(link.error(), number, bl::operation::link_get_fd_by_id, condition,
                        {"link " + std::to_string(ids[3].value())});
        }
        CHECK(errors == 1);
        CHECK(seen.size() == 9);
    }
}

TEST_CASE_FIXTURE(many_links, "a process without descriptors sees an error for each link") {
    descriptor_limit = 0;
    int errors = 0;
    for (auto&& link : bl::links()) {
        REQUIRE_FALSE(link);
        CHECK(link.error().code().value() == EMFILE);
        ++errors;
    }
    CHECK(errors == count);
}

TEST_CASE_FIXTURE(many_links, "an error of the walk itself is the last element") {
    lacks_capabilities = {21}; // CAP_SYS_ADMIN
    fail(call::link_get_next_id, EPERM, 4);
    int seen = 0;
    bool ended = false;
    for (auto&& link : bl::links()) {
        CHECK_FALSE(ended);
        if (link) {
            ++seen;
            continue;
        }
        ended = true;
        check_error(link.error(), EPERM, bl::operation::link_get_next_id,
                    bl::errc::permission_denied, {"CAP_SYS_ADMIN"});
    }
    CHECK(ended);
    CHECK(seen == 3);
}

// F21
TEST_CASE_FIXTURE(many_links,
                  "a link that a security module keeps is told as that, and walked past") {
    fail(call::link_get_fd_by_id, EPERM, 4);
    int seen = 0;
    for (auto&& link : bl::links()) {
        ++seen;
        CHECK(link.has_value() == (seen != 4));
        if (link) continue;
        check_error(link.error(), EPERM, bl::operation::link_get_fd_by_id,
                    bl::errc::permission_denied,
                    {"link " + std::to_string(ids[3].value()), "a security module keeps it"});
    }
    CHECK(seen == count);
}

TEST_CASE_FIXTURE(many_links, "copies of a view walk by themselves") {
    auto all = bl::links();
    auto it = all.begin();
    ++it;
    CHECK(id_of(**it) == ids[1]);
    auto copy = all;
    CHECK(ids_of(copy) == ids);
    CHECK(id_of(**it) == ids[1]);
    CHECK(ids_of(all) == ids); // from the start
}

TEST_CASE_FIXTURE(many_links, "a link that nobody else holds is gone with its element") {
    auto all = bl::links();
    auto it = all.begin();
    CHECK(id_of(**it) == ids[0]);
    drop(ids[0]);
    CHECK(exists(ids[0])); // the element holds it
    ++it;
    CHECK_FALSE(exists(ids[0]));
    CHECK(id_of(**it) == ids[1]);
}
