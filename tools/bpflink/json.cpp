// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include "program_text.hpp"

#include <algorithm>
#include <string_view>

namespace tool {
json processes_of(bpflink::link_holders const& holders) {
    auto all = json::array();
    for (auto const& each : holders.processes)
        all.push_back(
            {{"pid", each.process}, {"comm", each.command}, {"descriptors", each.descriptors}});
    return all;
}

json json_of(record const& link) {
    return json::parse(to_text(link));
}

std::string to_text(record const& link) {
    std::string text;
    auto const add = [&](std::string_view before, auto const& value) {
        text += before;
        append_json(text, value);
    };
    add("{\"id\":", link.info.id.value());
    add(",\"type\":", name_or_number(link.info.type));
    add(",\"prog_id\":", link.info.program.value());
    if (link.program) add(",\"prog_name\":", link.program->name);
    append_facts(text, link);
    add(",\"state\":", to_string(link.state));
    if (link.pinned) add(",\"pinned\":", json(*link.pinned));
    if (link.holders) add(",\"pids\":", processes_of(*link.holders));
    return text + '}';
}

void append_json(std::string& to, std::string_view text) {
    auto const is_plain = [](char byte) {
        return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
    };
    if (!std::ranges::all_of(text, is_plain)) {
        to += to_text(json(std::string{text}));
        return;
    }
    to += '"';
    to += text;
    to += '"';
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

} // namespace tool
