// SPDX-License-Identifier: Apache-2.0
#include <bpflink/detail/look.hpp>

#include <utility>

namespace bpflink::detail {

void looked_at::forget_looks() noexcept {
    while (first_) {
        look* const gone = std::exchange(first_, first_->next_);
        gone->at_ = nullptr;
        gone->next_ = nullptr;
    }
}

void look::enter(looked_at* at) noexcept {
    if (!at) return;
    at_ = at;
    next_ = std::exchange(at->first_, this);
}

void look::leave() noexcept {
    looked_at* const at = std::exchange(at_, nullptr);
    if (!at) return;
    look** here = &at->first_; // there are few: a loop has one, an adaptor adds another
    while (*here != this)
        here = &(*here)->next_;
    *here = std::exchange(next_, nullptr);
    if (!at->first_) at->nobody_looks();
}

} // namespace bpflink::detail
