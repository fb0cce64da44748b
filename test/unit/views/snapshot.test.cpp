// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"
#include "links_program.hpp"

#include <bpflink/find_links.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>

#include <algorithm>
#include <ranges>
#include <vector>

namespace {

using bl::snapshot_source;
using records = std::vector<bl::link_record>;

/// Every kind of link, and a program of its own for the iterator.
struct snapshots : machine {
    std::vector<fake::link*> links = add_every_kind(*this);
    bl::detail::links_program program;
    bl::snapshotter by_iterator{program};
    bl::snapshotter by_walk{snapshot_source::walk};

    records expected() {
        records all;
        for (auto&& info : bl::infos()) {
            REQUIRE(succeeded(info));
            all.push_back(bl::record_of(*info));
        }
        return all;
    }
    records taken(bl::snapshotter& by) {
        auto all = by.take();
        REQUIRE(succeeded(all));
        return *std::move(all);
    }
};

} // namespace

TEST_CASE_FIXTURE(snapshots, "the iterator and the walk say the same, and what infos say") {
    CHECK(by_iterator.source() == snapshot_source::none);
    CHECK(taken(by_iterator) == expected());
    CHECK(by_iterator.source() == snapshot_source::iterator);
    CHECK_FALSE(by_iterator.why_walked());
    CHECK(taken(by_walk) == expected());
    CHECK(by_walk.source() == snapshot_source::walk);
    CHECK_FALSE(by_walk.why_walked());
}

TEST_CASE_FIXTURE(snapshots, "the program is loaded when it is needed, and once") {
    CHECK(calls(call::load_object) == 0);
    static_cast<void>(taken(by_walk));
    CHECK(calls(call::load_object) == 0);
    static_cast<void>(taken(by_iterator));
    static_cast<void>(taken(by_iterator));
    bl::snapshotter another{program};
    static_cast<void>(taken(another));
    CHECK(calls(call::load_object) == 1);
}

TEST_CASE_FIXTURE(snapshots, "a snapshot leaves its own link out, and nothing behind") {
    static_cast<void>(taken(by_iterator));
    auto const descriptors = open_descriptors();
    auto const before = expected();
    CHECK(taken(by_iterator) == before);
    CHECK(expected() == before);
    CHECK(open_descriptors() == descriptors);
}

TEST_CASE_FIXTURE(snapshots, "thousands of links take few reads") {
    auto& prog = add_program(bl::program_type::xdp);
    for (int i = 0; i != 5'000; ++i)
        add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 3});
    static_cast<void>(taken(by_iterator));
    forget_calls();
    CHECK(taken(by_iterator).size() == links.size() + 5'000);
    CHECK(calls(call::read) == 5); // the last finds nothing
    CHECK(system_calls() == calls(call::read) + 5);
    SUBCASE("however little one gives") {
        most_read = 240;
        CHECK(taken(by_iterator).size() == links.size() + 5'000);
    }
}

TEST_CASE_FIXTURE(snapshots, "the same vector serves again") {
    records all{bl::link_record{}};
    REQUIRE(succeeded(by_iterator.take(all)));
    CHECK(all == expected());
    auto const* const place = all.data();
    REQUIRE(succeeded(by_iterator.take(all)));
    CHECK(all == expected());
    CHECK(all.data() == place);
}

TEST_CASE_FIXTURE(snapshots, "a kernel without the iterator gives the same records by the walk") {
    auto const same = expected();
    for (auto const& [number, condition] :
         {std::pair{ESRCH, bl::errc::not_supported}, std::pair{EINVAL, bl::errc::not_supported}}) {
        CAPTURE(number);
        fail(call::load_object, number);
        bl::detail::links_program refused;
        bl::snapshotter by{refused};
        CHECK(taken(by) == same);
        CHECK(by.source() == snapshot_source::walk);
        REQUIRE(by.why_walked());
        check_error(*by.why_walked(), number, bl::operation::prog_load, condition,
                    {"iterator over links"});
        // Not asked again.
        forget_calls();
        CHECK(taken(by) == same);
        CHECK(calls(call::load_object) == 0);
    }
}

TEST_CASE_FIXTURE(snapshots, "what may pass is not remembered") {
    for (int const number : {EMFILE, ENFILE, ENOMEM, EAGAIN, EPERM, EACCES}) {
        CAPTURE(number);
        bl::detail::links_program mine;
        bl::snapshotter by{mine};
        fail(call::load_object, number);
        CHECK(taken(by) == expected());
        CHECK(by.source() == snapshot_source::walk);
        CHECK(by.why_walked()->code().value() == number);
        CHECK(taken(by) == expected());
        CHECK(by.source() == snapshot_source::iterator);
        CHECK_FALSE(by.why_walked());
    }
}

TEST_CASE_FIXTURE(snapshots, "any failure of the iterator is made good by the walk") {
    auto const same = expected();
    static_cast<void>(taken(by_iterator));
    for (auto const what : {call::link_create, call::obj_get_info, call::iter_create, call::read}) {
        CAPTURE(static_cast<int>(what));
        fail(what, ENOMEM);
        CHECK(taken(by_iterator) == same);
        CHECK(by_iterator.source() == snapshot_source::walk);
        CHECK(by_iterator.why_walked()->code().value() == ENOMEM);
    }
    SUBCASE("so is part of a record") {
        most_read = 13;
        CHECK(taken(by_iterator) == same);
        CHECK(by_iterator.source() == snapshot_source::walk);
        CHECK(by_iterator.why_walked()->code().value() == EIO);
    }
}

TEST_CASE_FIXTURE(snapshots, "where the program's descriptor was closed, it is loaded again") {
    static_cast<void>(taken(by_iterator));
    auto const mine = open_descriptors();
    REQUIRE(mine.size() == 1);
    sys_close(mine.front());
    bl::unique_fd stranger;
    SUBCASE("and nothing is there") {
    }
    SUBCASE("and a file is there") {
        stranger = open_file();
    }
    SUBCASE("and a link is there") {
        stranger = open(*links.front());
    }
    SUBCASE("and a map is there") {
        stranger = open(add_map());
    }
    SUBCASE("and somebody's iterator is there") {
        stranger = open(add_program(bl::program_type::tracing, bl::attach_type::trace_iter));
    }
    SUBCASE("and a program is there that any attach puts on its target") {
        stranger = open(add_program(bl::program_type::ext));
    }
    auto const same = expected();
    if (stranger) CHECK(stranger.get() == mine.front());
    forget_calls();
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::iterator);
    CHECK(calls(call::load_object) == 1);
    CHECK(calls(call::link_create) == 1);
    if (stranger) CHECK(is_open(stranger.get()));
    CHECK(taken(by_iterator) == same);
    CHECK(calls(call::load_object) == 1);
}

