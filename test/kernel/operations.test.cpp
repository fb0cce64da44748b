// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <optional>
#include <string>
#include <vector>

#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// What the chains work on: lo, a bpffs, and programs to attach and to swap to.
struct workplace {
    sandbox::network net;
    sandbox::bpffs fs;
    programs p{"xdp_a", "xdp_b", "egress_a"};
    std::string path = fs.path() / "link";
    std::string next = fs.path() / "next";
    bl::link_id id; // of the link that the chain had, by `note`
    bl::hook::xdp here{.ifindex = net.loopback()};

    [[nodiscard]] auto attached() const { return bl::attach(p.xdp("xdp_a"), here); }

    /// A link that does not know what it is, so that it can be given a program of another type.
    [[nodiscard]] bl::result<bl::link> attached_untyped() const {
        return bl::attach(p.xdp("xdp_a"),
                          bl::hook::raw{.target = net.loopback(), .attach = bl::attach_type::xdp});
    }

    /// A step that remembers the link's id.
    auto note() {
        return [this]<class L>(L l) -> bl::result<L> {
            id = must(l.info()).id;
            return l;
        };
    }

    [[nodiscard]] std::uint64_t runs(std::string_view name) const {
        return p.runs_during(name, [&] { net.send_to_loopback(3); });
    }

    /// Nothing is left of the chain: no link, nobody on the hook, no pin.
    void check_undone() const {
        CHECK(id != bl::link_id{0});
        CHECK(eventually([&] { return is_gone(id); }));
        CHECK(eventually([&] { return runs("xdp_a") == 0; })); // the id goes first
        CHECK(eventually([&] { return runs("xdp_b") == 0; }));
        CHECK_FALSE(is_there(path));
        CHECK_FALSE(is_there(next));
    }

    static bool is_there(std::string const& file) {
        struct stat facts;
        return ::lstat(file.c_str(), &facts) == 0;
    }
};

bl::link_id pinned_at(std::string const& path) {
    return must(must(bl::link::load_pinned(path)).info()).id;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a chain attaches, pins, swaps, unpins and detaches") {
    workplace w;
    auto live = w.attached() | bl::pin(w.path) | bl::update(w.p.xdp("xdp_b"));
    static_assert(std::same_as<decltype(live), bl::result<bl::xdp_link>>);
    auto l = must(std::move(live));
    CHECK(w.runs("xdp_b") == 3);
    CHECK(w.p.runs("xdp_a") == 0);
    CHECK(l.pinned_path() == std::string_view{w.path});
    CHECK(pinned_at(w.path) == must(l.info()).id);

    bl::result<bl::xdp_link> wrapped = std::move(l);
    auto ended = std::move(wrapped) |
                 bl::update(w.p.xdp("xdp_a"), bl::expecting(w.p.xdp("xdp_b"))) | bl::pin(w.next) |
                 bl::replace_pin(w.path) | bl::unpin() | bl::detach();
    l = must(std::move(ended));
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(w.runs("xdp_a") == 0);
    CHECK_FALSE(w.is_there(w.path));
    CHECK_FALSE(w.is_there(w.next));
}

TEST_CASE_FIXTURE(kernel_case, "operations compose before there is a link, and can be used again") {
    workplace w;
    auto const publish = bl::pin(w.path) | bl::update(w.p.xdp("xdp_b"));
    {
        auto l = must(w.attached() | publish);
        CHECK(w.runs("xdp_b") == 3);
        must(l.unpin());
        auto const id = must(l.info()).id;
        must(l.close());
        CHECK(eventually([&] { return is_gone(id); })); // a removed pin lets go a moment later
    }
    auto l = must(w.attached().and_then(publish).and_then(bl::unpin()));
    CHECK(w.runs("xdp_b") == 3);
    CHECK_FALSE(w.is_there(w.path));
}

TEST_CASE_FIXTURE(kernel_case, "a chain that cannot attach does nothing else") {
    workplace w;
    w.here.ifindex = bl::ifindex{4711};
    auto const failed = w.attached() | bl::pin(w.path) | bl::update(w.p.xdp("xdp_b"));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().where() == bl::operation::link_create);
    CHECK_FALSE(w.is_there(w.path));
}

