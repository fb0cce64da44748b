// SPDX-License-Identifier: Apache-2.0
// Handles: to open, tell, update, pin, detach and close.
#include "scenario.hpp"

#include <array>
#include <utility>

namespace {

using bl::hook::xdp;
constexpr xdp on_lo{.ifindex = bl::ifindex{1}};
using own_xdp = bl::xdp_link;

bl::link_id id_of(fake::link const& l) {
    return bl::link_id{l.id()};
}
void lend_to_libbpf(stage& s) {
    s.theirs.fd = s.spare.release();
}
} // namespace

TEST_CASE("whatever fails, opening a link or a program takes all or nothing") {
    check_faults(std::array{
        scenario{"link::from_fd", "",
                 [](stage& s) { return bl::link::from_fd(std::move(s.spare)); }},
        scenario{"link::from_fd", "of a map",
                 [](stage& s) { return !bl::link::from_fd(std::move(s.map)); }},
        scenario{"link::duplicate", "", [](stage& s) { return bl::link::duplicate(s.spare); }},
        scenario{"duplicate_for_exec", "",
                 [](stage& s) { return bl::duplicate_for_exec(s.spare); }},
        scenario{"link::take_over", "", [](stage& s) { return bl::link::take_over(&s.theirs); },
                 lend_to_libbpf},
        scenario{"link::from_id", "", [](stage& s) { return bl::link::from_id(id_of(s.loose)); }},
        scenario{"link::load_pinned", "",
                 [](stage&) { return bl::link::load_pinned("/bpf/foreign"); }},
        scenario{"link::load_pinned", "a program",
                 [](stage&) { return !bl::link::load_pinned("/bpf/program"); }},
        scenario{"link::as", "",
                 [](stage& s) {
                     return bl::link::from_id(id_of(s.loose)).and_then([](bl::link&& l) {
                         return std::move(l).as<own_xdp>();
                     });
                 }},
        scenario{
            "typed_link::from_link", "",
            [](stage& s) { return bl::link::duplicate(s.spare).and_then(own_xdp::from_link); }},
        scenario{"typed_link::from_fd", "",
                 [](stage& s) { return own_xdp::from_fd(std::move(s.spare)); }},
        scenario{"typed_link::from_fd", "of another kind",
                 [](stage& s) { return !bl::tcx_link::from_fd(std::move(s.spare)); }},
        scenario{"typed_link::duplicate", "", [](stage& s) { return own_xdp::duplicate(s.spare); }},
        scenario{"typed_link::from_id", "",
                 [](stage& s) { return own_xdp::from_id(id_of(s.loose)); }},
        scenario{"typed_link::load_pinned", "",
                 [](stage&) { return own_xdp::load_pinned("/bpf/foreign"); }},
        scenario{"program::from_id", "",
                 [](stage& s) { return bl::program::from_id(bl::program_id{s.v1.id}); }},
        scenario{"program::load_pinned", "",
                 [](stage&) { return bl::program::load_pinned("/bpf/program"); }},
        scenario{"program::from_fd", "",
                 [](stage& s) { return bl::program::from_fd(std::move(s.spare_program)); }},
        scenario{"program::from_fd", "of a link",
                 [](stage& s) { return !bl::program::from_fd(std::move(s.spare)); }},
        scenario{"program::as", "",
                 [](stage& s) {
                     auto const p = bl::program::from_id(bl::program_id{s.v1.id});
                     if (!p) return answer{p};
                     return answer{p->as<bl::program_type::xdp>()};
                 }},
        scenario{"program::info", "",
                 [](stage& s) {
                     auto const p = bl::program::from_id(bl::program_id{s.v1.id});
                     if (!p) return answer{p};
                     return answer{p->info()};
                 }},
        scenario{"program_info_of", "",
                 [](stage& s) { return bl::program_info_of(bl::program_id{s.v1.id}); }},
        scenario{
            "program_ref::from_fd", "",
            [](stage& s) { return bl::program_ref<bl::program_type::xdp>::from_fd(s.first.fd()); }},
        scenario{"program_ref::from", "",
                 [](stage& s) {
                     return bl::program_ref<bl::program_type::xdp>::from(&s.their_program);
                 }},
        scenario{"program_ref::info", "",
                 [](stage& s) {
                     auto const ref = bl::program_ref<bl::program_type::xdp>::from_fd(s.first.fd());
                     if (!ref) return answer{ref};
                     return answer{ref->info()};
                 }},
        scenario{"map_ref::from", "", [](stage& s) { return bl::map_ref::from(&s.their_map); }},
        scenario{"map_ref::from_fd", "", [](stage& s) { return bl::map_ref::from_fd(s.map); }},
        scenario{"hook_of", "", [](stage& s) { return bl::hook_of(&s.their_program); }},
    });
}

