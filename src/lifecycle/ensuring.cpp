// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/ensuring.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "hook/place.hpp"
#include "info/netns_of.hpp"
#include "info/refuse_info.hpp"
#include "lifecycle/presence.hpp"
#include "object/by_id.hpp"
#include "object/identify.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/pin_memory.hpp>
#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/views/links.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace bpflink {
namespace {

using detail::wanted_link;

/// A descriptor, as link::update takes it.
struct lent {
    fd_view of;
    [[nodiscard]] fd_view fd() const noexcept { return of; }
};

/// The same with all that is known of the program.
class lent_program {
public:
    explicit lent_program(detail::borrowed_program const& of) noexcept : lent_{of} {}
    [[nodiscard]] fd_view fd() const noexcept { return lent_.fd; }

private:
    friend detail::lender;
    detail::borrowed_program lent_;
};

bool is_of_maps(wanted_link const& wanted) {
    return wanted.hook.update == update_unit::map;
}

/// The object that a link runs: the program, or the map of a table.
std::uint32_t object_in(link_info const& info) {
    if (auto const* const table = std::get_if<struct_ops_details>(&info.details))
        return table->map.value_or(map_id{}).value();
    return info.program.value();
}

/// "link 12 (tcx, interface 3, program 7)"
std::string described(link_info const& info) {
    auto text = "link " + std::to_string(info.id.value()) + " (" + to_string(info.type);
    auto const number = [&](std::string_view what, auto const& of) {
        text += ", " + std::string{what} + " " + std::to_string(of.value());
    };
    auto const on = record_of(info).target;
    if (auto const* const at = std::get_if<ifindex>(&on)) number("interface", *at);
    if (auto const* const at = std::get_if<cgroup_id>(&on)) number("cgroup", *at);
    if (auto const* const at = std::get_if<netns_inode>(&on)) number("network namespace", *at);
    if (auto const* const at = std::get_if<map_id>(&on)) number("map", *at);
    if (info.program != program_id{}) number("program", info.program);
    return text + ")";
}

/// Why is_at says that it does not know.
/// @param attach  whether the attach type is the one wanted
std::string_view why_untold(wanted_link const& wanted, match attach) {
    constexpr std::string_view attach_type_is_not_known =
        "the attach type that is wanted: name it, or take the program by program_ref::from";
    auto const kind = wanted.hook.kind;
    switch (kind) {
    case link_type::cgroup: // its LSM hook is the program's
        if (attach == match::yes) return "the function that its program was loaded for";
        [[fallthrough]];
    case link_type::netns:
    case link_type::sockmap: return attach_type_is_not_known;
    case link_type::tcx:
    case link_type::netkit:
        if (attach != match::yes) return attach_type_is_not_known;
        [[fallthrough]];
    case link_type::xdp:
    case link_type::netfilter:
        return "the network namespace that it is in: that takes CAP_BPF, CAP_PERFMON and Linux "
               "5.10";
    case link_type::tracing:
        if (!wanted.what.expected) return attach_type_is_not_known;
        [[fallthrough]];
    case link_type::raw_tracepoint:
    case link_type::tracing_multi:
    case link_type::struct_ops:
    case link_type::iter:
        return "the target its program was loaded for: that takes CAP_SYS_ADMIN and Linux 6.0";
    case link_type::perf_event:
    case link_type::kprobe_multi:
        return "the places it probes: that takes Linux 6.6, and addresses that kptr_restrict "
               "shows";
    case link_type::uprobe_multi: return "the places it probes: that takes Linux 6.8";
    default: return "its place, or its attach type";
    }
}

tl::unexpected<error> taken(link_info const& info, std::string subject, std::string why) {
    return fail(-EEXIST, operation::obj_get, errc::already_exists, std::move(subject),
                described(info) + " is there, " + std::move(why) +
                    ": unpin it, or choose another path");
}

/// The ways in which the place of a link can be another.
std::string elsewhere(link_type kind) {
    std::string_view how;
    if (is_in_netns(kind)) how = ": on another interface, or in another network namespace";
    if (kind == link_type::perf_event || kind == link_type::uprobe_multi)
        how = ": another function or process, or a file that was at the path before";
    return "which is at another place" + std::string{how};
}

/// Whether a link that was attached is detached for good by now; or was, and its kind does not say
/// so in its info.
bool has_lost_its_place(link const& l) {
    auto const now = l.info();
    if (!now) return false;
    if (state_of(*now) == link_state::defunct) return true;
    if (now->type != link_type::netfilter) return false;
    auto const its = netns_reader{}.of(l.fd());
    return its && *its == netns_inode{};
}

/// The id of the program, or of the map, that is wanted.
result<std::uint32_t> object_of(wanted_link const& wanted) {
    auto const own = wanted.what.fd;
    if (!is_of_maps(wanted))
        return target_of(own).map([](program_target const& told) { return told.id.value(); });
    uapi::object_info_head info{};
    std::uint32_t size = sizeof info;
    int const outcome = sys::obj_get_info(own.get(), &info, size);
    if (outcome >= 0) return info.id;
    return refuse_info(outcome, operation::map_get_info, own);
}

/// Whether a handle is of a link.
bool is_of(link const& l, link_id id) {
    if (!l) return false;
    auto const info = l.info();
    return info && info->id == id;
}

/// The relation of a link to the wanted one, in the order in which a mismatch is told.
/// @param known  a handle of the link whose place was known before; empty where there is none
result<sight> judge(wanted_link const& wanted, link const& l, std::string const& subject,
                    link const& known) {
    auto const info = l.info();
    if (!info) return tl::unexpected{info.error()};
    auto const& [hook, what, where, made_it] = wanted;
    if (hook.matches(*info) == match::no)
        return tl::unexpected{detail::wrong_hook(*info, hook.name)};
    auto const attach = hook.has_attach_type(what, where, *info);
    if (attach == match::no) return taken(*info, subject, "with another attach type");
    sight seen{.id = info->id, .runs = info->program, .object = object_in(*info)};
    if (state_of(*info) == link_state::defunct) {
        seen.what = sight::defunct;
        return seen;
    }
    auto const at = hook.is_at(what, where, l.fd(), *info);
    if (!at) return tl::unexpected{at.error()};
    if (*at != match::yes && has_lost_its_place(l)) {
        seen.what = sight::defunct;
        return seen;
    }
    if (*at == match::no) return taken(*info, subject, elsewhere(info->type));
    if (*at == match::unknown && !made_it && !is_of(known, info->id))
        return taken(*info, subject,
                     "and it cannot be told whether it is at this place: nothing "
                     "tells " +
                         std::string{why_untold(wanted, attach)});
    auto const own = object_of(wanted);
    if (!own) return tl::unexpected{own.error()};
    seen.what = *own == seen.object ? sight::kept : sight::stale;
    return seen;
}

bool is_busy(error const& why) {
    return why == errc::hook_busy || why.code().value() == EBUSY || why.code().value() == EEXIST;
}

/// Whether the kernel may just be releasing the place: the one that has it, or the same program's
/// link there.
bool may_pass(error const& why) {
    switch (why.code().value()) {
    case EBUSY: return why != errc::not_supported;
    case EEXIST: return why == errc::already_exists;
    case E2BIG: return why == errc::hook_busy; // of a place for one program
    default: return false;
    }
}

/// Whether any other link at a place is in the way, and not that of the same program alone.
bool takes_one(error const& why, link_type kind) {
    if (why.where() == operation::link_update) return false; // the place is ours
    return why.code().value() != EEXIST || kind == link_type::xdp;
}

/// The error of attach for a program that is there already, as of a hook that somebody else has.
error as_taken(error why, link_type kind) {
    if (why != errc::already_exists) return why;
    return {why.code().value(), why.where(), errc::hook_busy, std::string{why.subject()},
            kind == link_type::struct_ops
                ? "a table of that name is registered: give it another name, or detach that one"
                : "this program is there already, and no link of it was seen: detach it"};
}

/// So long who only looks at a link may hold it.
constexpr std::chrono::milliseconds glance{20};

/// So long what the kernel just releases may look as if it stayed.
constexpr std::chrono::milliseconds settled{100};

constexpr int longest_pause = 20; // a millisecond

void pause(int attempt) {
    sys::back_off(std::min(attempt, longest_pause));
}

/// Whether a link was judged to be of another kind, or at another place.
bool is_elsewhere(result<sight> const& seen) {
    return !seen && (seen.error() == errc::wrong_kind || seen.error() == errc::already_exists);
}

} // namespace

