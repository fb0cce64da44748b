// SPDX-License-Identifier: Apache-2.0
// E2: wherever an operation on a pin is killed, the link is reachable by the names that it should
// have, and the next replace_pin repairs what is left.
#include "kill.hpp"
#include "programs.hpp"
#include "sandbox.hpp"
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// Which link each name is of: ours or another.
enum class owner { ours, other };
using picture = std::map<std::string, owner>;

/// Two bpffs, "a" and "b", a link of ours and another.
struct two_links {
    sandbox::bpffs a;
    sandbox::bpffs b;
    test_programs programs{"sys_enter_a"}, others{"sys_enter_a"}; // one a link, before Linux 6.10
    bl::link ours = attached(programs);
    bl::link other = attached(others);
    bl::link_id own_id = must(ours.info()).id;
    bl::link handle; // of ours, with a memory of its own

    static bl::link attached(test_programs const& from) {
        using tracepoint = bl::program_ref<bl::program_type::raw_tracepoint>;
        auto const prog = must(tracepoint::from(from.get("sys_enter_a")));
        return must(bl::attach(prog, bl::hook::raw_tracepoint{"sys_enter"}));
    }

    /// "a/x" below the two.
    [[nodiscard]] std::string at(std::string const& name) const {
        return (name.front() == 'a' ? a : b).path() + name.substr(1);
    }

    [[nodiscard]] static bl::link fresh(bl::link const& l) {
        return must(bl::link::duplicate(l.fd()));
    }

    void begin(std::string const& pinned_at) {
        for (auto const* const place : {"a", "b"})
            for (auto const& name : names_in(place))
                ::unlink(at(name).c_str());
        handle = fresh(ours);
        if (!pinned_at.empty()) must(handle.pin(at(pinned_at)));
    }

    /// The names, but for those with a dot, which only the kernel can make.
    [[nodiscard]] std::set<std::string> names_in(std::string const& place) const {
        std::set<std::string> names;
        for (auto const& entry : std::filesystem::directory_iterator{at(place)})
            if (auto const name = entry.path().filename().string();
                name.find('.') == std::string::npos)
                names.insert(place + "/" + name);
        return names;
    }

    [[nodiscard]] picture look() const {
        picture seen;
        for (auto const* const place : {"a", "b"})
            for (auto const& name : names_in(place)) {
                bl::unique_fd const fd{::bpf_obj_get(at(name).c_str())};
                REQUIRE(fd);
                auto const id = must(must(bl::link::duplicate(fd)).info()).id;
                seen[name] = id == own_id ? owner::ours : owner::other;
            }
        return seen;
    }

    /// What pins() marks.
    [[nodiscard]] std::set<std::string> marked() const {
        std::set<std::string> found;
        for (auto const* const place : {"a", "b"})
            for (auto&& pin : bl::pins(at(place)))
                if (pin && pin->temporary) found.insert(place + pin->path.substr(at(place).size()));
        return found;
    }
};

std::string described(picture const& seen) {
    std::string text;
    for (auto const& [name, whose] : seen)
        text += name + (whose == owner::ours ? " ours, " : " another's, ");
    return text;
}

struct pin_scenario {
    std::string pinned_at;                          // where the handle's pin is before; or none
    std::string others;                             // where the other link's is
    std::string final;                              // where ours goes
    std::function<bl::result<void>(bl::link&)> act; // by the handle
    std::initializer_list<picture> allowed;         // afterwards, but for a temporary name
    bool may_be_temporary = false;
    bool may_fail = false;
};

int kill_everywhere(two_links& world, pin_scenario const& what) {
    constexpr mode_t readers = 0640;
    return kill_at_every_call({
        .prepare =
            [&] {
                world.begin(what.pinned_at);
                if (what.others.empty()) return;
                auto const path = world.at(what.others);
                REQUIRE(::bpf_obj_pin(world.other.fd().get(), path.c_str()) == 0);
                REQUIRE(::chmod(path.c_str(), readers) == 0);
            },
        .act =
            [&] {
                auto const done = what.act(world.handle);
                if (!done && !what.may_fail) throw std::runtime_error{done.error().message()};
            },
        .check =
            [&] {
                auto seen = world.look();
                auto const marked = world.marked();
                INFO(described(seen));
                for (auto const& name : marked) {
                    CHECK(what.may_be_temporary);
                    CHECK(name == what.final + "%tmp");
                    seen.erase(name);
                }
                CHECK(std::ranges::count(what.allowed, seen) == 1);
                if (!what.others.empty()) { // E8
                    struct stat facts{};
                    REQUIRE(::stat(world.at(what.others).c_str(), &facts) == 0);
                    CHECK((facts.st_mode & 07777) == readers);
                }
                // A service that starts again, and knows nothing of what was.
                auto again = world.fresh(world.ours);
                must(again.replace_pin(world.at(what.final)));
                CHECK(world.marked().empty());
                auto const repaired = world.look();
                REQUIRE(repaired.contains(what.final));
                CHECK(repaired.at(what.final) == owner::ours);
            },
    });
}

constexpr auto ours = owner::ours;
constexpr auto other = owner::other;

/// As many kills as a call that does something has stops, at least.
constexpr int few = 4;

} // namespace

