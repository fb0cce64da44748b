// SPDX-License-Identifier: Apache-2.0
// One program at one place by one pin, whatever was there before, and whatever fails on the way.
#include "../hook/every_place.hpp"
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using bl::attach_type;
using bl::ensured;
using bl::errc;
using bl::link_type;
using bl::operation;
using bl::program_type;
using xdp_program = typed_program<program_type::xdp>;
using tracepoint_program = typed_program<program_type::raw_tracepoint>;

constexpr bl::hook::xdp eth0{.ifindex = bl::ifindex{2}};
constexpr bl::hook::raw_tracepoint sys_enter{"sys_enter"};
constexpr std::string_view pin_path = "/bpf/x";

/// Two programs for an interface, and two for a tracepoint, whose links cannot be updated.
struct world : machine {
    fake::program& v1 = add_program(program_type::xdp);
    fake::program& v2 = add_program(program_type::xdp);
    xdp_program first{{open(v1)}};
    xdp_program second{{open(v2)}};
    fake::program& t1 = add_program(program_type::raw_tracepoint);
    fake::program& t2 = add_program(program_type::raw_tracepoint);
    tracepoint_program third{{open(t1)}};
    tracepoint_program fourth{{open(t2)}};
    std::size_t held = open_descriptors().size();

    fake::link& pinned(fake::link_facts facts) {
        auto& made = add_link(std::move(facts));
        pin(std::string{pin_path}, made);
        let_go(made);
        return made;
    }
    fake::link& pinned_xdp() { return pinned({.type = link_type::xdp, .prog = &v1, .target = 2}); }
    fake::link& pinned_tracepoint() {
        return pinned({.type = link_type::raw_tracepoint, .prog = &t1, .name = "sys_enter"});
    }

    auto ensure_xdp(bl::ensure_options options = {}) {
        return bl::ensure_attached(second, eth0, pin_path, options);
    }
    auto ensure_tracepoint(bl::ensure_options options = {}) {
        return bl::ensure_attached(fourth, sys_enter, pin_path, options);
    }

    [[nodiscard]] std::vector<std::uint32_t> links_here() {
        std::vector<std::uint32_t> ids;
        for (auto const& [id, each] : links_)
            if (!each.expired()) ids.push_back(id);
        return ids;
    }
    /// One link, at one name, that runs the program.
    void check_is_so(fake::program const& runs) {
        CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
        CHECK(links_here() == std::vector{link_at("/bpf/x")});
        auto* const there = find_link(link_at("/bpf/x"));
        REQUIRE(there);
        CHECK(there->prog.get() == &runs);
        CHECK_FALSE(there->defunct);
        CHECK_FALSE(is_locked("/bpf"));
    }
    bool is_as_it_was(fake::link& there) {
        return link_at("/bpf/x") == there.id() && names_in("/bpf") == std::vector<std::string>{"x"};
    }
};

template <class R>
void check_done(R const& done, ensured how, std::uint32_t before) {
    REQUIRE(succeeded(done));
    CHECK(done->how == how);
    CHECK(done->before == bl::program_id{before});
    CHECK(done->link.pinned_path() == pin_path);
}

} // namespace

TEST_CASE("what was done has a name") {
    std::ostringstream out;
    out << ensured::kept << ' ' << ensured::updated << ' ' << ensured::created << ' '
        << ensured::recreated;
    CHECK(out.str() == "kept updated created recreated");
}

