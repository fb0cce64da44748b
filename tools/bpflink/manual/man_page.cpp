// SPDX-License-Identifier: Apache-2.0
#include "manual/man_page.hpp"

#include <bpflink/version.hpp>

#include <ranges>
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
        head += fmt::format("{}\\fI{}\\fR{}", head.empty() ? "" : " ", escaped(option.value),
                            option.is_list ? ",..." : "");
    return fmt::format(".TP\n{}\n{}\n", head, escaped(option.text));
}

/// Paragraphs are filled. Lines that start with a blank stay as they are.
std::string footer_text(std::string_view text) {
    std::string roff{".PP\n"};
    bool is_kept = false;
    for (auto const part : std::views::split(text, '\n')) {
        std::string_view const line{part.begin(), part.end()};
        bool const keeps = line.starts_with(' ');
        if (keeps != is_kept) roff += keeps ? ".nf\n" : ".fi\n";
        is_kept = keeps;
        roff += line.empty() ? ".PP\n" : escaped(line) + "\n";
    }
    return is_kept ? roff + ".fi\n" : roff;
}

/// @param before  the command that it is a subcommand of, and a space
std::string command_text(command_description const& command, std::string const& before = {}) {
    auto const name = before + command.name;
    auto text = fmt::format(".SS \"{} \\- {}\"\n", name, escaped(command.summary));
    for (auto const& positional : command.positionals)
        text += option_text(positional);
    for (auto const& option : command.options)
        text += option_text(option);
    text += footer_text(command.footer);
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
    return text + ".SH NOTES\n" + footer_text(whole.footer) +
           ".SH ENVIRONMENT\n"
           ".TP\n.B NO_COLOR\nIf it is not empty, output has no colours.\n"
           ".TP\n.B COLUMNS\nThe width of output that is not a terminal's.\n"
           ".TP\n.BR BPFLINK_PAGER \", \" PAGER\n"
           "The program that shows a listing longer than the terminal; less(1), if neither is set. "
           "If it is empty, nothing is paged.\n"
           ".SH SEE ALSO\n.BR bpftool (8),\n.BR bpftool\\-link (8)\n";
}

} // namespace tool
