// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "walks.hpp"

#include <functional>
#include <map>
#include <string>

// Each peer is a process that does the same work in its own way, when it is told to, and measures
// itself: so peers in several languages can be compared in turn, and none pays for the way there.
//
//   PEER BPFFS CGROUP OBJECT   starts it; it pins in BPFFS, where the programs `iter`, `first` and
//                              `second` and the link `link` are pinned; attaches to CGROUP, by
//                              descriptor; OBJECT has the programs, for those that load their own
//   > ready ids infos ...      the operations it has
//   < infos 10                 do one so many times
//   > 310 523412 93 0          links seen or operations made, nanoseconds, sums as in `tally`
//   > error TEXT               instead, and it goes on
//
// It ends, and leaves nothing, when its input does.

/// Where the peer attaches and pins.
struct place {
    std::string bpffs;
    std::string cgroup;
};

/// Throws std::runtime_error when the arguments are others than every peer has.
[[nodiscard]] place place_from(int argc, char** argv);

/// Something that a peer can do once; it throws std::exception when it fails.
using once = std::function<tally()>;

struct ability {
    once work;
    once count = {}; ///< what one `work` saw, when that is found out afterwards and not timed
};
/// By the operations' names in the protocol.
using abilities = std::map<std::string, ability>;

/// Speaks the protocol until the input ends.
void serve(abilities const& all);
