// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "sanitizers.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <bpf/bpf.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

constexpr auto egress = bl::attach_type::cgroup_inet_egress;

// A walk with a sanitizer or on an emulated machine, which has one processor, takes many times as
// long; the race is met as surely in fewer.
constexpr bool sanitized = has_address_sanitizer || has_thread_sanitizer;
int const walks = sanitized || std::thread::hardware_concurrency() == 1 ? 2'000 : 20'000;

/// Attaches and closes links until it ends.
class churn {
public:
    churn(programs::skb_ref prog, std::string cgroup)
        : thread_{[this, prog, cgroup] {
              bl::hook::cgroup const where{cgroup, egress};
              while (!end_) {
                  auto const l = bl::attach(prog, where);
                  if (!l) {
                      failure_ = l.error();
                      return;
                  }
                  ++made_;
              }
          }} {}
    ~churn() { stop(); }
    churn(churn const&) = delete;
    churn& operator=(churn const&) = delete;

    void stop() {
        end_ = true;
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] unsigned long made() const noexcept { return made_; }
    /// After stop().
    [[nodiscard]] std::optional<bl::error> const& failure() const noexcept { return failure_; }

private:
    std::atomic<bool> end_ = false;
    std::atomic<unsigned long> made_ = 0;
    std::optional<bl::error> failure_;
    std::thread thread_; // the last: it uses the others
};

/// What a walk by hand meets, which links() must not show.
struct by_hand {
    unsigned long vanished = 0;
    unsigned long unsettled = 0;

    [[nodiscard]] bool met() const noexcept { return vanished + unsettled > 0; }
    void walk(bl::link_id after) {
        for (auto&& id : bl::link_ids(after)) {
            if (!id) break;
            int const fd = ::bpf_link_get_fd_by_id(id->value());
            if (fd >= 0)
                ::close(fd);
            else if (errno == ENOENT)
                ++vanished;
            else if (errno == EAGAIN)
                ++unsettled;
        }
    }
};

/// The links that are there from the first walk to the last: of several kinds.
struct stable_links {
    sandbox::network net;
    sandbox::cgroup group;
    programs p{"sys_enter_a", "egress_a", "egress_b", "xdp_a", "iter_tasks"};
    std::vector<bl::link> links;
    std::vector<bl::link_id> ids;

    stable_links() {
        for (int i = 0; i != 3; ++i)
            add(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress}));
        for (int i = 0; i != 3; ++i)
            add(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
        add(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
        add(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    }

    template <class L>
    void add(bl::result<L> l) {
        links.push_back(must(std::move(l)));
        ids.push_back(must(links.back().info()).id);
    }
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a walk sees every stable link while others come and go") {
    stable_links const stable;
    auto const others = must(bl::link_ids() | bl::collect).size() - stable.ids.size();
    // Somebody else's thousands of links would be all that the walks have time for.
    auto const after = others > 256 ? bl::link_id{stable.ids.front().value() - 1} : bl::link_id{};
    MESSAGE(walks, " walks");

    unsigned long missed = 0;
    unsigned long met = 0; // links that were neither stable nor anybody else's at the start
    std::vector<bl::error> errors;
    by_hand hand;
    churn busy{stable.p.skb("egress_b"), stable.group.path()};
    REQUIRE(eventually([&] { return busy.made() > 0; }));
    auto const made_before = busy.made();
    using clock = std::chrono::steady_clock;
    auto const start = clock::now();
    int walked = 0;
    auto const enough = [&] {
        // When the two threads share a processor, they seldom get in each other's way: in an
        // emulated one of Linux 6.18, once in ten seconds.
        return walked >= walks && (hand.met() || clock::now() - start > 5 * sandbox::patience);
    };
    for (; !enough() && errors.size() < 10; ++walked) {
        std::set<bl::link_id> seen;
        for (auto&& entry : bl::links(after)) {
            auto const info = entry ? entry->info() : tl::unexpected{entry.error()};
            if (info)
                seen.insert(info->id);
            else
                errors.push_back(info.error());
        }
        for (auto const id : stable.ids)
            if (seen.erase(id) == 0) ++missed;
        if (!seen.empty() && *seen.rbegin() > stable.ids.back()) ++met;
        if (walked % 4 == 0) hand.walk(stable.ids.back());
    }
    auto const seconds = std::chrono::duration<double>{clock::now() - start}.count();
    auto const made = busy.made() - made_before;
    busy.stop();

    for (auto const& e : errors)
        FAIL_CHECK(e.message());
    if (busy.failure()) FAIL_CHECK(busy.failure()->message());
    CHECK(missed == 0);
    // The race took place: links were made, walks met them, and some were gone, or not there yet,
    // between two steps of a walk.
    CHECK(made >= static_cast<unsigned long>(walks) / 10);
    CHECK(met > 0);
    CHECK(hand.met());
    MESSAGE(walked, " walks in ", seconds, " s beside ", made, " links made and closed; ", met,
            " met one; by hand, ", hand.vanished, " had vanished and ", hand.unsettled,
            " were unsettled");
}

TEST_CASE_FIXTURE(kernel_case, "infos and the adaptors skip what vanishes, too") {
    stable_links const stable;
    auto const after = bl::link_id{stable.ids.front().value() - 1};
    auto const wanted = stable.p.program_id("egress_a");
    unsigned long missed = 0;
    std::vector<bl::error> errors;
    churn busy{stable.p.skb("egress_b"), stable.group.path()};
    REQUIRE(eventually([&] { return busy.made() > 0; }));
    for (int i = 0; i != walks / 10 && errors.size() < 10; ++i) {
        std::set<bl::link_id> seen;
        auto const look = [&](auto&& infos) {
            for (auto&& entry : infos)
                if (entry)
                    seen.insert(entry->id);
                else
                    errors.push_back(entry.error());
        };
        look(bl::infos(after));
        for (auto const id : stable.ids)
            if (!seen.contains(id)) ++missed;
        seen.clear();
        look(bl::infos(after) | bl::views::of_program(wanted));
        if (seen.size() != 3) ++missed;

        auto const links = bl::links(after) | bl::views::of_program(wanted) | bl::collect;
        if (!links)
            errors.push_back(links.error());
        else if (links->size() != 3)
            ++missed;
    }
    busy.stop();
    for (auto const& e : errors)
        FAIL_CHECK(e.message());
    if (busy.failure()) FAIL_CHECK(busy.failure()->message());
    CHECK(missed == 0);
    CHECK(busy.made() > 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "from_id opens a link that comes and goes, or finds none: nothing else") {
    stable_links const stable;
    unsigned long opened = 0;
    std::vector<bl::error> errors;
    churn busy{stable.p.skb("egress_b"), stable.group.path()};
    REQUIRE(eventually([&] { return busy.made() > 0; }));
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    auto const met = [&] { return opened > 0 || std::chrono::steady_clock::now() > deadline; };
    for (int i = 0; (i < walks / 4 || !met()) && errors.size() < 10; ++i)
        for (auto&& id : bl::link_ids(stable.ids.back())) {
            auto const l = id.and_then(bl::link::from_id);
            if (l)
                ++opened;
            else if (l.error() != bl::errc::not_found)
                errors.push_back(l.error());
        }
    busy.stop();
    for (auto const& e : errors)
        FAIL_CHECK(e.message());
    if (busy.failure()) FAIL_CHECK(busy.failure()->message());
    CHECK(opened > 0);
}
