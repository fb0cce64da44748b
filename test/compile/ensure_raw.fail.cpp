// SPDX-License-Identifier: Apache-2.0
// Nothing recognises the place of a link that was made raw.
// expect: no matching function for call to .*ensure_attached
// expect: has_place
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
using some_hook = bl::hook::xdp;
constexpr auto type = bl::program_type::xdp;
#else
using some_hook = bl::hook::raw;
constexpr auto type = bl::program_type::xdp;
#endif

bool keep(bl::program_ref<type> prog, some_hook const& where) {
    return bl::ensure_attached(prog, where, "/sys/fs/bpf/x").has_value(); // error
}
