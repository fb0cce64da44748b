// SPDX-License-Identifier: Apache-2.0

// Snapshots on Windows, which has no iterator over links: they walk.

#include "error/fail.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/snapshot.hpp>

#include <cerrno>

namespace bpflink {
namespace {

tl::unexpected<error> without_iterator() {
    return fail(-EOPNOTSUPP, operation::prog_load, errc::not_supported, "the iterator over links",
                "eBPF for Windows has no iterators");
}

} // namespace

result<void> snapshotter::take(std::vector<link_record>& into) {
    into.clear();
    why_ = error{0, operation::prog_load};
    if (preferred_ == snapshot_source::iterator) why_ = without_iterator().value();
    source_ = snapshot_source::walk;
    for (auto&& entry : links()) {
        auto record = entry.and_then([](link const& l) { return detail::read_record(l.fd()); });
        if (!record) {
            into.clear();
            return tl::unexpected{std::move(record).error()};
        }
        into.push_back(*record);
    }
    return {};
}

result<std::vector<result<link_info>>> infos_at_once() {
    return without_iterator();
}

} // namespace bpflink
