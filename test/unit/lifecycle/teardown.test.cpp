// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/raw_tracepoint.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/lifecycle/teardown.hpp>

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace {

/// A link that the kernel detaches, and one that it does not.
struct to_go : machine {
    fake::program& xdp = add_program(bl::program_type::xdp);
    fake::program& tracer = add_program(bl::program_type::raw_tracepoint);
    fake::link& quick = add_link({.type = bl::link_type::xdp, .prog = &xdp, .target = 2});
    fake::link& slow =
        add_link({.type = bl::link_type::raw_tracepoint, .prog = &tracer, .name = "sys_enter"});
    bl::link_id const quick_id{quick.id()};
    bl::link_id const slow_id{slow.id()};

    /// A handle that holds the link alone.
    bl::link sole(fake::link& l) {
        auto handle = bl::link::from_fd(open(l));
        REQUIRE(succeeded(handle));
        let_go(l);
        forget_calls();
        return *std::move(handle);
    }
    bl::link pinned(fake::link& l, char const* path) {
        pin(path, l);
        let_go(l);
        auto handle = bl::link::load_pinned(path);
        REQUIRE(succeeded(handle));
        forget_calls();
        return *std::move(handle);
    }
};

} // namespace

TEST_CASE_FIXTURE(to_go, "a link that can be detached is, and its handle closes") {
    auto l = sole(quick);
    auto const done = bl::teardown(std::move(l));
    REQUIRE(succeeded(done));
    CHECK(done->id == quick_id);
    CHECK(done->detached);
    CHECK(done->gone);
    CHECK(done->left.processes.empty());
    CHECK_FALSE(l);
    CHECK_FALSE(exists(quick_id));
    CHECK(system_calls() == 4); // E27
    CHECK(calls(call::back_off) == 0);
}

TEST_CASE_FIXTURE(to_go, "a link that can be detached is off, whoever holds the shell") {
    add_process(7, "daemon").links = {quick.shared_from_this()};
    auto l = pinned(quick, "/bpf/x");
    pin("/other/second", quick);
    auto const done = bl::teardown(std::move(l));
    REQUIRE(succeeded(done));
    CHECK(done->detached);
    CHECK_FALSE(done->gone);
    CHECK(quick.defunct);
    CHECK_FALSE(has_path("/bpf/x"));
    REQUIRE(done->left.processes.size() == 1);
    CHECK(done->left.processes[0].process == 7);
    CHECK(done->left.pins == std::vector<std::string>{"/other/second"});
}

TEST_CASE_FIXTURE(to_go, "a detached link that nobody holds is waited for") {
    auto held = quick.shared_from_this(); // as by a pin that the kernel has not let go of yet
    auto l = pinned(quick, "/bpf/x");
    SUBCASE("it ends late") {
        before(call::back_off, [&] { held.reset(); }, 5);
        auto const done = bl::teardown(std::move(l));
        REQUIRE(succeeded(done));
        CHECK(done->detached);
        CHECK(done->gone);
        CHECK_FALSE(exists(quick_id));
    }
    SUBCASE("not without end") {
        auto const begin = call::now();
        auto const done = bl::teardown(std::move(l), std::chrono::milliseconds::max());
        REQUIRE(succeeded(done));
        CHECK(done->detached);
        CHECK_FALSE(done->gone);
        CHECK(call::now() - begin >= 1s);
        CHECK(call::now() - begin < 2s);
    }
}

TEST_CASE_FIXTURE(to_go, "a link that is held by another and cannot be detached stays as it is") {
    auto l = pinned(slow, "/bpf/x");
    std::string who;
    bl::unique_fd second;
    SUBCASE("by another process") {
        add_process(7, "daemon").links = {slow.shared_from_this()};
        who = "process 7 (daemon)";
    }
    SUBCASE("by another pin") {
        pin("/other/y", slow);
        who = "/other/y";
    }
    SUBCASE("by another descriptor of this process") {
        second = open(slow);
        who = "process 4321 (own)";
    }
    auto const done = bl::teardown(std::move(l));
    REQUIRE_FALSE(done);
    check_error(done.error(), EBUSY, bl::operation::close, bl::errc::still_held,
                {"link " + std::to_string(slow_id.value()), who, "nothing was changed"});
    CHECK(l);
    CHECK(l.pinned_path() == "/bpf/x");
    CHECK(link_at("/bpf/x") == slow_id.value());
    CHECK(calls(call::unlink) == 0);
}

