// SPDX-License-Identifier: Apache-2.0
// /proc/PID/maps, as a function is looked for in a process.
#include "fuzz.hpp"

#include <bpflink/process_symbols.hpp>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    fuzz::kernel machine;
    machine.most_read = 1 + in.number<std::uint8_t>();
    machine.files["/proc/41/maps"] = in.rest();
    machine.files["/proc/41/root/lib.so"] = std::string(0x1000, 'c');
    fuzz::check(bpflink::resolve_in_process(41, "main"));
    return 0;
}
