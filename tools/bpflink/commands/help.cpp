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
#include <vector>

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
    std::vector<std::string> path; // a command, and perhaps a hook
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
        print_long(whole.help(given.path));
    return 0;
}

/// The next word of the path.
void add_word(options& given, std::string const& word, command_description const& whole) {
    auto const named = [](std::string const& name) {
        return [&name](command_description const& each) { return each.name == name; };
    };
    auto const* command = &whole;
    for (auto const& each : given.path)
        command = &*std::ranges::find_if(command->subcommands, named(each));
    if (std::ranges::none_of(command->subcommands, named(word)))
        throw usage_error{command == &whole ? no_such_command(word, whole)
                                            : no_such_option(word, *command)};
    given.path.push_back(word);
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    auto const whole = takes.parent();
    auto const take = [given, whole](std::string const& word) {
        add_word(*given, word, describe(whole.app()));
    };
    takes.word("COMMAND", take, "Describe this command; without it, bpflink");
    takes.word("HOOK", take, "Describe how to attach to this hook; behind attach");
    takes
        .word(
            "--print", [given](std::string const& word) { given->as = &form_named(word); },
            "Print all as a man page or a completion: man, bash, zsh or fish")
        .shown_as("FORM");
    takes.footer("Examples:\n"
                 "  bpflink help list\n"
                 "  bpflink help attach xdp\n"
                 "  bpflink help --print man | man -l -");
    return [given, whole] { return run(*given, whole); };
}

} // namespace

constinit command const help_command{"help", "Say more about a command", group::more, add};

} // namespace tool
