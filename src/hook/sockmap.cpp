// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/typed.hpp"
#include "object/identify.hpp"

#include <bpflink/lifecycle/ensure.hpp>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

typed_request const& asked(attempt const& tried) {
    return tried.as<typed_request>();
}

finding other_map(attempt const& tried) {
    constexpr std::uint32_t sockmap = 15; // BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_SOCKHASH
    constexpr std::uint32_t sockhash = 18;
    std::uint32_t type = 0; // the head of struct bpf_map_info
    std::uint32_t size = sizeof type;
    if (sys::obj_get_info(static_cast<int>(asked(tried).target), &type, size) < 0) return {};
    return {type == sockmap || type == sockhash ? match::no : match::yes};
}

finding query_is_unknown(attempt const& tried) {
    return {other_map(tried).is == match::no ? match::yes : match::unknown};
}

finding is_stream_parser(attempt const& tried) {
    return {asked(tried).attach == attach_type::sk_skb_stream_parser ? match::yes : match::no};
}

/// Of one kind of verdict, the kernel refuses a query as it does an attach.
finding other_verdict(attempt const& tried) {
    int const outcome = what_is_at(asked(tried)).outcome;
    return {outcome == -EBUSY ? match::yes : outcome < 0 ? match::unknown : match::no};
}

finding other_program(attempt const& tried) {
    auto const there = what_is_at(asked(tried));
    if (there.outcome < 0) return {match::unknown, "another program"};
    return yes_if(there.count != 0, "program " + std::to_string(there.first));
}

constexpr std::array place_causes{
    refusal{EBADF, errc::invalid_argument, "{}, the map's, is not open", "",
            "bpf_map_get_with_uref", target_is_closed},
    refusal{EINVAL, errc::invalid_argument, "the map is neither a sockmap nor a sockhash", "",
            "sock_map_link_create", other_map},
    refusal{EOPNOTSUPP, errc::invalid_argument, "the map is neither a sockmap nor a sockhash", "",
            "sock_map_prog_link_lookup", other_map},
    refusal{EOPNOTSUPP, errc::not_supported, "this kernel has no stream parsers", "",
            "sock_map_prog_link_lookup", is_stream_parser},
};
constexpr auto causes =
    joined(place_causes,
           std::array{
               given_as_another_type,
               refusal{EBUSY, errc::hook_busy, "the map has the other kind of verdict",
                       "detach that one", "sock_map_prog_link_lookup", other_verdict},
               refusal{EBUSY, errc::hook_busy, "{} is there", "update its link, or detach it",
                       "sock_map_prog_update", other_program},
           });
constexpr auto query_causes = joined(
    place_causes, std::array{
                      refusal{EBUSY, errc::hook_busy, "the map has the other kind of verdict",
                              "ask about that one", "sock_map_prog_link_lookup"},
                      refusal{EINVAL, errc::not_supported,
                              "this kernel does not tell what is on a sockmap (5.18 does)", "",
                              "bpf_prog_query", query_is_unknown},
                  });

constexpr std::string_view which_map = "which map";

constexpr std::array sections{
    detail::section{.kind = "sk_skb", .lacks = "which map, and a parser or a verdict"},
    detail::section{.kind = "sk_skb/stream_parser", .lacks = which_map},
    detail::section{.kind = "sk_skb/stream_verdict", .lacks = which_map},
    detail::section{.kind = "sk_skb/verdict", .lacks = which_map},
    detail::section{.kind = "sk_msg", .lacks = which_map},
};

} // namespace

std::string describe(hook::sockmap const& where) {
    return with_attach_type("map " + describe(where.map.fd()), where.attach);
}

result<opened_place> open_place(hook::sockmap const& where) {
    return opened_place{raw_fd(where.map.fd())};
}

detail::squatter detail::without_link(borrowed_program const& what, hook::sockmap const& where) {
    auto const& row = hook_traits<hook::sockmap>::row();
    auto asked = request_of(where);
    if (!asked.attach) asked.attach = attach_type_of(what, row);
    if (!asked.attach) return {};
    asked.target = raw_fd(where.map.fd());
    auto const there = what_is_at(asked);
    if (there.outcome == -EBUSY) return {match::unknown, "the map has the other kind of verdict"};
    if (there.outcome < 0 || there.count == 0) return {};
    return {match::unknown, "program " + std::to_string(there.first) + " is there without a link"};
}

detail::hook_row const& hook_traits<hook::sockmap>::row() noexcept {
    static constexpr auto facts = row_for<hook::sockmap>({
        .asked_by = detail::probe{.program = program_type::sk_skb,
                                  .expected = attach_type::sk_skb_verdict,
                                  .attach = attach_type::sk_skb_verdict,
                                  .known = EBADF},
        .mistakes = typed_mistakes,
        .causes = causes,
        .query_causes = query_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::sockmap>::create(detail::borrowed_program prog,
                                                     hook::sockmap const& where) {
    return attach_typed(prog, where);
}

result<match> hook_traits<hook::sockmap>::is_at(hook::sockmap const& where, located_link const& l) {
    auto const& on = details_of<hook::sockmap>(l);
    auto const type = is_of_attach_type(where, l, on.attach);
    if (type == match::no) return type;
    uapi::object_info_head map{};
    std::uint32_t size = sizeof map;
    int const outcome = sys::obj_get_info(where.map.fd().get(), &map, size);
    if (outcome < 0)
        return refuse_place(outcome, operation::map_get_info, where, on.attach,
                            raw_fd(where.map.fd()));
    return both(type, yes_or_no(on.map == map_id{map.id}));
}

} // namespace bpflink
