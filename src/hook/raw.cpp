// SPDX-License-Identifier: Apache-2.0
#include "hook/row.hpp"
#include "hook/trampoline.hpp"
#include "hook/typed.hpp"
#include "object/identify.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/hook/attach.hpp>

#include <array>
#include <cerrno>

namespace bpflink::detail {
namespace {

/// Of an attach type that no hook of all_hooks has.
constexpr hook_row of_no_hook{
    .name = "this attach type", .program_types = {}, .attach_types = {}, .needs = {}};

hook_row const& row_of(attach_type attach) {
    hook_row const* found = &of_no_hook;
    each_row([&](hook_row const& each) {
        if (contains(each.attach_types, attach)) found = &each;
    });
    return *found;
}

template <class... Hooks>
constexpr bool is_of(attach_type attach) noexcept {
    return (... || contains(hook_traits<Hooks>::attach_types, attach));
}

/// The kernel's reading of the target's number; other attach types take either, or nothing.
bool takes_descriptor(attach_type attach) noexcept {
    return attach == attach_type::perf_event ||
           is_of<hook::cgroup, hook::netns, hook::sockmap>(attach);
}
bool takes_interface(attach_type attach) noexcept {
    return is_of<hook::xdp, hook::tcx, hook::netkit>(attach);
}

struct request {
    hook::raw const& where;
    std::optional<attach_type> attach;
};

finding attach_type_is_missing(attempt const& tried) {
    return {tried.as<request>().attach ? match::no : match::yes};
}

finding target_is_closed(attempt const& tried) {
    auto const* const fd = std::get_if<fd_view>(&tried.as<request>().where.target);
    return fd ? is_closed(*fd, describe(*fd)) : finding{match::no};
}

finding target_is_missing(attempt const& tried) {
    bool const is_missing = takes_descriptor(*tried.as<request>().attach) &&
                            !std::holds_alternative<fd_view>(tried.as<request>().where.target);
    return {is_missing ? match::yes : match::no};
}

finding interface_is_missing(attempt const& tried) {
    bool const is_missing = takes_interface(*tried.as<request>().attach) &&
                            !std::holds_alternative<ifindex>(tried.as<request>().where.target);
    return {is_missing ? match::yes : match::no};
}

// XDP alone says EINVAL of what is ENODEV to the others.

bool is_xdp(attempt const& tried) {
    return tried.as<request>().attach == attach_type::xdp;
}

finding interface_of_xdp_is_missing(attempt const& tried) {
    return is_xdp(tried) ? interface_is_missing(tried) : finding{match::no};
}

finding interface_of_xdp_is_gone(attempt const& tried) {
    auto const* const index = std::get_if<ifindex>(&tried.as<request>().where.target);
    if (!index || !is_xdp(tried)) return {match::no};
    typed_request const names_it{.attach = attach_type::xdp, .target = index->value()};
    return interface_is_gone({.request = &names_it});
}

/// Programs for these are attached by other ways, or run from maps.
finding kernel_has_no_such_links(attempt const& tried) {
    using enum attach_type;
    constexpr std::array without{lirc_mode2, xdp_devmap, xdp_cpumap, sk_reuseport_select,
                                 sk_reuseport_select_or_migrate};
    auto const attach = *tried.as<request>().attach;
    return {contains(without, attach) ? match::yes : match::no, to_string(attach)};
}

finding attaches_by_older_command(attempt const& tried) {
    bool const is_one = is_of<hook::tracing, hook::tp_btf, hook::lsm>(*tried.as<request>().attach);
    return {is_one ? has_only_older_command() : match::no};
}

finding loaded_for_what_it_has_not(attempt const& tried) {
    return tried.row.attach_types.empty() ? finding{match::no} : loaded_for_another(tried);
}

finding has_flags(attempt const& tried) {
    return {tried.as<request>().where.flags != 0 ? match::unknown : match::no};
}

finding packets_lack_net_admin(attempt const& tried) {
    return takes_net_admin(*tried.as<request>().attach) ? lacks_net_admin(tried)
                                                        : finding{match::no};
}

finding may_stand_alone_in_a_cgroup(attempt const& tried) {
    return {is_of<hook::cgroup>(*tried.as<request>().attach) ? match::unknown : match::no};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument,
            "the attach type that the program was loaded for is not known", "name the attach type",
            "link_create", attach_type_is_missing},
};

constexpr std::array causes{
    refusal{EBADF, errc::invalid_argument, "{}, the target's, is not open", "", "link_create",
            target_is_closed},
    refusal{EBADF, errc::invalid_argument, "the attach type takes a descriptor as its target",
            "give one", "link_create", target_is_missing},
    refusal{EPERM, errc::permission_denied, "{} is missing", "run with it",
            "bpf_prog_attach_check_attach_type", packets_lack_net_admin},
    refusal{EPERM, errc::hook_busy,
            "a program is attached to the cgroup, or above it, without ALLOW_MULTI",
            "detach it, or attach by hook::cgroup, which names it", "hierarchy_allows_attach",
            may_stand_alone_in_a_cgroup},
    refusal{ENODEV, errc::not_found, "the attach type takes an interface as its target", "give one",
            "link_create", interface_is_missing},
    refusal{ENODEV, errc::not_found, "no such interface in this network namespace", "",
            "link_create"},
    refusal{EINVAL, errc::not_found, "the attach type takes an interface as its target", "give one",
            "bpf_xdp_link_attach", interface_of_xdp_is_missing},
    refusal{EINVAL, errc::not_found, "no such interface in this network namespace", "",
            "bpf_xdp_link_attach", interface_of_xdp_is_gone},
    refusal{EINVAL, errc::not_supported, "the kernel has no links of {}", "", "link_create",
            kernel_has_no_such_links},
    refusal{EINVAL, errc::not_supported,
            "before 5.19 such programs attach by another command, which this hook does not send",
            "attach by hook::tracing, hook::tp_btf or hook::lsm", "link_create",
            attaches_by_older_command},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
            "bpf_prog_attach_check_attach_type", loaded_for_what_it_has_not},
    refusal{EINVAL, errc::invalid_argument, "the attach type does not take these flags", "",
            "link_create", has_flags},
    refusal{EINVAL, errc::invalid_argument, "the program or the target does not go with it", "",
            "link_create"},
};

} // namespace

