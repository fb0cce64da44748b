// SPDX-License-Identifier: Apache-2.0
#include "manual/values.hpp"

#include "columns.hpp"
#include "commands.hpp"
#include "errno_names.hpp"

#include <bpflink/hook/all.hpp>
#include <bpflink/link_traits.hpp>

#include <algorithm>
#include <array>
#include <functional>
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

template <class... Hooks>
std::string hook_names(bpflink::type_list<Hooks...> /*all*/) {
    return joined(std::array{bpflink::hook_traits<Hooks>::name...},
                  [](std::string_view name) { return name; });
}

/// "ingress|egress": words as they are, and not what they stand for.
bool is_choice(std::string_view value) {
    return value.find('|') != std::string_view::npos && std::ranges::all_of(value, [](char each) {
               return each == '|' || each == '_' || (each >= 'a' && each <= 'z') ||
                      (each >= '0' && each <= '9');
           });
}

} // namespace

value_words words_for(std::string_view value) {
    if (value == "ID|PATH")
        return {"", "bpflink list --no-headings -o ID,TYPE,NAME,TARGET 2>/dev/null", true};
    if (value == "PROGRAM")
        return {"", "bpflink list --no-headings -o PROGRAM 2>/dev/null | sort -u", true};
    if (value == "PATH" || value == "DIR" || value == "FILE") return {"", "", true};
    if (value == "IF") return {"", "ls /sys/class/net", false};
    if (value == "TARGET") return {"", "ls /sys/class/net", true};
    if (value == "NETNS") return {"", "ls /run/netns 2>/dev/null", true};
    if (value == "STATE") return {"attached defunct unknown", "", false};
    if (value == "COLUMN" || value == "[+]COLUMN")
        return {joined(all_columns(), [](column const& each) { return each.name; }), "", false};
    if (value == "TYPE")
        return {joined(std::span{bpflink::link_traits_table}.subspan(1), // but unspec
                       [](bpflink::link_traits const& each) { return each.name; }),
                "", false};
    if (value == "COMMAND")
        return {joined(all_commands(), [](command const* each) { return each->name; }), "", false};
    if (value == "ERRNO") return {joined(errno_names(), std::identity{}), "", false};
    if (value == "HOOK") return {hook_names(bpflink::all_hooks{}), "", false};
    if (value == "FORM") return {"man bash zsh fish", "", false};
    if (value == "MAP" || value == "BINARY" || value == "CGROUP" || value == "DEBUG_DIRECTORIES" ||
        value.starts_with("FILE|"))
        return {"", "", true};
    if (is_choice(value)) {
        std::string words{value};
        std::ranges::replace(words, '|', ' ');
        return {words, "", false};
    }
    return {};
}

} // namespace tool
