// SPDX-License-Identifier: Apache-2.0
#include "info/refuse_info.hpp"

#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

finding is_not_of_bpf(attempt const& tried) {
    auto const kind = identify(tried.as<fd_view>());
    if (!kind) return {};
    return {*kind == object_kind::other ? match::unknown : match::no};
}

constexpr std::array causes{
    refusal{EBADF, errc::invalid_argument, "the descriptor is not open", "",
            "bpf_obj_get_info_by_fd"},
    refusal{EINVAL, errc::invalid_argument, "it is not a BPF object", "", "bpf_obj_get_info_by_fd",
            is_not_of_bpf},
    refusal{ENODEV, errc::not_found, "the device that it was loaded for is gone", "load it again",
            "bpf_prog_offload_info_fill"},
    refusal{ENOSPC, errc{}, "its names or places were more each time it was asked about",
            "ask again", "bpf_copy_to_user"},
    refusal{ENAMETOOLONG, errc::invalid_argument,
            "the path of the file that it is on is longer than 4,095 bytes", "", "d_path"},
};

} // namespace

tl::unexpected<error> refuse_info(int outcome, operation what, fd_view object) {
    return refuse(outcome, what, describe(object), {.request = &object},
                  {causes, command_causes()});
}

} // namespace bpflink
