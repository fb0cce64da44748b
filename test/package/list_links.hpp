// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the consumers do, each of which has included bpflink before, or imported it.

namespace bl = bpflink;

/// Lists the links of the running kernel, and returns what main() does. A user who may not is told
/// so, and that is no failure of the package.
inline int list_links() {
    if (bl::version() != bl::header_version) {
        std::cerr << "the headers or the module are of another version than the library\n";
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
    return 0;
}
