// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/typed.hpp"
#include "object/identify.hpp"
#include "pin/path.hpp"

#include <bpflink/targets.hpp>

#include <algorithm>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

constexpr std::uint32_t most_programs = 64;
constexpr std::uint64_t root_inode = 1;

typed_request const& asked(attempt const& tried) {
    return tried.as<typed_request>();
}

/// The programs of the attach type on a directory.
present ask(attempt const& tried, int directory) noexcept {
    auto request = asked(tried);
    request.target = static_cast<std::uint32_t>(directory);
    return what_is_at(request);
}

present ask(attempt const& tried) noexcept {
    return what_is_at(asked(tried));
}

std::string name_of(int directory) {
    std::array<char, 4'096> name;
    int const length = sys::descriptor_name(directory, name);
    if (length < 0) return "the cgroup at " + describe(fd_view{directory});
    return {name.data(), static_cast<std::size_t>(length)};
}

bool is_root(int directory) noexcept {
    sys::file_facts facts;
    return sys::look_at(directory, facts) == 0 && facts.inode == root_inode;
}

finding packets_lack_net_admin(attempt const& tried) {
    return takes_net_admin(*asked(tried).attach) ? lacks_net_admin(tried) : finding{match::no};
}

finding packets_are_in_a_user_namespace(attempt const& tried) {
    bool const asks = takes_net_admin(*asked(tried).attach);
    return asks ? net_admin_does_not_count(tried) : finding{match::no};
}

/// A program that does not let others beside it (on the directory itself), or below it. Above one
/// that does, nothing counts.
finding other_stands_alone(attempt const& tried) {
    auto const found = [](present const& there, int directory) {
        return finding{match::yes, "program " + std::to_string(there.first) + " is attached to " +
                                       name_of(directory)};
    };
    int directory = static_cast<int>(asked(tried).target);
    auto there = ask(tried, directory);
    if (there.outcome < 0) return {match::unknown, "a program is attached here or above"};
    if (there.count != 0 && (there.flags & uapi::f_allow_multi) == 0)
        return found(there, directory);
    for (unique_fd above;;) {
        unique_fd next = sys::look_up(directory, "..", sys::lookup::plain);
        if (!next) break;
        there = ask(tried, next.get());
        if (there.outcome == -EBADF && is_root(directory)) return {match::no};
        if (there.outcome < 0) break;
        if ((there.flags & uapi::f_allow_multi) != 0) return {match::no};
        if (there.count != 0 && (there.flags & uapi::f_allow_override) != 0) return {match::no};
        if (there.count != 0) return found(there, next.get());
        above = std::move(next);
        directory = above.get();
    }
    return {match::unknown, "a program is attached above, out of sight,"};
}

finding in_version_1(attempt const& tried) {
    int const told = sys::is_on_cgroup1(static_cast<int>(asked(tried).target));
    return {told < 0 ? match::unknown : told == 1 ? match::yes : match::no};
}

finding other_file(attempt const& tried) {
    auto const there = ask(tried);
    return {there.outcome == -EBADF ? match::yes : there.outcome < 0 ? match::unknown : match::no};
}

finding directory_is_removed(attempt const& tried) {
    auto const there = ask(tried);
    return {there.outcome == -ENOENT ? match::yes : there.outcome < 0 ? match::unknown : match::no};
}

finding cgroups_have_no_order(attempt const& tried) {
    if (!asked(tried).order) return {match::no};
    auto const there = ask(tried);
    return {there.outcome < 0 ? match::unknown : there.revision == 0 ? match::yes : match::no};
}

finding cgroups_have_no_preorder(attempt const& tried) {
    if (!asked(tried).preorder) return {match::no};
    auto const there = ask(tried); // a revision came later
    return {there.outcome == 0 && there.revision != 0 ? match::no : match::unknown};
}

finding other_preorder(attempt const& tried) {
    return anchor_may_differ_in_preorder(tried);
}

finding is_full(attempt const& tried) {
    auto const there = ask(tried);
    return {there.outcome < 0              ? match::unknown
            : there.count >= most_programs ? match::yes
                                           : match::no};
}

finding is_of_lsm(attempt const& tried) {
    return {asked(tried).attach == attach_type::lsm_cgroup ? match::unknown : match::no};
}

