// SPDX-License-Identifier: Apache-2.0
// Notes of USDT probes in a file that is as it should be, and what one says of its arguments.
#include "fuzz.hpp"
#include "symbol/noted_elf.hpp"
#include "symbol/usdt_arguments.hpp"

#include <bpflink/usdt.hpp>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    auto const choice = in.number<std::uint8_t>();
    auto const machine = static_cast<std::uint16_t>((choice & 2) != 0 ? EM_AARCH64 : EM_X86_64);
    if ((choice & 1) != 0) {
        auto const told = bpflink::read_arguments(in.rest(), machine, "f");
        fuzz::check(told);
        if (told)
            for (auto const& each : *told)
                fuzz::require(each.size == 1 || each.size == 2 || each.size == 4 || each.size == 8,
                              "an argument has 1, 2, 4 or 8 bytes");
        return 0;
    }
    fuzz::kernel kernel;
    kernel.files["/x"] = noted_elf(std::string{in.rest()}, 0x402000, machine);
    auto const probes = bpflink::matching_usdt("/x", "*");
    fuzz::check(probes);
    if (probes)
        for (auto const& each : *probes)
            fuzz::check(bpflink::resolve_usdt("/x", each.provider, each.name));
    return 0;
}
