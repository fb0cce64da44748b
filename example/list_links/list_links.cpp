// SPDX-License-Identifier: Apache-2.0
// Lists the links in the kernel, with the paths of their pins. Needs CAP_SYS_ADMIN.
#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;

int main() {
    for (auto&& info : bl::infos())
        if (info)
            std::cout << info->id << ' ' << info->type << ' ' << info->program << '\n';
        else
            std::cerr << info.error() << '\n'; // of one link: the walk goes on

    for (auto&& pin : bl::pins())
        if (pin) std::cout << pin->path << " pins " << pin->id << '\n';
}
