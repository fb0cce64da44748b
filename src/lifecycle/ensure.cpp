// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/names.hpp"
#include "lifecycle/ensuring.hpp"
#include "object/identify.hpp"
#include "pin/path.hpp"

#include <bpflink/lifecycle/ensure.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ostream>
#include <utility>

namespace bpflink {
namespace {

using detail::ensured_any;
using detail::wanted_link;

constexpr std::array<std::string_view, 4> names{"kept", "updated", "created", "recreated"};

/// Whether a link of the kind that is as it should be is found without the lock.
///
/// A detach shows in the link's info before its pin goes, so that an attached link was still pinned
/// when it was looked at. Of a kind that only closing ends, a teardown removes the pin, and waits
/// for the descriptor that the look has open.
bool shows_its_end(link_type kind) {
    auto const* const traits = find_traits(kind);
    return traits && traits->detachable && kind != link_type::struct_ops; // not before 6.11
}

/// @param until  the end of all waiting
result<ensured_any> given(ensuring& done, ensured how, moment until) {
    done.let_go();
    if (auto const ended = done.wait_until_gone(until); !ended)
        return tl::unexpected{ended.error()};
    return ensured_any{done.take(), how, done.before().runs};
}

} // namespace

namespace detail {

result<ensured_any> ensure_pinned(wanted_link const& wanted, std::string_view path,
                                  ensure_options const& options) {
    auto const until = sys::deadline(options.wait);
    auto const real = resolve_lasting(path);
    if (!real) return tl::unexpected{real.error()};
    ensuring it{wanted, options.overlap, until};
    it.set_path(*real);
    if (shows_its_end(wanted.hook.kind)) {
        auto const seen = it.look();
        if (!seen) return tl::unexpected{seen.error()};
        if (seen->what == sight::kept) {
            sys::file_facts facts{};
            int const left_behind = sys::facts_of_name(temporary_name(*real).c_str(), facts);
            if (left_behind == -ENOENT) return ensured_any{it.take(), ensured::kept, seen->runs};
        }
        it.set_held({});
    }
    auto const lock = lock_for_pins(*real, until);
    if (!lock) return tl::unexpected{lock.error()};
    if (auto const cleared = it.clear(); !cleared) return tl::unexpected{cleared.error()};
    auto const how = it.make_it_so(&*lock);
    if (!how) return tl::unexpected{how.error()};
    return given(it, *how, until);
}

result<ensured_any> ensure_held(wanted_link const& wanted, unique_fd& held,
                                ensure_options const& options) {
    auto const until = sys::deadline(options.wait);
    ensuring it{wanted, options.overlap, until};
    if (held) {
        if (auto const is_link = require_link(held, describe(fd_view{held})); !is_link)
            return tl::unexpected{is_link.error()};
        it.set_held(access::make_link(std::move(held)));
    }
    struct giving_back { // a link that was not taken goes back, by an exception too
        unique_fd& to;
        ensuring& from;
        ~giving_back() {
            if (from.held()) to = from.held().release();
        }
    } const unless_taken{held, it};
    auto const how = it.make_it_so(nullptr);
    if (!how) return tl::unexpected{how.error()};
    return given(it, *how, until);
}

} // namespace detail

result<ensured_link<hook::struct_ops>> ensure_attached(map_ref const& map,
                                                       hook::struct_ops const& where,
                                                       std::string_view pin_path,
                                                       ensure_options options) {
    return detail::typed<hook::struct_ops>(detail::ensure_pinned(
        {detail::door_to<hook::struct_ops>, detail::borrowed_program{map.fd()}, &where}, pin_path,
        options));
}

result<ensured_link<hook::struct_ops>> ensure_attached(map_ref const& map,
                                                       hook::struct_ops const& where,
                                                       unique_fd&& stored, ensure_options options) {
    return detail::typed<hook::struct_ops>(detail::ensure_held(
        {detail::door_to<hook::struct_ops>, detail::borrowed_program{map.fd()}, &where}, stored,
        options));
}

std::string to_string(ensured how) {
    return detail::name_or_number(names, static_cast<unsigned>(how));
}

std::ostream& operator<<(std::ostream& out, ensured how) {
    return out << to_string(how);
}

} // namespace bpflink
