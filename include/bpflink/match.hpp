// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bpflink {

/// An answer about a link, as far as the kernel tells.
enum class match { no, yes, unknown };

} // namespace bpflink
