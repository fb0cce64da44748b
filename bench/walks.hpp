// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// The same walks over all links, by the library and by hand. Each looks at what it is about, so
// that the compiler drops nothing, and returns how many links it saw. They throw std::runtime_error
// on any error.

namespace by_bpflink {

std::size_t link_ids();
std::size_t links();
std::size_t infos();
std::size_t snapshot();

} // namespace by_bpflink

namespace by_hand {

std::size_t link_ids();
std::size_t links();

/// Asks for the kind and the length of the name first and for the name then, as bpftool does: a
/// buffer that is offered to a link of unknown kind may be overrun.
std::size_t infos();

} // namespace by_hand
