// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/cgroup.hpp>
#include <bpflink/hook/iter.hpp>
#include <bpflink/hook/raw.hpp>
#include <bpflink/hook/raw_tracepoint.hpp>
#include <bpflink/hook/tp_btf.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/hook/xdp.hpp>

#include <string>

namespace {

namespace hook = bl::hook;

template <class Hook>
void check_matches(bl::link_type own, bl::match answer = bl::match::yes) {
    for (unsigned number = 0; number != 20; ++number) {
        auto const type = static_cast<bl::link_type>(number);
        CAPTURE(type);
        CHECK(bl::hook_traits<Hook>::matches({.type = type}) ==
              (type == own ? answer : bl::match::no));
    }
}

} // namespace

TEST_CASE("a hook knows its links by their kind") {
    check_matches<hook::xdp>(bl::link_type::xdp);
    check_matches<hook::cgroup>(bl::link_type::cgroup);
    check_matches<hook::iter>(bl::link_type::iter);
    check_matches<hook::raw_tracepoint>(bl::link_type::raw_tracepoint, bl::match::unknown);
    check_matches<hook::tp_btf>(bl::link_type::raw_tracepoint, bl::match::unknown);
}

TEST_CASE("a link of another hook is refused with both named") {
    auto const e =
        bl::detail::wrong_hook({.type = bl::link_type::tcx, .id = bl::link_id{7}}, "xdp");
    check_error(e, EINVAL, bl::operation::identify, bl::errc::wrong_kind,
                {"link 7", "type tcx", "hook xdp"});
}
