// SPDX-License-Identifier: Apache-2.0
// Names of pins that are made of any text, and the text of any name.
#include "fuzz.hpp"
#include "pin/path.hpp"

#include <bpflink/lifecycle/pin_name.hpp>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    auto const text = in.rest();
    auto const name = bpflink::pin_name(text);
    fuzz::require(!name.empty() && name.find_first_of("./") == name.npos, "bpffs takes the name");
    fuzz::require(name.find('\0') == name.npos, "a file can have the name");
    fuzz::require(!bpflink::is_temporary("/bpf/" + name), "no name is a temporary one");
    if (auto const back = bpflink::text_of_pin_name(name))
        fuzz::require(*back == text, "a name tells its text");
    if (auto const told = bpflink::text_of_pin_name(text))
        fuzz::require(bpflink::pin_name(*told) == text, "a text has one name");
    return 0;
}
