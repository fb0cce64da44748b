// SPDX-License-Identifier: Apache-2.0
#include "fail.hpp"
#include "identify.hpp"
#include "sys.hpp"

#include <bpflink/iter_output.hpp>

#include <array>
#include <cerrno>

namespace bpflink {

result<iter_output> iter_output::open(fd_view link) {
    int const outcome = sys::iter_create(link.get());
    if (outcome < 0) return fail(outcome, operation::iter_create, describe(link));
    return iter_output{unique_fd{outcome}};
}

result<std::size_t> iter_output::read(std::span<std::byte> into) {
    int outcome;
    do
        outcome = sys::read(fd_.get(), into);
    while (outcome == -EAGAIN); // the kernel paused, to let others run
    if (outcome < 0) return fail(outcome, operation::read, "iterator output");
    return static_cast<std::size_t>(outcome);
}

result<std::string> iter_output::read_all() {
    std::string text;
    std::array<std::byte, 64 * 1024> buffer;
    for (;;) {
        auto const count = read(buffer);
        if (!count) return tl::unexpected{count.error()};
        if (*count == 0) return text;
        text.append(reinterpret_cast<char const*>(buffer.data()), *count);
    }
}

} // namespace bpflink
