// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/cgroup.hpp>
#include <bpflink/hook/order.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/program.hpp>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace {

constexpr unsigned f_before = 1U << 3;
constexpr unsigned f_after = 1U << 4;
constexpr unsigned f_id = 1U << 5;
constexpr unsigned f_link = 1U << 13;

struct with_program : machine {
    fake::program& prog = add_program(bl::program_type::sched_cls);
    typed_program<bl::program_type::sched_cls> held{{open(prog)}};

    bl::result<bl::tcx_link> attach(std::optional<bl::order> order,
                                    std::optional<bl::revision> revision = {}) {
        return bl::attach(held, bl::hook::tcx{.ifindex = bl::ifindex{2},
                                              .attach = bl::attach_type::tcx_ingress,
                                              .order = order,
                                              .expected_revision = revision});
    }
};

template <class T>
concept can_anchor = requires(T&& there) {
    bl::order::before(std::forward<T>(there));
    bl::order::after(std::forward<T>(there));
};

static_assert(can_anchor<bl::link&> && can_anchor<bl::link const&> && !can_anchor<bl::link>);
static_assert(can_anchor<bl::tcx_link&> && !can_anchor<bl::tcx_link> &&
              !can_anchor<bl::tcx_link const>);
static_assert(can_anchor<bl::program&> && !can_anchor<bl::program>);
static_assert(can_anchor<held_program&> && !can_anchor<held_program>);
static_assert(can_anchor<bl::program_ref<bl::program_type::sched_cls>>, "owns nothing");
static_assert(can_anchor<bl::link_id> && can_anchor<bl::program_id>);
static_assert(!can_anchor<bl::map_id> && !can_anchor<int> && !can_anchor<bl::unique_fd&>);
static_assert(std::is_trivially_copyable_v<bl::order> &&
              std::is_trivially_destructible_v<bl::order>);
static_assert(!std::is_default_constructible_v<bl::order>);

} // namespace

TEST_CASE_FIXTURE(with_program, "every place is flags, and a descriptor or an id") {
    auto& other = add_link({.type = bl::link_type::tcx, .prog = &prog});
    auto fd = open(other);
    auto const link_fd = static_cast<std::uint32_t>(fd.get());
    auto const handle = *bl::link::from_fd(std::move(fd));
    auto const typed = *bl::tcx_link::duplicate(handle.fd());
    auto const number = [](auto const& owner) {
        return static_cast<std::uint32_t>(owner.fd().get());
    };
    struct row {
        bl::order order;
        unsigned flags;
        std::uint32_t relative;
    };
    for (row const& each : {
             row{bl::order::first(), f_before, 0},
             row{bl::order::last(), f_after, 0},
             row{bl::order::before(handle), f_before | f_link, link_fd},
             row{bl::order::after(handle), f_after | f_link, link_fd},
             row{bl::order::before(typed), f_before | f_link, number(typed)},
             row{bl::order::after(typed), f_after | f_link, number(typed)},
             row{bl::order::before(bl::link_id{77}), f_before | f_link | f_id, 77},
             row{bl::order::after(bl::link_id{77}), f_after | f_link | f_id, 77},
             row{bl::order::before(held), f_before, number(held)},
             row{bl::order::after(held), f_after, number(held)},
             row{bl::order::before(bl::program_id{78}), f_before | f_id, 78},
             row{bl::order::after(bl::program_id{78}), f_after | f_id, 78},
         }) {
        REQUIRE(succeeded(attach(each.order)));
        CHECK(last_create.flags == each.flags);
        CHECK(last_create.order.relative == each.relative);
        CHECK(last_create.order.expected_revision == 0);
    }
    REQUIRE(succeeded(attach(std::nullopt)));
    CHECK(last_create.flags == 0);
    CHECK(last_create.order.relative == 0);
}

