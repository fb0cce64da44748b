// SPDX-License-Identifier: Apache-2.0
// Loops and pipelines as users write them, optimized and with all warnings: of the headers, no
// compiler has anything to say. E32
#include <bpflink/bpflink.hpp>

#include <ranges>
#include <string>
#include <vector>

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/transform.hpp>

namespace bl = bpflink;

int count_xdp() {
    int n = 0;
    for (auto&& l : bl::links() | bl::views::of_type(bl::link_type::xdp))
        n += l.has_value();
    return n;
}
int count_until(bl::links_view& all, int most) {
    int n = 0;
    for (auto&& l : all) {
        if (n == most) break;
        n += l.has_value();
    }
    return n;
}
bl::result<std::vector<bl::link>> kept(bl::program_id id) {
    return bl::links() | bl::views::of_program(id) | bl::collect;
}
bl::result<std::vector<bl::link_id>> first_ids() {
    return bl::link_ids() | std::views::take(3) | bl::collect;
}
std::vector<bl::program_id> programs() {
    return bl::infos() | ranges::views::filter(bl::has_value) |
           ranges::views::transform(bl::value) | ranges::views::transform(&bl::link_info::program) |
           ranges::to<std::vector>();
}
std::size_t longest_name() {
    std::size_t longest = 0;
    for (auto&& info :
         bl::infos() | bl::views::of_type(bl::link_type::iter) | std::views::filter(bl::has_value))
        longest = std::max(longest, std::get<bl::iter_details>(info->details).target_name.size());
    return longest;
}
std::size_t pinned_below(std::string const& root) {
    std::size_t n = 0;
    for (auto&& pin : bl::pins(root) | std::views::filter(bl::has_value))
        n += pin->path.size();
    return n;
}
std::size_t characters(bl::iter_output& out) {
    std::size_t n = 0;
    for (auto&& line : out.lines() | std::views::take_while(bl::has_value))
        n += line->size();
    for (auto&& record : out.records<int>())
        n += record ? sizeof *record : 0;
    return n;
}
bl::result<int> defunct() {
    BPFLINK_TRY(records, bl::snapshot());
    int n = 0;
    for (auto&& record : records | bl::views::of_type(bl::link_type::xdp))
        n += bl::state_of(record) == bl::link_state::defunct;
    return n;
}
bl::result<int> awaited() {
    int n = 0;
    for (auto&& l : bl::links() | bl::views::of_type(bl::link_type::xdp)) {
        bl::link const& open = co_await l;
        n += open.is_pinned();
    }
    co_return n;
}
bl::result<bl::xdp_link> chained(bl::program_ref<bl::program_type::xdp> prog) {
    return bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{2}}) | bl::pin("/sys/fs/bpf/x") |
           bl::update(prog, bl::expecting(prog));
}
