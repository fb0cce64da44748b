// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

namespace demo {
namespace {

constexpr std::string_view bold = "1", green = "32", red = "1;31", dim = "2";

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0) return 80;
    return std::clamp<std::size_t>(size.ws_col, 24, 100);
}

bool wants_colours() {
    char const* const refused = std::getenv("NO_COLOR");
    char const* const terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) != 0 && !(refused && *refused) && terminal &&
           terminal != std::string_view{"dumb"};
}

bool is_number(std::string_view cell) {
    return std::ranges::all_of(cell, [](unsigned char c) { return std::isdigit(c) || c == ','; });
}

/// The longest beginning of `text` that fits and ends at a space; a word that is wider stays whole.
std::string_view next_piece(std::string_view text, std::size_t room) {
    if (text.size() <= room) return text;
    auto end = text.rfind(' ', room);
    if (end == text.npos || end == 0) end = text.find(' ', 1);
    return text.substr(0, end);
}

} // namespace

report::report() : width_{terminal_width()}, colours_{wants_colours()} {
}

void report::heading(std::string_view text) {
    wrapped(text, 0, bold);
}

void report::section(std::string_view name, std::string_view what) {
    std::cout << '\n' << coloured(name, bold) << ": ";
    wrapped(what, name.size() + 2);
    std::cout.flush();
}

void report::code(std::string_view text) {
    std::cout << "  ";
    wrapped(text, 2, dim);
}

void report::line(std::string_view text) {
    std::cout << "  ";
    wrapped(text, 2);
}

void report::table(std::vector<row> const& rows, row const& headings) {
    if (rows.empty()) return;
    std::vector<std::size_t> widths(rows.front().size());
    std::vector<bool> numeric(widths.size(), true);
    auto const widen = [&](row const& cells) {
        for (std::size_t i = 0; i != cells.size(); ++i)
            widths[i] = std::max(widths[i], cells[i].size());
    };
    widen(headings);
    for (auto const& cells : rows) {
        widen(cells);
        for (std::size_t i = 0; i != cells.size(); ++i)
            numeric[i] = numeric[i] && is_number(cells[i]);
    }
    auto const print = [&](row const& cells, std::string_view colour) {
        std::string beginning = "  ";
        for (std::size_t i = 0; i + 1 != cells.size(); ++i) {
            std::string const padding(widths[i] - cells[i].size(), ' ');
            beginning += (numeric[i] ? padding + cells[i] : cells[i] + padding) + "  ";
        }
        std::cout << coloured(beginning, colour);
        wrapped(cells.back(), beginning.size(), colour);
    };
    if (!headings.empty()) print(headings, dim);
    for (auto const& cells : rows)
        print(cells, {});
    std::cout.flush();
}

void report::check(bool holds, std::string_view what) {
    ++checks_;
    if (!holds) ++failed_;
    std::cout << "  " << (holds ? coloured("ok", green) : coloured("FAILED", red)) << "  ";
    wrapped(what, holds ? 6 : 10);
    std::cout.flush();
}

int report::finish() {
    auto const time = readable(std::chrono::steady_clock::now() - start_);
    std::cout << '\n';
    if (failed_ == 0)
        wrapped("All " + std::to_string(checks_) + " checks held, in " + time + ".", 0, bold);
    else
        wrapped(std::to_string(failed_) + " of " + std::to_string(checks_) + " checks FAILED.", 0,
                red);
    return failed_ == 0 ? 0 : 1;
}

/// The first line goes on where the cursor is, at column `indent`; the others begin there.
void report::wrapped(std::string_view text, std::size_t indent, std::string_view colour) const {
    if (indent + 16 > width_) { // too narrow for columns
        indent = 4;
        std::cout << '\n' << std::string(indent, ' ');
    }
    text = text.substr(0, text.find_last_not_of(' ') + 1);
    for (bool first = true;; first = false) {
        auto const piece = next_piece(text, width_ - std::min(width_, indent));
        if (!first) std::cout << std::string(indent, ' ');
        std::cout << coloured(piece, colour) << '\n';
        if (piece.size() == text.size()) return;
        text.remove_prefix(piece.size() + 1);
    }
}

std::string report::coloured(std::string_view text, std::string_view colour) const {
    if (!colours_ || colour.empty()) return std::string{text};
    return "\033[" + std::string{colour} + "m" + std::string{text} + "\033[0m";
}

std::string grouped(std::uint64_t number) {
    auto digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
}

std::string counted(std::uint64_t number, std::string_view noun) {
    return grouped(number) + " " + std::string{noun} + (number == 1 ? "" : "s");
}

std::string readable(std::chrono::nanoseconds time) {
    auto const us = static_cast<double>(time.count()) / 1e3;
    char text[32];
    if (us < 100)
        std::snprintf(text, sizeof text, "%.1f us", us);
    else if (us < 1e3)
        std::snprintf(text, sizeof text, "%.0f us", us);
    else if (us < 1e5)
        std::snprintf(text, sizeof text, "%.1f ms", us / 1e3);
    else if (us < 1e6)
        std::snprintf(text, sizeof text, "%.0f ms", us / 1e3);
    else
        std::snprintf(text, sizeof text, "%.2f s", us / 1e6);
    return text;
}

} // namespace demo