TEST_CASE_FIXTURE(with_program, "an expected revision goes to the kernel, but for 0") {
    REQUIRE(succeeded(attach(std::nullopt, bl::revision{0x1'0000'0002})));
    CHECK(last_create.order.expected_revision == 0x1'0000'0002);
    CHECK(last_create.flags == f_after); // as without any
    forget_calls();
    check_error(attach(bl::order::first(), bl::revision{0}), EINVAL, bl::operation::link_create,
                bl::errc::invalid_argument, {"interface 2", "never 0"});
    CHECK(system_calls() == 0);
}

// E14
TEST_CASE_FIXTURE(machine, "what is at descriptor 0 is named by a duplicate") {
    first_descriptor = 0;
    auto& prog = add_program(bl::program_type::sched_cls);
    auto& there = add_link({.type = bl::link_type::tcx, .prog = &prog});
    bl::hook::tcx where{.ifindex = bl::ifindex{2}, .attach = bl::attach_type::tcx_egress};
    auto const attached = [&](auto const& zero, unsigned flags) {
        REQUIRE(zero.fd().get() == 0);
        typed_program<bl::program_type::sched_cls> const added{{open(prog)}};
        where.order = bl::order::before(zero);
        auto const held = open_descriptors().size();
        forget_calls();
        auto const link = bl::attach(added, where);
        REQUIRE(succeeded(link));
        CHECK(last_create.flags == flags);
        CHECK(last_create.order.relative != 0);
        CHECK(open_descriptors().size() == held + 1); // the link
        CHECK(system_calls() == 3);                   // duplicate, attach, close
    };
    SUBCASE("a program") {
        attached(held_program{open(prog)}, f_before);
    }
    SUBCASE("a link") {
        attached(*bl::link::from_fd(open(there)), f_before | f_link);
    }
}

// E14
TEST_CASE_FIXTURE(machine, "a cgroup's order may name a link at descriptor 0") {
    first_descriptor = 0;
    auto& prog = add_program(bl::program_type::cgroup_skb);
    auto const zero =
        *bl::link::from_fd(open(add_link({.type = bl::link_type::cgroup, .prog = &prog})));
    REQUIRE(zero.fd().get() == 0);
    typed_program<bl::program_type::cgroup_skb> const added{{open(prog)}};
    CHECK(
        succeeded(bl::attach(added, bl::hook::cgroup{.cgroup = "/cgroup",
                                                     .attach = bl::attach_type::cgroup_inet_egress,
                                                     .order = bl::order::after(zero)})));
    CHECK(last_create.order.relative != 0);
}

TEST_CASE_FIXTURE(machine, "a handle's descriptor with another object by now is no cgroup's link") {
    auto& prog = add_program(bl::program_type::cgroup_skb);
    auto l = *bl::link::from_fd(open(add_link({.type = bl::link_type::cgroup, .prog = &prog})));
    auto const number = l.fd().get();
    bl::unique_fd{number}.reset(); // behind its handle
    first_descriptor = number;
    auto const file = open_file();
    REQUIRE(file.get() == number);
    typed_program<bl::program_type::cgroup_skb> const added{{open(prog)}};
    fail(call::link_create, EINVAL);
    auto const link =
        bl::attach(added, bl::hook::cgroup{.cgroup = "/cgroup",
                                           .attach = bl::attach_type::cgroup_inet_egress,
                                           .order = bl::order::after(l)});
    check_error(
        link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
        {"the order names descriptor " + std::to_string(number) + ": let it name the link"});
    static_cast<void>(l.release().release());
}

// E14
TEST_CASE_FIXTURE(machine, "what is closed by now is at no descriptor, 0 included") {
    auto const prog = typed_program<bl::program_type::sched_cls>{
        {open(add_program(bl::program_type::sched_cls))}};
    struct {
        bl::fd_view fd() const { return bl::fd_view{0}; }
    } const closed;
    auto const link = bl::attach(prog, bl::hook::tcx{.ifindex = bl::ifindex{2},
                                                     .attach = bl::attach_type::tcx_egress,
                                                     .order = bl::order::after(closed)});
    check_error(link, EBADF, bl::operation::duplicate, bl::errc::invalid_argument,
                {"descriptor 0"});
    CHECK(newest_link() == nullptr);
}

