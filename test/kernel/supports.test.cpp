// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string_view>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;
using enum bl::support::answer;

namespace {

template <class Hook, class Link>
void agrees(bl::result<Link> const& made) {
    auto const said = bl::supports<Hook>();
    CAPTURE(bl::hook_traits<Hook>::name);
    CAPTURE(said.why);
    CHECK(said.is == (made ? yes : no));
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "the hooks of the oldest kernel are everywhere") {
    CHECK(bl::supports<bl::hook::xdp>());
    CHECK(bl::supports<bl::hook::cgroup>());
    CHECK(bl::supports<bl::hook::netns>());
    CHECK(bl::supports<bl::hook::iter>());
    CHECK(bl::supports<bl::hook::raw_tracepoint>());
    CHECK(bl::supports<bl::hook::tp_btf>());
    CHECK(bl::supports<bl::hook::struct_ops>().is == unknown);
}

TEST_CASE_FIXTURE(kernel_case, "what the kernel is said to have attaches, and nothing else") {
    sandbox::network const net;
    constexpr std::array<std::string_view, 1> function{"bpf_fentry_test1"};
    constexpr std::array names{first_probed};
    if (auto const p = counted_program::load(program_type::sched_cls))
        agrees<bl::hook::tcx>(bl::attach(p->as<program_type::sched_cls>(),
                                         bl::hook::tcx{net.loopback(), attach_type::tcx_ingress}));
    if (auto const p = counted_program::load(program_type::tracepoint))
        agrees<bl::hook::tracepoint>(bl::attach(p->as<program_type::tracepoint>(),
                                                bl::hook::tracepoint{"sched", "sched_switch"}));
    if (auto const p = counted_program::load(program_type::kprobe)) {
        agrees<bl::hook::kprobe>(
            bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe{function.front()}));
        agrees<bl::hook::uprobe>(
            bl::attach(p->as<program_type::kprobe>(), bl::hook::uprobe{own_binary, first_probed}));
    }
    if (auto const p = counted_program::load(program_type::kprobe, attach_type::trace_kprobe_multi))
        agrees<bl::hook::kprobe_multi>(
            bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe_multi{.symbols = function}));
    if (auto const p = counted_program::load(program_type::kprobe, attach_type::trace_uprobe_multi))
        agrees<bl::hook::uprobe_multi>(
            bl::attach(p->as<program_type::kprobe>(),
                       bl::hook::uprobe_multi{.binary = own_binary, .symbols = names}));
}
