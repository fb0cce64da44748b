// SPDX-License-Identifier: Apache-2.0
// What the kernel tells of a link: two answers of any type and any length, one after the other.
#include "fuzz.hpp"
#include "info/answer.hpp"

#include <bpflink/link_info.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace {

// The kernel tells a length before it is asked for names and arrays; a machine has the memory.
constexpr std::uint32_t most = 4'096;

void bound(bpflink::uapi::link_info& raw) {
    using bpflink::link_type;
    switch (static_cast<link_type>(raw.type)) {
    case link_type::kprobe_multi: raw.kprobe_multi.count %= most; break;
    case link_type::uprobe_multi:
        raw.uprobe_multi.count %= most;
        raw.uprobe_multi.path_size %= most;
        break;
    case link_type::tracing_multi: raw.tracing_multi.count %= most; break;
    case link_type::raw_tracepoint: raw.raw_tracepoint.name_len %= most; break;
    case link_type::iter: raw.iter.name_len %= most; break;
    case link_type::perf_event:
        raw.perf_event.uprobe.name_len %= most;
        raw.perf_event.kprobe.name_len %= most;
        raw.perf_event.tracepoint.name_len %= most;
        break;
    default: break;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    namespace detail = bpflink::detail;
    fuzz::input in{bytes, size};
    auto first = in.number<bpflink::uapi::link_info>();
    auto const told = std::min<std::size_t>(in.number<std::uint8_t>(), sizeof first);
    std::memset(reinterpret_cast<char*>(&first) + told, 0, sizeof first - told);
    bound(first);
    auto const known = in.number<std::uint8_t>();
    detail::reported_fields reported;
    if ((known & 1) != 0) reported.tracing_target = (known & 2) != 0;
    if ((known & 4) != 0) reported.tracing_cookie = (known & 8) != 0;
    if ((known & 16) != 0) reported.counter_cookie = (known & 32) != 0;
    if ((known & 64) != 0) reported.function_cookies = (known & 128) != 0;
    detail::answer next;
    if (detail::ask_for_more(first, told, reported, next)) {
        // Addresses and room are what was asked with; all else is what the kernel likes.
        auto const asked = next;
        auto const answer = in.take(sizeof next.raw);
        answer.copy(reinterpret_cast<char*>(&next.raw), answer.size());
        in.take(next.name.size()).copy(next.name.data(), next.name.size());
        auto const arrays = in.take(next.arrays.size() * sizeof(std::uint64_t));
        if (!arrays.empty()) std::memcpy(next.arrays.data(), arrays.data(), arrays.size());
    }
    detail::learn(next, reported);
    auto const details = detail::decode(std::move(next));
    bpflink::link_info const info{static_cast<bpflink::link_type>(first.type),
                                  bpflink::link_id{first.id}, bpflink::program_id{first.prog_id},
                                  details};
    fuzz::require(info == info, "an info is itself");
    static_cast<void>(to_string(info.type));
    return 0;
}
