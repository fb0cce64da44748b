// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"
#include "walk/output.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/iter_output.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

finding is_not_a_link(attempt const& tried) {
    auto const kind = identify(tried.as<fd_view>());
    if (!kind) return {match::unknown, "it"};
    return {*kind == object_kind::link ? match::no : match::yes, describe(tried.as<fd_view>())};
}

finding is_another_link(attempt const& tried) {
    auto const header = detail::read_header(tried.as<fd_view>());
    if (!header) return {match::unknown, "it may be of another kind"};
    return {header->type == link_type::iter ? match::no : match::yes,
            "it is of kind " + to_string(header->type)};
}

constexpr std::array opening_causes{
    refusal{EBADF, errc::invalid_argument, "the link's descriptor is not open", "",
            "bpf_link_get_from_fd"},
    refusal{EINVAL, errc::invalid_argument, "{} is not a link", "", "bpf_link_get_from_fd",
            is_not_a_link},
    refusal{EINVAL, errc::invalid_argument, "{}, and an iterator's link is needed", "",
            "bpf_iter_new_fd", is_another_link},
};

constexpr std::array reading_causes{
    refusal{EBADF, errc::invalid_argument, "the output is empty, or its descriptor was closed", "",
            "ksys_read"},
    refusal{EAGAIN, errc{}, "the program asks for the same object again and again (it returns 1)",
            "return 0 from it", "bpf_iter_run_prog"},
    refusal{E2BIG, errc{}, "the program writes more for one object than the kernel has room for",
            "write less than 32 KiB for each", "bpf_seq_read"},
    refusal{EOPNOTSUPP, errc::not_supported,
            "a walk over cgroups ends with its first read, and this one had more to write",
            "read into a larger buffer, or write less than 32 KiB in all", "cgroup_iter_seq_start"},
};

} // namespace

result<sys::opened> detail::open_output(fd_view link) {
    auto opened = sys::iter_create(link.get());
    if (opened) return opened;
    return refuse(opened.outcome(), operation::iter_create, describe(link), {.request = &link},
                  {opening_causes, command_causes()});
}

result<std::size_t> detail::read_output(fd_view run, std::span<std::byte> into) {
    constexpr int enough = 1'000; // of pauses: a billion objects
    int outcome = -EAGAIN;
    for (int times = 0; outcome == -EAGAIN && times != enough; ++times)
        outcome = sys::read(run.get(), into);
    if (outcome < 0)
        return refuse(outcome, operation::read, "iterator output", {},
                      {reading_causes, common_causes()});
    return static_cast<std::size_t>(outcome);
}

result<iter_output> iter_output::open(fd_view link) {
    return detail::open_output(link).map(
        [](sys::opened&& run) { return iter_output{std::move(run)}; });
}

result<std::size_t> iter_output::read(std::span<std::byte> into) {
    return run_.read(into);
}

lines_view iter_output::lines() & {
    return lines_view{{run_}};
}

bytes_view iter_output::bytes() & {
    return bytes_view{{run_}};
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
