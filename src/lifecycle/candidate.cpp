// SPDX-License-Identifier: Apache-2.0
#include <bpflink/detail/wait.hpp>
#include <bpflink/lifecycle/candidate.hpp>

namespace bpflink::detail {

result<void> keepsakes::own(fd_view& fd) {
    if (!fd) return {};
    return duplicated(fd).map([&](unique_fd&& owned) { fd = keep(std::move(owned)); });
}

result<void> keepsakes::own(map_ref& map) {
    auto fd = map.fd();
    return own(fd).and_then([&] { return map_ref::from_fd(fd); }).map([&](map_ref its) {
        map = its;
    });
}

} // namespace bpflink::detail
