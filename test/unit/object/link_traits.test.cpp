// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/link_traits.hpp>

#include <algorithm>
#include <set>
#include <string>

static_assert(bl::find_traits(bl::link_type::xdp)->update == bl::update_unit::program);
static_assert(bl::find_traits(static_cast<bl::link_type>(4'000'000'000U)) == nullptr);
static_assert(bl::kernel_version{5, 7} < bl::kernel_version{5, 10});
static_assert(bl::kernel_version{5, 19} < bl::kernel_version{6, 0});

TEST_CASE("the table says of each kind what the kernel's link operations say") {
    using bl::link_type;
    std::set<link_type> const by_program{link_type::cgroup, link_type::iter, link_type::netns,
                                         link_type::xdp,    link_type::tcx,  link_type::netkit,
                                         link_type::sockmap};
    std::set<link_type> const detachable{
        link_type::cgroup,    link_type::netns, link_type::xdp,    link_type::struct_ops,
        link_type::netfilter, link_type::tcx,   link_type::netkit, link_type::sockmap};
    for (auto const& traits : bl::link_traits_table) {
        CAPTURE(traits.name);
        CHECK((traits.update == bl::update_unit::program) == by_program.contains(traits.type));
        CHECK((traits.update == bl::update_unit::map) == (traits.type == link_type::struct_ops));
        CHECK(traits.detachable == detachable.contains(traits.type));
        CHECK(bl::find_traits(traits.type) == &traits);
    }
}

TEST_CASE("kinds of link are listed in the order in which kernels brought them") {
    auto const known =
        std::ranges::subrange{bl::link_traits_table.begin() + 1, bl::link_traits_table.end()};
    CHECK(std::ranges::is_sorted(known, {}, &bl::link_traits::since));
    CHECK(std::ranges::all_of(
        known, [](auto const& traits) { return traits.since >= bl::kernel_version{5, 7}; }));
}
