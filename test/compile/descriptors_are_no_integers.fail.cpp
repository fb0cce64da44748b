// SPDX-License-Identifier: Apache-2.0
// A descriptor is handed out by get() or release(), and taken over by a constructor, never unseen.
// expect: unique_fd
// expect: fd_view
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
#define OUT(x) x.get()
#define IN(type, x)                                                                                \
    type {                                                                                         \
        x                                                                                          \
    }
#else
#define OUT(x) x
#define IN(type, x) x
#endif

void convert(bl::unique_fd& owner, bl::fd_view view) {
    int const owned = OUT(owner);                               // error
    int const lent = OUT(view);                                 // error
    bool const same = OUT(owner) == 3;                          // error
    bl::unique_fd const adopted = IN(bl::unique_fd, 3);         // error
    bl::fd_view const borrowed = IN(bl::fd_view, 3);            // error
    auto const copy = bl::link::duplicate(IN(bl::fd_view, 3));  // error
    auto const taken = bl::link::from_fd(IN(bl::unique_fd, 3)); // error
}
