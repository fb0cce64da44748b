// SPDX-License-Identifier: Apache-2.0
// list_links.cpp, by the module.
#include <iostream>

import bpflink;

namespace bl = bpflink;

int main() {
    if (bl::version() != bl::header_version) {
        std::cerr << "the module is of another version than the library\n";
        return 1;
    }
    int links = 0;
    for (auto&& info : bl::infos()) {
        if (!info) {
            std::cerr << info.error() << '\n';
            return info.error() == bl::errc::permission_denied ? 0 : 1;
        }
        std::cout << info->id << ' ' << info->type << '\n';
        ++links;
    }
    std::cout << links << " links\n";
}
