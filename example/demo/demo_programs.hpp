// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared.h"

#include <bpflink/program.hpp>

#include <cstdint>
#include <memory>
#include <vector>

struct bpf_object;

namespace demo {

/// The programs of demo.bpf.c, loaded by libbpf; the library borrows them.
class programs {
    struct closer {
        void operator()(::bpf_object* object) const noexcept;
    };
    struct unmapper {
        void operator()(demo_state* state) const noexcept;
    };
    std::unique_ptr<::bpf_object, closer> object_;
    std::unique_ptr<demo_state, unmapper> state_;

    template <bpflink::program_type Type>
    [[nodiscard]] bpflink::program_ref<Type> borrow(char const* name) const;

public:
    /// Loads all of them. Throws std::system_error.
    programs();

    bpflink::program_ref<bpflink::program_type::xdp> const versions[2];
    bpflink::program_ref<bpflink::program_type::cgroup_skb> const count_egress;
    bpflink::program_ref<bpflink::program_type::raw_tracepoint> const count_calls;
    bpflink::program_ref<bpflink::program_type::tracing> const list_threads;

    [[nodiscard]] std::vector<bpflink::program_id> ids() const;

    /// The counts of the programs, in memory that they and this process share.
    [[nodiscard]] demo_state& state() const noexcept { return *state_; }
};

/// Reads a counter that a program may be changing.
[[nodiscard]] std::uint64_t read(__u64& counter) noexcept;

} // namespace demo
