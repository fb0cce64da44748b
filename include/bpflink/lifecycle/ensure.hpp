// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/detail/access.hpp>
#include <bpflink/detail/duration.hpp>
#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/hook/sockmap.hpp>
#include <bpflink/hook/struct_ops.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/is_at.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/map_ref.hpp>
#include <bpflink/match.hpp>
#include <bpflink/typed_link.hpp>

#include <concepts>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace bpflink {

/// The outcome of ensure_attached.
enum class ensured {
    kept,      ///< nothing: the link runs this very program
    updated,   ///< the link ran another program, or another link did where the kernel swaps none
    created,   ///< there was no link
    recreated, ///< the link had lost its place: its device, cgroup or namespace was gone
};

/// The name as the enumerator spells it.
[[nodiscard]] std::string to_string(ensured how);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, ensured how);

/// The link that ensure_attached gives, and how it came about.
template <class Hook>
struct ensured_link {
    typed_link<Hook> link; ///< at the place, and running the program
    ensured how;           ///< the way to it
    bpflink::program_id
        before{}; ///< the one that the link ran; 0 when it was created, and of struct_ops
};

/// How ensure_attached goes about it.
struct ensure_options {
    /// The time for all waiting: for the lock, for a free place, for others that swap the program,
    /// for a replaced link to end.
    std::chrono::milliseconds wait{2'000};
    /// Where the kernel swaps no program: the new link first, then the end of the old one, so that
    /// both run for a moment. False: the other way round, so that none runs for a moment.
    bool overlap = true;
};

namespace detail {

/// A program without a link, in the way of an attach.
struct squatter {
    match is = match::no;  // unknown: there is a program, which may have a link
    std::string what = {}; // a clause: "program 7 is there without a link"
};

/// The functions of a hook that ensure_attached needs, without its type.
struct hook_door {
    std::string_view name;
    link_type kind;
    update_unit update;
    match (*matches)(link_info const& info);
    match (*has_attach_type)(borrowed_program const& what, void const* where,
                             link_info const& info);
    result<match> (*is_at)(borrowed_program const& what, void const* where, fd_view l,
                           link_info const& info);
    result<unique_fd> (*create)(borrowed_program what, void const* where);
    // Finds the object that has the place without a link; null where the kernel's refusal tells.
    squatter (*without_link)(borrowed_program const& what, void const* where);
    bool replaces_it; // the kernel does, and refuses nothing
};

/// Tells of a link that has lost its place too, unlike is_at.
template <class Hook>
[[nodiscard]] match has_attach_type(borrowed_program const& what, Hook const& where,
                                    link_info const& info) {
    if constexpr (requires(typename hook_traits<Hook>::details const& on) {
                      { on.attach } -> std::convertible_to<std::optional<attach_type>>;
                      { where.attach } -> std::convertible_to<std::optional<attach_type>>;
                  }) {
        auto const* const on = std::get_if<typename hook_traits<Hook>::details>(&info.details);
        std::optional<attach_type> const wanted = where.attach ? where.attach : what.expected;
        std::optional<attach_type> const is = on ? std::optional{on->attach} : std::nullopt;
        if (wanted && is) return *wanted == *is ? match::yes : match::no;
    }
    return match::unknown;
}

/// Any program: the interface takes one.
/// @cost some 10 system calls
[[nodiscard]] squatter without_link(borrowed_program const& what, hook::xdp const& where);
/// The same program: the hook takes it once.
/// @cost 2 system calls
[[nodiscard]] squatter without_link(borrowed_program const& what, hook::tcx const& where);
/// The same program, as of tcx.
[[nodiscard]] squatter without_link(borrowed_program const& what, hook::netkit const& where);
/// Any program: a link takes its place without a word.
/// @cost 1 system call
[[nodiscard]] squatter without_link(borrowed_program const& what, hook::sockmap const& where);

template <has_place H>
inline constexpr hook_door door_to{
    .name = hook_traits<H>::name,
    .kind = hook_traits<H>::kind,
    .update = kind_of<H>.update,
    .matches = [](link_info const& info) { return hook_traits<H>::matches(info); },
    .has_attach_type =
        [](borrowed_program const& what, void const* where, link_info const& info) {
            return detail::has_attach_type(what, *static_cast<H const*>(where), info);
        },
    .is_at =
        [](borrowed_program const& what, void const* where, fd_view l, link_info const& info) {
            return detail::is_at(&what, *static_cast<H const*>(where), l, info);
        },
    .create =
        [](borrowed_program what, void const* where) {
            return hook_traits<H>::create(what, *static_cast<H const*>(where));
        },
    .without_link =
        [] {
            squatter (*found)(borrowed_program const&, void const*) = nullptr;
            if constexpr (requires(borrowed_program const& what, H const& where) {
                              without_link(what, where);
                          })
                found = [](borrowed_program const& what, void const* where) {
                    return without_link(what, *static_cast<H const*>(where));
                };
            return found;
        }(),
    .replaces_it = std::same_as<H, hook::sockmap>,
};

/// The request to ensure_attached.
struct wanted_link {
    hook_door const& hook;
    borrowed_program what; // or a map of struct_ops
    void const* where;     // the hook
    bool made_it = false;  // the link at hand was made by this, so that its place is known
};

struct ensured_any {
    bpflink::link link;
    ensured how;
    bpflink::program_id before;
};

[[nodiscard]] result<ensured_any> ensure_pinned(wanted_link const& wanted, std::string_view path,
                                                ensure_options const& options);
[[nodiscard]] result<ensured_any> ensure_held(wanted_link const& wanted, unique_fd& held,
                                              ensure_options const& options);

template <class Hook, std::same_as<result<ensured_any>> Done>
[[nodiscard]] result<ensured_link<Hook>> typed(Done done) {
    return std::move(done).map([](ensured_any&& any) {
        return ensured_link<Hook>{access::make_typed<Hook>(std::move(any.link)), any.how,
                                  any.before};
    });
}

} // namespace detail

/// Makes `prog` the program that this pin's link runs at this place, whatever the last run of the
/// service has left there:
///   nothing                 attaches, and pins: `created`
///   this program's link     does nothing, to the hook neither: `kept`
///   another program's       swaps it by compare-and-swap; where the kernel swaps none, a new link
///                           takes over the pin and the old one ends: `updated`
///   a link without a place  a new link takes over the pin: `recreated`
///
/// Anything else there is an error that names it, and is left alone. A second call changes nothing
/// in the kernel. Killed anywhere, the next call repairs what is left: one link, pinned by one
/// name.
///
/// All changes are made under flock(2) of the directory, as those of teardown and replace_pin are
/// on this bpffs; nobody else is kept out. A forked child has the lock too. Two calls at once both
/// succeed, one after the other. `kept` takes no lock where the kind detaches (of struct_ops it
/// does): a detach shows in the link before its pin goes.
///
/// A program that is loaded anew gives `updated`, on purpose: equal instructions may use other
/// maps. Order, mode, cookie and flags apply when a link is made; a kept or updated one has its
/// own. To change them, tear it down first. Links of netfilter at one priority, of freplace and of
/// one struct_ops table cannot overlap, so for a moment nothing runs there. If the new program is
/// refused then, the old one is attached again.
/// @param prog      borrowed; the link keeps its own reference
/// @param where     as for attach and is_at
/// @param pin_path  on a bpffs; resolved once. Missing directories below the mount are made, with
///                  mode 0700; none is removed
/// @param options   how long it waits in all
/// @errors not_a_link        something else is pinned at the path
///         invalid_argument  the path ends in a slash, or in %tmp, as replace_pin's own names do
///         wrong_kind        a link of another hook is pinned there
///         already_exists    a link at another place is pinned there, or one of which nothing tells
///                           whether it is at this one
///         hook_busy         the hook is taken; the link or the program there is named. A
///                           place that the kernel is just releasing is waited for. A sockmap's
///                           program without a link is in the way, which attach would replace
///         still_held        somebody else holds the link that was replaced: it still runs, beside
///                           the new one, which is pinned; or, without overlap, it was pinned again
///         timed_out         another call had the lock all the time
///         program_mismatch  others swapped the program all the time
///         permission_denied of kinds without update, also where the end of a link cannot be seen
///         and as attach, link::pin and link::update
/// @kernel since 5.7; 5.10 for interfaces. The compare-and-swap takes CAP_SYS_ADMIN, which opening
///         the program that runs needs; without it the lock alone keeps others out
/// @cost kept: 12 system calls at most for xdp, tcx, netkit, cgroup, netns and sockmap, in a
///       process that asked before; for every hook those of is_at and 6 more, and 6 for the lock:
///       docs/lifecycle.md. For xdp: created 15, updated 29, and those of waiting. For sockmap
///       created asks 1 more
template <class P, has_place H>
    requires program_for<P, H>
[[nodiscard]] result<ensured_link<H>> ensure_attached(P const& prog, H const& where,
                                                      std::string_view pin_path,
                                                      ensure_options options = {}) {
    return detail::typed<H>(detail::ensure_pinned(
        {detail::door_to<H>, detail::borrow(prog), &where}, pin_path, options));
}
/// The same with a std::filesystem::path.
template <class P, has_place H, detail::filesystem_path Path>
    requires program_for<P, H>
[[nodiscard]] result<ensured_link<H>>
ensure_attached(P const& prog, H const& where, Path const& pin_path, ensure_options options = {}) {
    return ensure_attached(prog, where, detail::text_of(pin_path), options);
}

/// The same with a descriptor instead of a pin, such as one from systemd's descriptor store
/// (sd_listen_fds_with_names) or from another process. Empty means that nothing was handed on.
/// There is no lock: make sure that one process has the descriptor at a time. A new link is nobody
/// else's, so hand on the result's descriptor again (FDSTORE=1) unless it was `kept` or `updated`
/// in place. If the kernel cannot update the kind, take the old descriptor out of the store first
/// (FDSTOREREMOVE=1): it would keep the old link attached.
/// @param prog     as above
/// @param where    as above
/// @param stored   a link's descriptor or empty; taken over on success. On failure it is still the
///                 caller's
/// @param options  as above
/// @errors as of a pin, but for those of the path and of the lock
/// @cost kept: as is_at, and 3 system calls more
template <class P, has_place H>
    requires program_for<P, H>
[[nodiscard]] result<ensured_link<H>>
ensure_attached(P const& prog, H const& where, unique_fd&& stored, ensure_options options = {}) {
    return detail::typed<H>(
        detail::ensure_held({detail::door_to<H>, detail::borrow(prog), &where}, stored, options));
}

/// The same for a struct_ops table: this map is the one that the link holds. A table that takes no
/// update is attached anew.
[[nodiscard]] result<ensured_link<hook::struct_ops>> ensure_attached(map_ref const& map,
                                                                     hook::struct_ops const& where,
                                                                     std::string_view pin_path,
                                                                     ensure_options options = {});
/// The same with a std::filesystem::path.
template <detail::filesystem_path Path>
[[nodiscard]] auto ensure_attached(map_ref const& map, hook::struct_ops const& where,
                                   Path const& pin_path, ensure_options options = {}) {
    return ensure_attached(map, where, detail::text_of(pin_path), options);
}
/// The same for a descriptor instead of a pin.
[[nodiscard]] result<ensured_link<hook::struct_ops>> ensure_attached(map_ref const& map,
                                                                     hook::struct_ops const& where,
                                                                     unique_fd&& stored,
                                                                     ensure_options options = {});

} // namespace bpflink
