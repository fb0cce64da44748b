// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sys/types.h>

/// Links for the peers to walk over, as many as there is memory for: processes of its own hold
/// them, each with no more descriptors than RLIMIT_NOFILE lets it have.
class crowd {
public:
    struct facts {
        std::size_t links = 0;
        std::uint64_t ids = 0;      ///< the sum of the links' ids
        std::uint64_t programs = 0; ///< the sum of the ids of each link's program
        std::uint64_t letters = 0;  ///< the sum of the first letters of their names
    };

    crowd() = default;
    ~crowd() { leave(); }
    crowd(crowd const&) = delete;
    crowd& operator=(crowd const&) = delete;

    /// Removes the links that there are and makes `links` new ones. Throws std::exception.
    facts become(std::size_t links);

private:
    struct holder {
        ::pid_t process;
        bpflink::unique_fd end; ///< it leaves when this is closed
    };

    [[nodiscard]] facts add_holder(std::size_t links);
    void leave() noexcept;

    std::vector<holder> holders_;
};
