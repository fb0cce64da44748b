// SPDX-License-Identifier: Apache-2.0
#include "pinned.hpp"

#include "mounts.hpp"

#include <bpflink/views/pins.hpp>

#include <cerrno>
#include <set>
#include <utility>

#include <sys/statfs.h>

namespace tool {
namespace {

/// Something else is mounted over it, or over a directory above: nobody can look there by path.
bool is_hidden(std::string const& place) {
    constexpr long bpffs = 0xcafe4a11; // BPF_FS_MAGIC
    struct statfs facts{};
    if (::statfs(place.c_str(), &facts) < 0) return errno == ENOENT || errno == ENOTDIR;
    return facts.f_type != bpffs;
}

} // namespace

void for_each_pin(std::function<void(bpflink::pin_entry)> const& found,
                  std::function<void(bpflink::error const&)> const& failed) {
    auto const places = mounts_of("bpf");
    if (!places) return failed(places.error());
    std::set<std::string> seen; // one bpffs may be mounted below another
    for (auto const& place : *places) {
        if (is_hidden(place)) continue;
        for (auto&& pin : bpflink::pins(place)) {
            if (!pin)
                failed(pin.error());
            else if (seen.insert(pin->path).second)
                found(*std::move(pin));
        }
    }
}

} // namespace tool
