// SPDX-License-Identifier: Apache-2.0
#include "object/by_id.hpp"

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <string>

namespace bpflink {
namespace {

using detail::attempt;
using detail::capability;
using detail::finding;
using detail::refusal;

finding lacks_sys_admin(attempt const&) {
    constexpr std::array needed{capability::sys_admin};
    return missing_of(needed);
}

finding is_too_large(attempt const& tried) {
    return {tried.as<std::uint32_t>() >= INT_MAX ? match::yes : match::no};
}

/// Telling ids takes the same privilege as opening by them, but no module is asked for one object.
finding may_tell_ids(attempt const&) {
    std::uint32_t next = 0;
    int const outcome = sys::link_get_next_id(0, next);
    if (outcome >= 0 || outcome == -ENOENT) return {match::yes};
    return {outcome == -EPERM ? match::no : match::unknown};
}

constexpr std::array shared_causes{
    refusal{EPERM, errc::permission_denied, "{} is missing", "run with it", "bpf_token_capable",
            lacks_sys_admin},
    refusal{EPERM, errc::permission_denied, in_own_user_namespace, "use the first user namespace",
            "bpf_token_capable", in_other_user_namespace},
    refusal{EINVAL, errc::not_supported, "this kernel does not tell links by their ids (5.8)", "",
            "__sys_bpf"},
};

constexpr std::array causes{
    refusal{ENOENT, errc::not_found, "nothing has this id, or it has ended", "", "bpf_link_by_id"},
    refusal{EAGAIN, errc{}, "it is being attached still, which takes microseconds as a rule",
            "try again", "bpf_link_by_id"},
    refusal{EPERM, errc::permission_denied, "a security module keeps it from being opened",
            "ask its log", "security_bpf_prog", may_tell_ids},
};

constexpr std::array next_causes{
    refusal{EINVAL, errc::invalid_argument, "no link has an id above INT_MAX - 1", "",
            "bpf_obj_get_next_id", is_too_large},
};

} // namespace

tl::unexpected<error> refuse_id(int outcome, operation what, std::uint32_t id) {
    auto const* const kind = what == operation::prog_get_fd_by_id ? "program "
                             : what == operation::map_get_info    ? "map "
                                                                  : "link ";
    return refuse(outcome, what, kind + std::to_string(id), {},
                  {causes, shared_causes, command_causes()});
}

tl::unexpected<error> refuse_next_id(int outcome, std::uint32_t id) {
    return refuse(outcome, operation::link_get_next_id, "after link " + std::to_string(id),
                  {.request = &id}, {next_causes, shared_causes, command_causes()});
}

} // namespace bpflink
