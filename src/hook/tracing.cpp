// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/matches.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"

#include <bpflink/hook/tracing.hpp>

namespace bpflink {

match hook_traits<hook::tracing>::matches(link_info const& info) noexcept {
    return matches_attach_type(info, attach_types);
}

detail::hook_row const& hook_traits<hook::tracing>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_fentry,
                                  .target = "bpf_fentry_test1"},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::tracing>::create(detail::borrowed_program prog,
                                                     hook::tracing const& where) {
    std::string const subject =
        prog.expected ? to_string(*prog.expected) + " program" : "tracing program";
    return check_expected(prog, attach_types, subject).and_then([&] {
        return attach_where_loaded(prog, where.cookie, subject);
    });
}

} // namespace bpflink
