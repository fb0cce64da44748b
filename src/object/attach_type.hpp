// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/program_type.hpp>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The program type that an attach type takes; unspec where it takes several, or is not known.
[[nodiscard]] program_type program_type_of(attach_type attach) noexcept;

/// The same on one hook; unspec for the attach types of others.
template <class Hook>
[[nodiscard]] program_type type_on(attach_type attach) noexcept {
    return detail::contains(hook_traits<Hook>::attach_types, attach) ? program_type_of(attach)
                                                                     : program_type::unspec;
}

} // namespace bpflink
