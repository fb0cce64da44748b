// SPDX-License-Identifier: Apache-2.0

// Snapshots on Windows, which has no iterator over links: they walk.

#include "error/fail.hpp"
#include "error/names.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/snapshot.hpp>

#include <array>
#include <cerrno>
#include <ostream>

namespace bpflink {
namespace {

constexpr std::array<std::string_view, 3> snapshot_source_names{"none", "iterator", "walk"};

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

error const* snapshotter::why_walked() const& noexcept {
    return why_.code() ? &why_ : nullptr;
}

result<std::vector<link_record>> snapshotter::take() {
    std::vector<link_record> records;
    return take(records).map([&] { return std::move(records); });
}

result<std::vector<result<link_info>>> infos_at_once() {
    return without_iterator();
}

result<std::vector<link_record>> snapshot() {
    return snapshotter{}.take();
}

std::string to_string(snapshot_source source) {
    return detail::name_or_number(snapshot_source_names, static_cast<unsigned>(source));
}

std::ostream& operator<<(std::ostream& out, snapshot_source source) {
    return out << to_string(source);
}

} // namespace bpflink
