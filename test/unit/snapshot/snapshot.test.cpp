// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"
#include "info/netns_of.hpp"
#include "snapshot/own_program.hpp"

#include <bpflink/find_links.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>

#include <algorithm>
#include <ranges>
#include <vector>

namespace {

using bl::snapshot_source;
using records = std::vector<bl::link_record>;

constexpr char types_of_kernel[] = "/sys/kernel/btf/vmlinux";

/// Every kind of link.
struct snapshots : machine {
    std::vector<fake::link*> links = add_every_kind(*this);
    bl::snapshotter by_iterator;
    bl::snapshotter by_walk{snapshot_source::walk};

    /// What infos tell, and beside that the network namespaces.
    records expected() {
        records all;
        for (auto&& info : bl::infos()) {
            REQUIRE(succeeded(info));
            all.push_back(bl::record_of(*info));
            auto& last = all.back();
            if (bl::is_in_netns(last.type) && !last.netns)
                last.netns = bl::netns_inode{find_link(last.id.value())->facts.netns};
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
    static_cast<void>(taken(by_iterator));
    static_cast<void>(taken(by_iterator));
    bl::snapshotter another;
    static_cast<void>(taken(another));
    CHECK(calls(call::load_object) == 1);
}

TEST_CASE("a walk loads what tells namespaces when a link is in one, and once") {
    machine empty;
    bl::snapshotter by_walk{snapshot_source::walk};
    auto& prog = empty.add_program(bl::program_type::xdp);
    empty.add_link({.type = bl::link_type::cgroup, .prog = &prog});
    REQUIRE(succeeded(by_walk.take()));
    CHECK(empty.calls(call::load_object) == 0);
    auto& l = empty.add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 3});
    l.defunct = true; // there is nothing to be told
    REQUIRE(succeeded(by_walk.take()));
    CHECK(empty.calls(call::load_object) == 0);
    empty.add_link({.type = bl::link_type::tcx, .prog = &prog, .target = 3});
    empty.add_link({.type = bl::link_type::tcx, .prog = &prog, .target = 4});
    REQUIRE(succeeded(by_walk.take()));
    empty.forget_calls();
    REQUIRE(succeeded(by_walk.take()));
    CHECK(empty.calls(call::load_object) == 0);
    CHECK(empty.calls(call::prog_test_run) == 2);
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
    files[types_of_kernel] = "types";
    fail(call::load_object, ESRCH);
    fail(call::kernel_type, ENOENT); // they were read, and it is not among them
    bl::snapshotter by;
    CHECK(taken(by) == same);
    CHECK(by.source() == snapshot_source::walk);
    REQUIRE(by.why_walked());
    check_error(*by.why_walked(), ESRCH, bl::operation::prog_load, bl::errc::not_supported,
                {"iterator over links", "5.19"});
    // Not asked again.
    forget_calls();
    CHECK(taken(by) == same);
    check_error(*by.why_walked(), ESRCH, bl::operation::prog_load, bl::errc::not_supported);
    CHECK(calls(call::load_object) + calls(call::open_file) + calls(call::prog_load) == 0);
}

TEST_CASE_FIXTURE(snapshots, "infos at once are refused where the iterator cannot be had") {
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{ENOENT, bl::errc::not_supported},
                                               {EPERM, bl::errc::permission_denied},
                                               {EMFILE, no_condition},
                                               {ENOMEM, no_condition}}) {
        CAPTURE(number);
        bl::infos_program().unload();
        fail(call::load_object, number);
        auto const refused = bl::infos_at_once();
        REQUIRE_FALSE(refused);
        check_error(refused.error(), number, bl::operation::prog_load, condition,
                    {"iterator over links"});
    }
}

TEST_CASE_FIXTURE(snapshots, "lockdown is the cause where the kernel says so, and is not guessed") {
    constexpr char lockdown[] = "/sys/kernel/security/lockdown";
    auto const refused = [&](bl::errc condition, std::string_view words) {
        bl::infos_program().unload();
        fail(call::load_object, EINVAL);
        auto const all = bl::infos_at_once();
        check_error(all, EINVAL, bl::operation::prog_load, condition, {words});
        return all.error().message();
    };
    files[lockdown] = "none integrity [confidentiality]\n";
    auto const locked = refused(bl::errc::permission_denied, "kernel lockdown (confidentiality)");
    CHECK(locked.find("5.19") == locked.npos);
    files[lockdown] = "[none] integrity confidentiality\n";
    auto const open = refused(bl::errc::not_supported, "an iterator over links (5.19)");
    CHECK(open.find("locked") == open.npos);
    files.erase(lockdown);
    refused(bl::errc::not_supported, "(5.19), or it is locked down");
}

