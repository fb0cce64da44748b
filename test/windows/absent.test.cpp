// SPDX-License-Identifier: Apache-2.0
#include "driver.hpp"

#include <cerrno>

// These run without any ebpfapi.dll.
TEST_SUITE_BEGIN("absent");

TEST_CASE("without ebpfapi.dll each call says what to install") {
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
