// SPDX-License-Identifier: Apache-2.0
#include "driver.hpp"

#include <cerrno>
#include <cstdio>

// This runs without any ebpfapi.dll.
TEST_SUITE_BEGIN("absent");

TEST_CASE("without ebpfapi.dll each call says what to install") {
    if (has_dll()) {
        std::puts("skipped: this machine has an ebpfapi.dll");
        return;
    }
    constexpr auto words = "install eBPF for Windows";
    constexpr auto condition = bl::errc::not_supported;
    check_refused(bl::link::from_id(bl::link_id{1}), ENOSYS, condition, words);
    check_refused(bl::link::load_pinned("/one"), ENOSYS, condition, words);
    check_refused(bl::link::duplicate(bl::fd_view{3}), ENOSYS, condition, words);
    check_refused(bl::snapshot(), ENOSYS, condition, "ebpfapi.dll cannot be loaded");
    check_refused(only_of(bl::links()), ENOSYS, condition, words);
    check_refused(only_of(bl::pins()), ENOSYS, condition, words);
    any_other_program const program{bl::unique_fd{3}};
    check_refused(bl::attach(program, bl::hook::raw{.target = {}, .attach = bl::attach_type::xdp}),
                  ENOSYS, condition, words);
}

TEST_SUITE_END();

// And this with one that lacks all functions but one.
TEST_SUITE_BEGIN("old");

TEST_CASE("of an ebpfapi.dll that is too old it is said what it lacks") {
    REQUIRE(has_dll());
    auto const refused = bl::link::from_id(bl::link_id{1});
    check_refused(refused, ENOSYS, bl::errc::not_supported,
                  "ebpfapi.dll is too old: it has no bpf_link_get_fd_by_id");
    check_refused(refused, ENOSYS, bl::errc::not_supported, "install eBPF for Windows");
}

TEST_SUITE_END();
