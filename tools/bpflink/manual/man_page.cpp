// SPDX-License-Identifier: Apache-2.0
#include "manual/man_page.hpp"

#include "filling.hpp"
#include "manual/remarks.hpp"

#include <bpflink/version.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tool {
namespace {

/// Text that roff prints as it is.
std::string escaped(std::string_view text) {
    std::string safe;
    bool starts_line = true;
    for (char const c : text) {
        if (starts_line && (c == '.' || c == '\'')) safe += "\\&";
        starts_line = c == '\n';
        if (c == '\\')
            safe += "\\e";
        else if (c == '-')
            safe += "\\-";
        else
            safe += c;
    }
    return safe;
}

/// Lines of a paragraph, which are short in the source as well.
std::string lines_of(std::string_view text) {
    constexpr std::size_t width = 72;
    return escaped(filled(text, 0, width));
}

/// "Required. It does not go with --json."
std::string rules_of(option_description const& option) {
    std::string text;
    if (option.is_required) text += " Required.";
    if (!option.needs.empty())
        text += fmt::format(" It means nothing without {}.", fmt::join(option.needs, ", "));
    if (!option.excludes.empty())
        text += fmt::format(" It does not go with {}.", fmt::join(option.excludes, ", "));
    return text;
}

std::string item(std::string const& head, std::string_view text) {
    return fmt::format(".TP\n{}\n{}\n", head, lines_of(text));
}

std::string option_text(option_description const& option) {
    auto head = escaped(fmt::format("{}", fmt::join(option.names, ", ")));
    if (!head.empty()) head = "\\fB" + head + "\\fR";
    if (!option.value.empty())
        head += fmt::format("{}\\fI{}\\fR{}", head.empty() ? "" : " ", escaped(option.value),
                            option.is_list ? ",..." : "");
    auto const rules = rules_of(option);
    return item(head, rules.empty() ? option.text : option.text + "." + rules);
}

std::string part_text(text_part const& part) {
    return part.is_kept ? ".nf\n" + escaped(part.text) + "\n.fi\n" : lines_of(part.text) + "\n";
}

/// @param is_first  whether it follows a heading
std::string footer_text(std::string_view text, bool is_first) {
    std::string roff;
    for (auto const& part : parts_of(text))
        roff += (part.is_apart || (roff.empty() && !is_first) ? ".PP\n" : "") + part_text(part);
    return roff;
}

/// Of all commands, which the page tells once.
bool is_help(option_description const& option) {
    return std::ranges::find(option.names, "--help") != option.names.end();
}

/// @param before  the command that it is a subcommand of, and a space
std::string command_text(command_description const& command, std::string const& before = {}) {
    auto const name = before + command.name;
    auto const heading = fmt::format(".SS \"{} \\- {}\"\n", name, escaped(command.summary));
    auto text = heading;
    for (auto const& positional : command.positionals)
        text += option_text(positional);
    for (auto const& option : command.options)
        if (!is_help(option)) text += option_text(option);
    text += footer_text(command.footer, text == heading);
    for (auto const& each : command.subcommands)
        text += command_text(each, name + " ");
    return text;
}

std::string exit_status_text() {
    std::string text{".SH EXIT STATUS\n"};
    for (auto const& each : exit_statuses)
        text += item(fmt::format(".B {}", each.status), each.when);
    return text;
}

std::string dependences_text(std::string_view heading, std::span<dependence const> all) {
    auto text = fmt::format(".SH {}\n", heading);
    for (auto const& each : all)
        text += item(fmt::format("\\fB{}\\fR", escaped(each.name)), each.text);
    return text;
}

} // namespace

std::string man_page(command_description const& whole) {
    auto const version = bpflink::version();
    auto text = fmt::format(".TH BPFLINK 8 \"\" \"bpflink {}.{}.{}\" \"System Administration\"\n"
                            ".SH NAME\nbpflink \\- shows and handles BPF links\n"
                            ".SH SYNOPSIS\n.B bpflink\n.I COMMAND\n[\\fIOPTION\\fR...]\n"
                            ".SH DESCRIPTION\n{}\n"
                            ".SH OPTIONS\n",
                            version.major, version.minor, version.patch, escaped(whole.summary));
    for (auto const& option : whole.options)
        text += option_text(option);
    text += ".SH COMMANDS\nEach has \\fB\\-h\\fR and \\fB\\-\\-help\\fR as well.\n";
    for (auto const& command : whole.subcommands)
        text += command_text(command);
    return text + exit_status_text() + dependences_text("ENVIRONMENT", environment) +
           dependences_text("FILES", files) + ".SH EXAMPLES\n" + part_text({examples, true, true}) +
           ".SH NOTES\n" + part_text({remarks, false, true}) +
           ".SH SEE ALSO\n.BR bpftool (8),\n.BR bpftool\\-link (8),\n.BR ip\\-netns (8)\n";
}

} // namespace tool
