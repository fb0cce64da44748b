// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/read_info.hpp>
#include <bpflink/views/links.hpp>

#include <optional>

namespace bpflink {

namespace detail {

class info_walk {
public:
    info_walk(link_id after, wanted_links const& wanted) noexcept
        : opened_{after}, reader_{wanted} {}

    void next(std::optional<result<link_info>>& out);

private:
    open_walk opened_;
    info_reader reader_;
};

struct infos_source {
    using element = result<link_info>;
    link_id after;
    wanted_links wanted = {};
    [[nodiscard]] info_walk start() const noexcept { return info_walk{after, wanted}; }
};

} // namespace detail

/// The input range of result<link_info> that infos() returns.
using infos_view = detail::walk_view<detail::infos_source>;

/// The kernel's facts about every link: as links(), with link::info in the same walk. Elements:
/// result<link_info>.
/// @errors as links() and link::info
/// @kernel since 5.8; kernel/bpf/syscall.c, bpf_link_get_info_by_fd()
/// @cost 4 system calls a link (next id, open, info, close) and one more for each whose info takes
///       two; allocates names longer than 15 characters, and for paths and many functions
[[nodiscard]] infos_view infos(link_id after = {});

} // namespace bpflink
