// SPDX-License-Identifier: Apache-2.0
// The adaptors and algorithms of std, over links and ids.
#include "views/many_links.hpp"

#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/results.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace sv = std::views;

auto const is_open_link = [](bl::result<bl::link> const& r) { return r && r->fd(); };
auto const move_out = [](bl::result<bl::link>&& r) { return *std::move(r); };
auto const number_of = [](bl::result<bl::link> const& r) { return r ? r->fd().get() : -1; };

int length(auto&& range) {
    int n = 0;
    for (auto it = std::ranges::begin(range); it != std::ranges::end(range); ++it)
        ++n;
    return n;
}

} // namespace

TEST_CASE_FIXTURE(many_links, "std: filter") {
    CHECK(ids_of(bl::links() | sv::filter(is_open_link)) == ids);
    CHECK(opened() == count);
    auto all = bl::links();
    CHECK(ids_of(all | sv::filter(is_open_link)) == ids);
    CHECK(ids_of(bl::links() | sv::filter([](auto&& r) { return r.has_value(); })) == ids);
    CHECK(ids_of(bl::links() | sv::filter(bl::where([this](bl::link const& l) {
                     return std::ranges::find(xdp_ids, id_of(l)) != xdp_ids.end();
                 }))) == xdp_ids);
}

TEST_CASE_FIXTURE(many_links, "std: take opens no link more than was asked for") {
    CHECK(length(bl::links() | sv::take(3)) == 3);
    CHECK(opened() == 3);
    CHECK(length(bl::links() | sv::take(100)) == count);
    CHECK(length(bl::links() | sv::take(0)) == 0);
    CHECK(opened() == 3 + count);
}

TEST_CASE_FIXTURE(many_links, "std: take after filter") {
    int seen = 0;
    for (auto&& link : bl::links() | sv::filter(is_open_link) | sv::take(3))
        seen += link.has_value();
    CHECK(seen == 3);
    CHECK(opened() <= 4);
    CHECK(most_open() == 1);
}

TEST_CASE_FIXTURE(many_links, "std: filter, then transform that moves out") {
    int seen = 0;
    for (auto&& link : bl::links() | sv::filter(bl::has_value) | sv::transform(move_out)) {
        CHECK(link);
        ++seen;
    }
    CHECK(seen == count);
    CHECK(opened() == count);
}

TEST_CASE_FIXTURE(many_links,
                  "std: transform(value) gives a reference, so that filter may look twice") {
    int seen = 0;
    for (auto&& link : bl::links() | sv::filter(bl::has_value) | sv::transform(bl::value) |
                           sv::filter([](bl::link const& l) { return bool{l}; })) {
        static_assert(std::is_same_v<decltype(link), bl::link&&>);
        CHECK(link);
        ++seen;
    }
    CHECK(seen == count);
}

TEST_CASE_FIXTURE(many_links, "std: transform to something else, then filter") {
    int seen = 0;
    for (auto const fd :
         bl::links() | sv::transform(number_of) | sv::filter([](int n) { return n >= 0; }))
        seen += is_open(fd);
    CHECK(seen == count);
}

TEST_CASE_FIXTURE(many_links, "std: take_while, drop, drop_while and common") {
    CHECK(length(bl::links() | sv::take_while(bl::has_value) | sv::drop(1)) == count - 1);
    auto const small = [this](auto&& id) { return *id < ids[4]; };
    CHECK(length(bl::link_ids() | sv::drop_while(small)) == 6);
    CHECK(length(bl::link_ids() | sv::take_while(small)) == 4);
    CHECK(ids_of(bl::links() | sv::common) == ids);
}

// E7
TEST_CASE_FIXTURE(many_links,
                  "std: a loop over a named pipeline that is left early holds no link") {
    auto const leave = [this](auto&& named) {
        for (auto&& link : named) {
            REQUIRE(link.has_value());
            CHECK(open_descriptors().size() == 1);
            break;
        }
        CHECK(open_descriptors().empty());
    };
    leave(bl::links() | sv::take(3));
    leave(bl::links() | sv::drop(3));
    leave(bl::links() | sv::filter(is_open_link));
    leave(bl::links() | sv::filter(is_open_link) | sv::take_while(bl::has_value) | sv::take(1));
    leave(bl::links() | sv::common);
    leave(bl::links() | sv::drop_while([this](auto&& r) { return id_of(*r) < ids[3]; }));
}

TEST_CASE_FIXTURE(many_links, "std: a composition made before there is a range") {
    auto const opened_links = sv::filter(bl::has_value) | sv::transform(bl::value);
    int seen = 0;
    for (auto&& link : bl::links() | opened_links)
        seen += bool{link};
    CHECK(seen == count);
}

TEST_CASE_FIXTURE(many_links, "std: algorithms") {
    auto all = bl::links();
    auto const third = [this](bl::result<bl::link> const& r) { return r && id_of(*r) == ids[2]; };
    auto const found = std::ranges::find_if(all, third);
    REQUIRE(found != all.end());
    CHECK(id_of(**found) == ids[2]);
    CHECK(opened() == 3);
    CHECK(std::ranges::count_if(all, is_open_link) == count);
    CHECK(std::ranges::count_if(bl::links(), is_open_link) == count);
    CHECK(std::ranges::distance(bl::link_ids()) == count);
    CHECK(std::ranges::any_of(bl::links(), third));
    CHECK(std::ranges::all_of(bl::infos(), bl::has_value));
    auto const dangling = std::ranges::find_if(bl::links(), is_open_link);
    static_assert(std::is_same_v<decltype(dangling), std::ranges::dangling const>);
}

TEST_CASE_FIXTURE(many_links, "std: moving links into a container") {
    std::vector<bl::link> kept;
    std::ranges::move(bl::links() | sv::filter(bl::has_value) | sv::transform(move_out),
                      std::back_inserter(kept));
    CHECK(kept.size() == count);
    CHECK(open_descriptors().size() == count);
    for (auto const& link : kept)
        CHECK(is_open(link.fd().get()));
    std::vector<bl::result<bl::link>> results;
    std::ranges::copy(bl::links(), std::back_inserter(results));
    CHECK(results.size() == count);
}

TEST_CASE_FIXTURE(many_links, "std: collect at the end of a pipeline") {
    auto const all = bl::links() |
                     sv::filter(bl::where([](bl::link const& l) { return bool{l}; })) | bl::collect;
    static_assert(std::is_same_v<decltype(all), bl::result<std::vector<bl::link>> const>);
    REQUIRE(succeeded(all));
    CHECK(all->size() == count);
    auto const programs = bl::links() | sv::transform([](bl::result<bl::link> const& link) {
                              return link.and_then(&bl::link::info).map([](auto const& info) {
                                  return info.program;
                              });
                          }) |
                          bl::collect;
    REQUIRE(succeeded(programs));
    CHECK(std::ranges::count(*programs, bl::program_id{xdp_prog.id}) == 5);

    fail(call::link_get_fd_by_id, EMFILE, 4);
    auto const broken = bl::links() | bl::collect;
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code().value() == EMFILE);
    CHECK(open_descriptors().size() == count); // those of `all`
}

TEST_CASE_FIXTURE(many_links, "std: ids opened by hand") {
    int seen = 0;
    for (auto&& link : bl::link_ids() | sv::transform([](bl::result<bl::link_id> const& id) {
                           return id.and_then(bl::link::from_id);
                       })) {
        REQUIRE(succeeded(link));
        ++seen;
    }
    CHECK(seen == count);
    CHECK(opened() == count);
}
