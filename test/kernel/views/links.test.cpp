// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <ranges>
#include <set>
#include <thread>
#include <vector>

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>

namespace bl = bpflink;

namespace {

/// Links of several kinds, of this process's own. Others come and go beside them.
struct own_links {
    sandbox::network net;
    sandbox::cgroup group;
    programs p{"sys_enter_a", "egress_a", "xdp_a", "iter_tasks"};
    std::vector<bl::link> links;
    std::vector<bl::link_id> ids;

    own_links() {
        for (int i = 0; i != 3; ++i)
            add(bl::attach(p.skb("egress_a"),
                           bl::hook::cgroup{group.path(), bl::attach_type::cgroup_inet_egress}));
        add(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
        add(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
        add(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    }

    template <class L>
    void add(bl::result<L> l) {
        links.push_back(must(std::move(l)));
        ids.push_back(must(links.back().info()).id);
    }

    /// Where a walk can start to meet them all, and few others.
    [[nodiscard]] bl::link_id before() const { return bl::link_id{ids.front().value() - 1}; }
    [[nodiscard]] bool has(bl::link_id id) const { return std::ranges::find(ids, id) != ids.end(); }
};

bl::link_id id_of(bl::link const& l) {
    return must(l.info()).id;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "link_ids sees every link once, in ascending order") {
    own_links const own;
    std::vector<bl::link_id> seen;
    for (auto&& id : bl::link_ids())
        seen.push_back(must(std::move(id)));
    CHECK(std::ranges::is_sorted(seen));
    CHECK(std::ranges::adjacent_find(seen) == seen.end());
    for (auto const id : own.ids)
        CHECK(std::ranges::count(seen, id) == 1);
}

TEST_CASE_FIXTURE(kernel_case, "links opens every link, and what it opens closes by itself") {
    own_links const own;
    auto const descriptors = sandbox::open_descriptors();
    std::set<bl::link_id> seen;
    for (auto&& entry : bl::links()) {
        REQUIRE(entry);
        CHECK(sandbox::open_descriptors() == descriptors + 1); // one at a time
        CHECK(seen.insert(id_of(*entry)).second);
    }
    CHECK(sandbox::open_descriptors() == descriptors);
    for (auto const id : own.ids)
        CHECK(seen.contains(id));
    // Closed, not detached.
    CHECK(own.p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) >= 10);
}

TEST_CASE_FIXTURE(kernel_case, "a link that is moved out of a walk stays open and works") {
    own_links own;
    std::vector<bl::link> kept;
    for (auto&& entry : bl::links(own.before())) {
        auto l = must(std::move(entry));
        if (own.has(id_of(l))) kept.push_back(std::move(l));
    }
    REQUIRE(kept.size() == own.ids.size());
    own.links.clear(); // now only these hold them
    CHECK(own.p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) >= 10);
    for (std::size_t i = 0; i != kept.size(); ++i)
        CHECK(id_of(kept[i]) == own.ids[i]);
    kept.clear();
    for (auto const id : own.ids)
        CHECK(is_gone(id));
}

TEST_CASE_FIXTURE(kernel_case, "a walk can start behind any id") {
    own_links const own;
    auto const middle = own.ids[2];
    auto const ids = must(bl::link_ids(middle) | bl::collect);
    CHECK(std::ranges::all_of(ids, [&](bl::link_id id) { return id > middle; }));
    for (auto const id : own.ids)
        CHECK((std::ranges::find(ids, id) != ids.end()) == (id > middle));
    for (auto&& entry : bl::links(middle))
        CHECK(id_of(must(std::move(entry))) > middle);
    for (auto&& entry : bl::infos(middle))
        CHECK(must(std::move(entry)).id > middle);
    // Behind one that is gone by now.
    auto const gone = own.before();
    auto const first = must(bl::link_ids(gone) | bl::collect);
    CHECK(std::ranges::find(first, own.ids.front()) != first.end());
}

TEST_CASE_FIXTURE(kernel_case, "a walk from beyond the last id says so in its only element") {
    int elements = 0;
    for (auto&& entry : bl::links(bl::link_id{0x7fff'ffffU})) {
        check_error(entry, bl::errc::invalid_argument, {"link_get_next_id", "2147483647"});
        ++elements;
    }
    CHECK(elements == 1);
    for (auto&& entry : bl::infos(bl::link_id{0xffff'ffffU}))
        check_error(entry, bl::errc::invalid_argument);
    check_error(bl::link_ids(bl::link_id{0x7fff'ffffU}) | bl::collect, bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(kernel_case, "nothing is opened that was not asked for") {
    own_links const own;
    auto const descriptors = sandbox::open_descriptors();
    auto view = bl::links(own.before());
    CHECK(sandbox::open_descriptors() == descriptors);
    auto it = view.begin();
    CHECK(sandbox::open_descriptors() == descriptors);
    CHECK(id_of(must(*it)) == own.ids[0]); // must() moved it out, and closed it
    CHECK(sandbox::open_descriptors() == descriptors);
    ++it;
    CHECK(sandbox::open_descriptors() == descriptors);

    std::vector<bl::link_id> taken;
    for (auto&& entry : bl::links(own.before()) | std::views::take(3))
        taken.push_back(id_of(*entry));
    CHECK(taken == std::vector(own.ids.begin(), own.ids.begin() + 3));
    CHECK(sandbox::open_descriptors() == descriptors);
}

TEST_CASE_FIXTURE(kernel_case,
                  "a link that closes ahead of a walk is not met, nor is it an error") {
    own_links own;
    auto view = bl::links(own.before());
    auto it = view.begin();
    CHECK(id_of(*(*it)) == own.ids[0]);
    own.links.erase(own.links.begin() + 1, own.links.begin() + 3);
    std::set<bl::link_id> seen;
    for (++it; it != view.end(); ++it) {
        auto&& entry = *it;
        REQUIRE(entry);
        seen.insert(id_of(*entry));
    }
    CHECK_FALSE(seen.contains(own.ids[1]));
    CHECK_FALSE(seen.contains(own.ids[2]));
    CHECK(seen.contains(own.ids[3]));
    CHECK(seen.contains(own.ids[4]));
}

// E7
TEST_CASE_FIXTURE(kernel_case,
                  "a loop left early holds no stranger's link: its owner can take it off") {
    sandbox::network const net;
    programs const p{"xdp_a"};
    bl::hook::xdp const where{.ifindex = net.loopback()};
    auto owner = must(bl::attach(p.xdp("xdp_a"), where));
    auto const id = must(owner.info()).id;
    auto walk = bl::links(bl::link_id{id.value() - 1}) | bl::views::of_type(bl::link_type::xdp);
    bool met = false;
    for (auto&& l : walk) { // which has a name, and lives on
        REQUIRE(l);
        met = id_of(*l) == id;
        break;
    }
    CHECK(met);
    must(owner.close());
    CHECK(bl::attach(p.xdp("xdp_a"), where).has_value());
}

TEST_CASE_FIXTURE(kernel_case, "a walk can be begun again, and a copy of a view walks for itself") {
    own_links const own;
    auto view = bl::link_ids(own.before());
    CHECK(must(*view.begin()) == own.ids[0]);
    auto it = view.begin();
    ++it;
    auto copy = view;
    CHECK(must(*copy.begin()) == own.ids[0]);
    CHECK(must(*it) == own.ids[1]);
}

TEST_CASE_FIXTURE(kernel_case, "both libraries' adaptors give the same links") {
    own_links const own;
    auto const mine = bl::where([&](bl::link const& l) { return own.has(id_of(l)); });
    auto const to_id = [](bl::result<bl::link>&& r) { return id_of(must(std::move(r))); };

    std::vector<bl::link_id> by_std;
    for (auto const id : bl::links(own.before()) | std::views::filter(mine) |
                             std::views::filter(bl::has_value) | std::views::transform(to_id))
        by_std.push_back(id);
    CHECK(by_std == own.ids);

    auto const by_range_v3 = bl::links(own.before()) | ranges::views::filter(mine) |
                             ranges::views::transform(to_id) | ranges::to<std::vector>();
    CHECK(by_range_v3 == own.ids);

    auto const by_value = bl::link_ids(own.before()) | ranges::views::transform(bl::value) |
                          ranges::views::filter([&](bl::link_id id) { return own.has(id); }) |
                          ranges::views::take(2) | ranges::to<std::vector>();
    CHECK(by_value == std::vector(own.ids.begin(), own.ids.begin() + 2));
}

TEST_CASE_FIXTURE(kernel_case, "of_type and of_program pick links and infos") {
    own_links const own;
    auto const program = own.p.program_id("egress_a");
    auto const links = must(bl::links() | bl::views::of_program(program) | bl::collect);
    REQUIRE(links.size() == 3);
    for (std::size_t i = 0; i != links.size(); ++i)
        CHECK(id_of(links[i]) == own.ids[i]);

    auto const infos = must(bl::infos() | bl::views::of_program(program) | bl::collect);
    REQUIRE(infos.size() == 3);
    for (auto const& info : infos)
        CHECK(info.type == bl::link_type::cgroup);

    std::set<bl::link_id> cgroups;
    for (auto&& entry : bl::links(own.before()) | bl::views::of_type(bl::link_type::cgroup)) {
        REQUIRE(entry);
        auto const info = must(entry->info());
        CHECK(info.type == bl::link_type::cgroup);
        cgroups.insert(info.id);
    }
    for (std::size_t i = 0; i != 3; ++i)
        CHECK(cgroups.contains(own.ids[i]));
    CHECK_FALSE(cgroups.contains(own.ids[3]));

    auto const both = must(bl::infos() | bl::views::of_type(bl::link_type::xdp) |
                           bl::views::of_program(own.p.program_id("xdp_a")) | bl::collect);
    REQUIRE(both.size() == 1);
    CHECK(both.front().id == own.ids[4]);
    CHECK(must(bl::links() | bl::views::of_type(bl::link_type::raw_tracepoint) |
               bl::views::of_program(program) | bl::collect)
              .empty());
}

TEST_CASE_FIXTURE(kernel_case, "two threads walk two views at once and see the same links") {
    own_links const own;
    constexpr int rounds = 300;
    struct outcome {
        int missed = 0;
        int errors = 0;
    };
    std::array<outcome, 2> outcomes;
    auto const walk = [&](outcome& o) {
        for (int i = 0; i != rounds; ++i) {
            std::set<bl::link_id> seen;
            if (i % 2 == 0) {
                for (auto&& entry : bl::links(own.before()))
                    if (auto const info = entry ? entry->info() : tl::unexpected{entry.error()})
                        seen.insert(info->id);
                    else
                        ++o.errors;
            } else {
                for (auto&& entry : bl::infos(own.before()))
                    if (entry)
                        seen.insert(entry->id);
                    else
                        ++o.errors;
            }
            for (auto const id : own.ids)
                if (!seen.contains(id)) ++o.missed;
        }
    };
    std::thread first{walk, std::ref(outcomes[0])};
    std::thread second{walk, std::ref(outcomes[1])};
    first.join();
    second.join();
    for (auto const& o : outcomes) {
        CHECK(o.missed == 0);
        CHECK(o.errors == 0);
    }
}
