// SPDX-License-Identifier: Apache-2.0
// What a handle does, once there is one.
#include "one_link.hpp"

#include <bpflink/hook/iter.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/typed_link.hpp>

#include <string>
#include <utility>

TEST_CASE_FIXTURE(one_link, "a link detaches when its last descriptor closes") {
    {
        auto const handle = sole_handle();
        CHECK(exists(id));
    }
    CHECK_FALSE(exists(id));
}

TEST_CASE_FIXTURE(one_link, "a pinned link outlives its handle") {
    {
        auto handle = sole_handle();
        REQUIRE(succeeded(handle.pin("/bpf/x")));
    }
    CHECK(exists(id));
    CHECK(link_at("/bpf/x") == id.value());
}

TEST_CASE_FIXTURE(one_link, "release hands the descriptor on and empties the handle") {
    auto handle = sole_handle();
    REQUIRE(succeeded(handle.pin("/bpf/x")));
    REQUIRE(succeeded(handle.unpin()));
    auto kept = handle.release();
    CHECK_FALSE(handle);
    CHECK_FALSE(handle.is_pinned());
    CHECK(exists(id));
    kept.reset();
    CHECK_FALSE(exists(id));
    CHECK_FALSE(handle.release());
}

TEST_CASE_FIXTURE(one_link, "close shows the error; the handle is empty and the pin stays") {
    auto handle = sole_handle();
    REQUIRE(succeeded(handle.pin("/bpf/x")));
    fail(call::close, EIO);
    auto const closed = handle.close();
    check_error(closed, EIO, bl::operation::close, no_condition);
    CHECK_FALSE(handle);
    CHECK_FALSE(handle.is_pinned());
    CHECK(link_at("/bpf/x") == id.value());
    CHECK(succeeded(handle.close())); // nothing left to close
    CHECK(succeeded(bl::link{}.close()));
}

TEST_CASE_FIXTURE(one_link, "moving hands everything on, and the source is empty") {
    pin("/bpf/a_path_that_is_too_long_for_any_small_buffer", there);
    auto opened = bl::link::load_pinned("/bpf/a_path_that_is_too_long_for_any_small_buffer");
    REQUIRE(succeeded(opened));
    bl::link first = *std::move(opened);
    int const number = first.fd().get();
    bl::link second = std::move(first);
    CHECK_FALSE(first); // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(first.is_pinned());
    CHECK_FALSE(first.pinned_path().has_value());
    CHECK(second.fd().get() == number);
    CHECK(second.is_pinned());

    bl::link third = sole_handle();
    int const replaced = third.fd().get();
    third = std::move(second);
    CHECK_FALSE(is_open(replaced));
    CHECK(third.fd().get() == number);
    CHECK(third.pinned_path() == "/bpf/a_path_that_is_too_long_for_any_small_buffer");
    CHECK_FALSE(second.is_pinned()); // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(bl::link{});
}

TEST_CASE_FIXTURE(one_link, "detach takes the program off the hook and leaves a defunct link") {
    auto handle = sole_handle();
    CHECK(handle.state() == bl::link_state::attached);
    REQUIRE(succeeded(handle.detach()));
    CHECK(there.defunct);
    CHECK(handle.state() == bl::link_state::defunct);
    CHECK(succeeded(handle.detach())); // twice is no error
    CHECK(handle);
}

TEST_CASE_FIXTURE(machine, "each kind is detached exactly when the table says that it can be") {
    auto& prog = add_program(bl::program_type::xdp);
    for (auto const& traits : bl::link_traits_table) {
        if (traits.type == bl::link_type::unspec) continue;
        CAPTURE(traits.name);
        auto& there = add_link({.type = traits.type, .prog = &prog, .target = 2});
        auto handle = bl::link::from_id(bl::link_id{there.id()});
        REQUIRE(succeeded(handle));
        auto const done = handle->detach();
        CHECK(there.defunct == traits.detachable);
        if (traits.detachable) {
            CHECK(succeeded(done));
        } else {
            check_error(done, EOPNOTSUPP, bl::operation::link_detach, bl::errc::not_supported,
                        {"link " + std::to_string(there.id()), traits.name});
        }
    }
}

TEST_CASE_FIXTURE(one_link, "a kernel without the detach command does not support it") {
    auto handle = sole_handle();
    fail(call::link_detach, EINVAL);
    check_error(handle.detach(), EINVAL, bl::operation::link_detach, bl::errc::not_supported,
                {name});
    fail(call::link_detach, EPERM);
    check_error(handle.detach(), EPERM, bl::operation::link_detach, bl::errc::permission_denied,
                {name});
    fail(call::link_detach, ENOMEM);
    fail(call::obj_get_info, EPERM); // the link's name cannot be asked for either
    check_error(handle.detach(), ENOMEM, bl::operation::link_detach, no_condition,
                {"descriptor " + std::to_string(handle.fd().get())});
}

TEST_CASE_FIXTURE(one_link, "the state is unknown where the kernel does not answer") {
    auto const handle = sole_handle();
    fail(call::obj_get_info, EPERM);
    CHECK(handle.state() == bl::link_state::unknown);
    CHECK(handle.state() == bl::link_state::attached);
}

TEST_CASE_FIXTURE(one_link, "a link becomes typed, with its pin") {
    pin("/bpf/x", there);
    auto opened = bl::link::load_pinned("/bpf/x");
    REQUIRE(succeeded(opened));
    int const number = opened->fd().get();
    auto typed = std::move(*opened).as<bl::xdp_link>();
    REQUIRE(succeeded(typed));
    CHECK(typed->fd().get() == number);
    CHECK(typed->pinned_path() == "/bpf/x");
    CHECK_FALSE(*opened); // NOLINT(bugprone-use-after-move)
}

TEST_CASE_FIXTURE(one_link, "a link of another kind stays where it was") {
    pin("/bpf/x", there);
    auto opened = bl::link::load_pinned("/bpf/x");
    REQUIRE(succeeded(opened));
    int const number = opened->fd().get();
    auto const wrong = std::move(*opened).as<bl::iter_link>();
    check_error(wrong, EINVAL, bl::operation::identify, bl::errc::wrong_kind,
                {name, "xdp", "iter"});
    CHECK(opened->fd().get() == number); // NOLINT(bugprone-use-after-move)
    CHECK(opened->pinned_path() == "/bpf/x");

    fail(call::obj_get_info, EACCES);
    auto const silent = std::move(*opened).as<bl::xdp_link>();
    check_error(silent, EACCES, bl::operation::link_get_info, bl::errc::permission_denied);
    CHECK(opened->fd().get() == number); // NOLINT(bugprone-use-after-move)
    CHECK(is_open(number));
}
