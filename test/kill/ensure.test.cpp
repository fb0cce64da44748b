// SPDX-License-Identifier: Apache-2.0
// Wherever ensure_attached is killed, the next call leaves one link, attached, and pinned by one
// name; and where the kernel can update, a link that was there never left its place: each packet
// meets one program or the other, also while the next call runs. A teardown instead leaves nothing.
#include "kill.hpp"
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

using bl::program_type;

/// Sends all the time, and counts how often both programs of a stage have run meanwhile.
template <program_type Type, class H>
class sender {
public:
    explicit sender(stage<Type, H> const& s) : stage_{s} {}
    ~sender() { end(); }
    sender(sender const&) = delete;
    sender& operator=(sender const&) = delete;

    void end() {
        ended_ = true;
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t seen() const { return runs() - before_; }

private:
    [[nodiscard]] std::uint64_t runs() const { return stage_.first.runs() + stage_.second.runs(); }

    stage<Type, H> const& stage_;
    std::uint64_t before_ = runs();
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<bool> ended_ = false;
    std::thread thread_{[this] {
        do {
            stage_.traffic();
            ++sent_;
        } while (!ended_);
    }};
};

enum class start { nothing, another_program, this_program, lost_place };
enum class then { ensured, torn_down };

template <program_type Type, class H>
class ensured {
public:
    explicit ensured(stage<Type, H> const& s) : stage_{s} {}

    /// At every system call: where nothing is, where another program's link is, where it is all as
    /// it should be, and where a link has lost its place.
    void everywhere() {
        std::array<std::string, 4> const names{"nothing", "another program", "this program",
                                               "a lost place"};
        for (auto const from :
             {start::nothing, start::another_program, start::this_program, start::lost_place})
            for (auto const next : {then::ensured, then::torn_down}) {
                if (from == start::lost_place && !bl::detachable<H>) continue;
                // Only a link that replaces one has a temporary name.
                bool const replaces = from == start::lost_place ||
                                      (from == start::another_program && !bl::updatable<H>);
                if (next == then::torn_down && !replaces) continue;
                auto const what = names.at(static_cast<std::size_t>(from)) +
                                  (next == then::ensured ? ", ensured" : ", torn down");
                CAPTURE(what);
                int const kills = kill_at_every_call({
                    .prepare = [&] { begin(from); },
                    .act = [&] { must(ensure(stage_.second)); },
                    .check = [&] { check(from, next); },
                });
                CHECK(kills > 8);
                MESSAGE(what, ": ", kills, " kills");
            }
        CHECK((packets_ > 0) == bl::updatable<H>);
        CHECK(repaired_ > 0);
        MESSAGE(packets_, " packets, ", repaired_, " links beside the pin");
    }

private:
    auto ensure(tiny<Type> const& prog) { return bl::ensure_attached(prog, stage_.where, path_); }

    [[nodiscard]] std::size_t links() const {
        return links_of(stage_.first.id()).size() + links_of(stage_.second.id()).size();
    }

    // A program leaves its hook a moment after its link's id has gone.
    [[nodiscard]] bool runs() const {
        auto const before = stage_.first.runs() + stage_.second.runs();
        stage_.traffic();
        return stage_.first.runs() + stage_.second.runs() != before;
    }

    void begin(start from) {
        for (auto const& name : names_in(fs_.path()))
            std::filesystem::remove(fs_.path() + "/" + name);
        CHECK(eventually([&] { return links() == 0 && !runs(); }));
        first_ = {};
        if (from == start::nothing) return;
        auto made = must(ensure(from == start::this_program ? stage_.second : stage_.first));
        first_ = must(made.link.info()).id;
        if constexpr (bl::detachable<H>)
            if (from == start::lost_place) must(made.link.detach());
        if (bl::updatable<H> && from != start::lost_place) sender_.emplace(stage_);
    }

    void check(start from, then next) {
        for (auto const& name : names_in(fs_.path()))
            CHECK((name == "x" || name == "x%tmp"));
        if (sender_ || from == start::this_program) {
            auto const there = must(bl::typed_link<H>::load_pinned(path_));
            CHECK(must(there.info()).id == first_);
            CHECK(there.state() != bl::link_state::defunct);
        }
        if (next == then::ensured) {
            auto const again = must(ensure(stage_.second));
            CHECK(must(again.link.info()).program == stage_.second.id());
            CHECK(must(bl::is_at(stage_.second, stage_.where, again.link)) == bl::match::yes);
        }
        if (sender_) {
            sender_->end();
            CHECK(sender_->seen() == sender_->sent());
            packets_ += sender_->sent();
            sender_.reset();
        }
        if (next == then::ensured) {
            CHECK(names_in(fs_.path()) == std::set<std::string>{"x"});
            // A replaced link's id goes a grace period after its pin.
            CHECK(eventually([&] { return links() == 1; }));
            return;
        }
        // All else is as it is where teardown itself is killed.
        if (!names_in(fs_.path()).contains("x%tmp")) return;
        ++repaired_;
        auto const done = must(bl::teardown(path_));
        CHECK((done.detached || done.gone)); // others may be looking
        CHECK(names_in(fs_.path()).empty());
        CHECK(eventually([&] { return links() == 0; }));
        CHECK_FALSE(runs());
    }

    stage<Type, H> const& stage_;
    sandbox::bpffs fs_;
    std::string path_ = fs_.path() + "/x";
    bl::link_id first_{};
    std::optional<sender<Type, H>> sender_;
    std::uint64_t packets_ = 0;
    int repaired_ = 0; // links that a killed call left beside the pin
};

constexpr auto kill_everywhere = [](auto const& s) {
    if (may_ensure(s)) ensured{s}.everywhere();
};

} // namespace

TEST_CASE("ensure_attached killed anywhere, on an interface by xdp") {
    on_xdp(kill_everywhere);
}

TEST_CASE("ensure_attached killed anywhere, on an interface by tcx") {
    on_tcx(kill_everywhere);
}

TEST_CASE("ensure_attached killed anywhere, on a cgroup") {
    on_cgroup(kill_everywhere);
}

TEST_CASE("ensure_attached killed anywhere, on netfilter, which takes no update") {
    on_netfilter(kill_everywhere);
}

TEST_CASE("ensure_attached killed anywhere, on a tracepoint by a perf event") {
    on_tracepoint(kill_everywhere);
}

TEST_CASE("ensure_attached killed anywhere, on a raw tracepoint") {
    on_raw_tracepoint(kill_everywhere);
}

TEST_CASE("ensure_attached killed anywhere, on a function of the kernel's by fentry") {
    on_tracing(kill_everywhere);
}
