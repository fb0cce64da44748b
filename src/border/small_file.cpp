// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"

#include <bpflink/fd.hpp>

#include <array>
#include <cerrno>
#include <charconv>

namespace bpflink {
namespace {

using detail::refusal;

constexpr refusal no_number{EINVAL, errc::invalid_argument, "it does not hold a number", "", ""};

tl::unexpected<error> refused(int outcome, operation what, std::string const& path) {
    return refuse(outcome, what, path, {}, {common_causes()});
}

} // namespace

result<std::string> read_small_file(std::string const& path) {
    auto const file = sys::open_file(path.c_str());
    if (!file) return refused(file.outcome(), operation::open, path);
    std::array<std::byte, 4096> buffer;
    int const length = sys::read(file.outcome(), buffer);
    if (length < 0) return refused(length, operation::read, path);
    std::string text{reinterpret_cast<char const*>(buffer.data()),
                     static_cast<std::size_t>(length)};
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

result<std::string> read_whole_file(std::string const& path) {
    auto const file = sys::open_file(path.c_str());
    if (!file) return refused(file.outcome(), operation::open, path);
    std::array<std::byte, 4096> buffer;
    std::string text;
    while (int const length = sys::read(file.outcome(), buffer)) {
        if (length < 0) return refused(length, operation::read, path);
        text.append(reinterpret_cast<char const*>(buffer.data()), static_cast<std::size_t>(length));
    }
    return text;
}

result<std::uint32_t> read_number(std::string const& path) {
    return read_small_file(path).and_then([&](std::string const& text) -> result<std::uint32_t> {
        std::uint32_t number = 0;
        auto const* const end = text.data() + text.size();
        auto const parsed = std::from_chars(text.data(), end, number);
        if (parsed.ec != std::errc{} || parsed.ptr != end)
            return refuse_by(no_number, {}, operation::read, path);
        return number;
    });
}

} // namespace bpflink
