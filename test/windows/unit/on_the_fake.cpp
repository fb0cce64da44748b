// SPDX-License-Identifier: Apache-2.0

// The parts of the unit tests' world that are otherwise on Windows: no hook is asked for, no
// lockdown is known, and memory is counted and never wanting.

#include "fake/kernel.hpp"
#include "hook/create.hpp"
#include "hook/event_link.hpp"
#include "hook/row.hpp"
#include "starve.hpp"

#include <bpflink/supports.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace {

std::size_t made = 0;
int feeding = 0;

} // namespace

namespace bpflink::detail {

support probe_support(hook_row const&) {
    return {support::answer::unknown, {}};
}

} // namespace bpflink::detail

namespace bpflink {

match is_locked_down() {
    return match::unknown;
}

sys::opened load_nothing(program_type, attach_type, std::uint32_t, fd_view, bool) {
    return sys::opened{-ENOSYS};
}

} // namespace bpflink

namespace fake {

std::uint64_t const lowest_own_address = 0; // of Windows nobody knows

} // namespace fake

namespace starve {

fed::fed() noexcept {
    ++feeding;
}

fed::~fed() {
    --feeding;
}

std::size_t allocations() noexcept {
    return made;
}

} // namespace starve

void* operator new(std::size_t size) {
    if (feeding == 0) ++made;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
