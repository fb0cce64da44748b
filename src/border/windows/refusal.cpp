// SPDX-License-Identifier: Apache-2.0

// The function that says no, on Windows. The rooms hand it rows of Linux, whose causes are wrong
// here, so it reads rows of its own. An errno without a row is told without a cause.

#include "error/refusal.hpp"

#include "border/sys.hpp"
#include "border/windows/ebpfapi.hpp"
#include "hook/row.hpp"

#include <array>
#include <cerrno>
#include <initializer_list>
#include <optional>
#include <utility>

namespace bpflink {
namespace {

using detail::finding;
using detail::refusal;

/// A row, and the operation that it is of; none: of each that has no row of its own.
struct known {
    std::optional<operation> where;
    refusal row;
};

finding reason_of_absence(detail::attempt const&) {
    return {match::yes, ebpfapi::why_absent()};
}

constexpr std::array causes{
    known{operation::link_update,
          {EOPNOTSUPP, errc::not_supported, "eBPF for Windows updates no link",
           "attach the new program, then close this link", ""}},
    known{operation::link_create,
          {EOPNOTSUPP, errc::not_supported,
           "eBPF for Windows does not have this attach type, or takes no flags here", "", ""}},
    known{operation::link_create,
          {ENODEV, errc{},
           "the extension that provides the attach type is not loaded, or refuses the target", "",
           ""}},
    known{operation::link_get_fd_by_id,
          {ENOENT, errc::not_found, "nothing has this id, or it has ended", "", ""}},
    known{operation::prog_get_fd_by_id,
          {ENOENT, errc::not_found, "nothing has this id, or it has ended", "", ""}},
    known{operation::prog_get_info,
          {ENOENT, errc::invalid_argument, "it is not loaded", "load its bpf_object first", ""}},
    known{operation::obj_get, {ENOENT, errc::not_found, "nothing is pinned there", "", ""}},
    known{operation::unlink, {ENOENT, errc::not_found, "nothing is pinned there", "", ""}},
    known{operation::obj_pin,
          {EEXIST, errc::already_exists, "something is pinned there", "unpin it first", ""}},
    known{operation::flock,
          {EOPNOTSUPP, errc::not_supported,
           "eBPF for Windows replaces no pin at once, and between two steps nothing would be "
           "pinned there",
           "where that may be, unpin the old link, then pin this one", ""}},
    known{std::nullopt,
          {ENOSYS, errc::not_supported, "{}",
           "install eBPF for Windows, and have its directory in PATH", "", reason_of_absence}},
    known{std::nullopt,
          {EOPNOTSUPP, errc::not_supported, "eBPF for Windows does not have it", "", ""}},
    known{std::nullopt,
          {EPERM, errc::permission_denied, "the driver refuses it to this user",
           "run it as an administrator", ""}},
    known{std::nullopt,
          {EACCES, errc::permission_denied, "a policy of this machine blocks it for everybody", "",
           ""}},
    known{std::nullopt,
          {EBADF, errc::invalid_argument, "the descriptor is not open, or not of ebpfapi.dll", "",
           ""}},
    known{std::nullopt,
          {ENAMETOOLONG, errc::invalid_argument, "the path is longer than 255 bytes", "", ""}},
    known{std::nullopt, {EIO, errc{}, "the driver tells no cause that has an errno", "", ""}},
};

refusal const* find(operation where, int number) noexcept {
    for (auto const wanted : {std::optional{where}, std::optional<operation>{}})
        for (auto const& [of, row] : causes)
            if (of == wanted && row.number == number) return &row;
    return nullptr;
}

} // namespace

constinit detail::hook_row const detail::no_hook{};

tl::unexpected<error> refuse(int outcome, operation what, std::string subject,
                             detail::attempt const& tried, std::initializer_list<refusals>) {
    auto const* const row = find(what, -outcome);
    if (!row) return fail(outcome, what, std::move(subject));
    return refuse_by(*row, row->look ? row->look(tried) : finding{}, what, std::move(subject));
}

tl::unexpected<error> refuse_by(refusal const& row, finding found, operation what,
                                std::string subject) {
    std::string advice{row.cause};
    if (auto const hole = advice.find("{}"); hole != advice.npos)
        advice.replace(hole, 2, found.what);
    if (!row.remedy.empty()) (advice += ": ") += row.remedy;
    return fail(-row.number, what, row.condition, std::move(subject), std::move(advice));
}

// Of Linux, and not asked for here.

refusals program_causes() noexcept {
    return {};
}

refusals usual_causes() noexcept {
    return {};
}

refusals command_causes() noexcept {
    return {};
}

refusals common_causes() noexcept {
    return {};
}

finding missing_of(std::span<detail::capability const>) {
    return {};
}

finding in_other_user_namespace(detail::attempt const&) {
    return {};
}

finding is_closed(fd_view fd, std::string what) {
    return {sys::is_open(fd.get()) == -EBADF ? match::yes : match::no, std::move(what)};
}

} // namespace bpflink
