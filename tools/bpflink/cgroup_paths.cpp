// SPDX-License-Identifier: Apache-2.0
#include "cgroup_paths.hpp"

#include "mounts.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>

namespace tool {
namespace {

constexpr int kernfs_handle = 0xfe; // FILEID_KERNFS of <linux/exportfs.h>, which users do not get

bpflink::unique_fd open_mount() {
    auto const places = mounts_of("cgroup2");
    if (!places) return {};
    for (auto const& place : *places)
        if (bpflink::unique_fd fd{::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)})
            return fd;
    return {};
}

bpflink::unique_fd open_by_id(bpflink::fd_view mount, std::uint64_t id) {
    alignas(file_handle) std::array<std::byte, sizeof(file_handle) + sizeof id> bytes{};
    file_handle const head{sizeof id, kernfs_handle, {}};
    std::memcpy(bytes.data(), &head, sizeof head);
    std::memcpy(bytes.data() + sizeof head, &id, sizeof id);
    auto* const handle = reinterpret_cast<file_handle*>(bytes.data());
    return bpflink::unique_fd{::open_by_handle_at(mount.get(), handle, O_PATH | O_CLOEXEC)};
}

} // namespace

std::optional<std::string> cgroup_paths::find(std::uint64_t id) {
    if (!mount_) mount_ = open_mount();
    if (!*mount_) return std::nullopt;
    auto const directory = open_by_id(*mount_, id);
    if (!directory) return std::nullopt;
    std::error_code problem;
    auto const path =
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(directory.get()), problem);
    // Outside of the mount, the kernel says "(unreachable)".
    if (problem || !path.is_absolute()) return std::nullopt;
    return path.string();
}

} // namespace tool