bool ensuring::is_late() const {
    return sys::now() >= until_;
}

link ensuring::take() noexcept {
    return detail::access::make_link(held_.release(), std::move(pin_));
}

// Where the link is kept

/// The leftover of a killed call under the temporary name goes, and off its hook too.
result<void> ensuring::clear() {
    auto const left = look_at(temporary_name(path_)).map([](named const& there) {
        return std::pair{there.what, there.id};
    });
    if (!left) return tl::unexpected{left.error()};
    auto const [what, id] = *left;
    if (what == named::kind::nothing) return {};
    if (auto cleared = clear_temporary(path_); !cleared) return cleared;
    // Others may hold it, which then shows where it is in the way.
    if (what == named::kind::link)
        static_cast<void>(wait_for_end(id, std::min(until_, sys::now() + settled)));
    return {};
}

/// Opens the link at the pin. Empty where nothing is.
result<void> ensuring::open_what_is_pinned() {
    for (;;) {
        held_ = {};
        auto opened = open_pin(path_);
        if (opened) {
            if (auto const is_link = require_link(*opened, path_); !is_link)
                return tl::unexpected{is_link.error()};
            held_ = detail::access::make_link(*std::move(opened));
            return {};
        }
        auto const there = look_at(path_); // a name that leads nowhere, a directory
        if (!there) return tl::unexpected{there.error()};
        if (there->other) {
            auto const& other = *there->other;
            return fail(-EINVAL, operation::identify, errc::not_a_link, path_,
                        other == errc::not_a_link ? "it is not a BPF link" : other.message());
        }
        if (there->what != named::kind::link) return {};
        // Another process pinned it meanwhile.
        if (opened.error() != errc::not_found || is_late()) return tl::unexpected{opened.error()};
    }
}

