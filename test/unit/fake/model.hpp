// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernel.hpp"

#include <cerrno>
#include <memory>
#include <string_view>

namespace fake {

// How /proc/self/fd spells them: a link's first descriptor is spelt differently from later ones.
inline constexpr char created_link_name[] = "anon_inode:bpf_link";
inline constexpr char opened_link_name[] = "anon_inode:bpf-link";
inline constexpr char program_name[] = "anon_inode:bpf-prog";
inline constexpr char map_name[] = "anon_inode:bpf-map";

template <class T>
std::shared_ptr<T> kernel::get(int fd, int& outcome) const {
    auto const found = descriptors_.find(fd);
    if (found == descriptors_.end()) {
        outcome = -EBADF;
        return nullptr;
    }
    auto const* const held = std::get_if<std::shared_ptr<T>>(&found->second.what);
    outcome = held ? 0 : -EINVAL;
    return held ? *held : nullptr;
}

} // namespace fake
