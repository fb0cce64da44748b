// SPDX-License-Identifier: Apache-2.0
// /proc/kallsyms, then after a zero byte ftrace's list, then that of functions without kprobes.
#include "symbol/kallsyms.hpp"

#include "fuzz.hpp"

#include <bpflink/kernel_symbols.hpp>

#include <array>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    fuzz::kernel machine;
    machine.most_read = 1 + in.number<std::uint8_t>(); // so that lines end between two reads
    machine.files["/proc/kallsyms"] = in.until('\0');
    machine.files["/sys/kernel/tracing/available_filter_functions"] = in.until('\0');
    machine.files["/sys/kernel/debug/kprobes/blacklist"] = in.rest();
    auto const found = bpflink::matching_kernel_functions("*a*");
    fuzz::check(found);
    if (found)
        for (auto const& each : *found)
            fuzz::require(each.find('a') != each.npos, "what is found matches");
    auto const symbols = bpflink::kernel_symbols("do_a");
    fuzz::check(symbols);
    fuzz::check(bpflink::kernel_symbol_address("do_a"));
    constexpr std::array<std::string_view, 2> names{"do_a", "ext4:do_c"};
    auto const places = bpflink::places_of(names);
    fuzz::check(places);
    if (places) {
        fuzz::require(places->size() == names.size(), "each name has its places");
        static_cast<void>(bpflink::ambiguous_among(names, *places));
    }
    fuzz::check(bpflink::copies_of("do_a"));
    static_cast<void>(bpflink::is_loaded("ext4"));
    static_cast<void>(bpflink::untraceable_among(names));
    static_cast<void>(bpflink::is_on_blacklist("do_a"));
    return 0;
}
