// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/matches.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/raw_tracepoint.hpp>

#include <cerrno>

namespace bpflink {
namespace {

constexpr std::size_t longest_name = 127; // the kernel's buffer less the zero byte

std::string advice_on(int outcome, hook::raw_tracepoint const& where) {
    switch (-outcome) {
    case ENOENT: return "no such tracepoint in this kernel or its loaded modules";
    case EINVAL:
        return where.cookie.value() != 0
                   ? "a cookie needs kernel 6.10; or the program reads past the arguments"
                   : "the program reads past the tracepoint's arguments";
    case EPERM: return "CAP_BPF and CAP_PERFMON are needed";
    default: return {};
    }
}

} // namespace

match hook_traits<hook::raw_tracepoint>::matches(link_info const& info) noexcept {
    return may_match_by_type<hook::raw_tracepoint>(info);
}

detail::hook_row const& hook_traits<hook::raw_tracepoint>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::raw_tracepoint},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::raw_tracepoint>::create(detail::borrowed_program prog,
                                                            hook::raw_tracepoint const& where) {
    std::string const zero_terminated{where.name};
    std::string const subject = "tracepoint '" + zero_terminated + "'";
    if (where.name.empty() || where.name.size() > longest_name ||
        where.name.find('\0') != std::string_view::npos)
        return fail(-EINVAL, operation::raw_tracepoint_open, errc::invalid_argument, subject,
                    "a tracepoint's name has 1 to 127 bytes");
    uapi::raw_tracepoint_attr const attr{
        .name = reinterpret_cast<std::uintptr_t>(zero_terminated.c_str()),
        .prog_fd = raw_fd(prog.fd),
        .padding = 0,
        .cookie = where.cookie.value(),
    };
    auto made = sys::raw_tracepoint_open(attr);
    return created(std::move(made), operation::raw_tracepoint_open, subject,
                   advice_on(made.outcome(), where));
}

} // namespace bpflink