TEST_CASE("whatever fails, what a link tells changes nothing") {
    check_faults(std::array{
        scenario{"link::info", "", [](stage& s) { return s.own.info(); }},
        scenario{"link::state", "",
                 [](stage& s) { return s.own.state() != bl::link_state::defunct; }},
        scenario{"typed_link::info", "", [](stage& s) { return s.iterator.info(); }},
        scenario{"typed_link::state", "",
                 [](stage& s) { return s.iterator.state() != bl::link_state::defunct; }},
        scenario{"typed_link::details", "", [](stage& s) { return s.iterator.details(); }},
        scenario{"defunct_watch::on_ready", "",
                 [](stage& s) { return !bl::defunct_watch{s.own}.on_ready(); }},
        scenario{
            "is_at", "xdp",
            [](stage& s) { return bl::is_at(s.first, xdp{.ifindex = bl::ifindex{2}}, s.own); }},
        scenario{"is_at", "tcx",
                 [](stage& s) {
                     return bl::is_at(bl::hook::tcx{bl::ifindex{2}, bl::attach_type::tcx_egress},
                                      s.unpinned);
                 }},
        scenario{"is_at", "raw_tracepoint",
                 [](stage& s) {
                     return bl::is_at(bl::hook::raw_tracepoint{"sys_enter"}, s.undetachable);
                 }},
        scenario{"typed_link::open", "", [](stage& s) { return s.iterator.open(); }},
        scenario{"iter_output::open", "",
                 [](stage& s) { return bl::iter_output::open(s.iterator.fd()); }},
        scenario{"iter_output::read_all", "",
                 [](stage& s) {
                     return s.iterator.open().and_then(
                         [](bl::iter_output&& out) { return out.read_all(); });
                 }},
        scenario{"iter_output::read", "",
                 [](stage& s) {
                     std::array<std::byte, 8> room{};
                     return s.iterator.open().and_then(
                         [&](bl::iter_output&& out) { return out.read(room); });
                 }},
        scenario{"iter_output::lines", "",
                 [](stage& s) {
                     auto out = s.iterator.open();
                     if (!out) return answer{out};
                     for (auto const& line : out->lines())
                         if (!line) return answer{line};
                     return answer{true};
                 }},
        scenario{"iter_output::records", "",
                 [](stage& s) {
                     auto out = s.iterator.open();
                     if (!out) return answer{out};
                     for (auto const& byte : out->records<unsigned char>())
                         if (!byte) return answer{byte};
                     return answer{true};
                 }},
        scenario{"iter_output::bytes", "",
                 [](stage& s) {
                     auto out = s.iterator.open();
                     if (!out) return answer{out};
                     for (auto const& some : out->bytes())
                         if (!some) return answer{some};
                     return answer{true};
                 }},
    });
}