TEST_CASE_FIXTURE(kernel_case, "a chain that cannot pin removes its link") {
    workplace w;
    check_error(w.attached().and_then(w.note()) | bl::pin(w.fs.path() / "a.b") |
                    bl::update(w.p.xdp("xdp_b")),
                bl::errc::invalid_argument, {"obj_pin", "dot"});
    w.check_undone();
}

TEST_CASE_FIXTURE(kernel_case, "a chain that cannot update removes its pin and its link") {
    workplace w;
    auto const wrong = w.p.skb("egress_a");
    SUBCASE("step by step") {
        check_error(w.attached_untyped().and_then(w.note()) | bl::pin(w.path) | bl::update(wrong),
                    bl::errc::invalid_argument, {"link_update", "cgroup_skb"});
    }
    SUBCASE("as one operation") {
        check_error(w.attached_untyped().and_then(w.note()) | (bl::pin(w.path) | bl::update(wrong)),
                    bl::errc::invalid_argument, {"link_update"});
    }
    SUBCASE("by and_then") {
        check_error(w.attached_untyped()
                        .and_then(w.note())
                        .and_then(bl::pin(w.path))
                        .and_then(bl::update(wrong)),
                    bl::errc::invalid_argument, {"link_update"});
    }
    SUBCASE("by compare-and-swap") {
        check_error(w.attached().and_then(w.note()) | bl::pin(w.path) |
                        bl::update(w.p.xdp("xdp_b"), bl::expecting(w.p.xdp("xdp_b"))),
                    bl::errc::program_mismatch);
    }
    SUBCASE("after a detach") {
        check_error(w.attached().and_then(w.note()) | bl::pin(w.path) | bl::detach() |
                        bl::update(w.p.xdp("xdp_b")),
                    bl::errc::defunct);
    }
    w.check_undone();
}

TEST_CASE_FIXTURE(kernel_case, "a chain that cannot move its pin removes it where it is") {
    workplace w;
    REQUIRE(::mkdir((w.fs.path() / "taken").c_str(), 0700) == 0);
    check_error(w.attached().and_then(w.note()) | bl::pin(w.path) | bl::update(w.p.xdp("xdp_b")) |
                    bl::pin(w.next) | bl::pin(w.fs.path() / "taken"),
                bl::errc::already_exists);
    w.check_undone();
}

TEST_CASE_FIXTURE(kernel_case, "a chain that cannot detach removes its pin and its link") {
    workplace w;
    programs const p{"iter_tasks"};
    auto const failed =
        bl::attach(p.iter("iter_tasks"),
                   bl::hook::raw{.target = {}, .attach = bl::attach_type::trace_iter})
            .and_then(w.note()) |
        bl::pin(w.path) | bl::detach();
    check_error(failed, bl::errc::not_supported, {"link_detach", "iter"});
    w.check_undone();
}

TEST_CASE_FIXTURE(kernel_case,
                  "a chain that cannot unpin closes its link and leaves the stranger") {
    workplace w;
    programs const p{"iter_tasks"};
    auto const stranger = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const swap_pin = [&](bl::xdp_link l) -> bl::result<bl::xdp_link> {
        REQUIRE(::unlink(w.path.c_str()) == 0);
        REQUIRE(::bpf_obj_pin(stranger.fd().get(), w.path.c_str()) == 0);
        return l;
    };
    check_error((w.attached().and_then(w.note()) | bl::pin(w.path)).and_then(swap_pin) |
                    bl::unpin(),
                bl::errc::already_exists, {w.path});
    CHECK(eventually([&] { return is_gone(w.id); }));
    CHECK(eventually([&] { return w.runs("xdp_a") == 0; }));
    CHECK(pinned_at(w.path) == must(stranger.info()).id);
}

TEST_CASE_FIXTURE(kernel_case, "a chain that cannot replace a pin removes its own") {
    workplace w;
    auto const map = make_map();
    REQUIRE(::bpf_obj_pin(map.get(), w.next.c_str()) == 0);
    check_error(w.attached().and_then(w.note()) | bl::pin(w.path) | bl::replace_pin(w.next),
                bl::errc::not_a_link, {w.next});
    CHECK(eventually([&] { return is_gone(w.id); }));
    CHECK_FALSE(w.is_there(w.path));
    CHECK(w.is_there(w.next)); // the map's
    CHECK(eventually([&] { return w.runs("xdp_a") == 0; }));
}

