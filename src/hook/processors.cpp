// SPDX-License-Identifier: Apache-2.0
#include "hook/processors.hpp"

#include "border/small_file.hpp"
#include "error/refusal.hpp"

#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

namespace bpflink {
namespace {

constexpr char online[] = "/sys/devices/system/cpu/online";
constexpr detail::refusal unreadable{EINVAL, errc{}, "it does not list processors", "",
                                     "print_cpus_kind"};

/// Calls `look` with each number of "0-3,5", until it returns false; false where that is not a
/// list.
bool each_of_list(std::string_view text, std::function<bool(int)> const& look) {
    auto const number = [&](int& into) {
        auto const parsed = std::from_chars(text.data(), text.data() + text.size(), into);
        text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
        return parsed.ec == std::errc{};
    };
    auto const skip = [&](char c) {
        bool const is = text.starts_with(c);
        if (is) text.remove_prefix(1);
        return is;
    };
    do {
        int first = 0;
        if (!number(first)) return false;
        int last = first;
        if (skip('-') && !number(last)) return false;
        for (int each = first; each <= last; ++each)
            if (!look(each)) return true;
    } while (skip(','));
    return text.empty();
}

} // namespace

result<void> for_each_processor(std::function<bool(int)> const& look) {
    auto const list = read_small_file(online);
    if (!list) return tl::unexpected{list.error()};
    if (!each_of_list(*list, look)) return refuse_by(unreadable, {}, operation::read, online);
    return {};
}

std::optional<int> first_processor() {
    std::optional<int> first;
    auto const read = for_each_processor([&](int each) {
        first = each;
        return false;
    });
    return read ? first : std::nullopt;
}

} // namespace bpflink
