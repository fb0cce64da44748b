// SPDX-License-Identifier: Apache-2.0
#include "info/answer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>

namespace bpflink::detail {
namespace {

using uapi::perf_event_type;

template <class Field>
void mark(answer& a, Field& field) noexcept {
    if (reaches(a.raw, field, a.marked)) field = static_cast<Field>(a.mark);
}

/// @param told  the length with its zero byte, as the first answer has it
void offer_name(answer& a, std::uint64_t& address, std::uint32_t& length, std::uint32_t told) {
    if (told == 0) return;
    a.name.resize(told);
    address = reinterpret_cast<std::uintptr_t>(a.name.data());
    length = told;
}

/// The same of a kind that tells the length since the end of 2024 only, and never more than this.
void offer_path(answer& a, std::uint64_t& address, std::uint32_t& length, std::uint32_t told) {
    offer_name(a, address, length, told != 0 ? told : longest_path);
}

void offer_arrays(answer& a, std::uint32_t count, std::initializer_list<std::uint64_t*> addresses) {
    a.arrays.assign(addresses.size() * count, a.mark);
    auto const* place = a.arrays.data();
    for (auto* const address : addresses) {
        *address = reinterpret_cast<std::uintptr_t>(place);
        place += count;
    }
}

bool prepare_perf_event(uapi::link_info const& first, reported_fields const& reported,
                        answer& next) {
    auto& event = next.raw.perf_event;
    switch (first.perf_event.type) {
    case perf_event_type::uprobe:
    case perf_event_type::uretprobe:
        offer_path(next, event.uprobe.file_name, event.uprobe.name_len,
                   first.perf_event.uprobe.name_len);
        mark(next, event.uprobe.cookie);
        mark(next, event.uprobe.ref_ctr_offset);
        return true;
    case perf_event_type::kprobe:
    case perf_event_type::kretprobe:
        offer_path(next, event.kprobe.func_name, event.kprobe.name_len,
                   first.perf_event.kprobe.name_len);
        mark(next, event.kprobe.missed);
        mark(next, event.kprobe.cookie);
        return true;
    case perf_event_type::tracepoint:
        offer_path(next, event.tracepoint.name, event.tracepoint.name_len,
                   first.perf_event.tracepoint.name_len);
        mark(next, event.tracepoint.cookie);
        return true;
    case perf_event_type::event:
        if (reported.counter_cookie) return false;
        mark(next, event.event.cookie);
        return true;
    default: return false;
    }
}

/// As ask_for_more(), but that `next` is as it was where this returns false.
bool prepare(uapi::link_info const& first, reported_fields const& reported, answer& next) {
    auto& raw = next.raw;
    switch (static_cast<link_type>(first.type)) {
    case link_type::raw_tracepoint:
        offer_name(next, raw.raw_tracepoint.name, raw.raw_tracepoint.name_len,
                   first.raw_tracepoint.name_len);
        mark(next, raw.raw_tracepoint.cookie);
        return true;
    case link_type::tracing:
        if (reported.tracing_target) return false;
        mark(next, raw.tracing.target_obj_id);
        mark(next, raw.tracing.target_btf_id);
        mark(next, raw.tracing.cookie);
        return true;
    case link_type::iter:
        offer_name(next, raw.iter.name, raw.iter.name_len, first.iter.name_len);
        return true;
    case link_type::perf_event: return prepare_perf_event(first, reported, next);
    case link_type::kprobe_multi:
        if (first.kprobe_multi.count == 0) return false;
        raw.kprobe_multi.count = first.kprobe_multi.count;
        offer_arrays(next, raw.kprobe_multi.count,
                     {&raw.kprobe_multi.addresses, &raw.kprobe_multi.cookies});
        if (reported.function_cookies == false ||
            !reaches(raw, raw.kprobe_multi.cookies, next.marked))
            raw.kprobe_multi.cookies = 0;
        mark(next, raw.kprobe_multi.missed);
        return true;
    case link_type::uprobe_multi:
        if (first.uprobe_multi.count == 0) return false;
        raw.uprobe_multi.count = first.uprobe_multi.count;
        offer_path(next, raw.uprobe_multi.path, raw.uprobe_multi.path_size,
                   first.uprobe_multi.path_size);
        offer_arrays(next, raw.uprobe_multi.count,
                     {&raw.uprobe_multi.offsets, &raw.uprobe_multi.ref_ctr_offsets,
                      &raw.uprobe_multi.cookies});
        return true;
    case link_type::tracing_multi:
        if (first.tracing_multi.count == 0) return false;
        raw.tracing_multi.count = first.tracing_multi.count;
        offer_arrays(
            next, raw.tracing_multi.count,
            {&raw.tracing_multi.ids, &raw.tracing_multi.addresses, &raw.tracing_multi.cookies});
        return true;
    default: return false;
    }
}

/// Whether a cookie may be the mark: the first answer has it then, as kernels that do not report it
/// leave a 0 there.
bool holds(uapi::link_info const& first, std::uint64_t mark) noexcept {
    std::uint64_t words[sizeof first.bytes / sizeof mark];
    std::memcpy(words, first.bytes, sizeof words);
    return std::ranges::find(words, mark) != std::end(words);
}

bool is_counter(uapi::link_info const& raw) noexcept {
    return static_cast<link_type>(raw.type) == link_type::perf_event &&
           raw.perf_event.type == perf_event_type::event;
}

} // namespace

bool ask_for_more(uapi::link_info const& first, std::size_t size, reported_fields const& reported,
                  answer& next) {
    next.marked = size;
    if (holds(first, next.mark)) next.mark = other_than(next.mark);
    if (prepare(first, reported, next)) return true;
    // Fields that the kernel is known to leave alone look as if it had been asked with marks.
    auto& raw = next.raw = first;
    if (static_cast<link_type>(raw.type) == link_type::tracing) {
        if (reported.tracing_target == false) {
            mark(next, raw.tracing.target_obj_id);
            mark(next, raw.tracing.target_btf_id);
        }
        if (reported.tracing_cookie == false) mark(next, raw.tracing.cookie);
    }
    if (is_counter(raw) && reported.counter_cookie == false)
        mark(next, raw.perf_event.event.cookie);
    return false;
}

bool has_function_cookies(answer const& a) noexcept {
    auto const cookies = std::span{a.arrays}.subspan(a.arrays.size() / 2);
    return std::ranges::any_of(cookies, [&](std::uint64_t each) { return each != a.mark; });
}

void learn(answer const& a, reported_fields& reported) noexcept {
    auto const& raw = a.raw;
    if (static_cast<link_type>(raw.type) == link_type::tracing) {
        reported.tracing_target = is_reported(a, raw.tracing.target_btf_id);
        reported.tracing_cookie = is_reported(a, raw.tracing.cookie);
    }
    if (static_cast<link_type>(raw.type) == link_type::kprobe_multi)
        reported.function_cookies = has_function_cookies(a);
    if (is_counter(raw)) reported.counter_cookie = is_reported(a, raw.perf_event.event.cookie);
}

} // namespace bpflink::detail
