// SPDX-License-Identifier: Apache-2.0

// The part of snapshots that is the same whatever they are taken by: on Windows, too.

#include "error/names.hpp"

#include <bpflink/views/snapshot.hpp>

#include <array>
#include <ostream>
#include <utility>

namespace bpflink {
namespace {

constexpr std::array<std::string_view, 3> snapshot_source_names{"none", "iterator", "walk"};

} // namespace

std::span<error const> snapshotter::unseen() const& noexcept {
    return unseen_;
}

error const* snapshotter::why_walked() const& noexcept {
    return why_.code() ? &why_ : nullptr;
}

result<std::vector<link_record>> snapshotter::take() {
    std::vector<link_record> records;
    return take(records).map([&] { return std::move(records); });
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
