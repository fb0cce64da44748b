// SPDX-License-Identifier: Apache-2.0
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/raw_tracepoint.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/tp_btf.hpp>

namespace bpflink {
namespace {

using detail::refusal;

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
            "bpf_raw_tp_link_attach", not_loaded_for_it},
};

constexpr auto causes = joined(
    std::array{
        refusal{ENOENT, errc::not_found,
                "the tracepoint is not there any more: its module was unloaded", "",
                "bpf_get_raw_tracepoint"},
        refusal{EINVAL, errc::invalid_argument, "the program was loaded for another hook", "",
                "bpf_raw_tp_link_attach", may_be_loaded_for_another},
    },
    raw_tracepoint_causes<hook::tp_btf>);

constexpr std::array sections{
    detail::section{.kind = "tp_btf", .rest = "NAME", .read = as_loaded<hook::tp_btf>},
    detail::section{.kind = "tp_btf.s", .rest = "NAME", .read = as_loaded<hook::tp_btf>},
};

} // namespace

match hook_traits<hook::tp_btf>::matches(link_info const& info) noexcept {
    return may_match_by_type<hook::tp_btf>(info);
}

detail::hook_row const& hook_traits<hook::tp_btf>::row() noexcept {
    static constexpr auto facts = row_for<hook::tp_btf>({
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_raw_tp,
                                  .target = "sys_enter"},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::tp_btf>::create(detail::borrowed_program prog,
                                                    hook::tp_btf const& where) {
    return open_raw_tracepoint(
        {.name = 0, .prog_fd = raw_fd(prog.fd), .padding = 0, .cookie = where.cookie.value()},
        {.row = row(), .prog = &prog, .request = &where},
        [] { return std::string{"tp_btf program"}; });
}

result<match> hook_traits<hook::tp_btf>::is_at(hook::tp_btf const&, located_link const& l) {
    return has_same_target(l);
}

} // namespace bpflink
