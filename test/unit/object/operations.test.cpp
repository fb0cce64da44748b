// SPDX-License-Identifier: Apache-2.0
// Operations one by one, and what they compose to. What a failing chain leaves behind is in
// chain.test.cpp.
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/link.hpp>
#include <bpflink/operations.hpp>
#include <bpflink/program.hpp>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using xdp_program = typed_program<bl::program_type::xdp>;

struct attachable : machine {
    fake::program& v1 = add_program(bl::program_type::xdp);
    fake::program& v2 = add_program(bl::program_type::xdp);
    xdp_program first{{open(v1)}};
    xdp_program second{{open(v2)}};
    bl::hook::xdp where{.ifindex = bl::ifindex{2}};
};

bl::result<bl::link> failed() {
    return tl::unexpected{bl::error{EIO, bl::operation::read, "before the chain"}};
}

} // namespace

TEST_CASE_FIXTURE(attachable, "a chain attaches, pins and updates, and stays typed") {
    auto live = bl::attach(first, where) | bl::pin("/bpf/x") | bl::update(second);
    static_assert(std::is_same_v<decltype(live), bl::result<bl::xdp_link>>);
    REQUIRE(succeeded(live));
    REQUIRE(newest_link() != nullptr);
    CHECK(newest_link()->prog.get() == &v2);
    CHECK(link_at("/bpf/x") == newest_link()->id());
    CHECK(live->pinned_path() == "/bpf/x");
}

TEST_CASE_FIXTURE(attachable, "every operation is a step") {
    auto live = bl::attach(first, where) | bl::update(second, bl::expecting(first));
    REQUIRE(succeeded(live));
    CHECK(newest_link()->prog.get() == &v2);
    live = std::move(live) | bl::pin("/bpf/x");
    REQUIRE(succeeded(live));
    CHECK(live->pinned_path() == "/bpf/x");
    live = std::move(live) | bl::replace_pin("/bpf/y");
    REQUIRE(succeeded(live));
    CHECK(live->pinned_path() == "/bpf/y");
    live = std::move(live) | bl::unpin();
    REQUIRE(succeeded(live));
    CHECK(names_in("/bpf").empty());
    live = std::move(live) | bl::detach();
    REQUIRE(succeeded(live));
    CHECK(newest_link()->defunct);
    CHECK(*live);
}

TEST_CASE_FIXTURE(attachable, "an untyped link goes through the same steps") {
    auto live =
        bl::attach(first, bl::hook::raw{.target = bl::ifindex{2}, .attach = bl::attach_type::xdp}) |
        bl::pin("/bpf/x") | bl::update(held_program{open(v2)}) | bl::detach() | bl::unpin();
    static_assert(std::is_same_v<decltype(live), bl::result<bl::link>>);
    REQUIRE(succeeded(live));
    CHECK(newest_link()->prog.get() == &v2);
    CHECK(newest_link()->defunct);
    CHECK(names_in("/bpf").empty());
}

TEST_CASE_FIXTURE(machine, "an error passes through every step without a system call") {
    held_program const prog{open(add_program(bl::program_type::xdp))};
    bl::unique_fd kept;
    auto const outcome = failed() | bl::pin("/bpf/x") | bl::replace_pin("/bpf/y") |
                         bl::update(prog) | bl::update(prog, bl::expecting(prog)) | bl::detach() |
                         bl::unpin() | bl::keep(kept);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error() == failed().error());
    CHECK_FALSE(kept);
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(attachable, "operations compose before there is any link") {
    auto const publish = bl::pin("/bpf/x") | bl::update(second);
    CHECK(system_calls() == 0);
    {
        auto const live = bl::attach(first, where) | publish;
        REQUIRE(succeeded(live));
        CHECK(live->pinned_path() == "/bpf/x");
        CHECK(newest_link()->prog.get() == &v2);
    }
    remove("/bpf/x");
    auto const again = bl::attach(first, where).and_then(publish); // as often as one likes
    REQUIRE(succeeded(again));
    CHECK(again->pinned_path() == "/bpf/x");
}

TEST_CASE_FIXTURE(attachable, "it does not matter how steps are put together") {
    auto const a = bl::pin("/bpf/x");
    auto const b = bl::update(second);
    auto const c = bl::replace_pin("/bpf/y");
    auto check = [&](bl::result<bl::xdp_link> live) {
        REQUIRE(succeeded(live));
        CHECK(live->pinned_path() == "/bpf/y");
        CHECK(newest_link()->prog.get() == &v2);
        CHECK(names_in("/bpf") == std::vector<std::string>{"y"});
        remove("/bpf/y");
    };
    check(bl::attach(first, where) | a | b | c);
    check(bl::attach(first, where) | (a | b | c));
    check(bl::attach(first, where) | ((a | b) | c));
    check(bl::attach(first, where) | (a | (b | c)));
    check(bl::attach(first, where).and_then(a).and_then(b).and_then(c));
    check(bl::attach(first, where).and_then(a | b) | c);
}

