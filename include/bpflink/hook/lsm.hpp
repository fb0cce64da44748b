// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/tracing.hpp>

namespace bpflink {

/// A hook of the Linux security modules, for the whole system; the program was loaded for it. Runs
/// only where "bpf" is among the active modules (/sys/kernel/security/lsm): a kernel before 5.12
/// attaches and stays silent where it is not. For the processes of a cgroup, hook::cgroup takes the
/// same programs with attach_type::lsm_cgroup.
///
/// `cookie` as for hook::tracing.
/// @errors as hook::tracing
/// @kernel since 5.7, cookie 5.19; kernel/bpf/syscall.c, bpf_tracing_prog_attach(); read at v6.12
/// @cost 1 system call
struct hook::lsm {
    bpflink::cookie cookie{}; ///< for bpf_get_attach_cookie(); 0: none
};

template <>
struct hook_traits<hook::lsm> : detail::of_kind<link_type::tracing> {
    static constexpr std::string_view name = "lsm";
    static constexpr std::array program_types{program_type::lsm};
    static constexpr std::array attach_types{attach_type::lsm_mac};
    static constexpr kernel_version since{5, 7};
    using details = tracing_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("cookie", &hook::lsm::cookie, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::lsm const& where);
    static result<match> is_at(hook::lsm const& where, detail::located_link const& l);
};

/// A link of hook::lsm.
using lsm_link = typed_link<hook::lsm>;

} // namespace bpflink
