// SPDX-License-Identifier: Apache-2.0
// /proc/PID/mountinfo.
#include "pin/mounts.hpp"

#include "fuzz.hpp"

#include <bpflink/views/pins.hpp>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    for (auto const& each : bpflink::mounts_of(in.rest(), "bpf"))
        fuzz::require(each.place.find('\n') == each.place.npos ||
                          in.rest().find("\\012") != std::string_view::npos,
                      "a place is of one line");
    fuzz::kernel machine;
    machine.mounts = in.rest();
    for (auto&& each : bpflink::pins())
        fuzz::check(each);
    return 0;
}