TEST_CASE_FIXTURE(snapshots, "a program that cannot be loaded again is made good by the walk") {
    static_cast<void>(taken(by_iterator));
    sys_close(open_descriptors().front());
    auto const same = expected();
    auto const stranger = open_file();
    fail(call::load_object, EPERM); // as after privileges were dropped
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::walk);
    CHECK(*by_iterator.why_walked() == bl::errc::permission_denied);
    CHECK(is_open(stranger.get()));
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::iterator);
}

TEST_CASE_FIXTURE(snapshots, "a program that the kernel will not tell of is kept, and not used") {
    auto const same = expected();
    static_cast<void>(taken(by_iterator));
    auto const descriptors = open_descriptors();
    forget_calls();
    fail(call::obj_get_info, EACCES);
    CHECK(taken(by_iterator) == same);
    check_error(*by_iterator.why_walked(), EACCES, bl::operation::program_get_info,
                bl::errc::permission_denied);
    CHECK(calls(call::link_create) == 0);
    CHECK(open_descriptors() == descriptors);
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::iterator);
    CHECK(calls(call::load_object) == 0);

    // Just loaded, it is not kept either.
    bl::detail::links_program another;
    bl::snapshotter by{another};
    fail(call::obj_get_info, ENOMEM);
    CHECK(taken(by) == same);
    CHECK(by.why_walked()->code().value() == ENOMEM);
    CHECK(open_descriptors() == descriptors);
}

TEST_CASE_FIXTURE(snapshots, "libbpf's ESRCH is why, unless the types cannot be read") {
    for (auto const& [number, loads] :
         {std::pair{EMFILE, 1}, std::pair{EACCES, 1}, std::pair{ENOENT, 0}}) {
        CAPTURE(number);
        bl::detail::links_program mine;
        bl::snapshotter by{mine};
        fail(call::load_object, ESRCH);
        fail(call::open_file, number);
        static_cast<void>(taken(by));
        CHECK(by.source() == snapshot_source::walk);
        CHECK(by.why_walked()->code().value() == (loads == 0 ? ESRCH : number));
        forget_calls();
        static_cast<void>(taken(by));
        CHECK(calls(call::load_object) == loads);
    }
}

TEST_CASE_FIXTURE(snapshots,
                  "where walking is not permitted, what kept the iterator is the error") {
    static_cast<void>(taken(by_iterator));
    records all{bl::link_record{}};
    fail(call::link_create, EMFILE);
    fail(call::link_get_next_id, EPERM);
    auto const full = by_iterator.take(all);
    REQUIRE_FALSE(full);
    check_error(full.error(), EMFILE, bl::operation::link_create, no_condition);
    CHECK(all.empty());
    CHECK(*by_iterator.why_walked() == full.error());

    // But not that the iterator is not permitted either, or not there.
    for (int const number : {EPERM, ESRCH}) {
        bl::detail::links_program mine;
        bl::snapshotter by{mine};
        fail(call::load_object, number);
        fail(call::link_get_next_id, EPERM);
        auto const refused = by.take(all);
        REQUIRE_FALSE(refused);
        check_error(refused.error(), EPERM, bl::operation::link_get_next_id,
                    bl::errc::permission_denied);
    }

    // What else befalls the walk is said.
    fail(call::link_create, EMFILE);
    fail(call::link_get_next_id, ENOMEM);
    auto const neither = by_iterator.take(all);
    REQUIRE_FALSE(neither);
    check_error(neither.error(), ENOMEM, bl::operation::link_get_next_id, no_condition);
}

