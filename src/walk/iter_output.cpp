// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/identify.hpp"
#include "walk/output.hpp"

#include <bpflink/iter_output.hpp>

#include <array>
#include <cerrno>

namespace bpflink {

result<sys::opened> detail::open_output(fd_view link) {
    auto opened = sys::iter_create(link.get());
    if (!opened) return fail(opened.outcome(), operation::iter_create, describe(link));
    return opened;
}

result<std::size_t> detail::read_output(fd_view run, std::span<std::byte> into) {
    constexpr int enough = 1'000; // of pauses: a billion objects
    int outcome = -EAGAIN;
    for (int times = 0; outcome == -EAGAIN && times != enough; ++times)
        outcome = sys::read(run.get(), into);
    if (outcome == -EAGAIN)
        return fail(outcome, operation::read, errc{}, "iterator output",
                    "the program asks for the same object again and again (it returns 1)");
    if (outcome < 0) return fail(outcome, operation::read, "iterator output");
    return static_cast<std::size_t>(outcome);
}

result<iter_output> iter_output::open(fd_view link) {
    return detail::open_output(link).map(
        [](sys::opened&& run) { return iter_output{std::move(run)}; });
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
