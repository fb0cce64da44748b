// SPDX-License-Identifier: Apache-2.0

// Snapshots on Windows, which has no iterator over links: they walk.

#include "error/fail.hpp"
#include "snapshot/by_walk.hpp"

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
    unseen_.clear();
    why_ = error{0, operation::prog_load};
    if (preferred_ == snapshot_source::iterator) why_ = without_iterator().value();
    source_ = snapshot_source::walk;
    auto taken = take_by_walk(into, unseen_, [](link_record&, link const&) {});
    if (taken) return taken;
    into.clear();
    unseen_.clear();
    return taken;
}

result<std::vector<result<link_info>>> infos_at_once() {
    return without_iterator();
}

} // namespace bpflink
