// SPDX-License-Identifier: Apache-2.0
#include "manual/man_page.hpp"

#include <bpflink/version.hpp>

#include <string_view>

#include <fmt/format.h>

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

std::string option_text(option_description const& option) {
    auto head = escaped(fmt::format("{}", fmt::join(option.names, ", ")));
    if (!head.empty()) head = "\\fB" + head + "\\fR";
    if (!option.value.empty())
        head += fmt::format("{}\\fI{}\\fR", head.empty() ? "" : " ", escaped(option.value));
    return fmt::format(".TP\n{}\n{}\n", head, escaped(option.text));
}

/// Lines that stay as they are.
std::string as_it_is(std::string_view text) {
    return fmt::format(".PP\n.nf\n{}\n.fi\n", escaped(text));
}

/// @param before  the command that it is a subcommand of, and a space
std::string command_text(command_description const& command, std::string const& before = {}) {
    auto const name = before + command.name;
    auto text = fmt::format(".SS \"{} \\- {}\"\n", name, escaped(command.summary));
    for (auto const& positional : command.positionals)
        text += option_text(positional);
    for (auto const& option : command.options)
        text += option_text(option);
    text += as_it_is(command.footer);
    for (auto const& each : command.subcommands)
        text += command_text(each, name + " ");
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
    text += ".SH COMMANDS\n";
    for (auto const& command : whole.subcommands)
        text += command_text(command);
    return text + ".SH NOTES\n" + as_it_is(whole.footer) +
           ".SH ENVIRONMENT\n"
           ".TP\n.B NO_COLOR\nIf it is not empty, output has no colours.\n"
           ".TP\n.B COLUMNS\nThe width of a table if output is not a terminal.\n"
           ".TP\n.BR BPFLINK_PAGER \", \" PAGER\n"
           "The program that shows a listing longer than the terminal; less(1), if neither is set. "
           "Empty: nothing.\n"
           ".SH SEE ALSO\n.BR bpftool (8),\n.BR bpftool\\-link (8)\n";
}

} // namespace tool
