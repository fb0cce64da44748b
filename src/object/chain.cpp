// SPDX-License-Identifier: Apache-2.0
#include <bpflink/detail/chain.hpp>

#include <new>

namespace bpflink::detail {

error abandon(link owned, error why) {
    unless_thrown guard{owned}; // another attempt
    auto const undone = access::restore_pin(owned);
    guard.ended();
    if (!undone) why.add_advice("undoing failed too: " + undone.error().message());
    return why;
}

void abandon(link owned) noexcept {
    try {
        static_cast<void>(access::restore_pin(owned));
    } catch (...) { // the first exception goes on
    }
}

namespace {

bool copied(std::string_view from, std::string& to) noexcept {
    try {
        to = from;
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }
}

} // namespace

path_argument::path_argument(std::string_view path) noexcept : is_copied_{copied(path, path_)} {
}

path_argument::path_argument(path_argument const& other) noexcept
    : is_copied_{other.is_copied_ && copied(other.path_, path_)} {
}

std::string_view path_argument::get() const {
    if (!is_copied_) throw std::bad_alloc{};
    return path_;
}

} // namespace bpflink::detail