// E14
TEST_CASE_FIXTURE(machine, "every other descriptor of a request may be 0") {
    first_descriptor = 0;
    auto& xdp = add_program(bl::program_type::xdp);
    {
        typed_program<bl::program_type::xdp> const zero{{open(xdp)}}; // the program
        REQUIRE(zero.fd().get() == 0);
        auto link = bl::attach(zero, bl::hook::xdp{.ifindex = bl::ifindex{2}});
        REQUIRE(succeeded(link));
        CHECK(succeeded(link->update(zero, bl::expecting(zero))));
    }
    {
        auto const zero = open_cgroup(); // the target
        REQUIRE(zero.get() == 0);
        typed_program<bl::program_type::cgroup_skb> const skb{
            {open(add_program(bl::program_type::cgroup_skb))}};
        CHECK(succeeded(bl::attach(
            skb, bl::hook::cgroup{bl::fd_view{zero}, bl::attach_type::cgroup_inet_egress})));
    }
    {
        auto const zero = open(add_map()); // the table
        auto const map = *bl::map_ref::from_fd(zero);
        REQUIRE(map.fd().get() == 0);
        auto link = bl::attach(map, bl::hook::struct_ops{});
        REQUIRE(succeeded(link));
        auto const other = open(add_map());
        CHECK(succeeded(link->update(*bl::map_ref::from_fd(other), bl::expecting(map))));
    }
}

TEST_CASE_FIXTURE(with_program, "an order that cannot be followed says what it names") {
    auto& other = add_program(bl::program_type::xdp);
    auto const xdp =
        *bl::link::from_fd(open(add_link({.type = bl::link_type::xdp, .prog = &other})));
    auto& own = add_link({.type = bl::link_type::netkit, .prog = &prog});
    auto const netkit = *bl::link::from_fd(open(own));
    held_program const of_xdp{open(other)};
    struct {
        bl::fd_view fd() const { return bl::fd_view{99}; }
    } const closed;
    auto const check = [&](int number, bl::order order, bl::errc condition,
                           std::initializer_list<std::string_view> texts) {
        fail(call::link_create, number);
        check_error(attach(order), number, bl::operation::link_create, condition, texts);
    };
    constexpr auto wrong = bl::errc::invalid_argument;
    check(EINVAL, bl::order::before(xdp), wrong, {"names a link of type xdp", "sched_cls"});
    check(EINVAL, bl::order::after(bl::link_id{xdp.info()->id}), wrong, {"a link of type xdp"});
    check(EINVAL, bl::order::before(of_xdp), wrong, {"names a program of type xdp"});
    check(EINVAL, bl::order::after(bl::program_id{other.id}), wrong, {"a program of type xdp"});
    auto const fd = open_file();
    struct {
        bl::fd_view borrowed;
        bl::fd_view fd() const { return borrowed; }
    } const file{fd};
    check(EINVAL, bl::order::before(file), wrong,
          {"; the order names descriptor " + std::to_string(fd.get()) + ", not a program, and"});
    check(EBADF, bl::order::after(closed), wrong, {"program at descriptor 99", "is not open"});

    constexpr auto missing = bl::errc::not_found;
    check(ENOENT, bl::order::before(netkit), missing, {"link at descriptor", "not on the hook"});
    check(ENOENT, bl::order::after(bl::link_id{own.id()}), missing,
          {"link " + std::to_string(own.id()) + ", which the order names, is not on the hook"});
    check(ENOENT, bl::order::after(bl::program_id{4'711}), missing,
          {"program 4711, which the order names, is gone"});
    check(ENOENT, bl::order::before(bl::link_id{4'711}), missing, {"link 4711", "is gone"});
    check(EAGAIN, bl::order::before(bl::link_id{own.id()}), no_condition, {"try again"});
}
