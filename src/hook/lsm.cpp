// SPDX-License-Identifier: Apache-2.0
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"

#include <bpflink/hook/lsm.hpp>

#include <array>

namespace bpflink {
namespace {

constexpr std::array mistakes{
    detail::refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                    "bpf_tracing_prog_attach", not_loaded_for_it},
};

constexpr std::array sections{
    detail::section{.kind = "lsm", .rest = "FUNCTION", .read = as_loaded<hook::lsm>},
    detail::section{.kind = "lsm.s", .rest = "FUNCTION", .read = as_loaded<hook::lsm>},
};

} // namespace

match hook_traits<hook::lsm>::matches(link_info const& info) noexcept {
    return matches_attach_type(info, attach_types);
}

detail::hook_row const& hook_traits<hook::lsm>::row() noexcept {
    static constexpr auto facts = row_for<hook::lsm>({
        .asked_by = detail::probe{.program = program_type::lsm,
                                  .expected = attach_type::lsm_mac,
                                  .target = "file_mprotect",
                                  .for_real = true},
        .mistakes = mistakes,
        .causes = trampoline_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::lsm>::create(detail::borrowed_program prog,
                                                 hook::lsm const& where) {
    return attach_where_loaded({.row = row(), .prog = &prog, .request = &where.cookie},
                               [] { return std::string{"LSM program"}; });
}

result<match> hook_traits<hook::lsm>::is_at(hook::lsm const&, located_link const& l) {
    return is_at_function(l, attach_types);
}

} // namespace bpflink
