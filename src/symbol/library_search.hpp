// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbol/elf.hpp"
#include "symbol/linkage.hpp"

#include <bpflink/error.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Finds what a file needs, as ld.so(8) does: in the directories that the file names ($ORIGIN is
/// its own), in /etc/ld.so.cache, in the standard directories. Below /proc/PID/root, all of them
/// are those of that root, and no link leads out of it. LD_LIBRARY_PATH is not looked at: it is of
/// a process.
class library_search {
public:
    /// @param file         borrowed
    /// @param directories  as needed_by() tells them
    library_search(elf_file const& file, std::vector<std::string> const& directories);

    /// @errors not_found, permission_denied, invalid_argument  it is nowhere, or not usable
    [[nodiscard]] result<binary_file> find(std::string_view name) const;

private:
    /// The library at a path, as the file's own process names it.
    [[nodiscard]] std::optional<binary_file> at(std::string const& path) const;

    elf_file const& file_;
    std::vector<std::string> directories_;
    std::string cache_;
};

} // namespace bpflink
