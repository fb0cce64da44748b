// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one opening of a file that probes go into. Its symbols are read from this descriptor, and the
// kernel is told of the same file.

#include "border/sys.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/match.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A regular file, opened for reading.
class binary_file {
public:
    /// Opens by a path. Below a process's root (/proc/PID/root, in any spelling), names mean what
    /// they mean to that process. Below other such links (cwd, fd) they do not lead out.
    /// @errors not_found, permission_denied  the file (operation::open)
    ///         invalid_argument  a directory (EISDIR), a FIFO, socket or device, which is not
    ///                           opened; symbolic links that lead in a circle or out
    [[nodiscard]] static result<binary_file> open(std::string path);
    /// Opens once more what the caller has open, by whatever mode.
    [[nodiscard]] static result<binary_file> open(fd_view file);
    /// Bytes that another file had packed in it. They can be read alone: the kernel does not
    /// know them as a file.
    [[nodiscard]] static binary_file of_bytes(std::string name, std::string bytes);

    /// The name that the caller used.
    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    [[nodiscard]] fd_view fd() const noexcept { return file_; }
    [[nodiscard]] bool is_elf() const noexcept { return is_elf_; }
    [[nodiscard]] std::uint64_t device() const noexcept { return device_; }
    [[nodiscard]] std::uint64_t inode() const noexcept { return inode_; }

    /// The link to a process's directory that it was looked up below ("/proc/41/root"), or empty.
    [[nodiscard]] std::string const& root_link() const noexcept { return link_; }

    /// Fewer bytes than asked for only where the file ends.
    [[nodiscard]] result<std::size_t> read(std::span<std::byte> into, std::uint64_t offset) const;

    /// A path that opens this very file, for as long as it is open here.
    [[nodiscard]] std::string passing_path() const;
    /// A path that others can open it by, too: without links where there is such a one. Empty where
    /// the file has no name that leads to it now.
    [[nodiscard]] result<std::string> lasting_path() const;
    /// The directory that it is in, as the process calls it that it was looked up below.
    [[nodiscard]] std::string directory_in_root() const;
    /// Whether a path leads to this file now; unknown where it leads nowhere.
    /// @errors permission_denied  it may not be looked at (EACCES); and what sys::look_up gives
    [[nodiscard]] result<match> is_at(std::string const& path) const;
    /// The kernel's name of the file, seen from this process's root; empty where nothing tells.
    /// One that ends in " (deleted)" leads nowhere.
    [[nodiscard]] std::string kernel_name() const;

private:
    explicit binary_file(std::string path) noexcept : path_{std::move(path)} {}
    [[nodiscard]] result<void> adopt(fd_view found);
    [[nodiscard]] result<void> look_for_elf();

    std::string path_;
    std::string name_; // the same, without links up to the first one of a process; or empty
    std::string link_; // of the process that it was looked up below; or empty
    std::string root_; // the kernel's name of the directory that `link_` stands for
    unique_fd file_;
    std::string bytes_; // where there is not a file
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
    bool is_elf_ = false;
};

/// Opens a file by its path. A name without a slash is looked for where the system has such files:
/// then the first ELF file is taken.
[[nodiscard]] result<binary_file> find_binary(std::string_view binary);
/// The same of a name without a slash, in the directories of a process.
/// @param root  "/proc/PID/root"; or empty, for those of this process
[[nodiscard]] result<binary_file> find_binary_below(std::string_view root, std::string_view name);

} // namespace bpflink
