// SPDX-License-Identifier: Apache-2.0
#include "error/fail.hpp"
#include "hook/place.hpp"
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
    /// @param record  a missing namespace is filled in
    result<bool> has(link_record& record) {
        if (!own_) own_ = own_netns();
        if (*own_ && record.netns) return **own_ == *record.netns;
        // A list of what is on the hook of an interface of that index here is complete.
        if (auto const is = listed(record); is != match::unknown) {
            if (is == match::yes && *own_) record.netns = **own_;
            return is == match::yes;
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
    /// Unknown where the kernel does not list the links of such a hook, or not to this process.
    static match listed(link_record const& record) {
        auto const* const on = std::get_if<ifindex>(&record.target);
        if (!on || !record.attach) return match::unknown;
        switch (record.type) {
        case link_type::xdp: return is_listed(hook::xdp{.ifindex = *on}, record.id);
        case link_type::tcx:
            return is_listed(hook::tcx{.ifindex = *on, .attach = record.attach}, record.id);
        case link_type::netkit:
            return is_listed(hook::netkit{.ifindex = *on, .attach = record.attach}, record.id);
        default: return match::unknown;
        }
    }

    /// By its descriptor: 0 when the link is gone.
    result<netns_inode> ask(link_id id) {
        auto const opened = link::from_id(id);
        if (opened) return reader_.of(opened->fd());
        if (opened.error() == errc::not_found) return netns_inode{};
        return tl::unexpected{opened.error()};
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
    auto found = find_links(all, by);
    if (found && !all.unseen().empty()) return tl::unexpected{all.unseen().front()};
    return found;
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
