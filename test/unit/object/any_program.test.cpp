// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/program.hpp>
#include <bpflink/program_ref.hpp>

static_assert(bl::any_program<held_program> && !bl::bpf_program<held_program>);
static_assert(bl::bpf_program<typed_program<bl::program_type::xdp>>);

namespace {

struct type_at_run_time {
    bl::program_type type{};
    [[nodiscard]] bl::fd_view fd() const { return {}; }
};
static_assert(bl::any_program<type_at_run_time> && !bl::bpf_program<type_at_run_time>);

struct knows_its_attach_type {
    static constexpr bl::program_type type = bl::program_type::xdp;
    [[nodiscard]] bl::fd_view fd() const { return bl::fd_view{7}; }
    [[nodiscard]] std::optional<bl::attach_type> expected_attach_type() const {
        return bl::attach_type::xdp_devmap;
    }
};

} // namespace

TEST_CASE_FIXTURE(machine, "of a program is borrowed what its class knows") {
    held_program const held{open(add_program(bl::program_type::xdp))};
    auto const plain = bl::detail::borrow(held);
    CHECK(plain.fd == held.fd());
    CHECK(plain.type == bl::program_type::unspec);
    CHECK_FALSE(plain.expected.has_value());

    typed_program<bl::program_type::xdp> const typed{{open(add_program(bl::program_type::xdp))}};
    CHECK(bl::detail::borrow(typed).type == bl::program_type::xdp);
    CHECK_FALSE(bl::detail::borrow(typed).expected.has_value());

    auto const all = bl::detail::borrow(knows_its_attach_type{});
    CHECK(all.fd.get() == 7);
    CHECK(all.type == bl::program_type::xdp);
    CHECK(all.expected == bl::attach_type::xdp_devmap);
}

namespace {

template <bl::program_type Type>
struct loaded_for_zero {
    static constexpr bl::program_type type = Type;
    bl::fd_view fd() const { return bl::fd_view{7}; }
    std::optional<bl::attach_type> expected_attach_type() const { return bl::attach_type{}; }
};

} // namespace

// E10
TEST_CASE("the number 0 is an attach type for cgroup_skb, and none for other programs") {
    auto const ingress = bl::detail::borrow(loaded_for_zero<bl::program_type::cgroup_skb>{});
    CHECK(ingress.expected == bl::attach_type::cgroup_inet_ingress);
    CHECK_FALSE(ingress.loaded_for_none);
    auto const none = bl::detail::borrow(loaded_for_zero<bl::program_type::kprobe>{});
    CHECK_FALSE(none.expected);
    CHECK(none.loaded_for_none);
}
