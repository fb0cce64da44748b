// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace service {

/// Says what the service would do, or throws the failure that would keep it from that. Changes
/// nothing.
/// @param path  of the configuration
void check(std::string const& path);

/// Runs the service until SIGTERM or SIGINT; throws the failure that ends it before.
/// @param path  of the configuration, which SIGHUP reads again
void serve(std::string const& path);

} // namespace service
