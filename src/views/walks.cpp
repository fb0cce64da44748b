// SPDX-License-Identifier: Apache-2.0
#include "../fail.hpp"
#include "../sys.hpp"

#include <bpflink/detail/access.hpp>
#include <bpflink/views/infos.hpp>

#include <cerrno>

namespace bpflink::detail {

void id_walk::next(std::optional<result<link_id>>& out) {
    if (ended_) return;
    std::uint32_t found = 0;
    int const outcome = sys::link_get_next_id(last_.value(), found);
    if (outcome >= 0) {
        last_ = link_id{found};
        out.emplace(last_);
        return;
    }
    ended_ = true;
    if (outcome == -ENOENT) return;
    error e{-outcome, operation::link_get_next_id, "after link " + std::to_string(last_.value())};
    if (outcome == -EPERM) e.add_advice("listing links needs CAP_SYS_ADMIN");
    out.emplace(tl::unexpect, std::move(e));
}

void open_walk::next(std::optional<result<unique_fd>>& out) {
    for (std::optional<result<link_id>> id;; id.reset()) {
        ids_.next(id);
        if (!id) return;
        if (!*id) {
            out.emplace(tl::unexpect, std::move(*id).error());
            return;
        }
        int const outcome = sys::link_get_fd_by_id((*id)->value());
        // Gone since, or its id is given out and it is not attached yet.
        if (outcome == -ENOENT || outcome == -EAGAIN) continue;
        if (outcome >= 0)
            out.emplace(unique_fd{outcome});
        else
            out.emplace(fail(outcome, operation::link_get_fd_by_id,
                             "link " + std::to_string((*id)->value())));
        return;
    }
}

void open_walk::next(std::optional<result<link>>& out) {
    std::optional<result<unique_fd>> opened;
    next(opened);
    if (opened)
        out.emplace(std::move(*opened).map(
            [](unique_fd&& fd) { return access::make_link(std::move(fd)); }));
}

void info_walk::next(std::optional<result<link_info>>& out) {
    std::optional<result<unique_fd>> opened;
    opened_.next(opened);
    if (opened)
        out.emplace(std::move(*opened).and_then([](unique_fd&& fd) { return read_info(fd); }));
}

} // namespace bpflink::detail
