// SPDX-License-Identifier: Apache-2.0
// A file that somebody else made, as symbols are looked for in it. The first bytes are an offset.
#include "fuzz.hpp"

#include <bpflink/symbols.hpp>
#include <bpflink/usdt.hpp>

#include <array>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    fuzz::kernel machine;
    auto const number = in.number<std::uint64_t>();
    machine.files["/x"] = in.rest();
    fuzz::check(bpflink::offset_of_address("/x", number));
    fuzz::check(bpflink::symbol_at("/x", number));
    constexpr std::array<std::string_view, 3> names{"main", "f@V1", "f@@V2"};
    fuzz::check(bpflink::resolve_symbols("/x", names));
    auto const found = bpflink::matching_symbols("/x", "*");
    fuzz::check(found);
    if (found && !found->empty()) fuzz::check(bpflink::resolve_symbol("/x", found->front()));
    auto const probes = bpflink::matching_usdt("/x", "*");
    fuzz::check(probes);
    if (probes && !probes->empty())
        fuzz::check(bpflink::resolve_usdt("/x", probes->front().provider, probes->front().name));
    return 0;
}
