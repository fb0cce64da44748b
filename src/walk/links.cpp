// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "object/by_id.hpp"

#include <bpflink/detail/access.hpp>
#include <bpflink/views/infos.hpp>

#include <cerrno>
#include <utility>

namespace bpflink::detail {

/// 1 when there is a next link, 0 at the end, or a negated errno: the last of the walk.
// Inline, as the one below: after a system call each return costs, for the processor has forgotten
// to where.
inline int id_walk::step() noexcept {
    if (ended_) return 0;
    std::uint32_t found = 0;
    int const outcome = sys::link_get_next_id(last_.value(), found);
    if (outcome >= 0) {
        last_ = link_id{found};
        return 1;
    }
    ended_ = true;
    return outcome == -ENOENT ? 0 : outcome;
}

error id_walk::failed(int outcome) const {
    return refuse_next_id(outcome, last_.value()).value();
}

void id_walk::next(std::optional<result<link_id>>& out) {
    int const outcome = step();
    if (outcome > 0)
        out.emplace(last_);
    else if (outcome < 0)
        out.emplace(tl::unexpect, failed(outcome));
}

/// `use` makes an element of the next link's descriptor, or none: then of the one after it.
template <class Element, class Use>
inline void open_walk::next(std::optional<result<Element>>& out, Use use) {
    int found;
    while ((found = ids_.step()) > 0) {
        int outcome;
        {
            auto opened = sys::link_get_fd_by_id(ids_.last_.value());
            outcome = opened.outcome();
            if (opened) use(opened, out);
        }
        if (out) return;
        if (outcome >= 0) continue;
        // Gone since, or its id is given out and it is not attached yet.
        if (outcome == -ENOENT || outcome == -EAGAIN) continue;
        out.emplace(refuse_id(outcome, operation::link_get_fd_by_id, ids_.last_.value()));
        return;
    }
    if (found < 0) out.emplace(tl::unexpect, ids_.failed(found));
}

void open_walk::next(std::optional<result<link>>& out) {
    next(out,
         [](sys::opened& l, auto& element) { element.emplace(access::make_link(std::move(l))); });
}

void info_walk::next(std::optional<result<link_info>>& out) {
    opened_.next(out, [this](sys::opened& l, auto& element) { reader_.read(l.view(), element); });
}

} // namespace bpflink::detail

namespace bpflink {

link_ids_view link_ids(link_id after) {
    return link_ids_view{{after}};
}

links_view links(link_id after) {
    return links_view{{after}};
}

infos_view infos(link_id after) {
    return infos_view{{after}};
}

} // namespace bpflink
