// SPDX-License-Identifier: Apache-2.0
// The adaptors and algorithms of range-v3, over links and ids, and the two libraries together.
#include "views/many_links.hpp"

#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/results.hpp>

#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <range/v3/algorithm/count_if.hpp>
#include <range/v3/algorithm/find_if.hpp>
#include <range/v3/functional/pipeable.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/cache1.hpp>
#include <range/v3/view/chunk.hpp>
#include <range/v3/view/drop.hpp>
#include <range/v3/view/enumerate.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/move.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/take_while.hpp>
#include <range/v3/view/transform.hpp>

namespace {

namespace rv = ranges::views;
namespace sv = std::views;

auto const is_open_link = [](bl::result<bl::link> const& r) { return r && r->fd(); };
auto const move_out = [](bl::result<bl::link>&& r) { return *std::move(r); };
auto const number_of = [](bl::result<bl::link> const& r) { return r ? r->fd().get() : -1; };
auto const open_link = [](bl::result<bl::link_id> const& id) {
    return id.and_then(bl::link::from_id);
};

int length(auto&& range) {
    int n = 0;
    for (auto&& element : range) {
        (void)element;
        ++n;
    }
    return n;
}

} // namespace

TEST_CASE_FIXTURE(many_links, "range-v3: filter") {
    CHECK(ids_of(bl::links() | rv::filter(is_open_link)) == ids);
    CHECK(opened() == count);
    auto all = bl::links();
    CHECK(ids_of(all | rv::filter(is_open_link)) == ids);
    CHECK(ids_of(bl::links() | rv::filter(bl::where([this](bl::link const& l) {
                     return id_of(l) == ids[3];
                 }))) == std::vector{ids[3]});
}

TEST_CASE_FIXTURE(many_links, "range-v3: take opens no link more than was asked for") {
    CHECK(length(bl::links() | rv::take(3)) == 3);
    CHECK(opened() == 3);
    CHECK(length(bl::links() | rv::take(100)) == count);
    CHECK(opened() == 3 + count);
}

TEST_CASE_FIXTURE(many_links, "range-v3: filter, then transform that moves out") {
    int seen = 0;
    for (auto&& link : bl::links() | rv::filter(bl::has_value) | rv::transform(move_out)) {
        CHECK(link);
        ++seen;
    }
    CHECK(seen == count);
}

TEST_CASE_FIXTURE(many_links, "range-v3: to a vector") {
    auto const results = bl::links() | rv::filter(bl::has_value) | ranges::to<std::vector>();
    static_assert(std::is_same_v<decltype(results), std::vector<bl::result<bl::link>> const>);
    CHECK(results.size() == count);
    auto const all = bl::links() | ranges::to<std::vector>();
    CHECK(all.size() == count);
    auto const moved = bl::links() | rv::filter(bl::has_value) | rv::transform(move_out) |
                       ranges::to<std::vector>();
    static_assert(std::is_same_v<decltype(moved), std::vector<bl::link> const>);
    CHECK(moved.size() == count);
    auto const named = bl::links() | rv::filter(bl::has_value) | rv::transform(move_out) |
                       ranges::to<std::vector<bl::link>>();
    CHECK(named.size() == count);
    CHECK(open_descriptors().size() == 4 * count);
    for (auto const& link : moved)
        CHECK(is_open(link.fd().get()));
}

TEST_CASE_FIXTURE(many_links,
                  "range-v3: transform(value) gives a reference, so that filter may look twice") {
    auto const links = bl::links() | rv::filter(bl::has_value) | rv::transform(bl::value) |
                       rv::filter([](bl::link const& l) { return bool{l}; }) |
                       ranges::to<std::vector>();
    static_assert(std::is_same_v<decltype(links), std::vector<bl::link> const>);
    CHECK(links.size() == count);
    for (auto const& link : links)
        CHECK(link);
}

TEST_CASE_FIXTURE(many_links, "range-v3: transform to something else, then filter") {
    int seen = 0;
    for (auto const fd :
         bl::links() | rv::transform(number_of) | rv::filter([](int n) { return n >= 0; }))
        seen += is_open(fd);
    CHECK(seen == count);
}

TEST_CASE_FIXTURE(many_links, "range-v3: enumerate, chunk, drop, take_while and move") {
    int expected = 0;
    for (auto&& [index, link] : bl::links() | rv::enumerate) {
        CHECK(static_cast<int>(index) == expected++);
        CHECK(link.has_value());
    }
    CHECK(expected == count);
    int seen = 0;
    for (auto&& chunk : bl::links() | rv::chunk(3))
        for (auto&& link : chunk)
            seen += link.has_value();
    CHECK(seen == count);
    CHECK(length(bl::link_ids() | rv::drop(4)) == 6);
    CHECK(length(bl::link_ids() | rv::take_while([this](auto&& id) { return *id < ids[4]; })) == 4);
    CHECK(length(bl::links() | rv::filter(bl::has_value) | rv::move) == count);
}

