// SPDX-License-Identifier: Apache-2.0
#include "fail.hpp"
#include "identify.hpp"
#include "sys.hpp"

#include <bpflink/detail/info_reader.hpp>
#include <bpflink/pin.hpp>

#include <atomic>
#include <cerrno>
#include <utility>

namespace bpflink {
namespace {

std::string directory_of(std::string const& path) {
    auto const slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// Puts a reason to what the kernel said of a pin's place.
tl::unexpected<error> fail_at(int outcome, operation where, std::string const& path) {
    if (outcome == -EPERM || outcome == -EINVAL || outcome == -EXDEV) {
        if (sys::is_on_bpffs(directory_of(path).c_str()) == 0)
            return fail(outcome, where, errc::invalid_argument, path,
                        "the directory is not on a bpffs: mount one there, or pin below "
                        "/sys/fs/bpf");
        if (name_of(path).find('.') != std::string_view::npos)
            return fail(outcome, where, errc::invalid_argument, path,
                        "the kernel takes no dot in a pin's name");
    }
    if (outcome == -ENOENT)
        return fail(outcome, where, errc::not_found, path, "the directory does not exist");
    if (outcome == -EEXIST)
        return fail(outcome, where, errc::already_exists, path,
                    "something is pinned there: replace_pin replaces a link");
    return fail(outcome, where, path);
}

tl::unexpected<error> taken(operation where, std::string const& path) {
    return fail(-EEXIST, where, errc::already_exists, path,
                "it is no longer this link's pin, and was left alone");
}

result<void> pin_at(fd_view link, std::string const& path) {
    if (int const outcome = sys::obj_pin(link.get(), path.c_str()); outcome < 0)
        return fail_at(outcome, operation::obj_pin, path);
    return {};
}

/// Pins under a name that nobody has, in the directory of `path`.
result<std::string> pin_beside(fd_view link, std::string const& path) {
    static std::atomic<unsigned> counter;
    constexpr int attempts = 100; // another container may have our process id and share the bpffs
    for (int attempt = 1;; ++attempt) {
        auto const stem = directory_of(path) + "/bpflink_" + std::to_string(sys::process_id());
        auto name = stem + "_" + std::to_string(++counter);
        auto const outcome = pin_at(link, name);
        if (outcome) return name;
        if (outcome.error() != errc::already_exists || attempt == attempts)
            return tl::unexpected{outcome.error()};
    }
}

} // namespace

result<bool> pin_memory::still_ours(fd_view link) {
    auto const own = detail::read_header(link);
    if (!own) return tl::unexpected{own.error()};
    auto const there = pinned_link_id(path_);
    if (there) return *there == own->id;
    if (there.error() == errc::not_a_link) return false;
    return tl::unexpected{there.error()};
}

result<void> pin_memory::pin(fd_view link, std::string_view path) {
    auto wanted = absolute(path, operation::obj_pin);
    if (!wanted) return tl::unexpected{std::move(wanted).error()};
    if (path_.empty()) return pin_anew(link, *std::move(wanted));

    auto const ours = still_ours(link);
    if (!ours && ours.error() == errc::not_found) return pin_anew(link, *std::move(wanted));
    if (!ours) return tl::unexpected{ours.error()};
    if (!*ours) {
        auto const lost = std::exchange(path_, {});
        return taken(operation::obj_pin, lost);
    }
    if (path_ == *wanted) return {};
    return move(link, *std::move(wanted));
}

result<void> pin_memory::pin_anew(fd_view link, std::string path) {
    return pin_at(link, path).map([&] { path_ = std::move(path); });
}

result<void> pin_memory::move(fd_view link, std::string path) {
    int const outcome = sys::rename_no_replace(path_.c_str(), path.c_str());
    if (outcome == -EXDEV) { // another bpffs, or none
        auto const old = path_;
        if (auto pinned = pin_anew(link, path); !pinned) return pinned;
        int const gone = sys::unlink(old.c_str());
        if (gone >= 0 || gone == -ENOENT) return {};
        sys::unlink(path_.c_str());
        path_ = old;
        return fail(gone, operation::unlink, old);
    }
    if (outcome < 0) return fail_at(outcome, operation::rename, path);
    path_ = std::move(path);
    return {};
}

result<void> pin_memory::replace_pin(fd_view link, std::string_view path) {
    auto wanted = absolute(path, operation::obj_pin);
    if (!wanted) return tl::unexpected{std::move(wanted).error()};
    // Nothing but a link's pin is replaced: a map's may be all that holds its contents.
    if (auto const there = pinned_link_id(*wanted); !there && there.error() != errc::not_found)
        return tl::unexpected{there.error()};
    auto temporary = pin_beside(link, *wanted);
    if (!temporary) return tl::unexpected{std::move(temporary).error()};
    if (int const outcome = sys::rename(temporary->c_str(), wanted->c_str()); outcome < 0) {
        sys::unlink(temporary->c_str());
        return fail_at(outcome, operation::rename, *wanted);
    }
    if (path_ == *wanted) return {};
    // The old pin goes, as in a move; when it is not ours any more, it stays.
    auto const ours = path_.empty() ? result<bool>{false} : still_ours(link);
    auto const old = std::exchange(path_, *std::move(wanted));
    if (!ours || !*ours) return {};
    if (int const outcome = sys::unlink(old.c_str()); outcome < 0 && outcome != -ENOENT)
        return fail(outcome, operation::unlink, old);
    return {};
}

result<void> pin_memory::unpin(fd_view link) {
    if (path_.empty()) return {};
    auto const ours = still_ours(link);
    if (!ours && ours.error() != errc::not_found) return tl::unexpected{ours.error()};
    if (ours && !*ours) {
        auto const lost = std::exchange(path_, {});
        return taken(operation::unlink, lost);
    }
    if (ours) {
        int const outcome = sys::unlink(path_.c_str());
        if (outcome < 0 && outcome != -ENOENT) return fail(outcome, operation::unlink, path_);
    }
    path_.clear();
    return {};
}

result<void> pin_memory::restore(fd_view link) {
    if (path_ == origin_) return {};
    return origin_.empty() ? unpin(link) : pin(link, origin_);
}

} // namespace bpflink
