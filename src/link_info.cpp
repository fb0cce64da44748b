// SPDX-License-Identifier: Apache-2.0
#include "details/answer.hpp"
#include "fail.hpp"
#include "identify.hpp"
#include "sys.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_traits.hpp>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace bpflink {
namespace {

constexpr std::size_t header_size = offsetof(uapi::link_info, padding);

int ask(fd_view link, uapi::link_info& raw, std::uint32_t& size) noexcept {
    size = sizeof raw;
    return sys::obj_get_info(link.get(), &raw, size);
}

/// Asks once, or twice for the kinds that have more to tell.
int ask_all(fd_view link, detail::answer& whole) {
    // The first question has no address and no mark in it: the kinds overlay each other's fields,
    // and the kernel would write to an address that was meant for another kind's.
    uapi::link_info first{};
    std::uint32_t known;
    if (int const outcome = ask(link, first, known); outcome < 0) return outcome;
    if (detail::ask_for_more(first, known, whole)) return ask(link, whole.raw, known);
    whole.raw = first;
    return 0;
}

link_info told(detail::answer&& whole) {
    auto const& raw = whole.raw;
    return {static_cast<link_type>(raw.type), link_id{raw.id}, program_id{raw.prog_id},
            detail::decode(std::move(whole))};
}

} // namespace

namespace detail {

result<link_header> read_header(fd_view link) {
    uapi::link_info raw{};
    std::uint32_t size = header_size;
    if (int const outcome = sys::obj_get_info(link.get(), &raw, size); outcome < 0)
        return fail(outcome, operation::link_get_info, describe(link));
    return link_header{static_cast<link_type>(raw.type), link_id{raw.id}, program_id{raw.prog_id}};
}

link_state read_state(fd_view link) noexcept {
    answer first;
    std::uint32_t size;
    if (ask(link, first.raw, size) < 0) return link_state::unknown;
    return state_of(told(std::move(first)));
}

result<link_info> read_info(fd_view link) {
    // A file that a link is on may be renamed between the two questions. With too little room the
    // kernel does not tell how much it would take, so both are asked again.
    constexpr int enough = 5;
    for (int round = 1;; ++round) {
        answer whole;
        int const outcome = ask_all(link, whole);
        if (outcome >= 0) return told(std::move(whole));
        bool const too_small = outcome == -ENOSPC || outcome == -ENAMETOOLONG;
        if (!too_small || round == enough)
            return fail(outcome, operation::link_get_info, describe(link));
    }
}

} // namespace detail

link_state state_of(link_info const& info) noexcept {
    struct visitor {
        link_type type;

        static link_state alive(bool yes) noexcept {
            return yes ? link_state::attached : link_state::defunct;
        }
        link_state operator()(cgroup_details const& d) const { return alive(d.cgroup_id != 0); }
        link_state operator()(netns_details const& d) const { return alive(d.netns_inode != 0); }
        link_state operator()(xdp_details const& d) const { return alive(d.ifindex.value() != 0); }
        link_state operator()(tcx_details const& d) const { return alive(d.ifindex.value() != 0); }
        link_state operator()(netkit_details const& d) const {
            return alive(d.ifindex.value() != 0);
        }
        link_state operator()(struct_ops_details const& d) const {
            return alive(d.map.has_value());
        }
        link_state operator()(sockmap_details const& d) const { return alive(d.map.has_value()); }
        link_state operator()(netfilter_details const&) const { return link_state::unknown; }
        // The others cannot be detached while the link exists.
        link_state operator()(raw_tracepoint_details const&) const { return link_state::attached; }
        link_state operator()(tracing_details const&) const { return link_state::attached; }
        link_state operator()(iter_details const&) const { return link_state::attached; }
        link_state operator()(perf_event_details const&) const { return link_state::attached; }
        link_state operator()(kprobe_multi_details const&) const { return link_state::attached; }
        link_state operator()(uprobe_multi_details const&) const { return link_state::attached; }
        link_state operator()(tracing_multi_details const&) const { return link_state::attached; }
        link_state operator()(unknown_details const&) const {
            auto const* const traits = find_traits(type);
            return traits && !traits->detachable ? link_state::attached : link_state::unknown;
        }
    };
    return std::visit(visitor{info.type}, info.details);
}

} // namespace bpflink
