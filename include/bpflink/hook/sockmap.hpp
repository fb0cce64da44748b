// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/map_ref.hpp>

#include <array>
#include <optional>

namespace bpflink {

/// The sockets in a sockmap or sockhash. `attach` sk_skb_stream_parser cuts their streams into
/// messages. sk_skb_stream_verdict (with a parser) or sk_skb_verdict (without) decides about
/// received ones, sk_msg_verdict about sent ones. One program each. The link holds the map.
///
/// `map` is borrowed. An empty `attach` is the one that the program was loaded for, where that is
/// known, or sk_msg_verdict for programs of type sk_msg.
/// @errors hook_busy          another program is there, or the other kind of verdict (EBUSY)
///         not_supported      this kernel has no links of sockmaps (EINVAL), or no stream parsers
///                            (EOPNOTSUPP)
///         invalid_argument   the map is neither, or not open (EBADF); `attach` is another
///                            hook's, or not the program's, or empty and not known
///         permission_denied  CAP_NET_ADMIN or CAP_BPF is missing
/// @kernel since 6.10; net/core/sock_map.c, sock_map_link_create(); read at v6.12
/// @cost 1 system call
struct hook::sockmap {
    map_ref map;                                      ///< borrowed
    std::optional<attach_type> attach = std::nullopt; ///< sk_msg_verdict, ...
};

template <>
struct hook_traits<hook::sockmap> : detail::of_kind<link_type::sockmap> {
    static constexpr std::string_view name = "sockmap";
    static constexpr std::array program_types{program_type::sk_skb, program_type::sk_msg};
    static constexpr std::array attach_types{
        attach_type::sk_skb_stream_parser, attach_type::sk_skb_stream_verdict,
        attach_type::sk_skb_verdict, attach_type::sk_msg_verdict};
    static constexpr kernel_version since{6, 10};
    using details = sockmap_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("map", &hook::sockmap::map, field_use::required);
        visit("attach", &hook::sockmap::attach, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::sockmap const& where);
    static result<match> is_at(hook::sockmap const& where, detail::located_link const& l);
};

/// A link of hook::sockmap.
using sockmap_link = typed_link<hook::sockmap>;

} // namespace bpflink
