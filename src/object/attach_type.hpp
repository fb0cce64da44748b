// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/program_type.hpp>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The program type that an attach type takes; unspec where it takes several, or is not known.
[[nodiscard]] program_type program_type_of(attach_type attach) noexcept;

} // namespace bpflink
