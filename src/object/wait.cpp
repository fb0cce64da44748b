// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/detail/wait.hpp>

#include <array>
#include <cerrno>

namespace bpflink::detail {
namespace {

constexpr std::array causes{
    refusal{EBADF, errc::invalid_argument, "the descriptor is not open", "", "do_fcntl"},
};

constexpr std::array duplicating_causes{
    refusal{EINVAL, errc{}, "RLIMIT_NOFILE allows no descriptor above 2", "raise it", "f_dupfd"},
};

constexpr std::array waiting_causes{
    refusal{EPERM, errc::not_supported,
            "the kernel cannot wait for it: of links only for those of struct_ops (6.11)", "",
            "do_epoll_ctl", always},
    refusal{ENOSPC, errc{}, "the user waits for as much as is allowed",
            "raise fs.epoll.max_user_watches", "ep_insert"},
    refusal{ECANCELED, errc{}, "the wait was cancelled", "", ""},
};

} // namespace

result<unique_fd> duplicated(fd_view fd, bool survives_exec) {
    auto copy = sys::duplicate(fd.get(), survives_exec);
    if (copy) return copy;
    return refuse(copy.outcome(), operation::duplicate, describe(fd), {},
                  {causes, duplicating_causes, common_causes()});
}

result<unique_fd> watched(fd_view fd) {
    auto watching = sys::watch(fd.get());
    if (!watching) return tl::unexpected{not_waited(-watching.outcome(), fd)};
    return watching;
}

error not_waited(int number, fd_view fd) {
    return refuse(-number, operation::poll, describe(fd), {},
                  {causes, waiting_causes, common_causes()})
        .value();
}

} // namespace bpflink::detail
