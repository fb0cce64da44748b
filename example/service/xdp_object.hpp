// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "configuration.hpp"

#include <bpflink/error.hpp>
#include <bpflink/program_ref.hpp>
#include <bpflink/program_type.hpp>

#include <memory>
#include <utility>

struct bpf_object;

namespace service {

using xdp_program = bpflink::program_ref<bpflink::program_type::xdp>;

/// A loaded BPF object file, of whose programs one is used. Maps that the file pins by name are
/// shared with the versions before and after it.
class xdp_object {
public:
    [[nodiscard]] static bpflink::result<xdp_object> load(configuration const& from);

    [[nodiscard]] xdp_program program() const noexcept { return program_; }

private:
    struct closer {
        void operator()(::bpf_object* object) const noexcept;
    };
    using handle = std::unique_ptr<::bpf_object, closer>;
    xdp_object(handle object, xdp_program program)
        : object_{std::move(object)}, program_{program} {}

    handle object_;
    xdp_program program_; // of object_
};

} // namespace service
