// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/sys.hpp"

#include <optional>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// An XDP attach that was tried while the library listened.
struct heard_attach {
    sys::opened made;
    std::string words; // the kernel's or the driver's own, which bpf(2) drops; empty where none
};

/// Attaches once more, and listens to this thread by a program of the library's own, which is gone
/// when this returns. Nothing where it cannot listen: then nothing was tried.
/// @kernel since 6.6; net/core/dev.c, bpf_xdp_link_attach(), tracepoint bpf_xdp_link_attach_failed
/// @cost 4 ms and more
[[nodiscard]] std::optional<heard_attach> attach_and_listen(uapi::link_create_attr const& attr);

} // namespace bpflink
