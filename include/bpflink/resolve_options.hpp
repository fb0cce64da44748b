// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bpflink {

/// Which functions of a file are asked for.
struct resolve_options {
    /// Refuse a name that several functions have, whatever their binding: without it a global one
    /// wins over a static one of its name. All tables are read then.
    bool unique = false;
    /// Indirect functions, too (STT_GNU_IFUNC, as memcpy and strlen often are): where one is, code
    /// chooses the variant that callers then call without coming here.
    bool indirect = false;
};

} // namespace bpflink
