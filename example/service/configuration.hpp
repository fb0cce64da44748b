// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/bpflink.hpp>

#include <cstdint>
#include <string>

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

/// @errors invalid_argument  of operation read: the file's mistake, in words
[[nodiscard]] bpflink::result<configuration> read_configuration(std::string const& path);

} // namespace service