// E20
TEST_CASE_FIXTURE(snapshots, "what may pass is not remembered") {
    files[types_of_kernel] = "types";
    for (int const number :
         {EMFILE, ENFILE, ENOMEM, EAGAIN, EPERM, EACCES, EINVAL, ENOENT, ESRCH, ENOSYS, EBUSY}) {
        CAPTURE(number);
        bl::links_program().unload();
        bl::snapshotter by;
        fail(call::load_object, number);
        if (number == ESRCH) fail(call::kernel_type, EMFILE); // libbpf could not read the types
        CHECK(taken(by) == expected());
        CHECK(by.source() == snapshot_source::walk);
        CHECK(by.why_walked()->code().value() == number);
        CHECK(taken(by) == expected());
        CHECK(by.source() == snapshot_source::iterator);
        CHECK_FALSE(by.why_walked());
    }
}

// E20
TEST_CASE_FIXTURE(snapshots, "before /sys is mounted, a snapshot walks, and later it does not") {
    auto const same = expected();
    fail(call::load_object, ESRCH); // as libbpf has it
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::walk);
    check_error(*by_iterator.why_walked(), ENOENT, bl::operation::prog_load,
                bl::errc::not_supported, {"/sys is not mounted"});
    // A look is enough, as long as it is not there.
    forget_calls();
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::walk);
    CHECK(calls(call::load_object) == 0);
    CHECK(calls(call::open_file) == 1);
    check_error(*by_iterator.why_walked(), ENOENT, bl::operation::prog_load,
                bl::errc::not_supported);
    files[types_of_kernel] = "types";
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::iterator);
}

TEST_CASE_FIXTURE(snapshots,
                  "as long as the smallest program cannot be loaded, no other is tried") {
    by_iterator = bl::snapshotter{};
    links.clear();
    fail(call::load_object, EPERM);
    CHECK(succeeded(by_iterator.take()));
    for (int const number : {EPERM, EMFILE, ENOSYS}) {
        CAPTURE(number);
        forget_calls();
        fail(call::prog_load, number);
        auto const before = calls(call::load_object);
        CHECK(succeeded(by_iterator.take()));
        CHECK(by_iterator.source() == snapshot_source::walk);
        CHECK(by_iterator.why_walked()->code().value() == number);
        CHECK(calls(call::load_object) == before);
    }
    CHECK(succeeded(by_iterator.take()));
    CHECK(by_iterator.source() == snapshot_source::iterator);
}

// E31
TEST_CASE_FIXTURE(snapshots,
                  "of two threads that load the program at once, the first one's is kept") {
    // The other one comes while this one loads.
    records of_other;
    before(call::load_object, [&] { of_other = taken(by_iterator); });
    bl::snapshotter mine;
    CHECK(taken(mine) == of_other);
    CHECK(mine.source() == snapshot_source::iterator);
    CHECK(calls(call::load_object) == 2);
    CHECK(open_descriptors().size() == 1);
    CHECK(taken(mine) == of_other);
    CHECK(calls(call::load_object) == 2);
}

