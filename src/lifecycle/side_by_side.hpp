// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/side_by_side.hpp"

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Calls f(i) for each i below `count`, several at a time. The first exception is thrown again when
/// all are done.
template <class F>
void side_by_side(std::size_t count, F f) {
    struct each {
        F f;
        std::vector<std::exception_ptr> thrown;
    } all{std::move(f), std::vector<std::exception_ptr>(count)};
    sys::side_by_side(
        count,
        [](void* with, std::size_t i) {
            auto& its = *static_cast<each*>(with);
            try {
                its.f(i);
            } catch (...) {
                its.thrown[i] = std::current_exception();
            }
        },
        &all);
    for (auto const& one : all.thrown)
        if (one) std::rethrow_exception(one);
}

} // namespace bpflink
