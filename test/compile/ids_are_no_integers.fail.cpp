// SPDX-License-Identifier: Apache-2.0
// Numbers go in and out by name only.
// expect: link_id_tag
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
#define OUT(x) x.value()
#define IN(x)                                                                                      \
    bl::link_id {                                                                                  \
        x                                                                                          \
    }
#else
#define OUT(x) x
#define IN(x) x
#endif

void convert(bl::link_id id) {
    std::uint32_t const number = OUT(id);         // error
    bl::link_id const copy = IN(7U);              // error
    bool const same = OUT(id) == 7U;              // error
    auto const next = OUT(id) + 1;                // error
    auto const opened = bl::link::from_id(IN(7)); // error
}
