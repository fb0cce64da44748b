// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/link_type.hpp>

#include <optional>

namespace bpflink {

/// The attach type of a link: `told` for the kinds whose info has it, else the one that all links
/// of the kind have, or none.
[[nodiscard]] std::optional<attach_type> attach_type_of(link_type type,
                                                        std::optional<attach_type> told) noexcept;

} // namespace bpflink
