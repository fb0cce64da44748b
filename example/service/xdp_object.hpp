// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "configuration.hpp"

#include <bpflink/error.hpp>
#include <bpflink/program_ref.hpp>
#include <bpflink/program_type.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

struct bpf_map;
struct bpf_object;

namespace service {

using xdp_program = bpflink::program_ref<bpflink::program_type::xdp>;

/// A loaded BPF object file, of whose programs one is used. Maps that the file pins by name are
/// shared with the versions before and after it.
class xdp_object {
public:
    /// Which maps it gets.
    enum class maps {
        pinned, ///< those that are pinned by now, where the file pins them by name
        own,    ///< new ones, which leave nothing behind
    };
    /// @errors ENOENT, EINVAL, ...  of operation open: there is no such file, program or map, or it
    ///                              is not what it has to be
    ///         and of operation prog_load, what the kernel refuses
    [[nodiscard]] static bpflink::result<xdp_object> load(configuration const& from,
                                                          maps which = maps::pinned);

    [[nodiscard]] xdp_program program() const noexcept { return program_; }

    /// The map of counters; empty where none is configured.
    [[nodiscard]] std::vector<std::uint64_t> counts() const;

private:
    struct closer {
        void operator()(::bpf_object* object) const noexcept;
    };
    using handle = std::unique_ptr<::bpf_object, closer>;
    xdp_object(handle object, xdp_program program, ::bpf_map const* counters)
        : object_{std::move(object)}, program_{program}, counters_{counters} {}

    handle object_;
    xdp_program program_;       // of object_
    ::bpf_map const* counters_; // of object_; null: none
};

} // namespace service
