// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "pin/directory_lock.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/pin_memory.hpp>
#include <bpflink/detail/read_info.hpp>

#include <cerrno>
#include <chrono>
#include <utility>

namespace bpflink {
namespace {

using permissions = detail::pin_permissions;

permissions permissions_of(sys::file_facts const& facts) {
    return {.mode = facts.mode, .owner = facts.owner, .group = facts.group};
}

constexpr std::chrono::milliseconds longest_wait{2'000};

void tell_of(error& why, error const& undoing) {
    why.add_advice("undoing failed too: " + undoing.message());
}

/// Removes a name; a missing one is fine.
result<void> remove(std::string const& path) {
    int const outcome = sys::unlink(path.c_str());
    if (outcome >= 0 || outcome == -ENOENT) return {};
    return refuse_pin_at(outcome, operation::unlink, path);
}

/// Removes a pin that was made on the way to `why`.
tl::unexpected<error> take_back(std::string const& path, error why) {
    if (auto const removed = remove(path); !removed) tell_of(why, removed.error());
    return tl::unexpected{std::move(why)};
}

result<void> pin_new(fd_view link, std::string const& path) {
    int const outcome = sys::obj_pin(link.get(), path.c_str());
    if (outcome < 0) return refuse_pin_at(outcome, operation::obj_pin, path);
    return {};
}

/// Gives the pin at `path` the owner and the mode of another.
result<void> give(std::string const& path, permissions const& wanted) {
    sys::file_facts has{};
    if (int const outcome = sys::facts_of_name(path.c_str(), has); outcome < 0)
        return refuse_look_at(outcome, operation::stat, path);
    if (has.owner != wanted.owner || has.group != wanted.group) {
        int const outcome = sys::change_owner(path.c_str(), wanted.owner, wanted.group);
        if (outcome < 0) return refuse_change_of(outcome, operation::chown, path);
    }
    if (has.mode == wanted.mode) return {};
    int const outcome = sys::change_mode(path.c_str(), wanted.mode);
    if (outcome < 0) return refuse_change_of(outcome, operation::chmod, path);
    return {};
}

/// Makes a pin with the permissions of another.
result<void> pin_like(fd_view link, std::string const& path, permissions const& model) {
    if (auto made = pin_new(link, path); !made) return made;
    if (auto given = give(path, model); !given) return take_back(path, std::move(given).error());
    return {};
}

/// Pins over the pin at `path`, so that there is one at every moment.
result<void> pin_over(fd_view link, std::string const& path, permissions const& model) {
    auto const temporary = temporary_name(path);
    if (auto made = pin_like(link, temporary, model); !made) return made;
    int const outcome = sys::rename(temporary.c_str(), path.c_str());
    if (outcome >= 0) return {};
    return take_back(temporary, refuse_pin_at(outcome, operation::rename, path).value());
}

/// Moves a pin to where nothing is; to where it is already, if that is the same name.
result<void> move(fd_view link, std::string const& from, std::string const& to,
                  permissions const& own) {
    int const outcome = sys::rename_no_replace(from.c_str(), to.c_str());
    if (outcome >= 0) return {};
    if (outcome == -EEXIST || outcome == -EXDEV) {
        auto const same = is_same_place(from, to);
        if (!same) return tl::unexpected{same.error()};
        if (*same) return {};
    }
    if (outcome != -EXDEV) return refuse_pin_at(outcome, operation::rename, to);
    // To another bpffs, or to none.
    if (auto made = pin_like(link, to, own); !made) return made;
    if (auto gone = remove(from); !gone) return take_back(to, std::move(gone).error());
    return {};
}

/// Moves a pin over that of another link, which is put back where the move fails.
result<void> move_over(fd_view link, std::string const& from, std::string const& to,
                       permissions const& own, permissions const& replaced) {
    auto const given_up = [&](error why) -> result<void> {
        if (auto const back = give(from, own); !back) tell_of(why, back.error());
        return tl::unexpected{std::move(why)};
    };
    if (auto given = give(from, replaced); !given) return given_up(std::move(given).error());
    int const outcome = sys::rename(from.c_str(), to.c_str());
    if (outcome >= 0) return {};
    if (outcome != -EXDEV) return given_up(refuse_pin_at(outcome, operation::rename, to).value());
    if (auto back = give(from, own); !back) return back;
    // To another bpffs.
    auto const held = open_pin(to); // holds a link that only its pin held
    if (!held) return tl::unexpected{held.error()};
    if (auto done = pin_over(link, to, replaced); !done) return done;
    auto gone = remove(from);
    if (gone) return gone;
    if (auto const back = pin_over(*held, to, replaced); !back) tell_of(gone.error(), back.error());
    return gone;
}

/// Takes the place at `to`, whatever of a link is there now.
/// @param from  our own pin, which goes; empty where there is none
/// @param has   its permissions
result<void> take_place(fd_view link, std::string const& from, std::string const& to,
                        permissions const& has) {
    auto there = look_at(to);
    if (!there) return tl::unexpected{std::move(there).error()};
    // Nothing but a link's pin is replaced: a map's may be all that holds its contents.
    if (there->other) return tl::unexpected{*std::move(there->other)};
    there->link = {}; // the kernel is to let go of what is replaced, and not this thread
    if (there->what == named::kind::nothing)
        return from.empty() ? pin_new(link, to) : move(link, from, to, has);
    auto const own = detail::read_header(link);
    if (!own) return tl::unexpected{own.error()};
    if (there->id != own->id)
        return from.empty() ? pin_over(link, to, permissions_of(there->facts))
                            : move_over(link, from, to, has, permissions_of(there->facts));
    // Renaming a name of an inode to another of its names does nothing, and is called a success.
    if (from.empty()) return {};
    return is_same_place(from, to).and_then(
        [&](bool same) { return same ? result<void>{} : remove(from); });
}

} // namespace

result<void> clear_temporary(std::string const& path, std::string const& own) {
    auto const temporary = temporary_name(path);
    auto const left = look_at(temporary);
    if (!left) return tl::unexpected{left.error()};
    if (left->what == named::kind::nothing) return {};
    if (left->what == named::kind::something_else)
        return fail(
            -EEXIST, operation::obj_pin, errc::already_exists, temporary,
            "replace_pin needs this name, and what is there is not a link's pin: remove it");
    auto const is_own = own.empty() ? result<bool>{false} : is_same_place(own, temporary);
    if (!is_own) return tl::unexpected{is_own.error()};
    return *is_own ? result<void>{} : remove(temporary);
}

namespace detail {

struct pin_memory::sight {
    standing what = standing::none;
    pin_permissions has{}; // our pin, where it is that
};

/// The object at path_ by now: nothing, this link's pin, or anything else.
result<pin_memory::sight> pin_memory::look(fd_view link) const {
    if (path_.empty()) return sight{};
    auto const there = look_at(path_);
    if (!there) return tl::unexpected{there.error()};
    if (there->what == named::kind::nothing) return sight{};
    if (there->what == named::kind::something_else) return sight{standing::foreign, {}};
    return read_header(link).map([&](link_header const& own) {
        return sight{there->id == own.id ? standing::ours : standing::foreign,
                     permissions_of(there->facts)};
    });
}

tl::unexpected<error> pin_memory::forget(operation where) {
    return fail(-EEXIST, where, errc::already_exists, std::exchange(path_, {}),
                "it is no longer this link's pin, and was left alone");
}

/// Our pin is about to be moved or removed.
void pin_memory::leave(sight const& now) {
    if (path_ == origin_) origin_had_ = now.has;
}

result<void> pin_memory::pin(fd_view link, std::string_view path) {
    return resolve(path, operation::obj_pin).and_then([&](std::string const& real) {
        return pin_at(link, real);
    });
}

result<void> pin_memory::pin_at(fd_view link, std::string const& path) {
    auto const now = look(link);
    if (!now) return tl::unexpected{now.error()};
    if (now->what == standing::foreign) return forget(operation::obj_pin);
    if (now->what == standing::ours && path_ == path) return {};
    if (now->what == standing::ours) leave(*now);
    std::string kept{path}; // now, and not when it is pinned and memory may be short
    auto done =
        now->what == standing::ours ? move(link, path_, path, now->has) : pin_new(link, path);
    if (done) path_ = std::move(kept);
    return done;
}

result<void> pin_memory::replace_pin(fd_view link, std::string_view path) {
    return resolve_lasting(path).and_then([&](std::string const& real) {
        return directory_lock::take(real, longest_wait).and_then([&](directory_lock const& held) {
            return replace_pin(link, real, held);
        });
    });
}

result<void> pin_memory::replace_pin(fd_view link, std::string const& path, directory_lock const&) {
    auto const now = look(link);
    if (!now) return tl::unexpected{now.error()};
    auto const from = now->what == standing::ours ? path_ : std::string{};
    if (!from.empty()) leave(*now);
    if (auto cleared = clear_temporary(path, from); !cleared) return cleared;
    std::string kept{path};
    auto done = take_place(link, from, path, now->has);
    constexpr int attempts = 10; // others pin and unpin without the lock
    for (int attempt = 1; attempt != attempts; ++attempt)
        if (!done && done.error() == errc::already_exists)
            done = take_place(link, from, path, now->has);
    if (done) path_ = std::move(kept);
    return done;
}

result<void> pin_memory::unpin(fd_view link) {
    auto const now = look(link);
    if (!now) return tl::unexpected{now.error()};
    if (now->what == standing::foreign) return forget(operation::unlink);
    if (now->what == standing::ours) {
        leave(*now);
        if (auto removed = remove(path_); !removed) return removed;
    }
    path_.clear();
    return {};
}

result<void> pin_memory::restore(fd_view link) {
    if (is_as_found()) return {};
    if (origin_.empty()) return unpin(link);
    if (path_ != origin_)
        if (auto back = pin_at(link, origin_); !back) return back;
    if (!origin_had_) return {};
    return look(link).and_then([&](sight const& now) {
        return now.what == standing::ours ? give(path_, *origin_had_) : result<void>{};
    });
}

} // namespace detail

} // namespace bpflink
