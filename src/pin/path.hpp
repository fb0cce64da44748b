// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/sys.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// `path` from the root, so that a later chdir changes nothing.
/// @errors invalid_argument  empty
[[nodiscard]] result<std::string> absolute(std::string_view path, operation where);

/// The real name that `path` leads to, from the root and with no symbolic link in it. Links of
/// directories are followed, and one at the end where it leads to something. Links of procfs that
/// lead where no text says (/proc/PID/root) stay.
/// @errors invalid_argument  empty; a name that cannot be looked at; and what readlink(2) fails
/// with
/// @cost 1 system call without symbolic links; else 1 a name more
[[nodiscard]] result<std::string> resolve(std::string_view path, operation where);

/// resolve() of a pin that is to stay: of a name, and not one that is temporary.
[[nodiscard]] result<std::string> resolve_lasting(std::string_view path);

/// All but the last name of an absolute path.
[[nodiscard]] std::string directory_of(std::string_view path);

/// The name that replace_pin pins under before it renames the pin over that at `path`: NAME%tmp. No
/// text has it for its pin_name(). A long name is cut to fit.
[[nodiscard]] std::string temporary_name(std::string const& path);
[[nodiscard]] bool is_temporary(std::string_view path);

/// Removes what a killed process left at the temporary name of `path`.
/// @param path  resolved; the lock of its directory is the caller's
/// @param own   where the caller's own pin is, which stays; empty where there is none
/// @errors already_exists  something else than a link's pin is there
[[nodiscard]] result<void> clear_temporary(std::string const& path, std::string const& own = {});

/// Makes the directory that a resolved path is in, and missing ones above it, with mode 0700. Works
/// below the mount of a bpffs, and nowhere else.
/// @cost 2 system calls for each that is missing, and 2
[[nodiscard]] result<void> make_directories_for(std::string const& path);

/// Whether two resolved paths are one name in one directory, however that was reached.
[[nodiscard]] result<bool> is_same_place(std::string const& a, std::string const& b);

/// Opens the pin at an absolute path.
[[nodiscard]] result<unique_fd> open_pin(std::string const& path);

/// A name, and not what a symbolic link leads to.
struct named {
    enum class kind { nothing, link, something_else } what = kind::nothing;
    sys::file_facts facts{};         // of the name, where it is
    unique_fd link;                  // the pinned link, open
    link_id id;                      // the link's
    std::optional<error> other = {}; // why it is not a link's pin
};

/// The object at a resolved path. An error is a failed look, which tells nothing of the object.
/// @cost 1 system call where nothing is, else 6
[[nodiscard]] result<named> look_at(std::string const& path);

/// Says why no pin was made at a path.
[[nodiscard]] tl::unexpected<error> refuse_pin_at(int outcome, operation where,
                                                  std::string const& path);

/// Says why it was not told what is at a path, or in the directory there.
[[nodiscard]] tl::unexpected<error> refuse_look_at(int outcome, operation where,
                                                   std::string const& path);

/// Says why a pin was not given an owner (chown) or a mode (chmod).
[[nodiscard]] tl::unexpected<error> refuse_change_of(int outcome, operation where,
                                                     std::string const& path);

} // namespace bpflink
