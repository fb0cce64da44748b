// SPDX-License-Identifier: Apache-2.0
#include "mounts.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <mntent.h>

namespace tool {
namespace {

struct closer {
    void operator()(std::FILE* table) const noexcept { ::endmntent(table); }
};

} // namespace

bpflink::result<std::vector<std::string>> mounts_of(std::string_view type) {
    constexpr char const* path = "/proc/self/mounts";
    std::unique_ptr<std::FILE, closer> const table{::setmntent(path, "re")};
    if (!table) return tl::unexpected{bpflink::error{errno, bpflink::operation::open, path}};
    std::vector<std::string> places;
    while (mntent const* const entry = ::getmntent(table.get()))
        if (entry->mnt_type == type && std::ranges::count(places, entry->mnt_dir) == 0)
            places.emplace_back(entry->mnt_dir);
    return places;
}

} // namespace tool
