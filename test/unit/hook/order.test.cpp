// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/order.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/program.hpp>

#include <optional>
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
    CHECK(last_create.flags == 0);
    forget_calls();
    auto const none = attach(bl::order::first(), bl::revision{0});
    REQUIRE_FALSE(none);
    check_error(none.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"interface 2", "never 0"});
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(machine, "a program at descriptor 0 is named by its id") {
    first_descriptor = 0;
    auto& prog = add_program(bl::program_type::sched_cls);
    typed_program<bl::program_type::sched_cls> const zero{{open(prog)}};
    REQUIRE(zero.fd().get() == 0);
    bl::hook::tcx where{.ifindex = bl::ifindex{2},
                        .attach = bl::attach_type::tcx_egress,
                        .order = bl::order::before(zero)};
    REQUIRE(succeeded(bl::attach(zero, where)));
    CHECK(last_create.flags == (f_before | f_id));
    CHECK(last_create.order.relative == prog.id);

    auto& other = add_link({.type = bl::link_type::tcx, .prog = &prog});
    auto const link = *bl::link::from_fd(open(other));
    where.order = bl::order::before(link);
    forget_calls();
    REQUIRE(succeeded(bl::attach(zero, where)));
    CHECK(calls(call::obj_get_info) == 0);
}

TEST_CASE_FIXTURE(machine, "what is at descriptor 0 has to be a program") {
    auto const prog = typed_program<bl::program_type::sched_cls>{
        {open(add_program(bl::program_type::sched_cls))}};
    struct {
        bl::fd_view fd() const { return bl::fd_view{0}; }
    } const closed;
    auto const link = bl::attach(prog, bl::hook::tcx{.ifindex = bl::ifindex{2},
                                                     .attach = bl::attach_type::tcx_egress,
                                                     .order = bl::order::after(closed)});
    REQUIRE_FALSE(link);
    CHECK(link.error().code().value() == EBADF);
    CHECK(newest_link() == nullptr);
}

TEST_CASE_FIXTURE(with_program, "what the order names can be of another kind") {
    for (auto const order : {bl::order::before(bl::link_id{5}), bl::order::after(held)}) {
        fail(call::link_create, EINVAL);
        auto const link = attach(order);
        REQUIRE_FALSE(link);
        check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"interface 2", "another kind"});
    }
}
