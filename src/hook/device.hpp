// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts that tcx and netkit have in common: their programs are on an interface, by bpf_mprog.

#include "hook/typed.hpp"

#include <bpflink/ids.hpp>
#include <bpflink/lifecycle/ensure.hpp>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] inline std::string describe_device(ifindex device,
                                                 std::optional<attach_type> attach) {
    return with_attach_type("interface " + std::to_string(device.value()), attach);
}

inline constexpr std::array device_place_causes{
    detail::refusal{ENODEV, errc::not_found, "no such interface in this network namespace", "",
                    "__dev_get_by_index", interface_is_gone},
};

inline constexpr std::array device_causes{
    detail::refusal{EEXIST, errc::already_exists,
                    "{} is there without a link, and the hook takes it once",
                    "detach it, as it was attached: bpftool net detach", "bpf_mprog_attach",
                    own_program_without_link},
    detail::refusal{EEXIST, errc::already_exists, "the program is on the hook, which takes it once",
                    "update its link, or attach another program", "bpf_mprog_attach"},
    detail::refusal{ERANGE, errc{}, "63 programs are there, the most the kernel takes",
                    "detach one", "bpf_mprog_attach"},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "the order names {}, and one of sched_cls is needed", "",
                    "bpf_mprog_tuple_relative", anchor_is_not_of_a_classifier},
};

template <class Hook>
[[nodiscard]] detail::squatter own_without_link(detail::borrowed_program const& what, Hook where) {
    auto const& row = hook_traits<Hook>::row();
    if (!where.attach) where.attach = attach_type_of(what, row);
    if (!where.attach) return {};
    auto asked = request_of(where);
    asked.target = where.ifindex.value();
    auto found = own_program_without_link({.row = row, .prog = &what, .request = &asked});
    if (found.is != match::yes) return {};
    // The id of a link that is being made is 0, too.
    return {match::unknown, std::move(found.what) + " is there without a link"};
}

} // namespace bpflink
