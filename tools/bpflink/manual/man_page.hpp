// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tool {

/// bpflink.8, in the macros of man(7).
[[nodiscard]] std::string man_page(CLI::App const& app);

} // namespace tool
