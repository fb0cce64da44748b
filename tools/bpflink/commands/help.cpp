// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "groups.hpp"
#include "manual/completions.hpp"
#include "manual/man_page.hpp"
#include "pager.hpp"
#include "suggest.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tool {
namespace {

struct form {
    char const* name;
    std::string (*print)(command_description const& whole);
};
constexpr form forms[]{{"man", man_page},
                       {"bash", bash_completion},
                       {"zsh", zsh_completion},
                       {"fish", fish_completion}};

struct options {
    std::string command;
    form const* as = nullptr;
};

form const& form_named(std::string const& word) {
    for (auto const& each : forms)
        if (word == each.name) return each;
    throw usage_error{"'" + word + "' is not a form: give man, bash, zsh or fish"};
}

int run(options const& given, parameters const& whole) {
    if (given.as)
        print_long(given.as->print(describe(whole.app())));
    else
        print_long(given.command.empty() ? whole.help() : whole.help_of(given.command));
    return 0;
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    auto const whole = takes.parent();
    takes.word(
        "COMMAND",
        [given, whole](std::string const& word) {
            if (!is_command(word)) throw usage_error{no_such_command(word, describe(whole.app()))};
            given->command = word;
        },
        "Describe this command; without it, bpflink");
    takes
        .word(
            "--print", [given](std::string const& word) { given->as = &form_named(word); },
            "Print all as a man page or a completion: man, bash, zsh or fish")
        .shown_as("FORM");
    takes.footer("Examples:\n"
                 "  bpflink help list\n"
                 "  bpflink help --print man | man -l -");
    return [given, whole] { return run(*given, whole); };
}

} // namespace

constinit command const help_command{"help", "Say more about a command", group::more, add};

} // namespace tool
