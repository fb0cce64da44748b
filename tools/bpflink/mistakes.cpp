// SPDX-License-Identifier: Apache-2.0
#include "mistakes.hpp"

#include "manual/description.hpp"
#include "suggest.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

/// The command, or the command of a command, that the words name last.
CLI::App const& last_named(CLI::App const& app) {
    auto const& chosen = app.get_subcommands();
    return chosen.empty() ? app : last_named(*chosen.front());
}

/// "--program PROGRAM", where CLI11 says no more than "--program".
std::string with_value(std::string const& name, CLI::App const& app) {
    auto const* const option = app.get_option_no_throw(name);
    auto const value = option ? option->get_type_name() : std::string{};
    return value.empty() ? name : name + " " + value;
}

/// The texts before and behind the word.
std::pair<std::string, std::string> around(std::string_view word, std::string const& text) {
    auto const at = text.find(word);
    if (at == std::string::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + word.size())};
}

/// A mistake that CLI11 found. It tells the kind by the type, and the names in its text alone.
std::string text_of(CLI::ParseError const& e, CLI::App const& app) {
    std::string const text = e.what();
    if (dynamic_cast<CLI::RequiredError const*>(&e)) {
        auto const& missing = text == "A subcommand is required"
                                  ? std::string{"COMMAND"}
                                  : with_value(around(" is required", text).first, app);
        return fmt::format("{} is missing", missing);
    }
    if (dynamic_cast<CLI::ExcludesError const*>(&e)) {
        auto const [one, other] = around(" excludes ", text);
        return fmt::format("{} and {} do not go together: give one of them", one, other);
    }
    if (dynamic_cast<CLI::RequiresError const*>(&e)) {
        auto const [one, other] = around(" requires ", text);
        return fmt::format("{} means nothing alone: give {} too", one, with_value(other, app));
    }
    if (dynamic_cast<CLI::ArgumentMismatch const*>(&e)) {
        if (text.ends_with("disallowed flag override"))
            return fmt::format("--{} takes no value: leave out the = and what follows",
                               around(" was given", text).first);
        auto const name = around(":", text).first;
        if (text.ends_with("missing"))
            return fmt::format("the value is missing: give {}", with_value(name, app));
        return fmt::format("{} was given more than once: give it once", name);
    }
    return text;
}

/// A word that nothing takes, and the command that is left with it.
struct extra {
    std::string word;
    CLI::App const* command;
};

std::optional<extra> extra_in(CLI::App const& app) {
    for (auto const& word : app.remaining())
        if (word != "--") return extra{word, &app};
    auto const& chosen = app.get_subcommands();
    return chosen.empty() ? std::nullopt : extra_in(*chosen.front());
}

std::string text_of(extra const& one) {
    auto const command = describe(*one.command);
    return one.command->get_parent() ? no_such_option(one.word, command)
                                     : no_such_command(one.word, command);
}

} // namespace

std::string command_in(CLI::App const& whole) {
    std::string names;
    for (auto const* app = &whole; !app->get_subcommands().empty();) {
        app = app->get_subcommands().front();
        names += (names.empty() ? "" : " ") + app->get_name();
    }
    return names;
}

std::string mistake_in(CLI::App const& whole, CLI::ParseError const& refusal) {
    if (auto const unknown = extra_in(whole)) return text_of(*unknown);
    return text_of(refusal, last_named(whole));
}

} // namespace tool
