// SPDX-License-Identifier: Apache-2.0
// Wherever teardown is killed, nobody else's link is touched, and the next call ends what it began.
#include "kill.hpp"
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <set>
#include <string>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

using bl::program_type;

enum class way { path, handle };

template <program_type Type, class H>
class torn_down {
public:
    torn_down(stage<Type, H> const& s, way how) : stage_{s}, how_{how} {}

    void everywhere() {
        int const kills = kill_at_every_call({
            .prepare =
                [&] {
                    if (!stands_) begin();
                },
            .act = [&] { act(); },
            .check = [&] { check(); },
        });
        MESSAGE(kills, " kills");
        CHECK(kills > 8);
        CHECK_FALSE(stands_);
        // Not killed, it has ended all when it returns.
        begin();
        CHECK(runs());
        act();
        check_gone();
        CHECK_FALSE(runs());
    }

private:
    void begin() {
        auto l = attach_when_free(stage_.first, stage_.where);
        id_ = must(l.info()).id;
        must(l.pin(path_));
    }

    void act() const {
        auto const done =
            must(how_ == way::path ? bl::teardown(path_)
                                   : bl::teardown(must(bl::typed_link<H>::load_pinned(path_))));
        if (done.id != id_) throw std::runtime_error{"another link was there"};
    }

    bool runs() const {
        auto const before = stage_.first.runs();
        stage_.traffic();
        return stage_.first.runs() != before;
    }

    void check_gone() const {
        CHECK(names_in(fs_.path()) == std::set<std::string>{"other"});
        CHECK(eventually([&] { return links_of(stage_.first.id()).empty(); }));
    }

    void check() {
        CHECK(others_.is_as_it_was());
        auto const names = names_in(fs_.path());
        for (auto const& name : names)
            CHECK((name == "x" || name == "other"));
        // Where nothing was done yet, the run that is killed one call later is the next one.
        stands_ = names.contains("x") && runs();
        if (stands_) {
            CHECK(links_of(stage_.first.id()) == std::vector{id_});
            return;
        }
        auto const again = must(bl::teardown(path_));
        CHECK((again.detached || again.gone)); // others may be looking
        if (names.contains("x")) {
            CHECK(again.id == id_);
        } else {
            // Nothing tells any more which link it was. The kernel ends it by itself.
            CHECK(again.id == bl::link_id{});
            CHECK(eventually([&] { return links_of(stage_.first.id()).empty() && !runs(); }));
        }
        check_gone();
        CHECK_FALSE(runs());
    }

    stage<Type, H> const& stage_;
    way how_;
    sandbox::bpffs fs_;
    std::string path_ = fs_.path() + "/x";
    bystander<Type, H> others_{stage_, fs_.path() + "/other"};
    bl::link_id id_{};
    bool stands_ = false;
};

constexpr auto kill_everywhere = [](auto const& s) {
    if (!may_attach(s)) return;
    for (auto const how : {way::path, way::handle}) {
        CAPTURE(how == way::path);
        torn_down{s, how}.everywhere();
    }
};

} // namespace

TEST_CASE("teardown killed anywhere, on an interface by xdp") {
    on_xdp(kill_everywhere);
}

TEST_CASE("teardown killed anywhere, on an interface by tcx") {
    on_tcx(kill_everywhere);
}

TEST_CASE("teardown killed anywhere, on a cgroup") {
    on_cgroup(kill_everywhere);
}

TEST_CASE("teardown killed anywhere, on netfilter") {
    on_netfilter(kill_everywhere);
}

TEST_CASE("teardown killed anywhere, on a tracepoint by a perf event, which only closing ends") {
    on_tracepoint(kill_everywhere);
}

TEST_CASE("teardown killed anywhere, on a raw tracepoint, which only closing ends") {
    on_raw_tracepoint(kill_everywhere);
}

TEST_CASE("teardown killed anywhere, on a function of the kernel's by fentry") {
    on_tracing(kill_everywhere);
}
