// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/access.hpp>
#include <bpflink/detail/duration.hpp>
#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/link.hpp>
#include <bpflink/typed_link.hpp>

#include <string_view>
#include <utility>

namespace bpflink {

/// How a link went. The program is off its hook.
struct teardown_report {
    link_id id;            ///< 0 where there was no link
    bool detached = false; ///< by the kernel at once, whoever else holds the link
    bool gone = false;     ///< no link has the id any more
    link_holders left;     ///< the holders of the empty shell of a link that was detached
};

/// Takes the program off its hook, and returns only when it is off, verified. The link's pin goes,
/// and so does this handle.
///
/// A kind of link that the kernel can detach is detached at once, whoever holds it. Another kind
/// comes off when nobody holds it any more: so it is asked first who does. Where somebody does,
/// nothing is changed. Else the pin is removed, the handle closed, and the link's end waited for.
/// A pin that is something else's by now is not touched, and one that is gone already is fine.
/// @param l      taken over; on an error it keeps the link where that was not closed yet
/// @param limit  how long the end is waited for; that of a detached link a second at most
/// @errors still_held         another descriptor or pin holds a link that cannot be detached; the
///                            holders are named, and nothing was changed. Also where it is still
///                            there at the limit; then pin and handle are gone, and that is said
///         permission_denied  the end of a link that cannot be detached could not be seen
///                            (CAP_SYS_ADMIN); nothing was changed. Also as detach and unpin have
///                            it
///         read_only          the pin cannot be removed
/// @kernel since 5.8; kernel/bpf/syscall.c, bpf_link_free(): the id goes before the program does
/// @cost 4 system calls where the kernel detaches, and 8 for a pin; else those of holders(). Those
///       too where a detached link is held still; 100 ms where a link that only closes had a pin
[[nodiscard]] result<teardown_report>
teardown(link&& l, std::chrono::milliseconds limit = std::chrono::seconds{3});

/// The same for a link of a known kind.
template <class Hook>
[[nodiscard]] result<teardown_report>
teardown(typed_link<Hook>&& l, std::chrono::milliseconds limit = std::chrono::seconds{3}) {
    struct giving_back { // a link that was not closed goes back, by an exception too
        typed_link<Hook>& to;
        link untyped;
        ~giving_back() {
            if (untyped) to = detail::access::make_typed<Hook>(std::move(untyped));
        }
    } held{l, std::move(l)};
    return teardown(std::move(held.untyped), limit);
}

/// The same for the link that is pinned at a path, under the lock of its directory. Nothing there
/// is success: id 0, not detached, gone. A link that a killed ensure_attached left beside the pin
/// (NAME%tmp) ends first; where somebody else holds it, only that name goes.
/// @param pin_path  resolved once, here
/// @param limit     for the lock and the wait together
/// @param expected  only where the link runs this program; 0: any program. The kernel does not
///                  compare it with what follows: a process without the lock may swap the program
/// @errors not_a_link  a map, a program, a file or a directory is there; it is not touched
///         program_mismatch  the link runs another program; nothing was changed
///         timed_out   another process had the directory's lock all the time
///         and as above
/// @cost as above, and 15 system calls
[[nodiscard]] result<teardown_report>
teardown(std::string_view pin_path, std::chrono::milliseconds limit = std::chrono::seconds{3},
         program_id expected = {});
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto teardown(P const& pin_path,
                            std::chrono::milliseconds limit = std::chrono::seconds{3},
                            program_id expected = {}) {
    return teardown(detail::text_of(pin_path), limit, expected);
}

} // namespace bpflink