TEST_CASE_FIXTURE(snapshots, "any failure of the iterator is made good by the walk") {
    auto const same = expected();
    static_cast<void>(taken(by_iterator));
    for (auto const what :
         any_calls{call::link_create, call::obj_get_info, call::iter_create, call::read}) {
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
    call::close(mine.front());
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
    call::close(open_descriptors().front());
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
    static_cast<void>(taken(by_walk));
    auto const descriptors = open_descriptors();
    forget_calls();
    fail(call::obj_get_info, EACCES);
    CHECK(taken(by_iterator) == same);
    check_error(*by_iterator.why_walked(), EACCES, bl::operation::prog_get_info,
                bl::errc::permission_denied);
    CHECK(calls(call::link_create) == 0);
    CHECK(open_descriptors() == descriptors);
    CHECK(taken(by_iterator) == same);
    CHECK(by_iterator.source() == snapshot_source::iterator);
    CHECK(calls(call::load_object) == 0);

    // Just loaded, it is not kept either.
    bl::links_program().unload();
    auto const fewer = open_descriptors();
    bl::snapshotter by;
    fail(call::obj_get_info, ENOMEM);
    CHECK(taken(by) == same);
    CHECK(by.why_walked()->code().value() == ENOMEM);
    CHECK(open_descriptors() == fewer);
}

TEST_CASE_FIXTURE(snapshots, "libbpf's ESRCH is why, unless the types cannot be read") {
    files[types_of_kernel] = "types";
    for (int const number : {EMFILE, EACCES, ENOENT, 0}) {
        CAPTURE(number);
        bl::links_program().unload();
        bl::snapshotter by;
        fail(call::load_object, ESRCH);
        if (number != 0) fail(call::open_file, number);
        static_cast<void>(taken(by));
        CHECK(by.source() == snapshot_source::walk);
        CHECK(by.why_walked()->code().value() == (number == 0 ? ESRCH : number));
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
        bl::links_program().unload();
        bl::snapshotter by;
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
        lacks_capabilities = {21}; // CAP_SYS_ADMIN
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
        fail(call::obj_get_info, ENOMEM, 3);
        auto const refused = by_walk.take(all);
        REQUIRE_FALSE(refused);
        check_error(refused.error(), ENOMEM, bl::operation::link_get_info, no_condition);
    }
    CHECK(all.empty());
}

TEST_CASE_FIXTURE(snapshots, "a search that cannot look at a link does not pass it over") {
    auto const all = expected();
    fail_always(call::load_object, ENOENT); // the walk serves
    fail(call::link_get_fd_by_id, EPERM, 1);
    check_error(bl::find_links(bl::link_type::xdp), EPERM, bl::operation::link_get_fd_by_id,
                bl::errc::permission_denied, {"link " + std::to_string(all[0].id.value())});
    CHECK(succeeded(bl::find_links(bl::link_type::xdp)));
    SUBCASE("and with a snapshotter the rest is found, and what is missing is said") {
        fail(call::link_get_fd_by_id, EPERM, 1);
        auto const found = bl::find_links(by_walk, all[1].type);
        REQUIRE(succeeded(found));
        CHECK(std::ranges::count(*found, all[1].id, &bl::link_record::id) == 1);
        CHECK(by_walk.unseen().size() == 1);
    }
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

// E4
TEST_CASE_FIXTURE(snapshots,
                  "a link on another namespace's interface of the same index is not found") {
    constexpr std::uint32_t elsewhere = 4'026'532'000U;
    interfaces[33] = "eth33";
    auto& prog = add_program(bl::program_type::xdp);
    using bl::link_type;
    auto const make = [&](link_type type, std::uint32_t netns) {
        return bl::link_id{
            add_link({.type = type,
                      .prog = &prog,
                      .attach = type == link_type::netkit ? bl::attach_type::netkit_peer
                                                          : bl::attach_type::tcx_egress,
                      .target = 33,
                      .netns = netns})
                .id()};
    };
    std::vector<bl::link_id> here;
    for (auto const type : {link_type::xdp, link_type::tcx, link_type::netkit}) {
        here.push_back(make(type, fake::home_netns));
        make(type, elsewhere);
    }
    auto const found_by = [&](bl::snapshotter& by) {
        auto const found = bl::find_links(by, bl::ifindex{33});
        REQUIRE(succeeded(found));
        std::vector<bl::link_id> ids;
        for (auto const& record : *found) {
            CHECK(record.netns == bl::netns_inode{fake::home_netns});
            CHECK(record.target == bl::link_target{bl::ifindex{33}});
            ids.push_back(record.id);
        }
        return ids;
    };
    CHECK(found_by(by_iterator) == here);
    CHECK(found_by(by_walk) == here);
    auto const all = taken(by_iterator);
    CHECK(std::ranges::count_if(
              all, [](auto const& each) { return bl::matches(each, bl::ifindex{33}); }) == 6);

    SUBCASE("without /proc, the program tells where this thread is") {
        network_namespaces.clear();
        CHECK(found_by(by_iterator) == here);
        CHECK(found_by(by_walk) == here);
        own_netns = elsewhere;
        auto const found = bl::find_links(by_walk, bl::ifindex{33});
        REQUIRE(succeeded(found));
        for (auto const& record : *found)
            CHECK(record.netns == bl::netns_inode{elsewhere});
    }
    SUBCASE("where neither tells, that is an error, and not that there is none") {
        bl::netns_program().unload();
        network_namespaces.clear();
        fail(call::load_object, EPERM);
        auto const found = bl::find_links(by_iterator, bl::ifindex{33});
        REQUIRE_FALSE(found);
        check_error(found.error(), ENOENT, bl::operation::resolve_netns, bl::errc::not_found);
    }
    SUBCASE("where the program may not run, a query proves links of tcx and netkit") {
        bl::netns_program().unload();
        fail_always(call::load_object, EPERM);
        on_hook = {{prog.id, here[1].value()}, {prog.id, 0}, {prog.id, here[2].value()}};
        CHECK(found_by(by_walk) == std::vector{here[1], here[2]});
    }
    SUBCASE("where the query is refused, too, what nothing proves is left out") {
        bl::netns_program().unload();
        fail_always(call::load_object, EPERM);
        fail_always(call::prog_query, EPERM);
        CHECK(found_by(by_walk).empty());
    }
    SUBCASE("that it cannot be asked for just now is an error") {
        bl::netns_program().unload();
        fail_always(call::load_object, EMFILE);
        fail_always(call::prog_query, EPERM);
        auto const found = bl::find_links(by_walk, bl::ifindex{33});
        REQUIRE_FALSE(found);
        check_error(found.error(), EMFILE, bl::operation::prog_load, no_condition);
    }
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
