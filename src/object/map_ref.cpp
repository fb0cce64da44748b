// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/identify.hpp"

#include <bpflink/map_ref.hpp>

#include <cerrno>

namespace bpflink {

result<map_ref> map_ref::from(::bpf_map const* map) {
    if (!map)
        return fail(-EINVAL, operation::map_get_info, errc::invalid_argument, {},
                    "the map is a null pointer");
    int const fd = sys::map_fd(map);
    if (fd < 0)
        return fail(-EBADF, operation::map_get_info, errc::invalid_argument, {},
                    "the map is not created: load its bpf_object first");
    return map_ref{fd_view{fd}};
}

result<map_ref> map_ref::from_fd(fd_view fd) {
    return require_kind(fd, object_kind::map, operation::map_get_info, describe(fd),
                        "it is not a BPF map")
        .map([&] { return map_ref{fd}; });
}

} // namespace bpflink