result<sight> ensuring::look() {
    if (path_.empty()) return look_at_held(held_);
    link own = std::exchange(held_, {});
    auto seen = look(own);
    if (!seen || seen->is_unpinned)
        held_ = std::move(own);
    else if (!is_known_ && seen->what != sight::defunct && !is_of(own, seen->id))
        aside_ = std::move(own);
    // Else it would keep what is to be replaced.
    return seen;
}

result<sight> ensuring::look(link const& held) {
    if (path_.empty()) return look_at_held(held);
    if (auto const opened = open_what_is_pinned(); !opened) return tl::unexpected{opened.error()};
    if (!held_ && held) return look_at_unpinned(held);
    return is_known_ ? look_at_held(held_, held) : look_at_held(held_);
}

/// Nothing where the link is not one that is wanted.
result<sight> ensuring::look_at_unpinned(link const& held) {
    auto seen = is_known_ ? look_at_held(held, held) : look_at_held(held);
    // Where nothing tells its place, it may be the one that is wanted.
    bool const is_untold = !is_known_ && is_elsewhere(seen) && look_at_held(held, held);
    if (is_untold) return seen;
    if (is_elsewhere(seen) || (seen && seen->what == sight::defunct)) return sight{};
    if (seen) seen->is_unpinned = true;
    return seen;
}

result<sight> ensuring::look_at_held(link const& l, link const& own) {
    was_ = wanted_;
    if (!l) return sight{};
    auto const subject = path_.empty() ? describe(l.fd()) : path_;
    auto seen = judge(*wanted_, l, subject, own);
    if (!is_elsewhere(seen)) return seen;
    for (auto const& other : others_) {
        auto there = judge(other, l, subject, own);
        if (!there) continue;
        if (there->what != sight::defunct) there->what = sight::other;
        was_ = &other;
        return there;
    }
    return seen;
}

/// Over the pin of whatever link is there.
result<void> ensuring::publish(link const& l) const {
    if (path_.empty()) return {};
    return detail::pin_memory{}.replace_pin(l.fd(), path_, *lock_);
}

/// Where nothing is.
result<void> ensuring::publish_first(link const& l) const {
    if (path_.empty()) return {};
    return detail::pin_memory{}.pin(l.fd(), path_);
}

// New links

result<link> ensuring::create() const {
    return wanted_->hook.create(wanted_->what, wanted_->where).map([](unique_fd&& made) {
        return detail::access::make_link(std::move(made));
    });
}

