// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/sys.hpp"
#include "symbol/file_refusal.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Calls `look` with each line, without its end.
template <class Look>
result<void> for_each_line(fd_view file, char const* path, Look look) {
    std::array<std::byte, 16'384> room;
    std::string begun; // a line that the last read ended in
    for (;;) {
        int const count = sys::read(file.get(), room);
        if (count < 0) return refuse_read(count, path);
        if (count == 0) break;
        std::string_view text{reinterpret_cast<char const*>(room.data()),
                              static_cast<std::size_t>(count)};
        for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
            if (begun.empty()) {
                look(text.substr(0, end));
            } else {
                begun += text.substr(0, end);
                look(begun);
                begun.clear();
            }
            text.remove_prefix(end + 1);
        }
        begun += text;
    }
    if (!begun.empty()) look(begun);
    return {};
}

} // namespace bpflink
