// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "object/identify.hpp"

#include <bpflink/map_ref.hpp>

#include <cerrno>

namespace bpflink {
namespace {

using detail::refusal;

constexpr refusal null_pointer{EINVAL, errc::invalid_argument, "the map is a null pointer", "",
                               "bpf_map__fd"};
constexpr refusal not_created{EBADF, errc::invalid_argument, "the map is not created",
                              "load its bpf_object first", "bpf_map__fd"};

} // namespace

result<map_ref> map_ref::from(::bpf_map const* map) {
    if (!map) return refuse_by(null_pointer, {}, operation::map_get_info, {});
    int const fd = sys::map_fd(map);
    if (fd < 0) return refuse_by(not_created, {}, operation::map_get_info, {});
    return map_ref{fd_view{fd}};
}

result<map_ref> map_ref::from_fd(fd_view fd) {
    return require_map(fd, describe(fd)).map([&] { return map_ref{fd}; });
}

} // namespace bpflink
