// SPDX-License-Identifier: Apache-2.0
// Wherever the example of a service is killed, the one that is started next has its program on the
// interface, and nobody else's link is touched.
#include "count.bpf.hpp"
#include "keeper.hpp"
#include "kill.hpp"
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

using bl::program_type;

/// An interface for the service, and one with somebody else's program.
struct place {
    sandbox::network net;
    sandbox::network::veth pair = net.add_veth();
    sandbox::bpffs fs;
    tiny<program_type::xdp> other{2, {}, nullptr};
    service::configuration where{
        .interface = must(bl::interface_name_of(pair.here)),
        .object = "/tmp/count.bpf.o",
        .program = "count",
        .counters = "frames",
        .pins = fs.path() + "/service",
        .keep = true,
    };
    stage<program_type::xdp, bl::hook::xdp> others{
        other, other, other, {}, {.ifindex = pair.there, .mode = bl::xdp_mode::generic}, [this] {
            net.send_from(pair.here, 1);
        }};
    std::streambuf* said = std::clog.rdbuf(nullptr);

    place() {
        auto const bytes = bpf_objects::count();
        std::ofstream{where.object, std::ios::binary}.write(
            reinterpret_cast<char const*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
    }
    ~place() { std::clog.rdbuf(said); }
    place(place const&) = delete;
    place& operator=(place const&) = delete;

    /// One that has not looked yet.
    [[nodiscard]] service::keeper keeper() const {
        return {where, must(service::load_object(where, true))};
    }
    [[nodiscard]] service::keeper started() const {
        auto kept = keeper();
        must(kept.check());
        return kept;
    }
    /// Whether a frame to the interface meets the program.
    [[nodiscard]] bool counts(service::keeper const& kept) const {
        auto const before = kept.status().packets;
        return eventually([&] {
            net.send_from(pair.there, 1);
            return kept.status().packets != before;
        });
    }
    void clear() const {
        CHECK(eventually(
            [&] { return must(bl::link_set::open(where.pins)).teardown().has_value(); }));
    }
};

/// Kills an action of a service that ran, or did not yet, and has another one start after it.
void kill_everywhere(bool has_run, std::function<void(service::keeper&)> const& act,
                     bool is_kept = true) {
    place p;
    p.where.keep = is_kept;
    bystander<program_type::xdp, bl::hook::xdp> const theirs{p.others, p.fs.path() + "/other"};
    std::optional<service::keeper> running;
    int const kills = kill_at_every_call({
        .prepare =
            [&] {
                p.clear();
                running = has_run ? p.started() : p.keeper();
            },
        .act = [&] { act(*running); },
        .check =
            [&] {
                running.reset();
                auto next = p.started();
                CHECK(p.counts(next));
                CHECK(names_in(p.where.pins) == std::set{p.where.interface, p.where.counters});
                auto const now = next.status();
                REQUIRE(now.link);
                CHECK(must(must(bl::link::load_pinned(now.pin)).info()).id == now.link->id);
                CHECK(theirs.is_as_it_was());
            },
    });
    MESSAGE(kills, " kills");
    CHECK(kills >= 30);
    p.clear();
}

} // namespace

TEST_CASE("the service killed anywhere, where it starts") {
    kill_everywhere(false, [](service::keeper& kept) { must(kept.check()); });
}

TEST_CASE("the service killed anywhere, where it reloads its program") {
    kill_everywhere(true, [](service::keeper& kept) { must(kept.reload(kept.where())); });
}

TEST_CASE("the service killed anywhere, where it takes its program off") {
    kill_everywhere(true, [](service::keeper& kept) { must(kept.finish()); }, false);
}
