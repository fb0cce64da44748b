// SPDX-License-Identifier: Apache-2.0
// Without exceptions and run-time type information, all headers compile, and co_await too. E33
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this is about compiling without them"
#endif

bl::result<bl::xdp_link> start(::bpf_program const* loaded) {
    auto prog = co_await bl::program_ref<bl::program_type::xdp>::from(loaded);
    auto link = co_await bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{2}});
    co_await link.pin("/sys/fs/bpf/eth0");
    co_return std::move(link);
}
bl::result<std::vector<bl::link>> all() {
    BPFLINK_TRY(links, bl::links() | bl::views::of_type(bl::link_type::xdp) | bl::collect);
    return links;
}
