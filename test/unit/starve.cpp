// SPDX-License-Identifier: Apache-2.0
#include "starve.hpp"

#include <cstddef>
#include <cstdlib>

namespace {

thread_local int left = 0; // allocations until one fails, that one included; 0: none does
thread_local int feeding = 0;
thread_local bool failed = false;
thread_local std::size_t made = 0;

void* allocate(std::size_t size, std::size_t alignment) {
    if (feeding == 0) ++made;
    if (left > 0 && feeding == 0 && --left == 0) {
        failed = true;
        throw std::bad_alloc{};
    }
    auto const whole = (size + alignment - 1) / alignment * alignment;
    void* const memory = alignment <= alignof(std::max_align_t)
                             ? std::malloc(size == 0 ? 1 : size)
                             : std::aligned_alloc(alignment, whole);
    if (!memory) throw std::bad_alloc{};
    return memory;
}

} // namespace

namespace starve {

starving::starving(int nth) noexcept {
    failed = false;
    left = nth;
}

starving::~starving() {
    left = 0;
}

bool starving::has_failed() const noexcept {
    return failed;
}

std::size_t allocations() noexcept {
    return made;
}

fed::fed() noexcept {
    ++feeding;
}

fed::~fed() {
    --feeding;
}

} // namespace starve

// The array forms call these.
void* operator new(std::size_t size) {
    return allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
