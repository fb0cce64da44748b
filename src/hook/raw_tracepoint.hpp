// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts that raw_tracepoint and tp_btf have in common: the kernel makes the same link of both.

#include "hook/row.hpp"

#include <bpflink/ids.hpp>

#include <array>
#include <cerrno>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A kernel before 6.10 refuses a cookie before it looks at the program.
template <class Hook>
[[nodiscard]] detail::finding cookies_need_6_10(detail::attempt const& tried) {
    if (tried.as<Hook>().cookie == cookie{}) return {match::no};
    int const outcome = sys::raw_tracepoint_open(
                            {.name = 0, .prog_fd = raw_fd(fd_view{}), .padding = 0, .cookie = 1})
                            .outcome();
    return {outcome == -EINVAL ? match::yes : outcome == -EBADF ? match::no : match::unknown};
}

/// @tparam Hook  which of the two
template <class Hook>
inline constexpr std::array raw_tracepoint_causes{
    detail::refusal{EINVAL, errc::invalid_argument, "a cookie needs kernel 6.10", "attach without",
                    "bpf_raw_tracepoint_open", cookies_need_6_10<Hook>},
    detail::refusal{EEXIST, errc::already_exists,
                    "the program is on the tracepoint already, which kernels before 6.10 refuse",
                    "one link is enough", "tracepoint_add_func"},
    detail::refusal{EOPNOTSUPP, errc::not_supported, "this kernel is built without BPF events", "",
                    "bpf_probe_register"},
};

} // namespace bpflink
