// SPDX-License-Identifier: Apache-2.0
#include "hook/row.hpp"
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>

namespace {

using bl::refused_step;

bool has(std::vector<bl::known_refusal> const& all, refused_step step, int number,
         std::optional<bl::errc> condition, std::string_view words) {
    return std::ranges::any_of(all, [&](bl::known_refusal const& each) {
        return each.step == step && each.number == number && each.condition == condition &&
               each.cause.find(words) != std::string_view::npos;
    });
}

} // namespace

TEST_CASE("each row of a hook's refusals is told") {
    auto const all = bl::known_refusals<bl::hook::xdp>();
    auto const& row = bl::hook_traits<bl::hook::xdp>::row();
    auto const own = row.mistakes.size() + row.opening.size() + row.causes.size() +
                     row.update_causes.size() + row.query_causes.size();
    CHECK(all.size() == own + bl::program_causes(row).size() + bl::usual_causes().size() +
                            bl::command_causes().size());
    CHECK(has(all, refused_step::request, EINVAL, bl::errc::invalid_argument, "mode"));
    CHECK(has(all, refused_step::attach, EBUSY, bl::errc::hook_busy, "has no link"));
    CHECK(std::ranges::all_of(all, [](auto const& each) { return !each.cause.empty(); }));
}

TEST_CASE("what every attach may meet is told of every hook, behind its own") {
    auto const check = []<class Hook>(bl::type_list<Hook>) {
        CAPTURE(bl::hook_traits<Hook>::name);
        auto const of_it = bl::known_refusals<Hook>();
        CHECK(has(of_it, refused_step::attach, EPERM, bl::errc::permission_denied, ""));
    };
    [&]<class... Hooks>(bl::type_list<Hooks...>) {
        (check(bl::type_list<Hooks>{}), ...);
    }(bl::all_hooks{});
    auto const all = bl::known_refusals<bl::hook::tcx>();
    auto const first_usual =
        all[all.size() - bl::command_causes().size() - bl::usual_causes().size()];
    CHECK(first_usual.cause == bl::usual_causes().front().cause);
}

TEST_CASE("a cause without a condition has none") {
    auto const all = bl::known_refusals<bl::hook::cgroup>();
    CHECK(has(all, refused_step::attach, E2BIG, std::nullopt, "64"));
}
