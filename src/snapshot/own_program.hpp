// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/program_type.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A program of the library's own, loaded when it is asked for first, and kept.
///
/// The process may close the descriptor, as daemons do that close all they have not opened, and
/// open something else by that number. So it is looked at each time, and loaded again.
///
/// There is no lock: a thread that forks never leaves its child one that nobody there will open.
/// Threads that come at once each load the program, and the first one's is kept.
///
/// A refusal is remembered only where the kernel's own list of types, which was read, does not have
/// what the program needs. Everything else may be otherwise a moment later or for another thread:
/// /sys is mounted, a filter or a limit is another's. So it is asked again, by what is cheap first.
class own_program {
public:
    /// The parts it is made of, and its purpose.
    struct facts {
        std::span<std::byte const> (*file)(); ///< the object file, with no other program in it
        char const* what;                     ///< a name for messages
        enum program_type type;
        char const* walks; ///< the iterator's kernel type; a null pointer: none
        char const* needs; ///< the feature that a kernel has to have, and its release
    };
    struct loaded {
        fd_view fd;
        program_id id;
    };

    explicit constexpr own_program(facts const& of) noexcept : facts_{of} {}

    /// @errors not_supported      the kernel does not have what it needs, or does not show its
    /// types
    ///         permission_denied  CAP_BPF or CAP_PERFMON is missing, or a security module refuses
    /// @threads any; none may close the descriptor meanwhile
    /// @cost 1 system call once it is loaded, and 3 ms and more to load it. After a failure, 1 or
    ///       2 system calls as long as the kernel's types cannot be read, or the smallest program
    ///       cannot be loaded; where both can, another attempt
    [[nodiscard]] result<loaded> get();

    /// For tests: as if it had never been asked for.
    void unload() noexcept;

private:
    // Aligned as a whole: else clang calls libatomic, with the libstdc++ of GCC 14 and newer.
    struct alignas(std::uint64_t) kept {
        std::int32_t fd;
        std::uint32_t id; // 0: nothing is kept
    };
    /// The obstacle of an earlier attempt.
    enum class obstacle : unsigned char { none, types, other };

    result<loaded> load(kept instead_of);
    [[nodiscard]] int still_in_the_way() const;
    int find_obstacle(int outcome);
    [[nodiscard]] tl::unexpected<error> refused(int outcome) const;

    facts facts_;
    std::atomic<kept> kept_{};
    std::atomic<obstacle> obstacle_{obstacle::none};
    std::atomic<bool> never_{false}; // the kernel has not what it walks
};

/// The program of all_links.bpf.c that the process shares. It is never unloaded: code that runs at
/// exit may still use it. Likewise the others.
[[nodiscard]] own_program& links_program() noexcept;
/// The program of all_infos.bpf.c.
[[nodiscard]] own_program& infos_program() noexcept;
/// The program of netns_of_link.bpf.c.
[[nodiscard]] own_program& netns_program() noexcept;
/// The program of link_descriptors.bpf.c.
[[nodiscard]] own_program& descriptors_program() noexcept;

} // namespace bpflink
