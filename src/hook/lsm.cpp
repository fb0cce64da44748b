// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/matches.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"

#include <bpflink/hook/lsm.hpp>

namespace bpflink {

match hook_traits<hook::lsm>::matches(link_info const& info) noexcept {
    return matches_attach_type(info, attach_types);
}

detail::hook_row const& hook_traits<hook::lsm>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::lsm,
                                  .expected = attach_type::lsm_mac,
                                  .target = "file_mprotect"},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::lsm>::create(detail::borrowed_program prog,
                                                 hook::lsm const& where) {
    std::string const subject = "LSM program";
    return check_expected(prog, attach_types, subject).and_then([&] {
        prog.expected = attach_types.front(); // loaded for a cgroup, it would be refused as well
        return attach_where_loaded(prog, where.cookie, subject);
    });
}

} // namespace bpflink
