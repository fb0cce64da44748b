// SPDX-License-Identifier: Apache-2.0
#include "error/fail.hpp"
#include "info/netns_of.hpp"

#include <bpflink/find_links.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/link.hpp>
#include <bpflink/query.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace bpflink {
namespace {

struct criterion_visitor {
    link_record const& record;

    bool operator()(link_type type) const noexcept { return record.type == type; }
    bool operator()(program_id program) const noexcept { return record.program == program; }
    template <class Target>
    bool operator()(Target target) const noexcept {
        auto const* const own = std::get_if<Target>(&record.target);
        return own && *own == target;
    }
};

struct names_nothing {
    bool operator()(link_type) const noexcept { return false; }
    template <class Number>
    bool operator()(Number number) const noexcept {
        return number.value() == 0;
    }
};

/// Tells apart the links on interfaces of this thread's network namespace and those on interfaces
/// of another that have the same index.
class this_namespace {
public:
    /// Whether a link with an interface is here, proven; false where nothing tells.
    /// @param record  what it lacks of its namespace is filled in
    result<bool> has(link_record& record) {
        if (!own_) own_ = own_netns();
        if (*own_ && record.netns) return **own_ == *record.netns;
        // A list of what is on the hook of an interface of that index here is complete.
        if (auto const listed = is_listed(record)) {
            if (*listed && *own_) record.netns = **own_;
            return *listed;
        }
        if (!record.netns) {
            auto told = ask(record.id);
            if (!told && tells_nothing(told.error())) return false;
            if (!told) return tl::unexpected{std::move(told).error()};
            record.netns = *told;
        }
        if (!*own_) return tl::unexpected{own_->error()};
        return **own_ == *record.netns;
    }

private:
    /// Empty where the kernel does not list the links of such a hook, or not to this process.
    static std::optional<bool> is_listed(link_record const& record) {
        auto const* const on = std::get_if<ifindex>(&record.target);
        if (!on || !record.attach) return std::nullopt;
        if (record.type == link_type::xdp) {
            // It tells no links; but a link would be seen by its program.
            auto const there = query(hook::xdp{.ifindex = *on});
            bool const has_none = there ? there->entries.empty() : there.error() == errc::not_found;
            return has_none ? std::optional{false} : std::nullopt;
        }
        auto const on_hook = [&]() -> std::optional<result<hook_query>> {
            if (record.type == link_type::tcx)
                return query(hook::tcx{.ifindex = *on, .attach = record.attach});
            if (record.type == link_type::netkit)
                return query(hook::netkit{.ifindex = *on, .attach = record.attach});
            return std::nullopt;
        }();
        if (!on_hook) return std::nullopt;
        if (!*on_hook) {
            if (on_hook->error() == errc::not_found) return false; // no such interface here
            return std::nullopt;
        }
        return std::ranges::find((*on_hook)->entries, std::optional{record.id},
                                 &hook_query::entry::link) != (*on_hook)->entries.end();
    }

    /// By its descriptor: 0 when the link is gone.
    result<netns_inode> ask(link_id id) {
        auto const opened = link::from_id(id);
        if (opened) return reader_.of(opened->fd());
        if (opened.error() == errc::not_found) return netns_inode{};
        return tl::unexpected{opened.error()};
    }

    /// As opposed to what may be told a moment later.
    static bool tells_nothing(error const& why) {
        return why == errc::not_supported || why == errc::permission_denied;
    }

    netns_reader reader_;
    std::optional<result<netns_inode>> own_;
};

} // namespace

bool matches(link_record const& record, link_criterion const& by) noexcept {
    return std::visit(criterion_visitor{record}, by);
}

result<std::vector<link_record>> find_links(link_criterion const& by) {
    snapshotter all;
    return find_links(all, by);
}

result<std::vector<link_record>> find_links(snapshotter& among, link_criterion const& by) {
    if (std::visit(names_nothing{}, by))
        return fail(-EINVAL, operation::link_get_info, errc::invalid_argument, "links to be found",
                    "0 names nothing");
    auto records = among.take();
    if (!records) return records;
    std::erase_if(*records, [&](link_record const& each) { return !matches(each, by); });
    if (!std::holds_alternative<ifindex>(by)) return records;
    this_namespace here;
    std::vector<link_record> found;
    for (auto& each : *records) {
        auto const is_here = here.has(each);
        if (!is_here) return tl::unexpected{is_here.error()};
        if (*is_here) found.push_back(each);
    }
    return found;
}

} // namespace bpflink