TEST_CASE("a moment without a name is seen") {
    two_links world;
    int moments = 0;
    kill_at_every_call({
        .prepare = [&] { world.begin("a/x"); },
        .act =
            [&] {
                must(world.handle.unpin());
                must(world.handle.pin(world.at("a/x")));
            },
        .check = [&] { moments += world.look().empty() ? 1 : 0; },
    });
    CHECK(moments > 0);
}

TEST_CASE("a first pin is there or not") {
    two_links world;
    auto const pin = [&](bl::link& l) { return l.pin(world.at("a/x")); };
    CHECK(kill_everywhere(world, {.pinned_at = "",
                                  .others = "",
                                  .final = "a/x",
                                  .act = pin,
                                  .allowed = {{}, {{"a/x", ours}}}}) >= few);
}

TEST_CASE("a pin onto a taken name changes nothing at any moment") {
    two_links world;
    auto const pin = [&](bl::link& l) { return l.pin(world.at("a/x")); };
    CHECK(kill_everywhere(world, {.pinned_at = "",
                                  .others = "a/x",
                                  .final = "a/x",
                                  .act = pin,
                                  .allowed = {{{"a/x", other}}},
                                  .may_be_temporary = false,
                                  .may_fail = true}) >= few);
}

TEST_CASE("a pin by replace_pin on a free name is there or not") {
    two_links world;
    auto const replace = [&](bl::link& l) { return l.replace_pin(world.at("a/x")); };
    CHECK(kill_everywhere(world, {.pinned_at = "",
                                  .others = "",
                                  .final = "a/x",
                                  .act = replace,
                                  .allowed = {{}, {{"a/x", ours}}}}) >= few);
}

TEST_CASE("a replaced pin is the old or the new link's at every moment") {
    two_links world;
    auto const replace = [&](bl::link& l) { return l.replace_pin(world.at("a/x")); };
    CHECK(kill_everywhere(world, {.pinned_at = "",
                                  .others = "a/x",
                                  .final = "a/x",
                                  .act = replace,
                                  .allowed = {{{"a/x", other}}, {{"a/x", ours}}},
                                  .may_be_temporary = true}) >= few);
}

TEST_CASE("a pin that moves is at one of the two names at every moment") {
    two_links world;
    auto const pin = [&](bl::link& l) { return l.pin(world.at("a/x")); };
    auto const replace = [&](bl::link& l) { return l.replace_pin(world.at("a/x")); };
    CHECK(kill_everywhere(world, {.pinned_at = "a/y",
                                  .others = "",
                                  .final = "a/x",
                                  .act = pin,
                                  .allowed = {{{"a/y", ours}}, {{"a/x", ours}}}}) >= few);
    CHECK(kill_everywhere(world, {.pinned_at = "a/y",
                                  .others = "",
                                  .final = "a/x",
                                  .act = replace,
                                  .allowed = {{{"a/y", ours}}, {{"a/x", ours}}}}) >= few);
    CHECK(kill_everywhere(world, {.pinned_at = "a/y",
                                  .others = "a/x",
                                  .final = "a/x",
                                  .act = replace,
                                  .allowed = {{{"a/y", ours}, {"a/x", other}}, {{"a/x", ours}}}}) >=
          few);
}

TEST_CASE("a pin that moves to another bpffs is at one name at least at every moment") {
    two_links world;
    auto const pin = [&](bl::link& l) { return l.pin(world.at("b/x")); };
    auto const replace = [&](bl::link& l) { return l.replace_pin(world.at("b/x")); };
    picture const before{{"a/y", ours}}, between{{"a/y", ours}, {"b/x", ours}},
        after{{"b/x", ours}};
    CHECK(kill_everywhere(world, {.pinned_at = "a/y",
                                  .others = "",
                                  .final = "b/x",
                                  .act = pin,
                                  .allowed = {before, between, after}}) >= few);
    CHECK(kill_everywhere(world, {.pinned_at = "a/y",
                                  .others = "b/x",
                                  .final = "b/x",
                                  .act = replace,
                                  .allowed = {{{"a/y", ours}, {"b/x", other}}, between, after},
                                  .may_be_temporary = true}) >= few);
}

TEST_CASE("a pin that is removed is there or not") {
    two_links world;
    CHECK(kill_everywhere(world, {.pinned_at = "a/x",
                                  .others = "",
                                  .final = "a/x",
                                  .act = [](bl::link& l) { return l.unpin(); },
                                  .allowed = {{}, {{"a/x", ours}}}}) >= few);
}

TEST_CASE("what a killed replace_pin left is repaired by one that is killed too") {
    two_links world;
    auto const replace = [&](bl::link& l) { return l.replace_pin(world.at("a/x")); };
    auto const stale = [&](bl::link& l) {
        auto const path = world.at("a/x%tmp");
        if (::bpf_obj_pin(world.other.fd().get(), path.c_str()) < 0)
            throw std::runtime_error{"cannot pin " + path};
        return replace(l);
    };
    CHECK(kill_everywhere(world, {.pinned_at = "",
                                  .others = "a/x",
                                  .final = "a/x",
                                  .act = stale,
                                  .allowed = {{{"a/x", other}}, {{"a/x", ours}}},
                                  .may_be_temporary = true}) >= few);
}
