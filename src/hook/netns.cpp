// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/typed.hpp"
#include "object/identify.hpp"

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

typed_request const& asked(attempt const& tried) {
    return tried.as<typed_request>();
}

finding other_file(attempt const& tried) {
    fd_view const target{static_cast<int>(asked(tried).target)};
    std::string const path = "/proc/thread-self/fd/" + std::to_string(target.get());
    std::uint32_t inode = 0;
    int const outcome = sys::netns_inode(path.c_str(), inode);
    return {outcome == -EINVAL ? match::yes
            : outcome < 0      ? match::unknown
                               : match::no,
            describe(target)};
}

bool is_dissector(attempt const& tried) {
    return asked(tried).attach == attach_type::flow_dissector;
}

finding takes_one(attempt const& tried) {
    return {is_dissector(tried) ? match::yes : match::no};
}

finding takes_several(attempt const& tried) {
    return {is_dissector(tried) ? match::no : match::yes};
}

/// The kernel refuses a link beside other links by another errno.
finding program_without_link(attempt const& tried) {
    auto const there = what_is_at(asked(tried));
    if (there.outcome < 0) return {match::unknown, "a program"};
    return yes_if(there.count != 0, "program " + std::to_string(there.first));
}

constexpr std::array place_causes{
    refusal{EBADF, errc::invalid_argument, "{} is not open", "", "get_net_ns_by_fd",
            target_is_closed},
    refusal{EINVAL, errc::invalid_argument, "{} is not a network namespace's",
            "open /proc/PID/ns/net", "get_net_ns_by_fd", other_file},
};
constexpr auto causes =
    joined(place_causes,
           std::array{
               given_as_another_type,
               refusal{E2BIG, errc::hook_busy, "another flow dissector is there",
                       "update its link, or detach it", "netns_bpf_link_attach", takes_one},
               refusal{E2BIG, errc{}, "64 programs are there, the most the kernel takes",
                       "detach one", "netns_bpf_link_attach", takes_several},
               refusal{EEXIST, errc::hook_busy, "{} is there without a link", "detach it",
                       "netns_bpf_link_attach", program_without_link},
               refusal{EEXIST, errc::hook_busy,
                       "the first network namespace has a flow dissector, which goes for all",
                       "detach that one", "flow_dissector_bpf_prog_attach_check"},
               refusal{EEXIST, errc::hook_busy,
                       "this is the first network namespace, and another one has a flow dissector",
                       "detach that one", "flow_dissector_bpf_prog_attach_check"},
           });

constexpr std::array sections{
    detail::section{.kind = "flow_dissector", .lacks = "which network namespace"},
    detail::section{.kind = "sk_lookup", .lacks = "which network namespace"},
};

} // namespace

std::string describe(hook::netns const& where) {
    return with_attach_type("network namespace " + describe(where.netns), where.attach);
}

result<opened_place> open_place(hook::netns const& where) {
    return opened_place{raw_fd(where.netns)};
}

detail::hook_row const& hook_traits<hook::netns>::row() noexcept {
    static constexpr auto facts = row_for<hook::netns>({
        .asked_by = detail::probe{.program = program_type::flow_dissector,
                                  .expected = attach_type::flow_dissector,
                                  .attach = attach_type::flow_dissector,
                                  .known = EBADF},
        .mistakes = typed_mistakes,
        .causes = causes,
        .query_causes = place_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::netns>::create(detail::borrowed_program prog,
                                                   hook::netns const& where) {
    return attach_typed(prog, where);
}

result<match> hook_traits<hook::netns>::is_at(hook::netns const& where, located_link const& l) {
    auto const& on = details_of<hook::netns>(l);
    auto const type = is_of_attach_type(where, l, on.attach);
    if (type == match::no) return type;
    std::uint32_t inode = 0;
    int const outcome = sys::netns_inode_of(where.netns.get(), inode);
    if (outcome < 0)
        return refuse_place(outcome, operation::resolve_netns, where, on.attach,
                            raw_fd(where.netns));
    return both(type, yes_or_no(netns_inode{inode} == on.netns_inode));
}

} // namespace bpflink