constexpr std::array place_causes{
    refusal{EBADF, errc::invalid_argument, "{}, the directory's, is not open", "",
            "cgroup_get_from_fd", target_is_closed},
    refusal{EBADF, errc::invalid_argument,
            "the directory is of a version 1 hierarchy, which has no hooks",
            "name a directory below the mount of cgroup2", "cgroup_get_from_fd", in_version_1},
    refusal{ENOENT, errc::not_found, "the cgroup was removed", "", "cgroup_get_from_fd",
            directory_is_removed},
};
constexpr auto causes = joined(
    place_causes,
    std::array{
        refusal{EBADF, errc::invalid_argument, "the directory is not a version 2 cgroup", "",
                "cgroup_get_from_fd", other_file},
    },
    order_causes,
    std::array{
        refusal{EINVAL, errc::not_supported,
                "this kernel's cgroups have neither order nor revision (6.17 has)",
                "attach without", "cgroup_bpf_link_attach", cgroups_have_no_order},
        refusal{EINVAL, errc::not_supported, "this kernel's cgroups have no preorder (6.15 has)",
                "attach without", "cgroup_bpf_link_attach", cgroups_have_no_preorder},
        refusal{EINVAL, errc::invalid_argument,
                "a cgroup's programs are known by their links, and the order names {}",
                "let it name the link", "get_prog_list", anchor_is_not_a_link},
        refusal{EINVAL, errc::invalid_argument,
                "one of this program and the order's link is in preorder, and the other is not",
                "name a link of the same", "get_prog_list", other_preorder},
        given_as_another_type,
        refusal{EINVAL, errc::invalid_argument,
                "the program was loaded for another attach type than {}", "",
                "bpf_prog_attach_check_attach_type", does_not_go_with_it},
        refusal{EINVAL, errc{}, "ten LSM hooks have programs of cgroups, the most the kernel takes",
                "detach those of one hook", "bpf_cgroup_atype_find", is_of_lsm},
        refusal{EPERM, errc::permission_denied, "{} is missing", "run with it",
                "bpf_prog_attach_check_attach_type", packets_lack_net_admin},
        refusal{EPERM, errc::permission_denied, in_own_user_namespace,
                "use the first user namespace, or a BPF token (6.9)",
                "bpf_prog_attach_check_attach_type", packets_are_in_a_user_namespace},
        refusal{EPERM, errc::hook_busy, "{} without ALLOW_MULTI",
                "detach it, or attach it with BPF_F_ALLOW_MULTI", "hierarchy_allows_attach",
                other_stands_alone},
        refusal{E2BIG, errc{}, "64 programs are there, the most the kernel takes", "detach one",
                "__cgroup_bpf_attach", is_full},
        refusal{E2BIG, errc{}, "the LSM hook's trampoline is full", "detach a program of the hook",
                "bpf_trampoline_link_cgroup_shim", is_of_lsm},
        refusal{EBUSY, errc::not_supported, "the LSM hook lacks a place for a trampoline", "",
                "bpf_trampoline_link_cgroup_shim"},
        refusal{EOPNOTSUPP, errc::not_supported, "this kernel has no LSM programs of cgroups", "",
                "bpf_trampoline_link_cgroup_shim"},
        refusal{uapi::enotsupp, errc::not_supported,
                "this machine has no trampolines for LSM hooks", "",
                "bpf_trampoline_link_cgroup_shim"},
    });
constexpr auto query_causes = joined(
    place_causes, std::array{
                      refusal{EBADF, errc::invalid_argument,
                              "the directory is not a version 2 cgroup", "", "cgroup_get_from_fd"},
                      refusal{EINVAL, errc::not_supported,
                              "this kernel does not have the attach type", "", "bpf_prog_query"},
                  });

constexpr std::string_view for_another_lsm_hook =
    "the program was loaded for another LSM hook than the one that runs";

constexpr std::array update_causes{
    refusal{EINVAL, errc::invalid_argument, for_another_lsm_hook, "attach it by a link of its own",
            "__cgroup_bpf_replace", is_for_another_function},
    refusal{ENOENT, errc::invalid_argument, for_another_lsm_hook, "attach it by a link of its own",
            "__cgroup_bpf_replace"},
};