/// The link that is in the way.
/// @param any  not that of the same program, or of a table of that name, alone
std::optional<link_info> ensuring::occupant(bool any) const {
    auto const& [hook, what, where, made_it] = *wanted_;
    auto const own = object_of(*wanted_);
    auto const is_the_same = [&](link_info const& info) {
        auto const object = object_in(info);
        return (own && object == *own) || (hook.kind == link_type::struct_ops &&
                                           has_name_of(what.fd, map_id{object}) == match::yes);
    };
    for (auto&& each : links()) {
        if (!each) continue;
        auto info = each->info();
        if (!info || info->type != hook.kind || hook.matches(*info) == match::no) continue;
        auto const at = hook.is_at(what, where, each->fd(), *info);
        if (at && *at == match::yes && (any || is_the_same(*info))) return *std::move(info);
    }
    return std::nullopt;
}

/// Whether somebody holds the link that has the place; then `why` names both.
bool ensuring::is_held_by_somebody(error& why) const {
    bool const any = takes_one(why, wanted_->hook.kind);
    auto const there = occupant(any);
    if (!there) return false;
    auto who = holders(there->id);
    auto const is_let_go = [&] {
        return who ? who->processes.empty() && who->pins.empty() : who.error() == errc::not_found;
    };
    if (is_let_go()) return false;
    // A process that looks at links holds each for a moment, and so does one that is just killed.
    for (auto const until = std::min(until_, sys::now() + glance); sys::now() < until;)
        pause(longest_pause);
    who = holders(there->id);
    if (is_let_go()) return false;
    auto const by = who ? ", held by " + in_words(*who) : "";
    why = {why.code().value(), why.where(), errc::hook_busy, std::string{why.subject()},
           described(*there) + " is there" + by};
    return true;
}

/// The object that has the place without a link, and stays; in words.
std::optional<std::string> ensuring::program_without_link() const {
    auto const& [hook, what, where, made_it] = *wanted_;
    if (!hook.without_link) return std::nullopt;
    auto const look = [&] {
        auto seen = hook.without_link(what, where);
        bool const has_link = seen.is == match::unknown && occupant(hook.replaces_it);
        return has_link ? detail::squatter{} : std::move(seen);
    };
    auto seen = look();
    if (seen.is == match::unknown) { // of a link that is just made, or released?
        for (auto const until = std::min(until_, sys::now() + settled); sys::now() < until;)
            pause(longest_pause);
        auto const again = look();
        if (again.is != match::no && again.what == seen.what) seen.is = match::yes;
    }
    if (seen.is != match::yes) return std::nullopt;
    return std::move(seen.what);
}

/// Tries again while the kernel may be releasing what was there: it frees the id of a link first,
/// and the place a moment later.
result<link> ensuring::create_patiently() const {
    for (int attempt = 0;; ++attempt) {
        if (wanted_->hook.replaces_it)
            if (auto const there = program_without_link())
                return fail(-EBUSY, operation::link_create, errc::hook_busy,
                            std::string{wanted_->hook.name}, *there + ": detach it");
        auto made = create();
        if (made || !is_busy(made.error()) || is_held_by_somebody(made.error())) return made;
        if (!may_pass(made.error()) || is_late())
            return tl::unexpected{as_taken(made.error(), wanted_->hook.kind)};
        if (auto const there = program_without_link()) {
            auto const& why = made.error();
            if (why == errc::hook_busy) return made;
            return fail(-why.code().value(), why.where(), errc::hook_busy, // in another mode of XDP
                        std::string{why.subject()}, *there + ": detach it");
        }
        pause(attempt);
    }
}

// Other programs

/// A program or a map. Empty where this process may not open it by its id.
result<unique_fd> ensuring::open_object(std::uint32_t id) const {
    auto opened = is_of_maps(*was_) ? sys::map_get_fd_by_id(id) : sys::prog_get_fd_by_id(id);
    if (opened) return unique_fd{std::move(opened)};
    switch (opened.outcome()) {
    case -EPERM:
    case -EACCES: return unique_fd{};
    case -ENOENT:
        return fail(-ENOENT, operation::link_update, errc::program_mismatch, "link at " + path_,
                    "it was given another program meanwhile");
    default: return refuse_id(opened.outcome(), operation::prog_get_fd_by_id, id);
    }
}

