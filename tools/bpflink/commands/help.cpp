// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "groups.hpp"
#include "manual/completions.hpp"
#include "manual/man_page.hpp"
#include "pager.hpp"
#include "suggest.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace tool {
namespace {

struct form {
    char const* name;
    std::string (*print)(CLI::App const& app);
};
constexpr form forms[]{{"man", man_page},
                       {"bash", bash_completion},
                       {"zsh", zsh_completion},
                       {"fish", fish_completion}};

struct options {
    std::string command;
    form const* as = nullptr;
};

std::string_view name_of(command const* each) {
    return each->name;
}

form const& form_named(std::string const& word) {
    for (auto const& each : forms)
        if (word == each.name) return each;
    throw CLI::ValidationError{"'" + word + "' is not a form: give man, bash, zsh or fish"};
}

int run(options const& given, CLI::App const& whole) {
    if (given.as)
        print_long(given.as->print(whole));
    else if (given.command.empty())
        print_long(
            whole.get_formatter()->make_help(&whole, whole.get_name(), CLI::AppFormatMode::Normal));
    else
        print_long(whole.get_subcommand(given.command)->help(whole.get_name()));
    return 0;
}

action add(CLI::App& app) {
    auto const given = std::make_shared<options>();
    auto const* const whole = app.get_parent();
    app.add_option_function<std::string>(
           "COMMAND",
           [given, whole](std::string const& word) {
               if (std::ranges::find(all_commands(), word, name_of) == all_commands().end())
                   throw CLI::ValidationError{no_such_command(word, *whole)};
               given->command = word;
           },
           "Of which to say all; without it, of bpflink")
        ->type_name("");
    app.add_option_function<std::string>(
           "--print", [given](std::string const& word) { given->as = &form_named(word); },
           "As a man page or a completion: man, bash, zsh or fish")
        ->type_name("FORM");
    app.footer("Examples:\n"
               "  bpflink help list\n"
               "  bpflink help --print man | man -l -");
    return [given, whole] { return run(*given, *whole); };
}

} // namespace

constinit command const help_command{"help", "Say more about a command", group::more, add};

} // namespace tool
