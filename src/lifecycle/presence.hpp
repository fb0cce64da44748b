// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/lifecycle/holders.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Whether a link has this id now. Holds nothing, not for a moment.
/// @errors permission_denied  CAP_SYS_ADMIN is missing
///         not_supported      a kernel before 5.8
/// @cost 1 system call
[[nodiscard]] result<bool> is_there(link_id id);

/// "process 7 (cat), the pin /sys/fs/bpf/x"
[[nodiscard]] std::string in_words(link_holders const& who);

} // namespace bpflink
