// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/set_step.hpp"

#include <utility>

namespace bpflink {

std::string in_quotes(std::string_view name) {
    return "\"" + std::string{name} + "\"";
}

std::string name_of(link_id id) {
    return "link " + std::to_string(id.value());
}

error of_member(error why, std::string_view name) {
    why.add_advice("that is member " + in_quotes(name) + " of the set");
    return why;
}

set_step step_of(std::string name, step_kind what, sight const& from) {
    std::string why;
    switch (what) {
    case step_kind::keep:
        if (from.is_unpinned) why = name_of(from.id) + " has lost its pin, and is pinned again";
        break;
    case step_kind::update:
        why = name_of(from.id);
        if (from.what == sight::other)
            why += " is on another hook that would do";
        else if (from.runs != program_id{})
            why += " runs program " + std::to_string(from.runs.value());
        else
            why += " has map " + std::to_string(from.object);
        break;
    case step_kind::recreate: why = name_of(from.id) + " has lost its place"; break;
    default: break;
    }
    return {std::move(name), what, std::move(why)};
}

void say(std::string& text, std::string_view more) {
    if (!more.empty()) text.append(text.empty() ? "" : "; ").append(more);
}

step_kind step_for(ensured how) noexcept {
    switch (how) {
    case ensured::kept: return step_kind::keep;
    case ensured::updated: return step_kind::update;
    case ensured::created: return step_kind::create;
    case ensured::recreated: break;
    }
    return step_kind::recreate;
}

} // namespace bpflink