result<void> ensuring::swap(sight const& seen) {
    auto old = open_object(seen.object);
    if (!old) return tl::unexpected{std::move(old).error()};
    lent_program const next{wanted_->what};
    lent const expected{*old};
    auto done = *old ? held_.update(next, expecting(expected)) : held_.update(next);
    if (!done) return done;
    change_ = change::swapped;
    object_ = *std::move(old);
    return {};
}

/// For kinds that swap no program: a new link takes the place of the old one.
result<void> ensuring::take_over(sight const& seen) {
    // Where nobody could tell in the end, nothing is begun.
    if (auto const asked = is_there(seen.id); !asked) return tl::unexpected{asked.error()};
    if (!overlap_) return replace_apart(seen);
    auto made = create();
    if (!made && is_busy(made.error())) return replace_apart(seen); // one at a time
    if (!made) return tl::unexpected{std::move(made).error()};
    if (auto done = publish(*made); !done) return done;
    change_ = change::taken_over;
    replaced_ = std::exchange(held_, *std::move(made));
    is_to_end_ = true;
    return {};
}

/// The old program's link again.
result<void> ensuring::attach_again(fd_view object) {
    auto what = was_->what;
    what.fd = object;
    auto again = object ? was_->hook.create(what, was_->where)
                        : result<unique_fd>{fail(-EPERM, operation::prog_get_fd_by_id)};
    if (!again) return tl::unexpected{std::move(again).error()};
    held_ = detail::access::make_link(*std::move(again));
    return publish(held_);
}

/// The old program's link again, after `why`.
tl::unexpected<error> ensuring::put_back(fd_view object, error why) {
    if (auto const again = attach_again(object); again)
        why.add_advice("the old program was attached again");
    else if (held_)
        why.add_advice("the old program was attached again, and pinning it failed: " +
                       again.error().message());
    else
        why.add_advice("attaching the old program again failed too: " + again.error().message());
    return tl::unexpected{std::move(why)};
}

result<void> ensuring::replace_apart(sight const& seen) {
    auto old = open_object(seen.object);
    if (!old) return tl::unexpected{std::move(old).error()};
    if (!path_.empty())
        if (auto gone = detail::pin_memory{path_}.unpin(held_.fd()); !gone) return gone;
    held_ = {};
    auto done = [&] {
        try {
            return make_apart(seen, *old);
        } catch (...) {
            if (!held_) static_cast<void>(attach_again(*old));
            throw;
        }
    }();
    if (done) object_ = *std::move(old);
    return done;
}

result<void> ensuring::make_apart(sight const& seen, fd_view old) {
    if (auto ended = wait_for_end(seen.id, until_); !ended) {
        auto back = link::from_id(seen.id);
        if (!back) return put_back(old, std::move(ended).error());
        held_ = *std::move(back);
        if (auto const pinned = publish(held_); !pinned)
            ended.error().add_advice("pinning it again failed: " + pinned.error().message());
        return ended;
    }
    auto made = create_patiently();
    if (!made) return put_back(old, std::move(made).error());
    if (auto done = publish(*made); !done) {
        if (auto const closed = made->close(); !closed)
            done.error().add_advice("closing it failed: " + closed.error().message());
        return put_back(old, std::move(done).error());
    }
    change_ = change::made_apart;
    held_ = *std::move(made);
    return {};
}

// All of it

/// @errors program_mismatch, defunct  it is to be looked at again
result<ensured> ensuring::act(sight const& seen) {
    if (seen.is_unpinned) {
        if (auto done = publish_first(held_); !done) return tl::unexpected{std::move(done).error()};
        is_pinned_again_ = true;
    }
    switch (seen.what) {
    case sight::kept: return ensured::kept;
    case sight::nothing:
    case sight::defunct: {
        auto made = create_patiently();
        if (!made) return tl::unexpected{std::move(made).error()};
        bool const is_first = seen.what == sight::nothing;
        auto const done = is_first ? publish_first(*made) : publish(*made);
        if (!done) return tl::unexpected{done.error()};
        change_ = is_first ? change::made : change::taken_over;
        replaced_ = std::exchange(held_, *std::move(made));
        return is_first ? ensured::created : ensured::recreated;
    }
    case sight::other: return take_over(seen).map([] { return ensured::updated; });
    case sight::stale: break;
    }
    if (wanted_->hook.update != update_unit::none) {
        auto const done = swap(seen);
        if (done) return ensured::updated;
        if (!is_of_maps(*wanted_) || done.error() != errc::not_supported)
            return tl::unexpected{done.error()};
    }
    return take_over(seen).map([] { return ensured::updated; });
}

