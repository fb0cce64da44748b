// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

/// @param format  called with a pattern and a value
template <class Format>
void check_formatted(Format format) {
    auto const as_streamed = [&](auto const& x) {
        std::ostringstream out;
        out << x;
        CHECK(format("{}", x) == out.str());
    };
    as_streamed(bpflink::error{EBUSY, bpflink::operation::link_create, bpflink::errc::hook_busy,
                               "interface 3", "detach it"});
    as_streamed(bpflink::errc::not_found);
    as_streamed(bpflink::operation::obj_pin);
    as_streamed(bpflink::link_type::xdp);
    as_streamed(bpflink::link_type{77}); // newer than the library
    as_streamed(bpflink::attach_type::tcx_ingress);
    as_streamed(bpflink::program_type::kprobe);
    as_streamed(bpflink::link_state::defunct);
    as_streamed(bpflink::ensured::updated);
    as_streamed(bpflink::link_change::removed);
    as_streamed(bpflink::step_kind::create);
    as_streamed(bpflink::snapshot_source::walk);
    as_streamed(bpflink::link_id{42});
    as_streamed(bpflink::cookie{~0ULL});
    CHECK(format("{:>5}", bpflink::link_id{42}) == "   42");
    CHECK(format("{:#x}", bpflink::cookie{255U}) == "0xff");
    CHECK(format("{:-<6}", bpflink::link_type::xdp) == "xdp---");
}
