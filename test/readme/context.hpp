// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the pages' code blocks take as given.
#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <iostream>
#include <ranges>
#include <string>
#include <vector>

namespace bl = bpflink;

#define GIVEN                                                                                      \
    bl::program_ref<bl::program_type::xdp> prog, bl::program_ref<bl::program_type::xdp> next,      \
        bl::program_ref<bl::program_type::cgroup_skb> egress, ::bpf_object *object,                \
        bl::ifindex device, std::string_view path
