// SPDX-License-Identifier: Apache-2.0
// A collection outlives what its elements were taken from: lines are valid until the next one. E12
// expect: operator ?'?\||invalid operands
#include <bpflink/bpflink.hpp>

#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace bl = bpflink;
using xdp_program = bl::program_ref<bl::program_type::xdp>;

#ifdef FIXED
constexpr auto own = std::views::transform([](auto&& element) {
    return std::forward<decltype(element)>(element).map([](auto&&) { return std::string{}; });
});
#else
constexpr auto own = std::views::all;
#endif

void gather(bl::iter_output& out, std::vector<bl::result<xdp_program>> programs) {
    auto const lines = out.lines() | own | bl::collect; // error
    auto const bytes = out.bytes() | own | bl::collect; // error
    auto const lent = programs | own | bl::collect;     // error
    auto descriptors = bl::links() | std::views::transform([](bl::result<bl::link> const& l) {
                           return l.map([](bl::link const& open) { return open.fd(); });
                       });
    auto const views = descriptors | own | bl::collect; // error
    auto pairs = bl::links() | std::views::transform([](bl::result<bl::link> const& l) {
                     return l.map([](bl::link const& open) {
                         return std::pair{open.is_pinned(), open.pinned_path()};
                     });
                 });
    auto const paths = pairs | own | bl::collect; // error
}
