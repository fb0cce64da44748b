// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// What a walk saw: how many links, and sums that whoever walks the same links gets too. They also
/// keep the compiler from dropping a thing that was asked for.
struct tally {
    std::size_t seen = 0;
    std::uint64_t numbers = 0; ///< of the links' ids by link_ids(), of their programs' by infos()
    std::uint64_t letters = 0; ///< the first of each name, where infos() read one

    [[nodiscard]] operator std::size_t() const noexcept { return seen; }
};

// The same walks over all links, by the library and by hand. They throw std::runtime_error on any
// error.

namespace by_bpflink {

tally link_ids();
tally links();
tally infos();
tally snapshot(); ///< into one vector, used again

} // namespace by_bpflink

namespace by_hand {

tally link_ids();
tally links();

/// Asks for the kind and the length of the name first and for the name then, as bpftool does: a
/// buffer that is offered to a link of unknown kind may be overrun.
tally infos();

} // namespace by_hand
