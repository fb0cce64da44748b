// SPDX-License-Identifier: Apache-2.0
#include "parameters.hpp"

#include <ranges>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

/// "--columns" of "-o,--columns".
std::string shown(std::string const& name) {
    return name.substr(name.rfind(',') + 1);
}

/// Of a variable that a shell did not set, most often.
void refuse_empty(std::string const& word) {
    if (word.empty()) throw usage_error{"an empty word is not a value"};
}

/// The words of a list, of which each occurrence of its option has some.
std::vector<std::string> separated(std::vector<std::string> const& given) {
    std::vector<std::string> words;
    for (auto const& some : given) {
        refuse_empty(some);
        for (auto const each : std::views::split(some, ','))
            refuse_empty(words.emplace_back(each.begin(), each.end()));
    }
    return words;
}

/// Says which parameter a mistake is in.
void name_mistakes(std::string const& name, auto const& read) {
    try {
        read();
    } catch (usage_error const& e) {
        throw usage_error{fmt::format("{}: {}", name, e.what())};
    }
}

} // namespace

parameter& parameter::shown_as(std::string const& value) {
    of_->type_name(value);
    return *this;
}

parameter& parameter::required() {
    of_->required();
    return *this;
}

parameter& parameter::needs(parameter const& other) {
    of_->needs(other.of_);
    return *this;
}

parameter& parameter::excludes(parameter const& other) {
    of_->excludes(other.of_);
    return *this;
}

parameter parameters::word(std::string const& name, take_word take, std::string const& text) const {
    auto const read = [name = shown(name), take = std::move(take)](std::string const& word) {
        name_mistakes(name, [&] {
            refuse_empty(word);
            take(word);
        });
    };
    auto* const made = of_->add_option_function<std::string>(name, read, text);
    if (!name.starts_with('-')) made->type_name(""); // the name says it
    return parameter{*made};
}

parameter parameters::word(std::string const& name, std::string& into,
                           std::string const& text) const {
    return word(name, [&into](std::string const& given) { into = given; }, text);
}

parameter parameters::list(std::string const& name, take_words take,
                           std::string const& text) const {
    auto const read = [name = shown(name),
                       take = std::move(take)](std::vector<std::string> const& given) {
        name_mistakes(name, [&] { take(separated(given)); });
    };
    // Not by its delimiter(), which passes over what is empty.
    return parameter{*of_->add_option_function<std::vector<std::string>>(name, read, text)
                          ->allow_extra_args(false)};
}

parameter parameters::flag(std::string const& name, std::function<void()> take,
                           std::string const& text) const {
    return parameter{*of_->add_flag_callback(name, std::move(take), text)->disable_flag_override()};
}

parameter parameters::flag(std::string const& name, bool& into, std::string const& text) const {
    return flag(name, [&into] { into = true; }, text);
}

void parameters::footer(std::string const& text) const {
    of_->footer(text);
}

void parameters::check(std::function<void()> all) const {
    of_->callback(std::move(all));
}

parameters parameters::subcommand(std::string const& name, std::string const& summary,
                                  std::string const& group) const {
    return parameters{*of_->add_subcommand(name, summary)->group(group)};
}

std::string parameters::chosen_subcommand() const {
    auto const& chosen = of_->get_subcommands();
    return chosen.empty() ? std::string{} : chosen.front()->get_name();
}

parameters parameters::parent() const {
    return parameters{*of_->get_parent()};
}

std::string parameters::help(std::vector<std::string> const& path) const {
    // Not its help(): that is of the subcommand where one was given.
    auto name = of_->get_name();
    auto const* command = of_;
    for (auto const& each : path) {
        command = command->get_subcommand(each);
        name += " " + each;
    }
    return of_->get_formatter()->make_help(command, name, CLI::AppFormatMode::Normal);
}

} // namespace tool
