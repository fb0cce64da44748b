// SPDX-License-Identifier: Apache-2.0
#include "error/refusal.hpp"
#include "hook/row.hpp"

#include <bpflink/known_refusals.hpp>

#include <optional>
#include <vector>

namespace bpflink {

std::vector<known_refusal> detail::known_refusals(hook_row const& row) {
    std::vector<known_refusal> all;
    auto const add = [&](refused_step step, refusals rows) {
        for (refusal const& each : rows)
            all.push_back({step, each.number,
                           each.condition == errc{} ? std::nullopt : std::optional{each.condition},
                           each.cause, each.remedy, each.source});
    };
    add(refused_step::request, row.mistakes);
    add(refused_step::attach, row.opening);
    add(refused_step::attach, row.causes);
    add(refused_step::update, row.update_causes);
    add(refused_step::query, row.query_causes);
    add(refused_step::attach, program_causes(row));
    add(refused_step::attach, usual_causes());
    add(refused_step::update, command_causes());
    return all;
}

} // namespace bpflink
