// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

// The words of a command. CLI11 reads them, and its header takes the compiler long: few files
// include it.

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace tool {

/// A mistake in the command line, found before anything is done. It says what would do.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
    std::string command; ///< "attach xdp": its --help says more; empty: that of bpflink
};

/// An option of a command, or a positional: a handle.
class parameter {
public:
    explicit parameter(CLI::Option& of) noexcept : of_{&of} {}

    /// "PROGRAM": stands for the value in --help. A positional has none beside its name.
    parameter& shown_as(std::string const& value);
    /// It has to be there.
    parameter& required();
    /// It means nothing without the other one.
    parameter& needs(parameter const& other);
    /// One of both at most.
    parameter& excludes(parameter const& other);

private:
    CLI::Option* of_;
};

using take_word = std::function<void(std::string const& word)>;
using take_words = std::function<void(std::vector<std::string> const& words)>;

/// The options and positionals of a command: a handle. A name with dashes is an option's.
/// Words are stored into objects that live as long as the command. `take` throws usage_error where
/// a word means nothing; the message gets the parameter's name in front.
class parameters {
public:
    explicit parameters(CLI::App& of) noexcept : of_{&of} {}

    /// One word, which is not empty.
    parameter word(std::string const& name, take_word take, std::string const& text) const;
    parameter word(std::string const& name, std::string& into, std::string const& text) const;
    /// Words with commas between them, not one of them empty; the option may be repeated.
    parameter list(std::string const& name, take_words take, std::string const& text) const;
    parameter flag(std::string const& name, std::function<void()> take,
                   std::string const& text) const;
    parameter flag(std::string const& name, bool& into, std::string const& text) const;

    /// The rest of --help.
    void footer(std::string const& text) const;
    /// Runs when all words are read: for what they say together.
    void check(std::function<void()> all) const;

    /// A command of this command.
    [[nodiscard]] parameters subcommand(std::string const& name, std::string const& summary,
                                        std::string const& group) const;
    /// Which of them was given.
    [[nodiscard]] std::string chosen_subcommand() const;
    /// Of which this is a subcommand.
    [[nodiscard]] parameters parent() const;

    /// The text that --help prints.
    /// @param path  the subcommand's name, behind those that lead to it
    [[nodiscard]] std::string help(std::vector<std::string> const& path = {}) const;

    /// For the files that include CLI11.
    [[nodiscard]] CLI::App& app() const noexcept { return *of_; }

private:
    CLI::App* of_;
};

} // namespace tool
