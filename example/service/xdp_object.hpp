// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "configuration.hpp"

#include <cstdint>
#include <memory>
#include <vector>

struct bpf_map;
struct bpf_object;

namespace service {

/// A loaded BPF object file, of whose programs one is used. Maps that the file pins by name are
/// shared with the versions before and after it.
struct xdp_object {
    struct closer {
        void operator()(::bpf_object* of) const noexcept;
    };
    std::unique_ptr<::bpf_object, closer> object;
    bpflink::program_ref<bpflink::program_type::xdp> program; ///< of the object
    ::bpf_map const* counters;                                ///< of the object; null: none
};

/// @param shares  whether maps are pinned that the file pins by name; else nothing is left behind
/// @errors of operation open: there is no such file, program or map, or it is another kind
///         of operation prog_load: the kernel refuses it
[[nodiscard]] bpflink::result<xdp_object> load_object(configuration const& from, bool shares);

/// The values of the map of counters; empty where none is configured.
[[nodiscard]] std::vector<std::uint64_t> counts_of(xdp_object const& of);

} // namespace service
