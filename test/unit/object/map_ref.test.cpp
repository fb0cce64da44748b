// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/map_ref.hpp>

TEST_CASE_FIXTURE(machine, "a map is borrowed from libbpf and from its descriptor") {
    auto const fd = open(add_map());
    bpf_map const created{fd.get()};
    auto const by_libbpf = bl::map_ref::from(&created);
    REQUIRE(succeeded(by_libbpf));
    CHECK(by_libbpf->fd() == bl::fd_view{fd});
    CHECK(system_calls() == 0);

    auto const by_fd = bl::map_ref::from_fd(fd);
    REQUIRE(succeeded(by_fd));
    CHECK(by_fd->fd() == bl::fd_view{fd});
    CHECK(open_descriptors().size() == 1);
}

TEST_CASE_FIXTURE(machine, "a null pointer and a map that is not created are refused") {
    auto const null = bl::map_ref::from(nullptr);
    check_error(null, EINVAL, bl::operation::map_get_info, bl::errc::invalid_argument,
                {"null pointer"});
    bpf_map const not_created{-1}; // libbpf gives no errno here
    check_error(bl::map_ref::from(&not_created), EBADF, bl::operation::map_get_info,
                bl::errc::invalid_argument, {"not created"});
}

TEST_CASE_FIXTURE(machine, "what is no map is refused") {
    auto const link = open(add_link({.type = bl::link_type::xdp}));
    auto const program = open(add_program(bl::program_type::xdp));
    auto const btf = open_btf();
    auto const file = open_file();
    for (bl::fd_view const fd :
         {bl::fd_view{link}, bl::fd_view{program}, bl::fd_view{btf}, bl::fd_view{file}}) {
        check_error(bl::map_ref::from_fd(fd), EINVAL, bl::operation::map_get_info,
                    bl::errc::invalid_argument, {"not a BPF map"});
        CHECK(is_open(fd.get()));
    }
    check_error(bl::map_ref::from_fd(bl::fd_view{99}), EBADF, bl::operation::identify,
                bl::errc::invalid_argument);
}

// E23
TEST_CASE_FIXTURE(machine, "a map is a map without /proc") {
    has_proc = false;
    auto const fd = open(add_map());
    forget_calls();
    CHECK(succeeded(bl::map_ref::from_fd(fd)));
    CHECK(system_calls() == 3); // E27
}