result<ensured> ensuring::make_it_so(detail::directory_lock const* lock) {
    lock_ = lock;
    for (int attempt = 0;; ++attempt) {
        auto const seen = look();
        if (!seen) return tl::unexpected{seen.error()};
        before_ = *seen;
        auto done = act(*seen);
        if (done) return done;
        auto& why = done.error();
        // Others, who do not ask for the lock, came between.
        bool const was_free = seen->what == sight::nothing || seen->is_unpinned;
        bool comes_back =
            (was_free && why == errc::already_exists && why.where() == operation::obj_pin) ||
            (seen->what != sight::nothing &&
             (why == errc::program_mismatch || why == errc::defunct));
        // The program is on the hook by a link that the kernel may just be releasing.
        if (why == errc::already_exists && why.where() == operation::link_update &&
            !is_held_by_somebody(why)) {
            auto const there = program_without_link();
            comes_back = !there;
            if (there)
                why = {why.code().value(), why.where(), errc::hook_busy, std::string{why.subject()},
                       *there + ": detach it"};
            else if (is_late())
                why = as_taken(std::move(why), wanted_->hook.kind);
        }
        if (!comes_back || is_late()) return done;
        pause(attempt);
    }
}

result<void> ensuring::wait_until_gone(moment until) const {
    return is_to_end_ ? wait_for_end(before_.id, until) : result<void>{};
}

/// Ends a link that was made, and waits for that where it can be seen.
result<void> ensuring::end(link made, moment until) const {
    auto const info = made.info();
    made = {};
    if (!info) return {};
    auto ended = wait_for_end(info->id, until);
    return ended || ended.error() != errc::still_held ? result<void>{} : ended;
}

result<void> ensuring::undo(moment until) {
    auto undone = undo_change(until);
    bool const had_no_pin = std::exchange(is_pinned_again_, false);
    if (undone && had_no_pin) undone = detail::pin_memory{path_}.unpin(held_.fd());
    if (aside_) {
        held_ = std::move(aside_);
        pin_ = {};
    }
    return undone;
}

result<void> ensuring::undo_change(moment until) {
    auto const unmake = [&]() -> result<void> {
        if (!path_.empty())
            if (auto gone = detail::pin_memory{path_}.unpin(held_.fd()); !gone) return gone;
        return end(std::exchange(held_, {}), until);
    };
    switch (std::exchange(change_, change::none)) {
    case change::none: return {};
    case change::made: return unmake();
    case change::swapped: {
        if (!object_)
            return fail(-EPERM, operation::prog_get_fd_by_id, errc::permission_denied,
                        "program " + std::to_string(before_.object),
                        "it ran before, and opening it takes CAP_SYS_ADMIN");
        lent const old{object_}, expected{wanted_->what.fd};
        return held_.update(old, expecting(expected));
    }
    case change::taken_over: {
        if (auto back = publish(replaced_); !back) return back;
        is_to_end_ = false;
        return end(std::exchange(held_, std::exchange(replaced_, {})), until);
    }
    case change::made_apart: break;
    }
    if (auto gone = unmake(); !gone) return gone;
    until_ = until;
    return attach_again(object_);
}

// For all of them

result<detail::directory_lock> lock_for_pins(std::string const& path, moment until) {
    auto const take = [&] {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - sys::now());
        return detail::directory_lock::take(path, std::max(left, std::chrono::milliseconds{0}));
    };
    auto taken = take();
    if (taken || taken.error() != errc::not_found) return taken;
    return make_directories_for(path).and_then(take);
}

result<void> wait_for_end(link_id id, moment until) {
    for (int attempt = 0;; ++attempt) {
        auto const there = is_there(id);
        if (!there) return tl::unexpected{there.error()};
        if (!*there) return {};
        if (sys::now() >= until) {
            auto const who = holders(id);
            return fail(-EBUSY, operation::close, errc::still_held,
                        "link " + std::to_string(id.value()),
                        "it was to be replaced, and its program runs still" +
                            (who ? ": held by " + in_words(*who) : ""));
        }
        pause(attempt);
    }
}

} // namespace bpflink
