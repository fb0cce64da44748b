// SPDX-License-Identifier: Apache-2.0
// What is borrowed must outlive the borrower.
// expect: delete
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

void borrow(bl::unique_fd fd, bl::program p) {
#ifdef FIXED
    bl::fd_view const view = fd;
    auto const from_fd = bl::program_ref<bl::program_type::xdp>::from_fd(fd);
    auto const map = bl::map_ref::from_fd(fd);
    auto const known = p.as<bl::program_type::xdp>();
#else
    bl::fd_view const view = std::move(fd);                                              // error
    auto const from_fd = bl::program_ref<bl::program_type::xdp>::from_fd(std::move(fd)); // error
    auto const map = bl::map_ref::from_fd(std::move(fd));                                // error
    auto const known = std::move(p).as<bl::program_type::xdp>();                         // error
#endif
}