TEST_CASE_FIXTURE(world, "a program for another attach type is refused to a link as to a place") {
    struct connect_program : typed_program<program_type::cgroup_sock_addr> {
        attach_type loaded_for{};
        [[nodiscard]] std::optional<attach_type> expected_attach_type() const { return loaded_for; }
    };
    using enum attach_type;
    cgroups = {{"/cgroup", 7'777}}; // as the fake kernel's links have it
    auto& v4 = add_program(connect_program::type, cgroup_inet4_connect);
    auto& v6 = add_program(connect_program::type, cgroup_inet6_connect);
    connect_program const before{{{open(v4)}}, cgroup_inet4_connect};
    connect_program const next{{{open(v6)}}, cgroup_inet6_connect};
    bl::hook::cgroup const where{"/cgroup", cgroup_inet4_connect};
    for (bool const is_there : {false, true}) {
        if (is_there) REQUIRE(succeeded(bl::ensure_attached(before, where, pin_path)));
        auto const done = bl::ensure_attached(next, where, pin_path);
        check_error(done, EINVAL, is_there ? operation::link_update : operation::link_create,
                    errc::invalid_argument, {"loaded for attach type cgroup_inet6_connect"});
        if (is_there) check_is_so(v4);
    }
}

TEST_CASE_FIXTURE(world, "nothing there: attached and pinned, and then kept") {
    auto const done = ensure_xdp();
    check_done(done, ensured::created, 0);
    check_is_so(v2);
    forget_calls();
    auto const again = ensure_xdp();
    check_done(again, ensured::kept, v2.id);
    for (auto const change : any_calls{call::link_create, call::obj_pin, call::rename, call::unlink,
                                       call::lock, call::link_detach, call::make_directory})
        CHECK(calls(change) == 0);
    CHECK(last_update.new_fd == static_cast<std::uint32_t>(-1)); // a question, and no update
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "another program there is swapped by compare-and-swap") {
    auto& there = pinned_xdp();
    auto const id = there.id();
    auto const done = ensure_xdp();
    check_done(done, ensured::updated, v1.id);
    CHECK(last_update.flags == bl::uapi::f_replace);
    CHECK(link_at("/bpf/x") == id);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a program that somebody else swaps meanwhile is swapped again") {
    auto& there = pinned_xdp();
    auto& v3 = add_program(program_type::xdp);
    before(call::prog_get_fd_by_id, [&] { there.prog = v3.shared_from_this(); });
    auto const done = ensure_xdp();
    check_done(done, ensured::updated, v3.id);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a program whose own link the kernel just releases is swapped in then") {
    pinned_xdp();
    fail(call::link_update, EEXIST, 3); // those before it ask what is at the pin
    check_done(ensure_xdp(), ensured::updated, v1.id);
    CHECK(calls(call::back_off) == 1);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "who may not open programs by id swaps under the lock alone") {
    pinned_xdp();
    fail_always(call::prog_get_fd_by_id, EPERM);
    auto const done = ensure_xdp();
    check_done(done, ensured::updated, v1.id);
    CHECK(last_update.flags == 0);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a link without its place is replaced") {
    auto& there = pinned_xdp();
    there.defunct = true;
    auto const done = ensure_xdp();
    check_done(done, ensured::recreated, v1.id);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a link that loses its place just before the swap is replaced") {
    auto& there = pinned_xdp();
    before(call::prog_get_fd_by_id, [&] { there.defunct = true; });
    check_done(ensure_xdp(), ensured::recreated, v1.id);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a link that somebody detaches while it is looked at is replaced") {
    auto& there = pinned_xdp();
    before(call::prog_test_run, [&] { there.defunct = true; }); // which tells its namespace
    check_done(ensure_xdp(), ensured::recreated, v1.id);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "where the kernel swaps none, a new link takes over the pin") {
    for (bool const overlap : {true, false}) {
        auto& there = pinned_tracepoint();
        auto const id = there.id();
        {
            auto const done = ensure_tracepoint({.overlap = overlap});
            check_done(done, ensured::updated, t1.id);
            CHECK(link_at("/bpf/x") != id);
            check_is_so(t2);
            check_done(ensure_tracepoint(), ensured::kept, t2.id);
        }
        remove("/bpf/x");
    }
}

TEST_CASE_FIXTURE(world, "where two cannot overlap, the old link ends first") {
    pinned_tracepoint();
    fail(call::raw_tracepoint_open, EBUSY);
    check_done(ensure_tracepoint(), ensured::updated, t1.id);
    check_is_so(t2);
}

TEST_CASE_FIXTURE(world, "a program that is refused after the old one is attached again") {
    pinned_tracepoint();
    fail(call::raw_tracepoint_open, EINVAL);
    auto const done = ensure_tracepoint({.overlap = false});
    REQUIRE_FALSE(done);
    CHECK(done.error().message().find("the old program was attached again") != std::string::npos);
    check_is_so(t1);
}

TEST_CASE_FIXTURE(world, "an old link that somebody else holds is told") {
    auto& there = pinned_tracepoint();
    auto const theirs = open(there);
    SUBCASE("the new one stays pinned beside it") {
        check_error(ensure_tracepoint().error(), EBUSY, operation::close, errc::still_held,
                    {"link " + std::to_string(there.id())});
        CHECK(link_at("/bpf/x") != there.id());
        CHECK(find_link(link_at("/bpf/x"))->prog.get() == &t2);
    }
    SUBCASE("it is pinned again where none is made before") {
        check_error(ensure_tracepoint({.overlap = false}).error(), EBUSY, operation::close,
                    errc::still_held);
        CHECK(is_as_it_was(there));
        CHECK(links_here() == std::vector{there.id()});
    }
}

TEST_CASE_FIXTURE(world, "nothing is begun where nobody could see the old link's end") {
    auto& there = pinned_tracepoint();
    fail_always(call::link_get_next_id, EPERM);
    auto const done = ensure_tracepoint();
    REQUIRE_FALSE(done);
    CHECK(done.error() == errc::permission_denied);
    CHECK(is_as_it_was(there));
    CHECK(calls(call::raw_tracepoint_open) == 0);
}

// 16.16: in this order, and never touched
TEST_CASE_FIXTURE(world, "what is not this hook's link at this place is named and left alone") {
    auto const refused = [&](errc condition, std::initializer_list<std::string_view> words) {
        for (int const calls_before = calls(call::link_create);
             auto const& options : {bl::ensure_options{}, bl::ensure_options{.overlap = false}}) {
            auto const done = ensure_xdp(options);
            REQUIRE_FALSE(done);
            CAPTURE(done.error().message());
            CHECK(done.error() == condition);
            for (auto const word : words)
                CHECK(done.error().message().find(word) != std::string::npos);
            CHECK(calls(call::link_create) == calls_before);
        }
        CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
    };
    SUBCASE("a map") {
        pin("/bpf/x", add_map());
        refused(errc::not_a_link, {"/bpf/x", "map"});
    }
    SUBCASE("a program") {
        pin("/bpf/x", v1);
        refused(errc::not_a_link, {"/bpf/x", "program"});
    }
    SUBCASE("a directory") {
        make_directory("/bpf/x");
        refused(errc::not_a_link, {"/bpf/x", "directory"});
    }
    SUBCASE("a link of another hook") {
        auto& there = pinned_tracepoint();
        refused(errc::wrong_kind, {"raw_tracepoint", "xdp"});
        CHECK(is_as_it_was(there));
    }
    SUBCASE("a link on another interface") {
        auto& there = pinned({.type = link_type::xdp, .prog = &v1, .target = 3});
        refused(errc::already_exists, {"another place", "interface 3", std::to_string(there.id())});
        CHECK(is_as_it_was(there));
        CHECK(there.prog.get() == &v1);
    }
    SUBCASE("a link on an interface of another network namespace") { // E4
        auto& there = pinned(
            {.type = link_type::xdp, .prog = &v1, .target = 2, .netns = fake::home_netns + 7});
        refused(errc::already_exists, {"another place"});
        CHECK(there.prog.get() == &v1);
    }
    SUBCASE("a link of which nothing tells where it is") { // E4
        auto& there = pinned_xdp();
        fail_always(call::load_object, EPERM);
        interface_facts[2].without_link.generic = 7;
        refused(errc::already_exists, {"cannot be told", "network namespace", "CAP_BPF"});
        CHECK(there.prog.get() == &v1);
    }
    remove("/bpf/x");
}

TEST_CASE_FIXTURE(world, "another attach type is told before a lost place") {
    auto& prog = add_program(program_type::sched_cls);
    typed_program<program_type::sched_cls> const own{{open(prog)}};
    bl::hook::tcx const ingress{.ifindex = bl::ifindex{2}, .attach = attach_type::tcx_ingress};
    auto& there = pinned(
        {.type = link_type::tcx, .prog = &prog, .attach = attach_type::tcx_egress, .target = 2});
    there.defunct = true;
    auto const done = bl::ensure_attached(own, ingress, pin_path);
    REQUIRE_FALSE(done);
    CHECK(done.error() == errc::already_exists);
    there.facts.attach = attach_type::tcx_ingress;
    check_done(bl::ensure_attached(own, ingress, pin_path), ensured::recreated, prog.id);
}

// 16.17
TEST_CASE_FIXTURE(world, "a link that holds the place is named, and not waited for") {
    auto& other = add_link({.type = link_type::xdp, .prog = &v1, .target = 2});
    std::string who;
    SUBCASE("by a process") {
        add_process(7, "daemon").links = {other.shared_from_this()};
        who = "process 7 (daemon)";
    }
    SUBCASE("by a pin") {
        pin("/other/theirs", other);
        who = "/other/theirs";
    }
    auto const begin = call::now();
    auto const done = ensure_xdp();
    REQUIRE_FALSE(done);
    check_error(done.error(), EBUSY, operation::link_create, errc::hook_busy,
                {"link " + std::to_string(other.id()), "program " + std::to_string(v1.id), who});
    CHECK(call::now() - begin < std::chrono::milliseconds{50});
    CHECK(names_in("/bpf").empty());
}

// 16.17
TEST_CASE_FIXTURE(world, "who holds the place's link for a moment, as a process just killed") {
    auto& other = add_link({.type = link_type::xdp, .prog = &v1, .target = 2});
    auto& killed = add_process(7, "daemon");
    killed.links = {other.shared_from_this()};
    before(call::back_off, [&] {
        killed.links.clear();
        let_go(other);
    });
    check_done(ensure_xdp(), ensured::created, 0);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a program without a link in another mode of XDP has the place too") {
    interface_facts[2].without_link.generic = 77;
    fail_always(call::link_create, EEXIST);
    auto const begin = call::now();
    bl::hook::xdp forced{.ifindex = bl::ifindex{2}};
    SUBCASE("automatic") {
    }
    SUBCASE("forced") {
        forced.mode = bl::xdp_mode::driver;
    }
    auto const done = bl::ensure_attached(second, forced, pin_path);
    REQUIRE_FALSE(done);
    check_error(done.error(), EEXIST, operation::link_create, errc::hook_busy,
                {"program 77 (generic)", "without a link"});
    CHECK(call::now() - begin < std::chrono::milliseconds{200});
}

TEST_CASE_FIXTURE(world, "a wait without end is not over at once") {
    lock_directory("/bpf");
    before(call::back_off, [&] { unlock_directory("/bpf"); });
    check_done(ensure_xdp({.wait = std::chrono::milliseconds::max()}), ensured::created, 0);
}

TEST_CASE_FIXTURE(world, "a link that nobody holds any more is waited for") {
    auto& other = add_link({.type = link_type::xdp, .prog = &v1, .target = 2});
    before(call::back_off, [&] { let_go(other); });
    check_done(ensure_xdp(), ensured::created, 0);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a program without a link is told, and not waited for") {
    interface_facts[2].without_link.driver = 77;
    auto const begin = call::now();
    auto const done = ensure_xdp();
    REQUIRE_FALSE(done);
    check_error(done.error(), EBUSY, operation::link_create, errc::hook_busy,
                {"program 77", "no link"});
    CHECK(call::now() - begin < std::chrono::milliseconds{200});
}

namespace {

/// A map of sockets, which takes one program, and puts a link in the place of one without.
struct world_with_sockets : world {
    fake::map& sockets = [this]() -> fake::map& {
        auto& made = add_map();
        made.type = 15;
        return made;
    }();
    bl::unique_fd owned = open(sockets);
    fake::program& verdict = add_program(program_type::sk_msg);
    typed_program<program_type::sk_msg> judge{{open(verdict)}};
    bl::hook::sockmap where{.map = *bl::map_ref::from_fd(owned),
                            .attach = attach_type::sk_msg_verdict};

    auto ensure() { return bl::ensure_attached(judge, where, pin_path); }
    void check_busy(std::string_view text) {
        auto const begin = call::now();
        auto const done = ensure();
        REQUIRE_FALSE(done);
        check_error(done.error(), EBUSY, operation::link_create, errc::hook_busy, {text});
        CHECK(call::now() - begin < std::chrono::milliseconds{200});
        CHECK(calls(call::link_create) == 0);
        CHECK(names_in("/bpf").empty());
    }
};

} // namespace

// 16.17
TEST_CASE_FIXTURE(world_with_sockets, "a sockmap's program without a link is told, and stays") {
    on_hook = {{77, 0}};
    check_busy("program 77 is there without a link");
}

TEST_CASE_FIXTURE(world_with_sockets, "the other kind of verdict on a sockmap is told at once") {
    fail_always(call::prog_query, EBUSY);
    check_busy("the other kind of verdict");
}

TEST_CASE_FIXTURE(world_with_sockets, "a sockmap's link that somebody holds is named") {
    auto& other = add_link({.type = link_type::sockmap,
                            .prog = &verdict,
                            .attach = attach_type::sk_msg_verdict,
                            .target = sockets.id});
    pin("/other/theirs", other);
    on_hook = {{verdict.id, 0}};
    fail(call::link_create, EBUSY);
    auto const done = ensure();
    REQUIRE_FALSE(done);
    check_error(done.error(), EBUSY, operation::link_create, errc::hook_busy,
                {"link " + std::to_string(other.id()), "/other/theirs"});
}

TEST_CASE_FIXTURE(world_with_sockets, "a sockmap's program whose link just ended is waited for") {
    on_hook = {{77, 0}};
    before(call::back_off, [&] { on_hook.clear(); });
    check_done(ensure(), ensured::created, 0);
    CHECK(calls(call::link_create) == 1);
}

TEST_CASE_FIXTURE(world, "the same program without a link is told, and not waited for") {
    auto& prog = add_program(program_type::sched_cls);
    typed_program<program_type::sched_cls> const own{{open(prog)}};
    bl::hook::tcx const where{.ifindex = bl::ifindex{2}, .attach = attach_type::tcx_ingress};
    on_hook = {{prog.id, 0}};
    fail_always(call::link_create, EEXIST);
    auto const begin = call::now();
    auto const done = bl::ensure_attached(own, where, pin_path);
    REQUIRE_FALSE(done);
    check_error(done.error(), EEXIST, operation::link_create, errc::hook_busy,
                {"program " + std::to_string(prog.id), "without a link"});
    CHECK(call::now() - begin < std::chrono::milliseconds{200});
}

// 16.17
TEST_CASE_FIXTURE(world, "the same program by somebody else's link has the hook") {
    auto& prog = add_program(program_type::sched_cls);
    typed_program<program_type::sched_cls> const own{{open(prog)}};
    bl::hook::tcx const where{.ifindex = bl::ifindex{2}, .attach = attach_type::tcx_ingress};
    fake::link_facts const there{
        .type = link_type::tcx, .prog = &prog, .attach = attach_type::tcx_ingress, .target = 2};
    SUBCASE("where there is no link yet") {
        auto& other = add_link(there);
        add_process(7, "daemon").links = {other.shared_from_this()};
        fail_always(call::link_create, EEXIST);
        auto const begin = call::now();
        auto const done = bl::ensure_attached(own, where, pin_path);
        REQUIRE_FALSE(done);
        check_error(done.error(), EEXIST, operation::link_create, errc::hook_busy,
                    {"link " + std::to_string(other.id()), "process 7 (daemon)"});
        CHECK(call::now() - begin < std::chrono::milliseconds{50});
    }
    SUBCASE("where it is to be swapped in") {
        auto& before = add_program(program_type::sched_cls);
        pinned({.type = link_type::tcx,
                .prog = &before,
                .attach = attach_type::tcx_ingress,
                .target = 2});
        auto& other = add_link(there);
        add_process(7, "daemon").links = {other.shared_from_this()};
        fail_always(call::link_update, EEXIST);
        auto const done = bl::ensure_attached(own, where, pin_path);
        REQUIRE_FALSE(done);
        check_error(done.error(), EEXIST, operation::link_update, errc::hook_busy,
                    {"link " + std::to_string(other.id()), "process 7 (daemon)"});
    }
    SUBCASE("where nothing tells by which") {
        fail_always(call::link_create, EEXIST);
        auto const done =
            bl::ensure_attached(own, where, pin_path, {.wait = std::chrono::milliseconds{50}});
        REQUIRE_FALSE(done);
        check_error(done.error(), EEXIST, operation::link_create, errc::hook_busy,
                    {"this program is there already", "no link of it was seen"});
    }
}

TEST_CASE_FIXTURE(world, "the same program's link that the kernel just releases is waited for") {
    fail(call::raw_tracepoint_open, EEXIST, 1);
    check_done(ensure_tracepoint(), ensured::created, 0);
    check_is_so(t2);
}

TEST_CASE_FIXTURE(world, "what the kernel just releases is waited for") {
    fail(call::link_create, EBUSY, 1);
    check_done(ensure_xdp(), ensured::created, 0);
    CHECK(calls(call::back_off) == 1);
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "and no longer than asked for") {
    fail_always(call::link_create, EBUSY);
    auto const begin = call::now();
    auto const done = ensure_xdp({.wait = std::chrono::milliseconds{50}});
    REQUIRE_FALSE(done);
    CHECK(done.error().code().value() == EBUSY);
    CHECK(call::now() - begin >= std::chrono::milliseconds{50});
    CHECK(call::now() - begin < std::chrono::milliseconds{60});
}

// 16.9
TEST_CASE_FIXTURE(world, "another call has the lock all the time") {
    auto& there = pinned_xdp();
    lock_directory("/bpf");
    auto const done = ensure_xdp({.wait = std::chrono::milliseconds{50}});
    REQUIRE_FALSE(done);
    check_error(done.error(), ETIMEDOUT, operation::flock, errc::timed_out, {"/bpf"});
    CHECK(is_as_it_was(there));
    CHECK(there.prog.get() == &v1);
    unlock_directory("/bpf");
}

TEST_CASE_FIXTURE(world, "what is as it should be needs no lock where a detach shows") {
    check_done(ensure_xdp(), ensured::created, 0);
    lock_directory("/bpf");
    check_done(ensure_xdp(), ensured::kept, v2.id);
    unlock_directory("/bpf");
}

// 16.9: a teardown has looked for holders, and removes the pin next
TEST_CASE_FIXTURE(world, "a link that a teardown is about to close is not kept") {
    pinned_tracepoint();
    bool is_asked = false;
    before(call::unlink, [&] {
        is_asked = true;
        auto const done = bl::ensure_attached(third, sys_enter, pin_path,
                                              {.wait = std::chrono::milliseconds{50}});
        REQUIRE_FALSE(done);
        CHECK(done.error() == errc::timed_out);
    });
    auto const ended = bl::teardown(pin_path);
    REQUIRE(succeeded(ended));
    CHECK(is_asked);
    CHECK(ended->gone);
    CHECK(links_here().empty());
}

TEST_CASE_FIXTURE(world, "somebody who pins without the lock is seen") {
    auto& other = add_link({.type = link_type::xdp, .prog = &v1, .target = 3});
    before(call::obj_pin, [&] { pin("/bpf/x", other); });
    auto const done = ensure_xdp();
    REQUIRE_FALSE(done);
    CHECK(done.error() == errc::already_exists);
    CHECK(link_at("/bpf/x") == other.id());
    CHECK(links_here() == std::vector{other.id()});
}

// 16.8
TEST_CASE_FIXTURE(world, "what a killed call left at the temporary name goes") {
    SUBCASE("beside nothing") {
    }
    SUBCASE("beside a link that is to be kept") {
        check_done(ensure_xdp(), ensured::created, 0);
    }
    auto& stale = add_link({.type = link_type::xdp, .prog = &v1, .target = 3});
    pin("/bpf/x%tmp", stale);
    let_go(stale);
    REQUIRE(succeeded(ensure_xdp()));
    check_is_so(v2);
}

TEST_CASE_FIXTURE(world, "a pin that the next replace_pin would take for stale is not made") {
    for (char const* const path : {"/bpf/x%tmp", "/bpf/none/x%tmp", "/bpf/none/"}) {
        auto const done = bl::ensure_attached(second, eth0, path);
        REQUIRE_FALSE(done);
        check_error(done.error(), EINVAL, operation::obj_pin, errc::invalid_argument, {path});
    }
    CHECK(links_here().empty());
    CHECK_FALSE(has_path("/bpf/none"));
}

TEST_CASE_FIXTURE(world, "something else at the temporary name is named and left alone") {
    pinned_xdp();
    pin("/bpf/x%tmp", add_map());
    auto const done = ensure_xdp();
    REQUIRE_FALSE(done);
    check_error(done.error(), EEXIST, operation::obj_pin, errc::already_exists, {"/bpf/x%tmp"});
    CHECK(has_path("/bpf/x%tmp"));
    remove("/bpf/x%tmp");
}

// 16.7
TEST_CASE_FIXTURE(world, "missing directories are made below the mount, for nobody else") {
    auto const done = bl::ensure_attached(second, eth0, "/bpf/a/b/x");
    REQUIRE(succeeded(done));
    CHECK(done->link.pinned_path() == "/bpf/a/b/x");
    for (auto const* const made : {"/bpf/a", "/bpf/a/b"})
        CHECK(permissions_of(made).mode == 0700);
    auto const outside = bl::ensure_attached(first, eth0, "/home/new/x");
    REQUIRE_FALSE(outside);
    CHECK(outside.error() == errc::invalid_argument);
    CHECK_FALSE(has_path("/home/new"));
    auto const leaving = bl::ensure_attached(first, eth0, "/bpf/../home/new/x");
    REQUIRE_FALSE(leaving);
    CHECK_FALSE(has_path("/home/new"));
    CHECK(calls(call::make_directory) == 2);
}

TEST_CASE_FIXTURE(world, "a directory that another call makes meanwhile will do") {
    before(call::make_directory, [&] { make_directory("/bpf/a"); });
    REQUIRE(succeeded(bl::ensure_attached(second, eth0, "/bpf/a/x")));
    CHECK(link_at("/bpf/a/x") != 0);
}

TEST_CASE_FIXTURE(world, "a pin through a symbolic link is the one that it leads to") {
    auto& there = add_link({.type = link_type::xdp, .prog = &v1, .target = 2});
    pin("/bpf/real", there);
    let_go(there);
    make_symlink("/bpf/x", "real"); // E1
    auto const done = ensure_xdp();
    REQUIRE(succeeded(done));
    CHECK(done->how == ensured::updated);
    CHECK(done->link.pinned_path() == "/bpf/real");
    CHECK(links_here() == std::vector{there.id()});
}

TEST_CASE_FIXTURE(world, "a path of the file system library will do") {
    REQUIRE(succeeded(bl::ensure_attached(second, eth0, std::filesystem::path{pin_path})));
    check_is_so(v2);
}

// Tables of struct_ops

TEST_CASE_FIXTURE(world, "a table's map is what its link holds") {
    auto& m1 = add_map();
    auto& m2 = add_map();
    auto const own1 = open(m1), own2 = open(m2);
    auto const map1 = *bl::map_ref::from_fd(own1), map2 = *bl::map_ref::from_fd(own2);
    bl::hook::struct_ops const where;
    check_done(bl::ensure_attached(map1, where, pin_path), ensured::created, 0);
    auto const id = link_at("/bpf/x");
    check_done(bl::ensure_attached(map1, where, pin_path), ensured::kept, 0);
    SUBCASE("it is swapped") {
        check_done(bl::ensure_attached(map2, where, pin_path), ensured::updated, 0);
        CHECK(last_update.flags == bl::uapi::f_replace);
        CHECK(link_at("/bpf/x") == id);
    }
    CHECK(links_here() == std::vector{link_at("/bpf/x")});
}

TEST_CASE_FIXTURE(world, "somebody else's table of the same name is named, and not waited for") {
    auto& mine = add_map();
    auto& theirs = add_map();
    auto const is_called = [](fake::map& table, std::string const& name) {
        table.value_type = 5;
        table.value_size = 24;
        table.values = {std::string(8, '\x01') + name + std::string(16 - name.size(), '\0')};
    };
    is_called(mine, "bbr");
    auto& other = add_link({.type = link_type::struct_ops, .target = theirs.id});
    add_process(7, "daemon").links = {other.shared_from_this()};
    fail_always(call::link_create, EEXIST);
    auto const own = open(mine), kept = open(theirs);
    auto const refused_as = [&](std::string const& name) {
        is_called(theirs, name);
        auto const done = bl::ensure_attached(*bl::map_ref::from_fd(own), bl::hook::struct_ops{},
                                              pin_path, {.wait = std::chrono::milliseconds{50}});
        REQUIRE_FALSE(done);
        CHECK(done.error() == errc::hook_busy);
        return done.error().message();
    };
    CHECK(refused_as("bbr2").find("a table of that name is registered") != std::string::npos);
    auto const begin = call::now();
    auto const message = refused_as("bbr");
    CHECK(message.find("link " + std::to_string(other.id()) + " (struct_ops") != message.npos);
    CHECK(message.find("process 7 (daemon)") != message.npos);
    CHECK(call::now() - begin < std::chrono::milliseconds{30});
}

// By a descriptor instead of a pin

TEST_CASE_FIXTURE(world, "a descriptor stands for a pin") {
    bl::unique_fd store;
    auto made = bl::ensure_attached(second, eth0, std::move(store));
    REQUIRE(succeeded(made));
    CHECK(made->how == ensured::created);
    CHECK_FALSE(made->link.is_pinned());
    auto const id = made->link.info()->id;
    store = made->link.release();

    auto kept = bl::ensure_attached(second, eth0, std::move(store));
    REQUIRE(succeeded(kept));
    CHECK(kept->how == ensured::kept);
    CHECK_FALSE(store);
    store = kept->link.release();

    auto updated = bl::ensure_attached(first, eth0, std::move(store));
    REQUIRE(succeeded(updated));
    CHECK(updated->how == ensured::updated);
    CHECK(updated->link.info()->id == id);
    find_link(id.value())->defunct = true;
    store = updated->link.release();

    auto again = bl::ensure_attached(first, eth0, std::move(store));
    REQUIRE(succeeded(again));
    CHECK(again->how == ensured::recreated);
    CHECK(links_here().size() == 1);
    CHECK(calls(call::obj_pin) == 0);
    CHECK(calls(call::lock) == 0);
}

TEST_CASE_FIXTURE(world, "a descriptor that will not do is still the caller's") {
    auto& other = add_link({.type = link_type::xdp, .prog = &v1, .target = 3});
    auto store = open(other);
    auto const elsewhere = bl::ensure_attached(second, eth0, std::move(store));
    REQUIRE_FALSE(elsewhere);
    CHECK(elsewhere.error() == errc::already_exists);
    CHECK(store);
    store = open(add_map());
    auto const map = bl::ensure_attached(second, eth0, std::move(store));
    REQUIRE_FALSE(map);
    CHECK(map.error() == errc::not_a_link);
    CHECK(store);
}

TEST_CASE_FIXTURE(world, "a descriptor of a kind without update is replaced, or given back") {
    auto& there = add_link({.type = link_type::raw_tracepoint, .prog = &t1, .name = "sys_enter"});
    auto store = open(there);
    auto const held_elsewhere =
        bl::ensure_attached(fourth, sys_enter, std::move(store), {.overlap = false});
    REQUIRE_FALSE(held_elsewhere);
    CHECK(held_elsewhere.error() == errc::still_held);
    CHECK(store);
    let_go(there);
    auto const done = bl::ensure_attached(fourth, sys_enter, std::move(store));
    REQUIRE(succeeded(done));
    CHECK(done->how == ensured::updated);
    CHECK(links_here().size() == 1);
}

// 16.15
TEST_CASE_FIXTURE(every_place, "to keep what is there costs what docs/lifecycle.md says") {
    make_directory("/bpf");
    std::map<std::string_view, int> costs;
    visit_all([&](std::string_view name, auto const& prog, auto const& where, fake::link& there) {
        pin("/bpf/x", there);
        let_go(there);
        static_cast<void>(bl::ensure_attached(prog, where, pin_path)); // loads the library's own
        forget_calls();
        auto const done = bl::ensure_attached(prog, where, pin_path);
        costs[name] = cost();
        CAPTURE(name);
        REQUIRE(succeeded(done));
        CHECK(done->how == ensured::kept);
        remove("/bpf/x");
    });
    for (auto const* const name : {"xdp", "tcx", "netkit", "cgroup", "netns", "sockmap"})
        CHECK(costs[name] <= 12);
    CHECK(costs == std::map<std::string_view, int>{{"xdp", 10},          {"tcx", 10},
                                                   {"netkit", 10},       {"cgroup", 11},
                                                   {"netns", 9},         {"sockmap", 8},
                                                   {"netfilter", 10},    {"struct_ops", 14},
                                                   {"iter", 15},         {"tracing", 15},
                                                   {"lsm", 15},          {"freplace", 22},
                                                   {"tp_btf", 15},       {"raw_tracepoint", 15},
                                                   {"tracepoint", 17},   {"kprobe", 14},
                                                   {"kprobe_multi", 18}, {"uprobe", 24},
                                                   {"uprobe_multi", 24}, {"usdt", 31},
                                                   {"tracing_multi", 14}});
}

// Whatever fails

namespace {

/// Lets one system call after the other fail in every way, until the call succeeds; what is there
/// afterwards is checked, and so is what the next call makes of it. (Not with ENOENT or EINVAL:
/// those would be lies, that something is not there, or is another object.)
template <class Prepare, class Act, class Check>
void fail_each_call_in_turn(Prepare prepare, Act act, Check check) {
    for (int const number : {EPERM, EACCES, EIO, EAGAIN, EMFILE, EEXIST, EBUSY, ENOMEM})
        for (int nth = 1;; ++nth) {
            REQUIRE(nth < 200);
            CAPTURE(number);
            CAPTURE(nth);
            world w;
            fake::link* const there = prepare(w);
            auto& other = w.add_link({.type = link_type::xdp, .prog = &w.v1, .target = 3});
            w.pin("/other/stranger", other);
            w.fail_any(number, nth);
            bool failed;
            {
                auto const done = act(w);
                failed = w.has_failed();
                w.mend();
                check(w, there, done.has_value());
                if (!failed) CHECK(done.has_value());
            }
            CHECK(w.open_descriptors().size() <= w.held + 2); // the library's own programs
            {
                auto const again = act(w);
                if (!again) MESSAGE(again.error().message());
                REQUIRE(again);
            }
            CHECK(w.names_in("/bpf") == std::vector<std::string>{"x"});
            CHECK(w.links_here().size() == 2); // and the stranger's
            CHECK(w.link_at("/other/stranger") == other.id());
            CHECK(other.prog.get() == &w.v1);
            CHECK_FALSE(w.is_locked("/bpf"));
            if (!failed) break;
        }
}

} // namespace

TEST_CASE("whatever call fails, a first link is there whole or not at all") {
    fail_each_call_in_turn([](world&) -> fake::link* { return nullptr; },
                           [](world& w) { return w.ensure_xdp(); },
                           [](world& w, fake::link*, bool done) {
                               CHECK(w.names_in("/bpf").size() == (done ? 1 : 0));
                               CHECK(w.links_here().size() == (done ? 2 : 1));
                           });
}

TEST_CASE("whatever call fails, a link that was there keeps its pin and its place") {
    fail_each_call_in_turn([](world& w) { return &w.pinned_xdp(); },
                           [](world& w) { return w.ensure_xdp(); },
                           [](world& w, fake::link* there, bool done) {
                               CHECK(w.names_in("/bpf") == std::vector<std::string>{"x"});
                               REQUIRE(w.find_link(w.link_at("/bpf/x")) == there);
                               CHECK(w.links_here().size() == 2);
                               if (done) CHECK(there->prog.get() == &w.v2);
                           });
}

TEST_CASE("whatever call fails, a defunct link is replaced or stays") {
    fail_each_call_in_turn(
        [](world& w) {
            auto& there = w.pinned_xdp();
            there.defunct = true;
            return &there;
        },
        [](world& w) { return w.ensure_xdp(); },
        [](world& w, fake::link*, bool) {
            CHECK(w.names_in("/bpf") == std::vector<std::string>{"x"});
            CHECK(w.links_here().size() == 2);
        });
}

TEST_CASE(
    "whatever call fails, the old link or the new one is pinned where the kernel swaps none") {
    for (bool const overlap : {true, false})
        fail_each_call_in_turn([](world& w) { return &w.pinned_tracepoint(); },
                               [&](world& w) { return w.ensure_tracepoint({.overlap = overlap}); },
                               [](world& w, fake::link*, bool done) {
                                   CHECK(w.link_at("/bpf/x") != 0);
                                   if (done) CHECK(w.links_here().size() == 2);
                               });
}

TEST_CASE_FIXTURE(world, "what is made, or swapped, costs what the header says") {
    auto const calls_for = [&](auto const& prog) {
        forget_calls();
        auto const done = bl::ensure_attached(prog, eth0, "/bpf/counted");
        int const all = system_calls();
        REQUIRE(succeeded(done));
        return all;
    };
    CHECK(calls_for(first) == 15);
    CHECK(calls_for(second) == 29);
}
