// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/matches.hpp"
#include "hook/perf.hpp"
#include "hook/row.hpp"
#include "symbol/names.hpp"

#include <bpflink/hook/kprobe.hpp>

#include <cerrno>

namespace bpflink {
namespace {

#if defined(__x86_64__)
constexpr std::string_view system_call_prefix = "__x64_";
#elif defined(__aarch64__)
constexpr std::string_view system_call_prefix = "__arm64_";
#elif defined(__s390x__)
constexpr std::string_view system_call_prefix = "__s390x_";
#elif defined(__riscv)
constexpr std::string_view system_call_prefix = "__riscv_";
#else
constexpr std::string_view system_call_prefix = "";
#endif

std::string describe(hook::kprobe const& where) {
    std::string text = where.retprobe ? "kretprobe " : "kprobe ";
    if (where.function.empty()) return text + "at address " + hexadecimal(where.offset);
    text += "'" + std::string{where.function} + "'";
    return where.offset == 0 ? text : text + "+" + std::to_string(where.offset);
}

refusal meaning_of(int number) {
    auto const usual = usual_condition(number);
    switch (number) {
    case ENOENT: return {usual, "the kernel and its loaded modules have no such function"};
    case EINVAL:
        return {usual, "the kernel does not let this be probed, or a return probe has an offset"};
    case EADDRNOTAVAIL:
        return {errc::invalid_argument, "several functions have this name: probe by address"};
    case EILSEQ: return {errc::invalid_argument, "no instruction begins there"};
    default: return {usual, {}};
    }
}

result<unique_fd> open_at(hook::kprobe const& where, std::string const& function,
                          std::string const& subject) {
    return open_probe({.pmu = "kprobe",
                       .name = function.empty() ? nullptr : function.c_str(),
                       .offset = where.offset,
                       .retprobe = where.retprobe,
                       .ref_ctr_offset = 0,
                       .pid = every_process},
                      meaning_of, subject);
}

} // namespace

match hook_traits<hook::kprobe>::matches(link_info const& info) noexcept {
    return matches_event<perf_kprobe>(info, match::no);
}

detail::hook_row const& hook_traits<hook::kprobe>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF,
                                  .pmu = "kprobe"},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::kprobe>::create(detail::borrowed_program prog,
                                                    hook::kprobe const& where) {
    std::string const subject = describe(where);
    std::string const function{where.function};
    if (function.find('\0') != function.npos || (function.empty() && where.offset == 0))
        return fail(-EINVAL, operation::perf_event_open, errc::invalid_argument, subject,
                    "a function's name, or an address, is needed");
    auto event = open_at(where, function, subject);
    if (!event && event.error() == errc::not_found && function.starts_with("sys_"))
        event = open_at(where, std::string{system_call_prefix} + function, subject);
    if (!event) return event;
    return attach_to_event(prog, *event, where.cookie, subject);
}

} // namespace bpflink
