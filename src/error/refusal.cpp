// SPDX-License-Identifier: Apache-2.0
#include "error/refusal.hpp"

#include <algorithm>
#include <vector>

namespace bpflink {
namespace {

using detail::refusal;

/// A row, with what its look found.
struct possible {
    refusal const* row;
    std::string what;
};

std::string cause_of(possible const& one) {
    std::string text{one.row->cause};
    if (auto const hole = text.find("{}"); hole != std::string::npos)
        text.replace(hole, 2, one.what);
    return text;
}

std::string advice_of(possible const& one) {
    auto text = cause_of(one);
    if (!one.row->remedy.empty()) (text += ": ") += one.row->remedy;
    return text;
}

std::string advice_of(std::span<possible const> left) {
    if (left.size() == 1) return advice_of(left.front());
    std::string text = "one of: ";
    for (auto const& each : left) {
        if (&each != &left.front()) text += "; or ";
        text += advice_of(each);
    }
    return text;
}

std::vector<possible> causes_of(int number, detail::attempt const& tried,
                                std::initializer_list<refusals> all) {
    std::vector<possible> left;
    for (refusals const rows : all)
        for (refusal const& row : rows) {
            if (row.number != number) continue;
            auto found = row.look ? row.look(tried) : detail::finding{};
            if (found.is == match::no) continue;
            if (found.is == match::yes) return {{&row, std::move(found.what)}};
            left.push_back({&row, std::move(found.what)});
        }
    return left;
}

} // namespace

tl::unexpected<error> refuse(int outcome, operation what, std::string subject,
                             detail::attempt const& tried, std::initializer_list<refusals> all) {
    auto const left = causes_of(-outcome, tried, all);
    if (left.empty()) return fail(outcome, what, std::move(subject));
    auto const condition = left.front().row->condition;
    bool const agreed = std::ranges::all_of(
        left, [&](possible const& each) { return each.row->condition == condition; });
    return fail(outcome, what, agreed ? condition : errc{}, std::move(subject), advice_of(left));
}

tl::unexpected<error> refuse_by(detail::refusal const& row, detail::finding found, operation what,
                                std::string subject) {
    return fail(-row.number, what, row.condition, std::move(subject),
                advice_of({&row, std::move(found.what)}));
}

} // namespace bpflink