TEST_CASE("whatever fails, a link is changed whole or not at all") {
    check_faults(std::array{
        scenario{"link::update", "", [](stage& s) { return s.own.update(s.second); }},
        scenario{"link::update", "of an expected program",
                 [](stage& s) { return s.own.update(s.second, bl::expecting(s.first)); }},
        scenario{"link::update", "to nothing",
                 [](stage& s) { return !s.own.update(typed_program<bl::program_type::xdp>{}); }},
        scenario{"typed_link::update", "",
                 [](stage& s) {
                     auto l = own_xdp::duplicate(s.spare);
                     return l ? answer{l->update(s.first)} : answer{l};
                 }},
        scenario{"link::detach", "", [](stage& s) { return s.own.detach(); }},
        scenario{"typed_link::detach", "",
                 [](stage& s) {
                     auto l = own_xdp::duplicate(s.spare);
                     return l ? answer{l->detach()} : answer{l};
                 }},
        scenario{"link::pin", "", [](stage& s) { return s.unpinned.pin(stage::next_path); }},
        scenario{"link::pin", "to another name",
                 [](stage& s) { return s.own.pin(stage::next_path); }},
        scenario{"link::pin", "to another bpffs",
                 [](stage& s) { return s.own.pin(stage::far_path); }},
        scenario{"link::pin", "where another is",
                 [](stage& s) { return !s.own.pin("/bpf/foreign"); }},
        scenario{"link::replace_pin", "",
                 [](stage& s) { return s.unpinned.replace_pin(stage::next_path); }},
        scenario{"link::replace_pin", "of its own",
                 [](stage& s) { return s.own.replace_pin(stage::next_path); }},
        scenario{"link::replace_pin", "on another bpffs",
                 [](stage& s) { return s.own.replace_pin(stage::far_path); }},
        scenario{"link::replace_pin", "over another link",
                 [](stage& s) { return s.own.replace_pin("/bpf/foreign"); }},
        scenario{"link::replace_pin", "of none over another link",
                 [](stage& s) { return s.unpinned.replace_pin("/bpf/foreign"); }},
        scenario{"link::replace_pin", "over a map",
                 [](stage& s) { return !s.own.replace_pin("/bpf/map"); }},
        scenario{"link::unpin", "", [](stage& s) { return s.own.unpin(); }},
        scenario{"typed_link::pin", "", [](stage& s) { return s.iterator.pin(stage::next_path); }},
        scenario{"typed_link::replace_pin", "",
                 [](stage& s) { return s.iterator.replace_pin(stage::next_path); }},
        scenario{"typed_link::unpin", "", [](stage& s) { return s.iterator.unpin(); },
                 [](stage& s) { REQUIRE(succeeded(s.iterator.pin(stage::next_path))); }},
        scenario{"link::close", "", [](stage& s) { return s.own.close().has_value() || !s.own; }},
        scenario{"typed_link::close", "",
                 [](stage& s) { return s.iterator.close().has_value() || !s.iterator; }},
        scenario{"unique_fd::close", "",
                 [](stage& s) { return s.spare.close().has_value() || !s.spare; }},
    });
}

TEST_CASE("whatever fails, a chain ends where it began, or where it should") {
    check_faults(std::array{
        scenario{"pin", "attached",
                 [](stage& s) { return bl::attach(s.first, on_lo) | bl::pin(stage::next_path); }},
        scenario{"unpin", "found",
                 [](stage&) { return bl::link::load_pinned("/bpf/foreign") | bl::unpin(); }},
        scenario{"replace_pin", "found",
                 [](stage&) {
                     return bl::link::load_pinned("/bpf/foreign") |
                            bl::replace_pin(stage::next_path);
                 }},
        scenario{"update", "attached",
                 [](stage& s) {
                     return bl::attach(s.first, on_lo) | bl::pin(stage::next_path) |
                            bl::update(s.second) | bl::update(s.first, bl::expecting(s.second));
                 }},
        scenario{"detach", "attached",
                 [](stage& s) { return bl::attach(s.first, on_lo) | bl::detach(); }},
        scenario{"keep", "attached",
                 [](stage& s) {
                     std::vector<bl::unique_fd> kept;
                     return (bl::attach(s.first, on_lo) | bl::keep(kept)).has_value()
                                ? answer{true}
                                : answer{false};
                 }},
        scenario{"keep", "pinned",
                 [](stage& s) {
                     std::vector<bl::unique_fd> kept;
                     return answer{
                         (bl::attach(s.first, on_lo) | bl::pin(stage::next_path) | bl::keep(kept))
                             .has_value()};
                 }},
    });
}
