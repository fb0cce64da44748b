// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace service {

/// The contents of the configuration file: see service.toml.
struct configuration {
    std::string interface;
    std::string object;
    std::string program;
    std::string counters; // empty: none
    std::string pins;
    bool wait = false;
    bool keep = true;
    std::string address = "127.0.0.1";
    std::uint16_t port = 9435;
};

/// @return the file's content, or in one line all that is wrong with it
[[nodiscard]] tl::expected<configuration, std::string> read_configuration(std::string const& path);

} // namespace service