TEST_CASE_FIXTURE(to_go, "who holds a link for a moment, as one that looks at it, is waited for") {
    add_process(7, "looker").links = {slow.shared_from_this()};
    auto l = sole(slow);
    before(call::back_off, [this] { others.clear(); });
    auto const done = bl::teardown(std::move(l));
    REQUIRE(succeeded(done));
    CHECK(done->gone);
}

TEST_CASE_FIXTURE(to_go, "a link that nobody else holds ends when it closes, pin and all") {
    auto l = pinned(slow, "/bpf/x");
    auto const begin = call::now();
    auto const done = bl::teardown(std::move(l));
    REQUIRE(succeeded(done));
    CHECK(done->id == slow_id);
    CHECK_FALSE(done->detached);
    CHECK(done->gone);
    CHECK_FALSE(l);
    CHECK_FALSE(has_path("/bpf/x"));
    CHECK_FALSE(exists(slow_id));
    CHECK(call::now() - begin >= 100ms); // it had a pin: the kernel lets go of that a moment later
}

TEST_CASE_FIXTURE(to_go, "a link without a pin that is gone at once is not waited for") {
    auto l = sole(slow);
    auto const begin = call::now();
    CHECK(succeeded(bl::teardown(std::move(l))));
    CHECK(call::now() == begin);
}

TEST_CASE_FIXTURE(to_go, "a pin that goes half way is fine, and its end is waited for") {
    auto l = pinned(slow, "/bpf/x");
    before(call::facts_of_name, [this] { remove("/bpf/x"); });
    auto const begin = call::now();
    auto const done = bl::teardown(std::move(l));
    REQUIRE(succeeded(done));
    CHECK(done->gone);
    CHECK(call::now() - begin >= 100ms);
}

TEST_CASE_FIXTURE(to_go, "a pin that is something else's by now stays") {
    for (auto* const each : {&quick, &slow}) {
        auto& other = add_link({.type = bl::link_type::xdp, .prog = &xdp, .target = 3});
        auto l = pinned(*each, "/bpf/x");
        pin("/bpf/x", other);
        CHECK(succeeded(bl::teardown(std::move(l))));
        CHECK(link_at("/bpf/x") == other.id());
        remove("/bpf/x");
    }
}

TEST_CASE_FIXTURE(to_go, "a link that ends late is waited for, and settles") {
    auto held = slow.shared_from_this(); // as by a pin that the kernel has not let go of yet
    auto l = sole(slow);
    before(call::back_off, [&] { held.reset(); }, 5);
    auto const begin = call::now();
    auto const done = bl::teardown(std::move(l));
    REQUIRE(succeeded(done));
    CHECK(done->gone);
    CHECK(call::now() - begin >= 100ms);
    CHECK_FALSE(exists(slow_id));
}

TEST_CASE_FIXTURE(to_go, "a machine that stands still does not settle meanwhile") {
    auto l = pinned(slow, "/bpf/x");
    before(call::back_off, [this] { pass(std::chrono::hours{1}); });
    forget_calls();
    REQUIRE(succeeded(bl::teardown(std::move(l))));
    CHECK(calls(call::back_off) >= 20);
}

TEST_CASE_FIXTURE(to_go,
                  "a link that is still there at the limit says that pin and handle are gone") {
    auto held = slow.shared_from_this();
    auto l = pinned(slow, "/bpf/x");
    auto const begin = call::now();
    auto const done = bl::teardown(std::move(l), 50ms);
    REQUIRE_FALSE(done);
    check_error(done.error(), EBUSY, bl::operation::close, bl::errc::still_held,
                {"nobody that can be seen", "handle is closed, and its pin at /bpf/x is gone"});
    CHECK(call::now() - begin < 200ms);
    CHECK_FALSE(l);
    CHECK_FALSE(has_path("/bpf/x"));
}

TEST_CASE_FIXTURE(to_go, "a limit without end is not over at once") {
    pin("/bpf/x", quick);
    lock_directory("/bpf");
    before(call::back_off, [this] { unlock_directory("/bpf"); });
    CHECK(succeeded(bl::teardown("/bpf/x", std::chrono::milliseconds::max())));
    CHECK(quick.defunct);
    CHECK_FALSE(has_path("/bpf/x"));
}

