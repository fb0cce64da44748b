// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include "program_text.hpp"

#include <utility>

namespace tool {
json processes_of(bpflink::link_holders const& holders) {
    auto all = json::array();
    for (auto const& each : holders.processes)
        all.push_back(
            {{"pid", each.process}, {"comm", each.command}, {"descriptors", each.descriptors}});
    return all;
}

json json_of(record const& link) {
    auto const& info = link.info;
    json object{{"id", info.id.value()},
                {"type", name_or_number(info.type)},
                {"prog_id", info.program.value()}};
    if (link.program) object["prog_name"] = link.program->name;
    for (auto& [key, value, text] : facts_of(link))
        object[std::string{key}] = std::move(value);
    object["state"] = to_string(link.state);
    if (link.pinned) object["pinned"] = *link.pinned;
    if (link.holders) object["pids"] = processes_of(*link.holders);
    return object;
}

json json_of(bpflink::program_info const& program) {
    json object{
        {"id", program.id.value()}, {"type", name_or_number(program.type)}, {"name", program.name},
        {"tag", tag_of(program)},   {"loaded_at", loaded_at(program)},      {"uid", program.uid}};
    auto& maps = object["map_ids"] = json::array();
    for (auto const map : program.maps)
        maps.push_back(map.value());
    if (program.run_time) object["run_time_ns"] = program.run_time->count();
    if (program.run_count) object["run_cnt"] = *program.run_count;
    if (program.recursion_misses) object["recursion_misses"] = *program.recursion_misses;
    return object;
}

std::string to_text(json const& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_lines(std::vector<json> const& all) {
    std::string text = "[";
    for (auto const& each : all) {
        if (text.size() > 1) text += ",\n ";
        text += to_text(each);
    }
    return text + "]\n";
}

} // namespace tool
