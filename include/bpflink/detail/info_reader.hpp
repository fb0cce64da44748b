// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/link_info.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace bpflink::detail {

/// Asks the kernel about links, one after the other. It offers a buffer for the kind's name when
/// the link before had one, so that a walk over links of one kind takes one call each.
class info_reader {
public:
    [[nodiscard]] result<link_info> read(fd_view link);

private:
    link_type last_ = link_type::unspec;
    std::array<char, 128> name_; // enough for any tracepoint's and iterator's name today
};

/// The three fields that every link has: 12 bytes, one call.
struct link_header {
    link_type type;
    link_id id;
    program_id program;
};
[[nodiscard]] result<link_header> read_header(fd_view link);

/// The state alone, without names: one call.
[[nodiscard]] link_state read_state(fd_view link) noexcept;

} // namespace bpflink::detail
