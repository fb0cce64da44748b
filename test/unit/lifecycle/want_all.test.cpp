// SPDX-License-Identifier: Apache-2.0
// What a set wants of an object's programs: link_set::want_all, and candidates by any_hook.
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

namespace hook = bl::hook;
using bl::errc;
using bl::program_type;

/// An object of libbpf's, whose programs are loaded.
struct an_object : machine {
    ::bpf_object object{.name = "filter"};
    std::vector<std::unique_ptr<::bpf_program>> programs;
    std::vector<bl::unique_fd> loaded;

    ::bpf_program& add(std::string name, program_type type, std::string section) {
        loaded.push_back(open(add_program(type)));
        programs.push_back(std::make_unique<::bpf_program>(
            ::bpf_program{std::move(name), type, {}, loaded.back().get(), std::move(section)}));
        object.programs.push_back(programs.back().get());
        return *programs.back();
    }
    an_object() {
        add("enters", program_type::raw_tracepoint, "raw_tp/sys_enter");
        add("packets", program_type::xdp, "xdp");
        add("called", program_type::syscall, "syscall");
    }
};

hook::xdp const lo{.ifindex = bl::ifindex{1}};

std::vector<std::string> members_of(bl::link_set const& set) {
    std::vector<std::string> names;
    for (auto const& member : set)
        names.push_back(member.name());
    return names;
}

void check_mistake(bl::link_set const& set, std::initializer_list<std::string_view> texts) {
    auto const steps = set.plan();
    REQUIRE_FALSE(steps);
    CHECK(steps.error() == errc::invalid_argument);
    for (auto const text : texts)
        CHECK_MESSAGE(steps.error().message().find(text) != std::string::npos,
                      steps.error().message());
}

} // namespace

// E34: GCC 12 destroys twice what is not.
static_assert(std::is_trivially_destructible_v<bl::any_hook>);

TEST_CASE_FIXTURE(an_object, "an object's programs are wanted where their sections say") {
    bl::link_set set;
    set.want_all(&object, [](::bpf_program const*) { return lo; });
    CHECK(members_of(set) == std::vector<std::string>{"enters", "packets"});
    REQUIRE(succeeded(set.apply()));
    CHECK(set.find("packets")->link()->info()->type == bl::link_type::xdp);
    CHECK(set.find("enters")->link()->info()->type == bl::link_type::raw_tracepoint);
    programs.clear();
    object.programs.clear();
    auto const again = set.plan(); // nothing is the object's
    REQUIRE(succeeded(again));
    for (auto const& step : *again)
        CHECK(step.what == bl::step_kind::keep);
}

TEST_CASE_FIXTURE(an_object, "a callback is asked about what sections do not say, and no more") {
    std::vector<std::string> asked;
    auto const ask = [&](::bpf_program const* prog) -> bl::result<std::optional<bl::any_hook>> {
        asked.push_back(prog->name);
        return std::nullopt; // left alone
    };
    bl::link_set set;
    set.want_all(&object, ask);
    CHECK(asked == std::vector<std::string>{"packets"});
    CHECK(members_of(set) == std::vector<std::string>{"enters"});
}

TEST_CASE_FIXTURE(an_object, "a callback with two parameters decides about every program") {
    std::vector<std::string> asked;
    bl::link_set set;
    set.want_all(&object,
                 [&](::bpf_program const* prog,
                     bl::result<bl::any_hook> const& read) -> std::optional<bl::any_hook> {
                     asked.push_back(prog->name);
                     if (prog->name == "packets") return lo;
                     CHECK(read.has_value() == (prog->name == "enters"));
                     return std::nullopt;
                 });
    CHECK(asked == std::vector<std::string>{"enters", "packets", "called"});
    CHECK(members_of(set) == std::vector<std::string>{"packets"});
}

TEST_CASE_FIXTURE(an_object, "programs that libbpf would leave alone are left alone") {
    programs[0]->autoattach = false;
    programs[1]->autoload = false;
    bl::link_set set;
    set.want_all(&object, [](::bpf_program const*, bl::result<bl::any_hook> const& read) {
        CHECK_FALSE(read); // of SEC("syscall")
        return std::optional<bl::any_hook>{};
    });
    CHECK(set.size() == 0);
    CHECK(succeeded(set.plan()));
}

TEST_CASE_FIXTURE(an_object, "what a section does not say, and nobody else, is told by the plan") {
    bl::link_set set;
    set.want_all(&object);
    check_mistake(set, {"packets", "which interface", "hook::xdp"});
}

TEST_CASE_FIXTURE(an_object, "where the callback throws, none of its object's programs is wanted") {
    bl::link_set set;
    auto const ask = [&](bool throws) {
        set.want_all(&object, [&](::bpf_program const*) {
            if (throws) throw std::runtime_error{"no"};
            return lo;
        });
    };
    CHECK_THROWS_AS(ask(true), std::runtime_error);
    CHECK(members_of(set).empty());
    ask(false);
    CHECK(members_of(set) == std::vector<std::string>{"enters", "packets"});
    CHECK(succeeded(set.plan()));
}

TEST_CASE_FIXTURE(an_object, "an error of the callback is told by the plan") {
    bl::link_set set;
    set.want_all(&object, [](::bpf_program const*) -> bl::result<bl::any_hook> {
        return tl::unexpected{
            bl::error{EINVAL, bl::operation::resolve_interface, errc::invalid_argument, "eth7"}};
    });
    check_mistake(set, {"packets", "eth7"});
}

TEST_CASE_FIXTURE(an_object,
                  "a program that is not loaded, or of another type, is told by the plan") {
    SUBCASE("not loaded") {
        programs[1]->fd = -EINVAL;
        bl::link_set set;
        set.want_all(&object, [](::bpf_program const*) { return lo; });
        check_mistake(set, {"packets", "it is not loaded", "load its bpf_object first"});
    }
    SUBCASE("of another type") {
        bl::link_set set;
        set.want_all(&object, [](::bpf_program const*) { return hook::lsm{}; });
        check_mistake(set, {"packets", "of type xdp, and lsm is needed"});
    }
    SUBCASE("on a hook whose place nothing tells") {
        bl::link_set set;
        auto& clock = add("clock", program_type::perf_event, "perf_event");
        set.want("clock", &clock, bl::any_hook{hook::perf_event{.event = {}}});
        check_mistake(set, {"clock", "perf_event", "attach, and hold the link"});
    }
    SUBCASE("no object") {
        bl::link_set set;
        set.want_all(nullptr);
        check_mistake(set, {"null pointer"});
    }
}

TEST_CASE_FIXTURE(an_object, "a hook that is known at run time is wanted as one that is named") {
    bl::link_set set;
    typed_program<program_type::xdp> const prog{{open(add_program(program_type::xdp))}};
    set.want("a", programs[1].get(), bl::any_hook{lo});
    set.want("b", prog, bl::any_hook{hook::xdp{.ifindex = bl::ifindex{2}}});
    set.want_one_of("c", {bl::candidate(prog, bl::any_hook{hook::xdp{.ifindex = bl::ifindex{3}}})});
    REQUIRE(succeeded(set.apply()));
    CHECK(set.size() == 3);
}
