// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/in_netns.hpp>
#include <bpflink/targets.hpp>

#include <array>
#include <cerrno>
#include <string>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

finding is_not_open(attempt const& tried) {
    return is_closed(tried.as<fd_view>());
}

constexpr std::array causes{
    refusal{EBADF, errc::invalid_argument, "the descriptor is not open", "", "setns", is_not_open},
    refusal{EBADF, errc::invalid_argument, "the descriptor was opened with O_PATH",
            "open it for reading", "fdget"},
    refusal{EINVAL, errc::invalid_argument, "it is not a network namespace",
            "open /proc/PID/ns/net, or /run/netns/NAME", "setns"},
    refusal{ENOSYS, errc::not_supported, "a filter of system calls refuses setns(2)", "",
            "sys_setns"},
    refusal{EPERM, errc::permission_denied,
            "CAP_SYS_ADMIN is missing, here or in the user namespace that owns it", "run with it",
            "netns_install"},
};

constexpr std::array opening_causes{
    refusal{ENOENT, errc::not_found, "/proc is not mounted, which the way back is told by",
            "mount it", "proc_get_tree"},
};

std::string described(std::variant<std::string_view, fd_view> const& where) {
    if (auto const* const path = std::get_if<std::string_view>(&where)) return std::string{*path};
    return describe(std::get<fd_view>(where));
}

/// The path's namespace, which is looked at before it is opened.
result<unique_fd> opened(std::string_view path) {
    return netns_inode_of(path).and_then([&](netns_inode) -> result<unique_fd> {
        auto file = sys::open_file(std::string{path}.c_str());
        if (!file)
            return refuse(file.outcome(), operation::open, std::string{path}, {},
                          {common_causes()});
        return unique_fd{std::move(file)};
    });
}

} // namespace

namespace detail {

result<netns_stay> netns_stay::begin(std::variant<std::string_view, fd_view> const& where) {
    auto const* const path = std::get_if<std::string_view>(&where);
    auto const owned = path ? opened(*path) : result<unique_fd>{};
    if (!owned) return tl::unexpected{owned.error()};
    auto back = sys::open_file("/proc/thread-self/ns/net");
    if (!back)
        return refuse(back.outcome(), operation::open, "/proc/thread-self/ns/net", {},
                      {opening_causes, common_causes()});
    auto const there = path ? fd_view{*owned} : std::get<fd_view>(where);
    if (int const outcome = sys::set_netns(there.get()); outcome < 0)
        return refuse(outcome, operation::setns, described(where), {.request = &there},
                      {causes, common_causes()});
    return netns_stay{unique_fd{std::move(back)}};
}

netns_stay::~netns_stay() {
    if (back_ && sys::set_netns(back_.get()) < 0)
        sys::give_up("bpflink: in_netns: this thread cannot go back to its network namespace\n");
}

} // namespace detail

} // namespace bpflink