TEST_CASE_FIXTURE(attachable, "a step keeps the path it was made with") {
    std::string path = "/bpf/x";
    auto const step = bl::pin(path);
    path = "/bpf/another";
    auto const live = bl::attach(first, where) | step;
    REQUIRE(succeeded(live));
    CHECK(live->pinned_path() == "/bpf/x");
}

// E12
TEST_CASE_FIXTURE(attachable, "a step owns the program that it was given as a temporary") {
    let_go(v2);
    auto const held = open_descriptors().size();
    {
        auto const step = bl::update(*bl::program::from_id(bl::program_id{v2.id}));
        CHECK(open_descriptors().size() == held + 1);
        auto const both =
            bl::pin("/bpf/x") |
            bl::update(*bl::program::from_id(bl::program_id{v2.id}), bl::expecting(first));
        auto const somebody = open_file(); // whose number would be the program's
        auto const live = bl::attach(first, bl::hook::raw{.target = bl::ifindex{2},
                                                          .attach = bl::attach_type::xdp}) |
                          step;
        REQUIRE(succeeded(live));
        CHECK(newest_link()->prog.get() == &v2);
        auto const other = bl::attach(first, bl::hook::raw{.target = bl::ifindex{3},
                                                           .attach = bl::attach_type::xdp}) |
                           both;
        REQUIRE(succeeded(other));
        CHECK(newest_link()->prog.get() == &v2);
    }
    CHECK(open_descriptors().size() == held);
}

TEST_CASE_FIXTURE(attachable, "keep hands the descriptor to an owner") {
    bl::unique_fd kept;
    bl::result<void> const done = bl::attach(first, where) | bl::pin("/bpf/x") | bl::keep(kept);
    REQUIRE(succeeded(done));
    CHECK(is_open(kept.get()));
    REQUIRE(newest_link() != nullptr);
    remove("/bpf/x");
    CHECK(newest_link() != nullptr); // the descriptor holds it
    kept.reset();
    CHECK(newest_link() == nullptr);
}

TEST_CASE_FIXTURE(attachable, "keep closes what its sink held before") {
    bl::unique_fd kept = open_file();
    int const before = kept.get();
    REQUIRE(succeeded(bl::attach(first, where) | bl::keep(kept)));
    CHECK_FALSE(is_open(before));
    CHECK(newest_link() != nullptr);
}

TEST_CASE_FIXTURE(attachable, "keep pushes to the back of a container") {
    std::vector<bl::unique_fd> kept;
    auto const into = bl::keep(kept);
    for (unsigned index = 1; index != 4; ++index)
        REQUIRE(succeeded(bl::attach(first, bl::hook::xdp{bl::ifindex{index}}) | into));
    CHECK(kept.size() == 3);
    for (auto const& fd : kept)
        CHECK(is_open(fd.get()));
}

TEST_CASE_FIXTURE(attachable, "keep calls a function") {
    bl::unique_fd kept;
    SUBCASE("by value") {
        REQUIRE(succeeded(bl::attach(first, where) |
                          bl::keep([&kept](bl::unique_fd fd) { kept = std::move(fd); })));
    }
    SUBCASE("borrowed, with state of its own") {
        int count = 0;
        auto sink = [&kept, count](bl::unique_fd fd) mutable {
            ++count;
            kept = std::move(fd);
            return count;
        };
        REQUIRE(succeeded(bl::attach(first, where) | bl::keep(sink)));
        CHECK(sink(std::move(kept)) == 2); // it was that very object
    }
    SUBCASE("erased") {
        std::function<void(bl::unique_fd)> const sink = [&kept](bl::unique_fd fd) {
            kept = std::move(fd);
        };
        REQUIRE(succeeded(bl::attach(first, where) | bl::keep(sink)));
    }
    SUBCASE("in a composition") {
        auto const publish =
            bl::pin("/bpf/x") | bl::keep([&kept](bl::unique_fd fd) { kept = std::move(fd); });
        bl::result<void> const done = bl::attach(first, where) | publish;
        REQUIRE(succeeded(done));
    }
    CHECK(is_open(kept.get()));
    CHECK(newest_link() != nullptr);
}
