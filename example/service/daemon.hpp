// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace service {

/// The reason that ends the service, in a line, and its exit status.
struct failure : std::runtime_error {
    failure(int number, std::string const& why) : std::runtime_error{why}, status{number} {}
    int status;
};

/// Says what the service would do, or throws the failure that would keep it from that. Changes
/// nothing.
/// @param path  of the configuration
void check(std::string const& path);

/// Runs the service until SIGTERM or SIGINT; throws the failure that ends it before.
/// @param path  of the configuration, which SIGHUP reads again
void serve(std::string const& path);

} // namespace service
