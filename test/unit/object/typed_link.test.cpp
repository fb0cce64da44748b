// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/cgroup.hpp>
#include <bpflink/hook/iter.hpp>
#include <bpflink/hook/raw_tracepoint.hpp>
#include <bpflink/hook/tp_btf.hpp>
#include <bpflink/hook/uprobe.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/program_ref.hpp>
#include <bpflink/typed_link.hpp>

#include <string>
#include <type_traits>
#include <utility>

static_assert(!std::is_copy_constructible_v<bl::xdp_link>);
static_assert(std::is_nothrow_move_constructible_v<bl::xdp_link>);
static_assert(std::is_convertible_v<bl::xdp_link, bl::link>);
static_assert(!std::is_convertible_v<bl::xdp_link&, bl::link>, "only when moved");
static_assert(!std::is_convertible_v<bl::link, bl::xdp_link>);
static_assert(!std::is_base_of_v<bl::link, bl::xdp_link>);

namespace {

struct xdp_and_cgroup : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    fake::link& xdp = add_link({.type = bl::link_type::xdp, .prog = &prog, .target = 2});
    fake::link& cgroup = add_link({.type = bl::link_type::cgroup,
                                   .prog = &prog,
                                   .attach = bl::attach_type::cgroup_inet_egress,
                                   .cgroup_id = 77});
    bl::link_id xdp_id{xdp.id()};
    bl::link_id cgroup_id{cgroup.id()};
};

} // namespace

TEST_CASE_FIXTURE(xdp_and_cgroup, "a typed link is opened from a descriptor, an id and a pin") {
    pin("/bpf/x", xdp);
    auto fd = open(xdp);
    int const number = fd.get();
    auto const by_fd = bl::xdp_link::from_fd(std::move(fd));
    REQUIRE(succeeded(by_fd));
    CHECK(by_fd->fd().get() == number);
    CHECK(*by_fd);
    auto const copy = bl::xdp_link::duplicate(by_fd->fd());
    REQUIRE(succeeded(copy));
    CHECK(copy->fd() != by_fd->fd());
    CHECK(succeeded(bl::xdp_link::from_id(xdp_id)));
    auto const by_pin = bl::xdp_link::load_pinned("/bpf/x");
    REQUIRE(succeeded(by_pin));
    CHECK(by_pin->is_pinned());
    CHECK(by_pin->pinned_path() == "/bpf/x");
}

TEST_CASE_FIXTURE(xdp_and_cgroup,
                  "a link of another kind is refused, closed or left with its owner") {
    pin("/bpf/c", cgroup);
    auto const refused = [&](bl::error const& e) {
        check_error(e, EINVAL, bl::operation::identify, bl::errc::wrong_kind,
                    {"link " + std::to_string(cgroup_id.value()), "cgroup", "xdp"});
    };
    auto fd = open(cgroup);
    int const number = fd.get();
    auto const by_fd = bl::xdp_link::from_fd(std::move(fd));
    REQUIRE_FALSE(by_fd);
    refused(by_fd.error());
    CHECK(fd.get() == number); // NOLINT(bugprone-use-after-move)
    CHECK(is_open(number));

    auto const copy = bl::xdp_link::duplicate(fd);
    REQUIRE_FALSE(copy);
    refused(copy.error());
    auto const by_id = bl::xdp_link::from_id(cgroup_id);
    REQUIRE_FALSE(by_id);
    refused(by_id.error());
    auto const by_pin = bl::xdp_link::load_pinned("/bpf/c");
    REQUIRE_FALSE(by_pin);
    refused(by_pin.error());
    CHECK(has_path("/bpf/c"));
    CHECK(open_descriptors() == std::vector{number});
}

TEST_CASE_FIXTURE(xdp_and_cgroup, "what is no link at all stays its owner's as well") {
    auto fd = open(add_map());
    int const number = fd.get();
    auto const taken = bl::xdp_link::from_fd(std::move(fd));
    check_error(taken, EINVAL, bl::operation::identify, bl::errc::not_a_link);
    CHECK(fd.get() == number); // NOLINT(bugprone-use-after-move)

    auto link_fd = open(xdp);
    int const link_number = link_fd.get();
    fail(call::obj_get_info, EPERM); // it is a link, and its kind stays unknown
    auto const silent = bl::xdp_link::from_fd(std::move(link_fd));
    check_error(silent, EPERM, bl::operation::link_get_info, bl::errc::permission_denied);
    CHECK(link_fd.get() == link_number); // NOLINT(bugprone-use-after-move)
}