TEST_CASE_FIXTURE(to_go, "an id that another link has by now is not the link's") {
    auto l = sole(slow);
    fake::link* recycled = nullptr;
    auto const add = [&] {
        if (!exists(slow_id))
            recycled = &add_link({.type = bl::link_type::xdp, .prog = &xdp, .id = slow_id.value()});
    };
    SUBCASE("attached") {
        for (int nth = 1; nth != 10; ++nth)
            before(call::link_get_next_id, add, nth);
    }
    SUBCASE("being made") {
        for (int nth = 1; nth != 10; ++nth)
            before(
                call::link_get_next_id,
                [&] {
                    add();
                    if (recycled) recycled->settled = false;
                },
                nth);
    }
    auto const done = bl::teardown(std::move(l), 20ms);
    REQUIRE(succeeded(done));
    CHECK(done->gone);
    CHECK(recycled != nullptr);
}

TEST_CASE_FIXTURE(to_go, "what cannot be verified is not begun") {
    auto l = pinned(slow, "/bpf/x");
    lacks_capabilities = {21};
    fail_always(call::link_get_next_id, EPERM);
    auto const done = bl::teardown(std::move(l));
    REQUIRE_FALSE(done);
    check_error(done.error(), EPERM, bl::operation::link_get_next_id, bl::errc::permission_denied,
                {"cannot be verified", "nothing was changed"});
    CHECK(l);
    CHECK(link_at("/bpf/x") == slow_id.value());
}

TEST_CASE_FIXTURE(to_go, "a typed link is taken over, and kept on an error") {
    auto held = bl::raw_tracepoint_link::from_link(sole(slow));
    REQUIRE(succeeded(held));
    auto second = open(slow);
    auto const refused = bl::teardown(*std::move(held));
    REQUIRE_FALSE(refused);
    CHECK(*held);
    CHECK(succeeded(second.close()));
    auto const done = bl::teardown(*std::move(held));
    REQUIRE(succeeded(done));
    CHECK_FALSE(*held);
    CHECK_FALSE(exists(slow_id));
}

TEST_CASE_FIXTURE(to_go, "a path: the link that is pinned there") {
    for (auto* const each : {&quick, &slow}) {
        bl::link_id const id{each->id()};
        pin("/bpf/x", *each);
        let_go(*each);
        auto const done = bl::teardown("/bpf/x");
        REQUIRE(succeeded(done));
        CHECK(done->id == id);
        CHECK(done->gone);
        CHECK_FALSE(exists(id));
        CHECK_FALSE(has_path("/bpf/x"));
        CHECK_FALSE(is_locked("/bpf"));
    }
}

TEST_CASE_FIXTURE(to_go, "a path: another program than is expected stays, and what is beside it") {
    pin("/bpf/x%tmp", slow);
    pin("/bpf/x", quick);
    auto const runs = bl::program_id{quick.prog->id};
    auto const other = bl::program_id{runs.value() + 1000};
    auto const done = bl::teardown("/bpf/x", std::chrono::seconds{3}, other);
    REQUIRE_FALSE(done);
    check_error(done.error(), EPERM, bl::operation::link_get_info, bl::errc::program_mismatch,
                {"it runs program " + std::to_string(runs.value()), "nothing was changed"});
    CHECK(link_at("/bpf/x") == quick_id.value());
    CHECK(link_at("/bpf/x%tmp") == slow_id.value());
    CHECK_FALSE(quick.defunct);
    let_go(slow);
    let_go(quick);
    REQUIRE(succeeded(bl::teardown("/bpf/x", std::chrono::seconds{3}, runs)));
    CHECK_FALSE(exists(quick_id));
    CHECK_FALSE(has_path("/bpf/x%tmp"));
}

TEST_CASE_FIXTURE(to_go, "a path where nothing is: nothing to do") {
    for (auto const* const path : {"/bpf/x", "/bpf/no/x", "/home/x"}) {
        CAPTURE(path);
        auto const done = bl::teardown(path);
        REQUIRE(succeeded(done));
        CHECK(done->id == bl::link_id{});
        CHECK_FALSE(done->detached);
        CHECK(done->gone);
    }
}