constexpr std::array opening_causes{
    refusal{ENOENT, errc::not_found, "there is no such directory", "", "open"},
    refusal{ENOTDIR, errc::invalid_argument, "it is not a directory", "", "open"},
    refusal{EACCES, errc::permission_denied, "a directory on the way may not be entered", "",
            "open"},
    refusal{ELOOP, errc::invalid_argument, "symbolic links on the way go round", "", "open"},
};

result<cgroup_id> id_of(hook::cgroup const& where, attach_type attach) {
    auto const* const fd = std::get_if<fd_view>(&where.cgroup);
    if (!fd) return cgroup_id_of(std::get<std::string_view>(where.cgroup));
    std::uint64_t id = 0;
    int const outcome = sys::cgroup_id_of(fd->get(), id);
    if (outcome >= 0) return cgroup_id{id};
    // To an attach, what is not a cgroup's is as good as closed.
    return refuse_place(outcome == -EINVAL ? -EBADF : outcome, operation::resolve_cgroup, where,
                        attach, raw_fd(*fd));
}

constexpr std::string_view which_cgroup = "which cgroup";

constexpr std::array sections{
    detail::section{.kind = "cgroup/skb", .lacks = "which cgroup, and ingress or egress"},
    detail::section{.kind = "cgroup_skb/ingress", .lacks = which_cgroup},
    detail::section{.kind = "cgroup_skb/egress", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/sock_create", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/sock_release", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/sock", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/post_bind4", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/post_bind6", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/bind4", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/bind6", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/connect4", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/connect6", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/connect_unix", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/sendmsg4", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/sendmsg6", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/sendmsg_unix", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/recvmsg4", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/recvmsg6", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/recvmsg_unix", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/getpeername4", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/getpeername6", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/getpeername_unix", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/getsockname4", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/getsockname6", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/getsockname_unix", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/sysctl", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/getsockopt", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/setsockopt", .lacks = which_cgroup},
    detail::section{.kind = "cgroup/dev", .lacks = which_cgroup},
    detail::section{.kind = "sockops", .lacks = which_cgroup},
    detail::section{.kind = "lsm_cgroup", .rest = "FUNCTION", .lacks = which_cgroup},
};

} // namespace

std::string describe(hook::cgroup const& where) {
    std::string text = "cgroup ";
    if (auto const* const path = std::get_if<std::string_view>(&where.cgroup))
        text += *path;
    else
        text += describe(std::get<fd_view>(where.cgroup));
    return with_attach_type(std::move(text), where.attach);
}

result<opened_place> open_place(hook::cgroup const& where) {
    auto const* const path = std::get_if<std::string_view>(&where.cgroup);
    if (!path) return opened_place{raw_fd(std::get<fd_view>(where.cgroup))};
    auto const whole = absolute(*path, operation::open);
    if (!whole) return tl::unexpected{whole.error()};
    auto opened = sys::open_directory(whole->c_str());
    if (!opened)
        return refuse(opened.outcome(), operation::open, describe(where), {},
                      {opening_causes, common_causes()});
    auto const number = raw_fd(opened.view());
    return opened_place{number, std::move(opened)};
}

detail::hook_row const& hook_traits<hook::cgroup>::row() noexcept {
    static constexpr auto facts = row_for<hook::cgroup>({
        .asked_by = detail::probe{.program = program_type::cgroup_skb,
                                  .attach = attach_type::cgroup_inet_egress,
                                  .known = EBADF},
        .mistakes = typed_mistakes,
        .causes = causes,
        .update_causes = update_causes,
        .query_causes = query_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::cgroup>::create(detail::borrowed_program prog,
                                                    hook::cgroup const& where) {
    return attach_typed(prog, where);
}

result<match> hook_traits<hook::cgroup>::is_at(hook::cgroup const& where, located_link const& l) {
    auto const& on = details_of<hook::cgroup>(l);
    auto const type = is_of_attach_type(where, l, on.attach);
    if (type == match::no) return type;
    auto const id = id_of(where, on.attach);
    if (!id && id.error() == errc::not_found) return match::no; // a path to where nothing is
    if (!id) return tl::unexpected{id.error()};
    if (*id != on.cgroup_id) return match::no;
    // Its LSM hook is the program's.
    if (on.attach != attach_type::lsm_cgroup) return type;
    return has_same_target(l).map([&](match function) { return both(type, function); });
}

} // namespace bpflink
