// SPDX-License-Identifier: Apache-2.0
#include "help_text.hpp"

#include "terminal.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <ranges>
#include <string_view>

#include <fmt/format.h>

namespace tool {
namespace {

constexpr std::size_t usual_width = 80;
constexpr std::size_t most_readable = 100;
constexpr std::size_t column = 30; // where texts begin

std::size_t width() {
    auto const given = output_width();
    return given == std::numeric_limits<std::size_t>::max() ? usual_width
                                                            : std::min(given, most_readable);
}

/// Adds words to lines that begin at `indent`, and end before `limit` where a word allows it.
class filler {
public:
    filler(std::size_t indent, std::size_t limit) noexcept : indent_{indent}, limit_{limit} {}

    void add(std::string_view words) {
        for (auto const part : std::views::split(words, ' ')) {
            std::string_view const word{part.begin(), part.end()};
            if (word.empty()) continue;
            if (at_ != 0 && indent_ + at_ + 1 + word.size() > limit_) end_line();
            if (at_ == 0 && !text_.empty()) text_.append(indent_, ' ');
            if (at_ != 0) {
                text_ += ' ';
                ++at_;
            }
            text_ += word;
            at_ += word.size();
        }
    }
    void end_line() {
        text_ += '\n';
        at_ = 0;
    }
    [[nodiscard]] bool in_line() const noexcept { return at_ != 0; }
    /// A line as it is.
    void keep(std::string_view line) {
        if (in_line()) end_line();
        (text_ += line) += '\n';
    }
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

private:
    std::size_t indent_;
    std::size_t limit_;
    std::size_t at_ = 0; // in the line
    std::string text_;
};

std::string row(std::string const& name, std::string const& text) {
    filler lines{column, std::max(width(), column + 20)};
    lines.add(text);
    auto head = "  " + name;
    if (text.empty()) return head + "\n";
    if (head.size() + 2 > column) head += "\n";
    return fmt::format("{}{:{}}{}\n", head, "",
                       head.ends_with('\n') ? column : column - head.size(), lines.text());
}

} // namespace

std::string help_text::make_usage(CLI::App const* app, std::string name) const {
    auto text = CLI::Formatter::make_usage(app, std::move(name));
    for (std::string_view const word : {"[SUBCOMMAND]", "SUBCOMMAND"})
        if (auto const at = text.find(word); at != std::string::npos)
            text.replace(at, word.size(), app->get_parent() ? "HOOK" : "COMMAND");
    return text;
}

std::string help_text::make_option(CLI::Option const* option, bool is_positional) const {
    return row(make_option_name(option, is_positional) + make_option_opts(option),
               make_option_desc(option));
}

std::string help_text::make_subcommand(CLI::App const* command) const {
    return row(command->get_name(), command->get_description());
}

/// Paragraphs are filled. Lines that start with a blank stay as they are.
std::string help_text::make_footer(CLI::App const* app) const {
    auto const footer = app->get_footer();
    if (footer.empty()) return {};
    filler lines{0, width()};
    for (auto const part : std::views::split(footer, '\n')) {
        std::string_view const line{part.begin(), part.end()};
        if (line.empty() || line.starts_with(' '))
            lines.keep(line);
        else
            lines.add(line);
    }
    if (lines.in_line()) lines.end_line();
    return lines.text();
}

} // namespace tool
