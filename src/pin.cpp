// SPDX-License-Identifier: Apache-2.0
#include "fail.hpp"
#include "path.hpp"
#include "sys.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/pin.hpp>

#include <atomic>
#include <cerrno>
#include <utility>

namespace bpflink {
namespace {

/// Pins under a name that nobody has, in the directory of `path`.
result<std::string> pin_beside(fd_view link, std::string const& path) {
    static std::atomic<unsigned> counter;
    constexpr int attempts = 100; // another container may have our process id and share the bpffs
    for (int attempt = 1;; ++attempt) {
        auto const stem = directory_of(path) + "/bpflink_" + std::to_string(sys::process_id());
        auto name = stem + "_" + std::to_string(++counter);
        int const outcome = sys::obj_pin(link.get(), name.c_str());
        if (outcome >= 0) return name;
        if (outcome != -EEXIST || attempt == attempts)
            return fail_at(outcome, operation::obj_pin, path);
    }
}

void tell_of(error& why, error const& undoing) {
    why.add_advice("undoing failed too: " + undoing.message());
}

/// Removes a pin that was made on the way to `why`.
tl::unexpected<error> take_back(std::string const& path, error why) {
    if (int const outcome = sys::unlink(path.c_str()); outcome < 0 && outcome != -ENOENT)
        tell_of(why, error{-outcome, operation::unlink, path});
    return tl::unexpected{std::move(why)};
}

} // namespace

result<pin_memory::standing> pin_memory::look(fd_view link) const {
    if (path_.empty()) return standing::none;
    auto const own = detail::read_header(link);
    if (!own) return tl::unexpected{own.error()};
    auto const there = pinned_link_id(path_);
    if (there) return *there == own->id ? standing::ours : standing::foreign;
    if (there.error() == errc::not_found) return standing::none;
    if (there.error() == errc::not_a_link) return standing::foreign;
    return tl::unexpected{there.error()};
}

tl::unexpected<error> pin_memory::forget(operation where) {
    return fail(-EEXIST, where, errc::already_exists, std::exchange(path_, {}),
                "it is no longer this link's pin, and was left alone");
}

result<void> pin_memory::pin(fd_view link, std::string_view path) {
    auto wanted = absolute(path, operation::obj_pin);
    if (!wanted) return tl::unexpected{std::move(wanted).error()};
    auto const now = look(link);
    if (!now) return tl::unexpected{now.error()};
    switch (*now) {
    case standing::none: return pin_anew(link, *std::move(wanted));
    case standing::foreign: return forget(operation::obj_pin);
    case standing::ours: break;
    }
    if (is_same_place(path_, *wanted)) return {};
    return move(link, *std::move(wanted));
}

result<void> pin_memory::pin_anew(fd_view link, std::string path) {
    if (int const outcome = sys::obj_pin(link.get(), path.c_str()); outcome < 0)
        return fail_at(outcome, operation::obj_pin, path);
    path_ = std::move(path);
    return {};
}

result<void> pin_memory::move(fd_view link, std::string path) {
    int const outcome = sys::rename_no_replace(path_.c_str(), path.c_str());
    if (outcome == -EXDEV) { // another bpffs, or none
        auto const old = path_;
        if (auto pinned = pin_anew(link, path); !pinned) return pinned;
        int const gone = sys::unlink(old.c_str());
        if (gone >= 0 || gone == -ENOENT) return {};
        path_ = old;
        return take_back(path, error{-gone, operation::unlink, old});
    }
    if (outcome < 0) return fail_at(outcome, operation::rename, path);
    path_ = std::move(path);
    return {};
}

result<void> pin_memory::replace_pin(fd_view link, std::string_view path) {
    auto wanted = absolute(path, operation::obj_pin);
    if (!wanted) return tl::unexpected{std::move(wanted).error()};
    auto const now = look(link);
    if (!now) return tl::unexpected{now.error()};
    bool const ours = *now == standing::ours;
    if (ours && is_same_place(path_, *wanted)) return {};
    // Nothing but a link's pin is replaced: a map's may be all that holds its contents.
    if (auto const there = pinned_link_id(*wanted); !there && there.error() != errc::not_found)
        return tl::unexpected{there.error()};
    if (!ours) return replace_from(link, *std::move(wanted), {});

    int const outcome = sys::rename(path_.c_str(), wanted->c_str());
    if (outcome == -EXDEV) return replace_from(link, *std::move(wanted), path_); // another bpffs
    if (outcome < 0) return fail_at(outcome, operation::rename, *wanted);
    path_ = *std::move(wanted);
    return {};
}

// The replaced pin cannot be made again, so it goes last of all.
result<void> pin_memory::replace_from(fd_view link, std::string path, std::string const& old) {
    auto const temporary = pin_beside(link, path);
    if (!temporary) return tl::unexpected{temporary.error()};
    if (!old.empty()) {
        int const gone = sys::unlink(old.c_str());
        if (gone < 0 && gone != -ENOENT)
            return take_back(*temporary, error{-gone, operation::unlink, old});
    }
    if (int const outcome = sys::rename(temporary->c_str(), path.c_str()); outcome < 0) {
        auto why = fail_at(outcome, operation::rename, path).value();
        if (!old.empty())
            if (int const again = sys::obj_pin(link.get(), old.c_str()); again < 0)
                tell_of(why, error{-again, operation::obj_pin, old});
        return take_back(*temporary, std::move(why));
    }
    path_ = std::move(path);
    return {};
}

result<void> pin_memory::unpin(fd_view link) {
    auto const now = look(link);
    if (!now) return tl::unexpected{now.error()};
    if (*now == standing::foreign) return forget(operation::unlink);
    if (*now == standing::ours) {
        int const outcome = sys::unlink(path_.c_str());
        if (outcome < 0 && outcome != -ENOENT) return fail(outcome, operation::unlink, path_);
    }
    path_.clear();
    return {};
}

result<void> pin_memory::restore(fd_view link) {
    if (is_as_found()) return {};
    return origin_.empty() ? unpin(link) : pin(link, origin_);
}

} // namespace bpflink
