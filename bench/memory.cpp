// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"

#include <cstdlib>
#include <fstream>
#include <new>
#include <string>

namespace {

constinit thread_local std::size_t calls = 0;

void* allocate(std::size_t size, std::size_t alignment) {
    ++calls;
    if (size == 0) size = 1;
    void* const memory =
        alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
            ? std::malloc(size)
            : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (!memory) throw std::bad_alloc{};
    return memory;
}

long field(std::string const& wanted) {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(wanted + ":")) return std::stol(line.substr(wanted.size() + 1));
    return 0;
}

} // namespace

void* operator new(std::size_t size) {
    return allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
// The array and nothrow forms call these.
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

std::size_t allocations() noexcept {
    return calls;
}

bool forget_peak() {
    std::ofstream refs{"/proc/self/clear_refs"};
    refs << 5 << std::flush;
    return static_cast<bool>(refs);
}

long peak_resident() {
    return field("VmHWM");
}

long resident() {
    return field("VmRSS");
}
