// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "info/refuse_info.hpp"
#include "object/by_id.hpp"

#include <bpflink/program_info.hpp>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace bpflink {
namespace {

constexpr std::size_t most_of_a_name = 15; // the kernel's buffer less the zero byte

/// Empty where nothing tells.
result<std::string> whole_name(fd_view program) {
    std::array<char, 512> name; // the longest that BTF has (KSYM_NAME_LEN)
    int const length = sys::program_name_in_types(program.get(), name);
    if (length == -EMFILE || length == -ENFILE || length == -ENOMEM)
        return refuse_info(length, operation::prog_get_info, program);
    if (length < 0) return std::string{};
    return std::string{name.data(), static_cast<std::size_t>(length)};
}

} // namespace

namespace detail {

result<program_info> read_program_info(fd_view program) {
    uapi::program_info told{};
    std::vector<std::uint32_t> maps;
    std::uint32_t size = 0;
    do { // another map may be bound to it meanwhile
        maps.resize(told.start.nr_map_ids);
        told = {};
        told.start.nr_map_ids = static_cast<std::uint32_t>(maps.size());
        told.map_ids = maps.empty() ? 0 : reinterpret_cast<std::uintptr_t>(maps.data());
        size = sizeof told;
        if (int const outcome = sys::obj_get_info(program.get(), &told, size); outcome < 0)
            return refuse_info(outcome, operation::prog_get_info, program);
    } while (told.start.nr_map_ids > maps.size());
    maps.resize(told.start.nr_map_ids);

    program_info info;
    info.id = program_id{told.start.id};
    info.type = static_cast<program_type>(told.start.type);
    info.name.assign(told.name, ::strnlen(told.name, sizeof told.name));
    if (info.name.size() == most_of_a_name) {
        auto whole = whole_name(program);
        if (!whole) return tl::unexpected{std::move(whole).error()};
        if (whole->starts_with(info.name)) info.name = *std::move(whole);
    }
    std::memcpy(info.tag.data(), &told.start.tag, info.tag.size());
    info.loaded = std::chrono::nanoseconds{told.start.load_time};
    info.uid = told.start.created_by_uid;
    if (told.run_cnt != 0 || told.run_time_ns != 0) {
        info.run_count = told.run_cnt;
        info.run_time = std::chrono::nanoseconds{told.run_time_ns};
    }
    if (size >= offsetof(uapi::program_info, verified_insns))
        info.recursion_misses = told.recursion_misses;
    for (auto const id : maps)
        info.maps.emplace_back(id);
    return info;
}

} // namespace detail

result<program_info> program_info_of(program_id id) {
    auto const opened = sys::prog_get_fd_by_id(id.value());
    if (!opened) return refuse_id(opened.outcome(), operation::prog_get_fd_by_id, id.value());
    return detail::read_program_info(opened.view());
}

} // namespace bpflink
