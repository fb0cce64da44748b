// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/set_directory.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "lifecycle/set_step.hpp"
#include "pin/path.hpp"

#include <bpflink/lifecycle/pin_name.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace bpflink {
namespace {

/// Whether a place takes one link, and options of the hook decide nothing else.
bool takes_one(detail::hook_door const& hook) {
    switch (hook.kind) {
    case link_type::xdp:
    case link_type::netns:
    case link_type::netfilter:
    case link_type::struct_ops: return true;
    default: return hook.name == hook_traits<hook::freplace>::name;
    }
}

/// The names in a directory, in their order; none where it is missing.
result<std::vector<std::string>> names_in(std::string const& directory) {
    struct listing {
        void* stream = nullptr;
        ~listing() {
            if (stream) sys::list_end(stream);
        }
    } list;
    std::vector<std::string> names;
    int outcome = sys::list_begin(directory.c_str(), list.stream);
    if (outcome == -ENOENT) return names;
    for (sys::entry found; outcome >= 0;) {
        outcome = sys::list_next(list.stream, found);
        if (outcome == 0) {
            std::ranges::sort(names);
            return names;
        }
        if (outcome > 0 && found.kind != sys::entry_kind::directory) names.emplace_back(found.name);
    }
    return refuse_look_at(outcome, operation::read, directory);
}

} // namespace

tl::unexpected<error> refuse_directory(std::string const& directory, std::string advice) {
    return fail(-EINVAL, operation::obj_pin, errc::invalid_argument, directory, std::move(advice));
}

result<void> require_bpffs(std::string const& directory) {
    int outcome = 0;
    auto nearest = directory; // that is there
    while ((outcome = sys::is_on_bpffs(nearest.c_str())) == -ENOENT)
        nearest = directory_of(nearest);
    if (outcome < 0) return refuse_pin_at(outcome, operation::stat, directory);
    if (outcome > 0) return {};
    return refuse_directory(directory,
                            "it is not on a bpffs: mount one there, or choose a directory "
                            "below /sys/fs/bpf");
}

result<void> require_own(std::string const& path) {
    std::array<char, 1> some;
    int const outcome = path.empty() ? -ENOENT : sys::read_link(path.c_str(), some);
    if (outcome >= 0)
        return fail(-EINVAL, operation::identify, errc::not_a_link, path,
                    "it is a symbolic link, which a set does not follow: remove it");
    if (outcome == -EINVAL || outcome == -ENOENT) return {}; // another object, or nothing
    return refuse_look_at(outcome, operation::obj_get, path);
}

result<strays> strays_in(std::string const& directory, std::set<std::string> const& wanted) {
    strays all;
    if (directory.empty()) return all;
    auto const names = names_in(directory);
    if (!names) return tl::unexpected{names.error()};
    for (auto const& name : *names) {
        auto path = directory + "/" + name;
        if (wanted.contains(path)) continue;
        auto const there = look_at(path);
        if (!there) return tl::unexpected{there.error()};
        if (there->what != named::kind::link) continue;
        bool const temporary = is_temporary(path);
        all.push_back({std::move(path), text_of_pin_name(name).value_or(name),
                       name_of(there->id) +
                           (temporary ? " was left by a killed call" : " is wanted by no member")});
    }
    return all;
}

result<std::optional<namesake>> find_under_other_name(std::string const& path,
                                                      detail::wanted_link const& place,
                                                      bool overlap, moment until,
                                                      strays& unwanted) {
    std::optional<namesake> const none;
    if (unwanted.empty() || !takes_one(place.hook)) return none;
    auto const own = look_at(path);
    if (!own) return tl::unexpected{own.error()};
    if (own->what != named::kind::nothing) return none;
    for (auto at = unwanted.begin(); at != unwanted.end(); ++at) {
        if (is_temporary(at->path)) continue;
        auto there = look_at(at->path);
        if (!there) return tl::unexpected{there.error()};
        if (there->what != named::kind::link) continue;
        auto const l = detail::access::make_link(std::move(there->link));
        ensuring judged{place, overlap, until};
        auto const seen = judged.look(l);
        bool const is_another = // as far as can be told
            !seen && (seen.error() == errc::wrong_kind || seen.error() == errc::already_exists);
        if (is_another) continue;
        if (!seen) return tl::unexpected{seen.error()};
        if (seen->what == sight::kept || seen->what == sight::stale) return namesake{at, *seen};
    }
    return none;
}

} // namespace bpflink
