// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace bpflink::detail {

/// A std::filesystem::path, told by what it has: its header takes longer to compile than all of
/// this library.
template <class P>
concept filesystem_path =
    std::same_as<typename P::string_type, std::string> && requires(P const& path) {
        typename P::format;
        { path.native() } -> std::same_as<std::string const&>;
        { path.lexically_normal() } -> std::same_as<P>;
    };

[[nodiscard]] std::string_view text_of(filesystem_path auto const& path) noexcept {
    return path.native();
}

} // namespace bpflink::detail