TEST_CASE_FIXTURE(snapshots, "what the walk cannot do is the error") {
    records all{bl::link_record{}};
    SUBCASE("the next id") {
        fail(call::link_get_next_id, EPERM, 3);
        auto const refused = by_walk.take(all);
        REQUIRE_FALSE(refused);
        check_error(refused.error(), EPERM, bl::operation::link_get_next_id,
                    bl::errc::permission_denied, {"CAP_SYS_ADMIN"});
    }
    SUBCASE("a link") {
        fail(call::link_get_fd_by_id, EMFILE, 3);
        auto const refused = by_walk.take(all);
        REQUIRE_FALSE(refused);
        check_error(refused.error(), EMFILE, bl::operation::link_get_fd_by_id, no_condition);
    }
    SUBCASE("an info") {
        fail(call::obj_get_info, EACCES, 3);
        auto const refused = by_walk.take(all);
        REQUIRE_FALSE(refused);
        check_error(refused.error(), EACCES, bl::operation::link_get_info,
                    bl::errc::permission_denied);
    }
    CHECK(all.empty());
}

TEST_CASE_FIXTURE(snapshots, "links that vanish or are not attached yet are left out") {
    find_link(links[2]->id())->settled = false;
    auto same = expected();
    CHECK(taken(by_iterator) == same);
    CHECK(taken(by_walk) == same);
    before(call::link_get_fd_by_id, [this] { let_go(*links[4]); }, 4);
    CHECK(taken(by_walk).size() == same.size() - 1);
}

TEST_CASE_FIXTURE(snapshots,
                  "links are found by every number they are on, and by type and program") {
    auto const all = expected();
    auto const same_as_filtered = [&](bl::link_criterion const& by, std::size_t at_least) {
        auto const found = bl::find_links(by_iterator, by);
        REQUIRE(succeeded(found));
        CHECK(found->size() >= at_least);
        records filtered = all;
        std::erase_if(filtered, [&](auto const& each) { return !bl::matches(each, by); });
        CHECK(*found == filtered);
    };
    for (auto const& record : all) {
        CAPTURE(record.type);
        same_as_filtered(record.type, 1);
        if (record.program.value() != 0) same_as_filtered(record.program, 1);
        if (auto const* const on = std::get_if<bl::ifindex>(&record.target))
            same_as_filtered(*on, 1);
        if (auto const* const on = std::get_if<bl::cgroup_id>(&record.target))
            same_as_filtered(*on, 1);
        if (auto const* const on = std::get_if<bl::netns_inode>(&record.target))
            same_as_filtered(*on, 1);
        if (auto const* const on = std::get_if<bl::map_id>(&record.target))
            same_as_filtered(*on, 1);
    }
    same_as_filtered(bl::ifindex{987'654}, 0);
}

TEST_CASE_FIXTURE(snapshots, "0 names nothing to find") {
    for (bl::link_criterion const& by : std::initializer_list<bl::link_criterion>{
             bl::program_id{}, bl::ifindex{}, bl::cgroup_id{}, bl::netns_inode{}, bl::map_id{}}) {
        auto const found = bl::find_links(by_iterator, by);
        REQUIRE_FALSE(found);
        check_error(found.error(), EINVAL, bl::operation::link_get_info, bl::errc::invalid_argument,
                    {"0 names nothing"});
    }
    CHECK(calls(call::load_object) == 0);
}

TEST_CASE_FIXTURE(snapshots, "a failed snapshot finds nothing, and says so") {
    fail(call::link_get_next_id, EPERM);
    auto const found = bl::find_links(by_walk, bl::ifindex{1});
    REQUIRE_FALSE(found);
    CHECK(found.error() == bl::errc::permission_denied);
}

TEST_CASE_FIXTURE(snapshots, "the adaptors take records") {
    auto const all = taken(by_iterator);
    auto const type = bl::link_type::xdp;
    auto const expected_count = std::ranges::count(all, type, &bl::link_record::type);
    auto filtered = all | bl::views::of_type(type);
    CHECK(std::ranges::distance(filtered.begin(), filtered.end()) == expected_count);
    CHECK(expected_count > 0);
    auto const wanted = all.front().program;
    for (auto&& record : all | bl::views::of_program(wanted) | std::views::take(2))
        CHECK(record.program == wanted);
}
