// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/matches.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/tp_btf.hpp>

#include <cerrno>

namespace bpflink {

match hook_traits<hook::tp_btf>::matches(link_info const& info) noexcept {
    return may_match_by_type<hook::tp_btf>(info);
}

detail::hook_row const& hook_traits<hook::tp_btf>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_raw_tp,
                                  .target = "sys_enter"},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::tp_btf>::create(detail::borrowed_program prog,
                                                    hook::tp_btf const& where) {
    std::string const subject = "tp_btf program";
    if (auto fits = check_expected(prog, attach_type::trace_raw_tp, subject); !fits)
        return tl::unexpected{std::move(fits).error()};
    uapi::raw_tracepoint_attr const attr{
        .name = 0, .prog_fd = raw_fd(prog.fd), .padding = 0, .cookie = where.cookie.value()};
    auto made = sys::raw_tracepoint_open(attr);
    int const outcome = made.outcome();
    std::string advice;
    if (outcome == -EINVAL)
        advice = where.cookie.value() != 0 ? "a cookie needs kernel 6.10"
                                           : "the program was not loaded for a tracepoint";
    if (outcome == -EPERM) advice = "CAP_BPF and CAP_PERFMON are needed";
    return created(std::move(made), operation::raw_tracepoint_open, subject, std::move(advice));
}

} // namespace bpflink
