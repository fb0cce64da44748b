// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace tool {

/// The text of --help, in lines that fit the terminal.
class help_text : public CLI::Formatter {
public:
    std::string make_usage(CLI::App const* app, std::string name) const override;
    std::string make_option(CLI::Option const* option, bool is_positional) const override;
    std::string make_subcommand(CLI::App const* command) const override;
    std::string make_footer(CLI::App const* app) const override;
};

} // namespace tool
