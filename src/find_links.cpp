// SPDX-License-Identifier: Apache-2.0
#include "fail.hpp"

#include <bpflink/find_links.hpp>

#include <cerrno>
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
    if (records)
        std::erase_if(*records, [&](link_record const& each) { return !matches(each, by); });
    return records;
}

} // namespace bpflink