TEST_CASE_FIXTURE(kernel_case, "a failed chain leaves a link that it only opened as it found it") {
    workplace w;
    must(must(w.attached()).pin(w.path));
    auto const id = pinned_at(w.path);
    auto const wrong = w.p.skb("egress_a");

    SUBCASE("where it was") {
        check_error(bl::link::load_pinned(w.path) | bl::update(wrong), bl::errc::invalid_argument);
    }
    SUBCASE("moved back") {
        check_error(bl::link::load_pinned(w.path) | bl::pin(w.next) | bl::update(wrong),
                    bl::errc::invalid_argument);
    }
    SUBCASE("moved back, from a replacement") {
        check_error(bl::link::load_pinned(w.path) | bl::replace_pin(w.next) | bl::update(wrong),
                    bl::errc::invalid_argument);
    }
    SUBCASE("pinned again") {
        check_error(bl::link::load_pinned(w.path) | bl::unpin() | bl::update(wrong),
                    bl::errc::invalid_argument);
    }
    SUBCASE("with a refused move") {
        check_error(bl::xdp_link::load_pinned(w.path) | bl::pin(w.fs.path() / "a.b"),
                    bl::errc::invalid_argument);
    }
    SUBCASE("with a refused swap") {
        check_error(bl::xdp_link::load_pinned(w.path) |
                        bl::update(w.p.xdp("xdp_b"), bl::expecting(w.p.xdp("xdp_b"))),
                    bl::errc::program_mismatch);
    }
    CHECK(pinned_at(w.path) == id);
    CHECK_FALSE(w.is_there(w.next));
    CHECK(w.runs("xdp_a") == 3);
    must(must(bl::link::load_pinned(w.path)).unpin());
}

TEST_CASE_FIXTURE(kernel_case, "a failed chain leaves a link by id attached, and pins it nowhere") {
    workplace w;
    auto const l = must(w.attached());
    auto const id = must(l.info()).id;
    check_error(bl::link::from_id(id) | bl::pin(w.path) | bl::update(w.p.skb("egress_a")),
                bl::errc::invalid_argument);
    CHECK_FALSE(w.is_there(w.path));
    CHECK_FALSE(is_gone(id));
    CHECK(w.runs("xdp_a") == 3);
}

TEST_CASE_FIXTURE(kernel_case, "keep hands the descriptor to a sink, and the program runs on") {
    workplace w;
    bl::unique_fd one;
    std::vector<bl::unique_fd> many;
    std::optional<bl::unique_fd> by_call;
    SUBCASE("a unique_fd") {
        must(w.attached() | bl::keep(one));
        CHECK(one);
    }
    SUBCASE("a container") {
        must(w.attached() | bl::keep(many));
        REQUIRE(many.size() == 1);
        CHECK(many.front());
    }
    SUBCASE("a function") {
        must(w.attached() | bl::keep([&](bl::unique_fd fd) { by_call = std::move(fd); }));
        REQUIRE(by_call);
        CHECK(*by_call);
    }
    SUBCASE("a unique_fd, after a pin") {
        must(w.attached() | bl::pin(w.path) | bl::keep(one));
        CHECK(w.is_there(w.path));
        must(must(bl::link::load_pinned(w.path)).unpin());
    }
    CHECK(w.runs("xdp_a") == 3);
    one.reset();
    many.clear();
    by_call.reset();
    CHECK(eventually([&] { return w.runs("xdp_a") == 0; }));
}

TEST_CASE_FIXTURE(kernel_case, "keep is not reached by a failed chain") {
    workplace w;
    std::vector<bl::unique_fd> sink;
    check_error(w.attached().and_then(w.note()) | bl::pin(w.fs.path() / "a.b") | bl::keep(sink),
                bl::errc::invalid_argument);
    CHECK(sink.empty());
    w.check_undone();
}
