// SPDX-License-Identifier: Apache-2.0
#include "hook/typed.hpp"

#include "border/sys.hpp"
#include "hook/place.hpp"
#include "object/attach_type.hpp"
#include "object/identify.hpp"

#include <bpflink/program.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;

typed_request const& asked(attempt const& tried) {
    return tried.as<typed_request>();
}

bool has(detail::hook_row const& row, attach_type attach) noexcept {
    return detail::contains(row.attach_types, attach);
}

/// Whether the hook has an attach type that goes with the program's type.
bool goes(detail::hook_row const& row, detail::borrowed_program const& prog,
          attach_type attach) noexcept {
    return has(row, attach) && program_type_of(attach) == prog.type;
}

} // namespace

/// @kernel kernel/bpf/syscall.c, bpf_prog_attach_check_attach_type(); read at v6.12
bool attach_type_is_fixed(program_type type) noexcept {
    return type == program_type::cgroup_sock || type == program_type::cgroup_sock_addr ||
           type == program_type::cgroup_sockopt || type == program_type::sk_lookup ||
           type == program_type::lsm;
}

std::optional<attach_type> attach_type_of(detail::borrowed_program const& prog,
                                          detail::hook_row const& row) noexcept {
    if (prog.expected) return goes(row, prog, *prog.expected) ? prog.expected : std::nullopt;
    std::optional<attach_type> only;
    for (attach_type const each : row.attach_types) {
        if (!goes(row, prog, each)) continue;
        if (only) return std::nullopt;
        only = each;
    }
    return only;
}

finding loaded_for_none(attempt const& tried) {
    return yes_if(!asked(tried).attach && tried.prog->loaded_for_none);
}

finding loaded_for_what_is_not_known(attempt const& tried) {
    return yes_if(!asked(tried).attach && !tried.prog->expected);
}

finding loaded_for_another_hook(attempt const& tried) {
    if (asked(tried).attach) return {match::no};
    std::vector<attach_type> needed;
    for (attach_type const each : tried.row.attach_types)
        if (goes(tried.row, *tried.prog, each)) needed.push_back(each);
    return {match::yes, "attach type " + to_string(*tried.prog->expected) + ", and " +
                            either_of(needed) + " is needed"};
}

finding attach_type_is_missing(attempt const& tried) {
    return yes_if(!asked(tried).attach);
}

finding attach_type_of_another_hook(attempt const& tried) {
    auto const attach = *asked(tried).attach;
    if (has(tried.row, attach)) return {match::no};
    return {match::yes, to_string(attach) + " is not of " + std::string{tried.row.name}};
}

finding program_of_another_type(attempt const& tried) {
    auto const attach = *asked(tried).attach;
    auto const needed = program_type_of(attach);
    if (tried.prog->type == needed) return {match::no};
    return {match::yes, to_string(tried.prog->type) + ", and " + to_string(needed) +
                            " is needed for " + to_string(attach)};
}

finding held_to_another_type(attempt const& tried) {
    auto const attach = *asked(tried).attach;
    auto const expected = tried.prog->expected;
    if (!expected || *expected == attach || !attach_type_is_fixed(tried.prog->type))
        return {match::no};
    return {match::yes,
            "attach type " + to_string(*expected) + ", and " + to_string(attach) + " is named"};
}

finding revision_is_zero(attempt const& tried) {
    auto const expected = asked(tried).expected_revision;
    return yes_if(expected && expected->value() == 0);
}

finding does_not_go_with_it(attempt const& tried) {
    // A mistake that the usual causes name is refused in the same way: they have the last word.
    int const number = attach_to_nothing(tried.prog->fd, *asked(tried).attach);
    return {number == EINVAL ? match::unknown : match::no, to_string(*asked(tried).attach)};
}

finding is_of_another_type(attempt const& tried) {
    auto const attach = *asked(tried).attach;
    auto const needed = program_type_of(attach);
    auto const facts = detail::identify_program(tried.prog->fd, {});
    if (!facts) return {match::no}; // it is told before
    if (facts->type == needed) return {match::no};
    return {match::yes, to_string(facts->type) + ", and " + to_string(needed) + " is needed for " +
                            to_string(attach)};
}

/// A query of no place. The kernel looks at privilege before it looks for the place.
static bool may_not_query() noexcept {
    uapi::prog_query_attr nowhere{};
    nowhere.target = raw_fd(fd_view{});
    nowhere.attach_type = static_cast<std::uint32_t>(attach_type::cgroup_inet_egress);
    return sys::prog_query(nowhere) == -EPERM;
}

finding lacks_net_admin(attempt const&) {
    constexpr std::array needed{detail::capability::net_admin};
    constexpr std::array all{detail::capability::sys_admin};
    auto missing = missing_of(needed);
    bool const may_be_stood_in_for = missing.is == match::yes && missing_of(all).is != match::yes;
    return may_be_stood_in_for && !may_not_query() ? finding{match::no} : missing;
}

finding net_admin_does_not_count(attempt const& tried) {
    return may_not_query() ? in_other_user_namespace(tried) : finding{match::no};
}

bool takes_net_admin(attach_type attach) noexcept {
    return attach == attach_type::cgroup_inet_ingress || attach == attach_type::cgroup_inet_egress;
}

finding target_is_closed(attempt const& tried) {
    fd_view const target{static_cast<int>(asked(tried).target)};
    return is_closed(target, describe(target));
}

finding interface_is_gone(attempt const& tried) {
    std::array<char, 16> name;
    int const outcome = sys::interface_name(asked(tried).target, name);
    return {outcome == -ENODEV ? match::yes : outcome < 0 ? match::unknown : match::no};
}

present what_is_at(typed_request const& asked) noexcept {
    std::uint32_t first = 0;
    uapi::prog_query_attr attr{};
    attr.target = asked.target;
    attr.attach_type = static_cast<std::uint32_t>(*asked.attach);
    attr.prog_ids = reinterpret_cast<std::uintptr_t>(&first);
    attr.count = 1;
    int const outcome = sys::prog_query(attr);
    return {outcome == -ENOSPC ? 0 : outcome, attr.count, attr.attach_flags, first, attr.revision};
}

finding own_program_without_link(attempt const& tried) {
    constexpr std::size_t most = 64; // programs on a hook
    std::array<std::uint32_t, most> programs{}, links{};
    auto const own = target_of(tried.prog->fd);
    uapi::prog_query_attr attr{};
    attr.target = asked(tried).target;
    attr.attach_type = static_cast<std::uint32_t>(*asked(tried).attach);
    attr.prog_ids = reinterpret_cast<std::uintptr_t>(programs.data());
    attr.link_ids = reinterpret_cast<std::uintptr_t>(links.data());
    attr.count = most;
    if (!own || sys::prog_query(attr) < 0) return {match::unknown, "the program"};
    for (std::size_t i = 0; i != std::min<std::size_t>(attr.count, most); ++i)
        if (programs[i] == own->id.value() && links[i] == 0)
            return {match::yes, "program " + std::to_string(programs[i])};
    return {match::no};
}

} // namespace bpflink