TEST_CASE_FIXTURE(xdp_and_cgroup, "what opening fails with is passed on") {
    check_error(bl::xdp_link::from_id(bl::link_id{7}), ENOENT, bl::operation::link_get_fd_by_id,
                bl::errc::not_found);
    check_error(bl::xdp_link::load_pinned("/bpf/nothing"), ENOENT, bl::operation::obj_get,
                bl::errc::not_found);
    check_error(bl::xdp_link::duplicate(bl::fd_view{99}), EBADF, bl::operation::identify,
                bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(xdp_and_cgroup, "details are those of the hook's kind") {
    auto const x = bl::xdp_link::from_id(xdp_id);
    REQUIRE(succeeded(x));
    static_assert(std::is_same_v<bl::xdp_link::details_type, bl::xdp_details>);
    auto const details = x->details();
    REQUIRE(succeeded(details));
    CHECK(details->ifindex == bl::ifindex{2});
    auto const c = bl::cgroup_link::from_id(cgroup_id);
    REQUIRE(succeeded(c));
    CHECK(c->details()->cgroup_id == bl::cgroup_id{77});
    CHECK(c->details()->attach == bl::attach_type::cgroup_inet_egress);
    fail(call::obj_get_info, EACCES);
    check_error(c->details(), EACCES, bl::operation::link_get_info, bl::errc::permission_denied);
}

TEST_CASE_FIXTURE(xdp_and_cgroup, "every operation of a link is there, typed") {
    auto typed = bl::xdp_link::from_fd(open(xdp));
    REQUIRE(succeeded(typed));
    let_go(xdp);
    auto& next = add_program(bl::program_type::xdp);
    typed_program<bl::program_type::xdp> const v1{{open(prog)}};
    typed_program<bl::program_type::xdp> const v2{{open(next)}};

    REQUIRE(succeeded(typed->update(v2)));
    REQUIRE(succeeded(typed->update(v1, bl::expecting(v2))));
    CHECK(typed->update(v2, bl::expecting(v2)).error() == bl::errc::program_mismatch);
    CHECK(typed->info()->program.value() == prog.id);
    REQUIRE(succeeded(typed->pin("/bpf/x")));
    CHECK(typed->pinned_path() == "/bpf/x");
    REQUIRE(succeeded(typed->replace_pin("/bpf/y")));
    CHECK(typed->pinned_path() == "/bpf/y");
    REQUIRE(succeeded(typed->unpin()));
    CHECK_FALSE(typed->is_pinned());
    CHECK(names_in("/bpf").empty());
    CHECK(typed->state() == bl::link_state::attached);
    REQUIRE(succeeded(typed->detach()));
    CHECK(typed->state() == bl::link_state::defunct);
    REQUIRE(succeeded(typed->close()));
    CHECK_FALSE(*typed);
    CHECK_FALSE(exists(xdp_id));
}

TEST_CASE_FIXTURE(xdp_and_cgroup, "a typed link gives up its type when moved into a link") {
    auto typed = bl::xdp_link::from_fd(open(xdp));
    REQUIRE(succeeded(typed));
    REQUIRE(succeeded(typed->pin("/bpf/x")));
    int const number = typed->fd().get();
    bl::link plain = *std::move(typed);
    CHECK_FALSE(*typed); // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(typed->is_pinned());
    CHECK(plain.fd().get() == number);
    CHECK(plain.pinned_path() == "/bpf/x");

    bl::result<bl::link> as_result = bl::xdp_link::from_id(xdp_id);
    CHECK(succeeded(as_result));

    auto back = bl::xdp_link::from_link(std::move(plain));
    REQUIRE(succeeded(back));
    CHECK(back->release().get() == number);
    CHECK_FALSE(*back);
    CHECK_FALSE(bl::xdp_link{});
}

// E24
TEST_CASE_FIXTURE(machine, "details of an event that is newer than this library are an error") {
    auto& event = add_link({.type = bl::link_type::perf_event,
                            .prog = &add_program(bl::program_type::kprobe),
                            .event = static_cast<fake::uapi::perf_event_type>(77)});
    auto link = bl::uprobe_link::from_fd(open(event));
    REQUIRE(succeeded(link)); // the kernel's answer does not tell
    auto const details = link->details();
    check_error(details, EPROTO, bl::operation::link_get_info, bl::errc::not_supported,
                {"link " + std::to_string(event.id()), "perf_event"});
    CHECK(std::holds_alternative<bl::unknown_details>(link->info()->details));
}

// E24
TEST_CASE_FIXTURE(machine, "details of what was loaded for another hook are an error") {
    auto const prog = open(add_program(bl::program_type::tracing, bl::attach_type::trace_fentry));
    auto const ref = *bl::program_ref<bl::program_type::tracing>::from_fd(prog);
    auto const link = bl::attach(ref, bl::hook::tp_btf{}); // the kernel attaches it to a function
    REQUIRE(succeeded(link));
    check_error(link->details(), EINVAL, bl::operation::identify, bl::errc::wrong_kind,
                {"of type tracing", "tp_btf"});
}

// E27
TEST_CASE_FIXTURE(xdp_and_cgroup, "knowing the kind costs what link::info does") {
    auto& named =
        add_link({.type = bl::link_type::raw_tracepoint, .prog = &prog, .name = "sys_enter"});
    pin("/bpf/x", xdp);
    auto const cost = [&](auto action) {
        forget_calls();
        REQUIRE(succeeded(action()));
        return system_calls() - calls(call::close);
    };
    CHECK(cost([&] { return bl::xdp_link::from_link(*bl::link::from_id(xdp_id)); }) == 1 + 1);
    CHECK(cost([&] {
              return bl::raw_tracepoint_link::from_link(
                  *bl::link::from_id(bl::link_id{named.id()}));
          }) == 1 + 2);
    CHECK(cost([&] {
              auto untyped = *bl::link::from_id(xdp_id);
              return std::move(untyped).as<bl::xdp_link>();
          }) == 1 + 1);
    CHECK(cost([&] { return bl::xdp_link::from_id(xdp_id); }) == 1 + 1);
    CHECK(cost([&] { return bl::xdp_link::from_fd(open(xdp)); }) == 2 + 1);
    CHECK(cost([&] { return bl::xdp_link::load_pinned("/bpf/x"); }) == 4 + 1);
    auto const held = open(xdp);
    CHECK(cost([&] { return bl::xdp_link::duplicate(held); }) == 3 + 1);
}