TEST_CASE_FIXTURE(to_go, "a path: what a killed ensure_attached left beside the pin ends too") {
    pin("/bpf/x%tmp", slow);
    SUBCASE("alone") {
        let_go(slow);
        REQUIRE(succeeded(bl::teardown("/bpf/x")));
        CHECK_FALSE(exists(slow_id));
    }
    SUBCASE("with the link that it was to replace") {
        let_go(slow);
        pin("/bpf/x", quick);
        let_go(quick);
        auto const done = bl::teardown("/bpf/x");
        REQUIRE(succeeded(done));
        CHECK(done->id == quick_id);
        CHECK_FALSE(exists(quick_id));
        CHECK_FALSE(exists(slow_id));
    }
    SUBCASE("but for another's, of which only that name goes") {
        pin("/other/y", slow);
        REQUIRE(succeeded(bl::teardown("/bpf/x")));
        CHECK(link_at("/other/y") == slow_id.value());
        CHECK_FALSE(slow.defunct);
    }
    SUBCASE("but where its end could not be verified") {
        let_go(slow);
        fail(call::link_get_next_id, EPERM);
        auto const done = bl::teardown("/bpf/x");
        REQUIRE_FALSE(done);
        check_error(done.error(), EPERM, bl::operation::link_get_next_id,
                    bl::errc::permission_denied, {"nothing was changed"});
        CHECK(link_at("/bpf/x%tmp") == slow_id.value());
        return;
    }
    CHECK_FALSE(has_path("/bpf/x%tmp"));
    CHECK_FALSE(is_locked("/bpf"));
}

TEST_CASE_FIXTURE(to_go, "a path: what is beside the pin and is not a link stays") {
    pin("/bpf/x%tmp", add_map());
    pin("/bpf/x", quick);
    let_go(quick);
    REQUIRE(succeeded(bl::teardown("/bpf/x")));
    CHECK(has_path("/bpf/x%tmp"));
    CHECK_FALSE(exists(quick_id));
}

TEST_CASE_FIXTURE(to_go, "a path where something else is: it stays") {
    pin("/bpf/map", add_map());
    pin("/bpf/prog", xdp);
    make_directory("/bpf/dir");
    make_file("/home/file");
    for (auto const* const path : {"/bpf/map", "/bpf/prog", "/bpf/dir", "/home/file"}) {
        CAPTURE(path);
        auto const done = bl::teardown(path);
        REQUIRE_FALSE(done);
        check_error(done.error(), EINVAL, bl::operation::obj_get, bl::errc::not_a_link, {path});
        CHECK(has_path(path));
    }
}

TEST_CASE_FIXTURE(to_go, "a path: it waits for the directory's lock, and changes nothing") {
    pin("/bpf/x", quick);
    lock_directory("/bpf");
    auto const done = bl::teardown("/bpf/x", 100ms);
    REQUIRE_FALSE(done);
    CHECK(done.error() == bl::errc::timed_out);
    CHECK(link_at("/bpf/x") == quick_id.value());
    CHECK_FALSE(quick.defunct);
}

TEST_CASE_FIXTURE(to_go,
                  "every call that fails: what is told is so, and nothing foreign is touched") {
    auto& other = add_link({.type = bl::link_type::xdp, .prog = &xdp, .target = 9});
    pin("/bpf/other", other);
    for (int const number :
         {EPERM, EACCES, ENOENT, EBUSY, EAGAIN, ENOMEM, EMFILE, EROFS, EIO, EINVAL})
        for (int nth = 1; nth != 80; ++nth)
            for (bool const is_slow : {false, true}) {
                // By that answer it would be foreign, and stay open.
                if (number == EINVAL) bl::descriptors_program().unload();
                CAPTURE(number);
                CAPTURE(nth);
                CAPTURE(is_slow);
                auto& l = is_slow
                              ? add_link({.type = bl::link_type::raw_tracepoint,
                                          .prog = &tracer,
                                          .name = "sys_enter"})
                              : add_link({.type = bl::link_type::xdp, .prog = &xdp, .target = 2});
                bl::link_id const id{l.id()};
                auto handle = pinned(l, "/bpf/x");
                fail_any(number, nth);
                auto const done = bl::teardown(std::move(handle), 30ms);
                mend();
                if (done) {
                    CHECK(done->id == id);
                    CHECK((done->detached || !exists(id)));
                    CHECK((!done->gone || !exists(id)));
                } else if (handle) {
                    CHECK(exists(id));
                    if (is_slow) CHECK((link_at("/bpf/x") == id.value() || !handle.is_pinned()));
                }
                CHECK(link_at("/bpf/other") == other.id());
                CHECK_FALSE(other.defunct);
                remove("/bpf/x");
            }
}
