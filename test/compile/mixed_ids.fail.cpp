// SPDX-License-Identifier: Apache-2.0
// A program's id names no link, and an interface is no map.
// expect: link_id_tag
// expect: program_id_tag
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
using other_id = bl::link_id;
#else
using other_id = bl::program_id;
#endif

void mix(bl::link_id mine, other_id other) {
    bool const same = mine == other;              // error
    bool const less = mine < other;               // error
    bl::link_id const copy = other;               // error
    bl::link_id const converted{other};           // error
    mine = other;                                 // error
    auto const opened = bl::link::from_id(other); // error
}
