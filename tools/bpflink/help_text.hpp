// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace tool {

/// The text of --help, in lines that fit the terminal. CLI11's own differs from one version to the
/// next.
class help_text : public CLI::FormatterBase {
public:
    /// @param name  of the command, behind those that lead to it
    std::string make_help(CLI::App const* app, std::string name,
                          CLI::AppFormatMode mode) const override;
};

} // namespace tool
