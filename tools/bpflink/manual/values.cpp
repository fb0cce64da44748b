// SPDX-License-Identifier: Apache-2.0
#include "manual/values.hpp"

#include "columns.hpp"
#include "commands.hpp"

#include <bpflink/link_traits.hpp>

#include <span>

namespace tool {
namespace {

std::string joined(auto const& all, auto name_of) {
    std::string words;
    for (auto const& each : all) {
        if (!words.empty()) words += ' ';
        words += name_of(each);
    }
    return words;
}

} // namespace

value_words words_for(std::string_view value) {
    if (value == "ID|PATH") return {"", "bpflink list -q 2>/dev/null", true};
    if (value == "PROGRAM")
        return {"", "bpflink list --no-headings -o PROGRAM 2>/dev/null | cut -d \" \" -f 1", true};
    if (value == "PATH" || value == "DIR" || value == "FILE") return {"", "", true};
    if (value == "IF") return {"", "ls /sys/class/net", false};
    if (value == "TARGET") return {"", "ls /sys/class/net", true};
    if (value == "NETNS") return {"", "ls /run/netns 2>/dev/null", true};
    if (value == "STATE") return {"attached defunct unknown", "", false};
    if (value == "COLUMN" || value == "[+]COLUMN,...")
        return {joined(all_columns(), [](column const& each) { return each.name; }), "", false};
    if (value == "TYPE")
        return {joined(std::span{bpflink::link_traits_table}.subspan(1), // but unspec
                       [](bpflink::link_traits const& each) { return each.name; }),
                "", false};
    if (value == "COMMAND")
        return {joined(all_commands(), [](command const* each) { return each->name; }), "", false};
    return {};
}

} // namespace tool