result<unique_fd> create_raw(borrowed_program prog, hook::raw const& where) {
    request const asked{where, where.attach ? where.attach : prog.expected};
    auto const subject = [&] {
        return asked.attach ? "attach type " + to_string(*asked.attach) : "any attach type";
    };
    auto const& row = asked.attach ? row_of(*asked.attach) : of_no_hook;
    attempt const tried{.row = row, .prog = &prog, .request = &asked};
    if (auto clear = check(tried, mistakes, operation::link_create, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const attach = *asked.attach;
    // A target of the other kind, or a missing one, is not of the kind.
    auto const* const fd = std::get_if<fd_view>(&where.target);
    auto const* const index = std::get_if<ifindex>(&where.target);
    auto const descriptor = takes_interface(attach)    ? result<nonzero_fd>{}
                            : fd                       ? nonzero_fd::of(*fd)
                            : takes_descriptor(attach) ? nonzero_fd::of(fd_view{})
                                                       : result<nonzero_fd>{};
    if (!descriptor) return tl::unexpected{descriptor.error()};
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = index && !takes_descriptor(attach) ? index->value() : descriptor->number();
    attr.attach_type = static_cast<std::uint32_t>(attach);
    attr.flags = where.flags;
    if (where.btf) attr.target_btf_id = where.btf->value();
    auto made = sys::link_create(attr);
    if (made) return made;
    return refuse(
        made.outcome(), operation::link_create, subject(), tried,
        {program_causes(), usual_causes(), causes}); // its type first, then its attach type
}

} // namespace bpflink::detail
