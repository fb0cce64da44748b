// SPDX-License-Identifier: Apache-2.0
#include <bpflink/detail/wait.hpp>
#include <bpflink/lifecycle/candidate.hpp>

namespace bpflink {

namespace detail {

keepsakes::~keepsakes() {
    for (auto const& each : all_)
        each.end(each.what);
}

result<void> keepsakes::own(std::string_view& text) {
    text = keep(std::string{text});
    return {};
}

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

result<void> keepsakes::own(iter_cgroup& start) {
    return own(start.cgroup);
}

result<void> keepsakes::own(iter_task& of) {
    return own(of.task);
}

kept_candidate::kept_candidate(error why)
    : place{door_to<hook::iter>, {}, nullptr}, failed{std::move(why)} {
}

} // namespace detail

set_candidate candidate(map_ref const& map, hook::struct_ops const& where) {
    return detail::make_candidate::of(
        new detail::kept_candidate(detail::borrowed_program{map.fd()}, where));
}

} // namespace bpflink
