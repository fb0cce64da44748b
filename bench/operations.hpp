// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pairs.hpp"
#include "programs.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What is compared: a name for the table and the two ways.
struct contest {
    std::string name;
    work ours;
    work by_hand;
};

/// `once`, a hundred times between two looks at the clock.
template <class Once>
work repeated(Once once) {
    return [once]() mutable {
        constexpr std::size_t batch = 100;
        for (std::size_t i = 0; i != batch; ++i)
            once();
        return batch;
    };
}

/// What one does with a single link, by the library and by libbpf's calls for the same commands of
/// bpf(2). The contests borrow from the object.
class operations {
public:
    operations();

    [[nodiscard]] std::vector<contest> contests();

    /// A cgroup link that lives as long as the object.
    [[nodiscard]] bpflink::fd_view link() const { return link_.fd(); }
    [[nodiscard]] std::uint32_t id() const;

private:
    using tracing_ref = bpflink::program_ref<bpflink::program_type::tracing>;
    using cgroup_skb_ref = bpflink::program_ref<bpflink::program_type::cgroup_skb>;

    [[nodiscard]] bpflink::hook::cgroup egress() const;

    test_programs programs_{"iter_tasks", "egress_a", "egress_b"};
    sandbox::cgroup cgroup_;
    sandbox::bpffs bpffs_;
    bpflink::unique_fd cgroup_fd_;
    tracing_ref iter_;
    cgroup_skb_ref first_;
    cgroup_skb_ref second_;
    bpflink::cgroup_link link_; // what is updated and pinned
};