TEST_CASE_FIXTURE(many_links, "range-v3: algorithms") {
    auto all = bl::links();
    auto const third = [this](bl::result<bl::link> const& r) { return r && id_of(*r) == ids[2]; };
    auto const found = ranges::find_if(all, third);
    REQUIRE(found != all.end());
    CHECK(id_of(**found) == ids[2]);
    CHECK(ranges::count_if(bl::links(), is_open_link) == count);
}

TEST_CASE_FIXTURE(many_links, "range-v3: ids opened by hand, once each thanks to cache1") {
    auto const links = bl::link_ids() | rv::transform(open_link) | rv::cache1 |
                       rv::filter(bl::has_value) | rv::move | ranges::to<std::vector>();
    static_assert(std::is_same_v<decltype(links), std::vector<bl::result<bl::link>> const>);
    CHECK(links.size() == count);
    CHECK(opened() == count);
}

TEST_CASE_FIXTURE(many_links, "range-v3: infos of links, and what is in them") {
    auto const programs =
        bl::links() | rv::filter(bl::has_value) |
        rv::transform([](bl::result<bl::link> const& link) { return link->info(); }) | rv::cache1 |
        rv::filter(bl::has_value) | rv::transform([](auto&& info) { return info->program; }) |
        ranges::to<std::vector>;
    CHECK(ranges::count_if(programs,
                           [this](bl::program_id id) { return id.value() == xdp_prog.id; }) == 5);
    auto const by_infos =
        bl::infos() | rv::filter(bl::has_value) |
        rv::transform([](bl::result<bl::link_info> const& info) { return info->id; }) |
        ranges::to<std::vector>();
    CHECK(by_infos == ids);
}

TEST_CASE_FIXTURE(many_links, "range-v3: collect at the end of a pipeline") {
    auto const all = bl::links() |
                     rv::filter(bl::where([](bl::link const& l) { return bool{l}; })) | bl::collect;
    static_assert(std::is_same_v<decltype(all), bl::result<std::vector<bl::link>> const>);
    REQUIRE(succeeded(all));
    CHECK(all->size() == count);
    auto const infos = bl::links() | rv::transform([](bl::result<bl::link> const& link) {
                           return link.and_then(&bl::link::info);
                       }) |
                       bl::collect;
    REQUIRE(succeeded(infos));
    CHECK(infos->size() == count);
}

TEST_CASE_FIXTURE(many_links, "range-v3: around of_type") {
    auto const links = bl::links() | bl::views::of_type(bl::link_type::xdp) |
                       rv::filter(bl::has_value) | rv::transform(bl::value) |
                       ranges::to<std::vector>();
    CHECK(links.size() == xdp_ids.size());
    CHECK(ids_of(bl::links() | rv::drop(3) | bl::views::of_type(bl::link_type::xdp)) ==
          std::vector{ids[4], ids[6], ids[8]});
}

// E7
TEST_CASE_FIXTURE(many_links, "range-v3: a loop over a pipeline that is left early holds no link") {
    for (auto&& link : bl::links() | rv::filter(bl::has_value) | rv::take(5)) {
        CHECK(link.has_value());
        break;
    }
    CHECK(open_descriptors().empty());
    auto all = bl::links();
    for (auto&& link : all | rv::filter(bl::has_value)) {
        CHECK(link.has_value());
        break;
    }
    CHECK(open_descriptors().empty());
    auto named = bl::links() | rv::take(3);
    for (auto&& link : named) {
        CHECK(link.has_value());
        break;
    }
    CHECK(open_descriptors().empty());
}

TEST_CASE_FIXTURE(many_links, "range-v3: compositions and closures of one's own") {
    auto const opened_links = rv::filter(bl::has_value) | rv::transform(bl::value);
    int seen = 0;
    for (auto&& link : bl::links() | opened_links)
        seen += bool{link};
    CHECK(seen == count);
    auto const mine = ranges::make_view_closure([](auto&& range) {
        return std::forward<decltype(range)>(range) | rv::filter(bl::has_value);
    });
    CHECK(ids_of(bl::links() | mine) == ids);
    auto const pipe = ranges::make_pipeable([](auto&& range) {
        return std::forward<decltype(range)>(range) | sv::filter(bl::has_value);
    });
    CHECK(ids_of(bl::links() | sv::filter(bl::has_value) | pipe) == ids);
}

TEST_CASE_FIXTURE(many_links,
                  "both libraries: std after range-v3, and range-v3 after a named std view") {
    int seen = 0;
    for (auto&& link : bl::links() | rv::filter(bl::has_value) | sv::transform(move_out))
        seen += bool{link};
    CHECK(seen == count);
    auto filtered = bl::links() | sv::filter(bl::has_value);
    seen = 0;
    for (auto&& link : filtered | rv::transform(bl::value))
        seen += bool{link};
    CHECK(seen == count);
    auto const kept = bl::links() | sv::filter(bl::has_value) | sv::transform(move_out) |
                      ranges::to<std::vector>();
    CHECK(kept.size() == count);
}
