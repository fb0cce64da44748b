// SPDX-License-Identifier: Apache-2.0
#include "hook/user_places.hpp"

#include "error/fail.hpp"
#include "hook/place.hpp"
#include "info/netns_of.hpp"
#include "snapshot/netns_answer.h"
#include "symbol/elf.hpp"
#include "symbol/instruction.hpp"
#include "symbol/names.hpp"
#include "symbol/resolve.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;

user_request const& request_of(attempt const& tried) {
    return tried.as<user_request>();
}

/// The causes for which the kernel attaches without a word, and never runs the program.
/// @param begins  the symbol's offset, where there is one
std::string mistake_at(elf_file const& elf, std::optional<std::uint64_t> begins,
                       std::uint64_t offset, std::span<std::byte const> code) {
    auto const* const segment = elf.segment_at(offset);
    if (!segment || !segment->is_executable)
        return "it is in no executable segment of the file; offset_of_address() gives the offset "
               "of an address";
    if (segment->is_writable)
        return "its segment can be written to: the kernel puts no probe there";
    if (begins && elf.segment_at(*begins) != segment) return "it is outside the symbol's segment";
    if (is_unprobeable(code, elf.machine())) return std::string{cannot_be_probed};
    return {};
}

/// Code is mapped from files that are not ELF, too. Nothing tells where it is, but for their end.
result<std::vector<std::uint64_t>> places_in(binary_file const& file,
                                             std::span<std::uint64_t const> offsets,
                                             operation where, std::string const& subject) {
    for (auto const offset : offsets) {
        std::array<std::byte, 1> code;
        auto const read = file.read(code, offset);
        if (!read) return tl::unexpected{read.error()};
        if (*read == 0)
            return fail(-EINVAL, where, errc::invalid_argument, subject,
                        "the file ends before offset " + hexadecimal(offset));
    }
    return std::vector<std::uint64_t>(offsets.begin(), offsets.end());
}

/// Where each function begins that matches and can be probed.
result<std::vector<std::uint64_t>> matching_places(elf_file const& elf, binary_file const& file,
                                                   named_places const& wanted, operation where,
                                                   std::string const& subject) {
    std::set<std::uint64_t> all;
    auto const told = for_each_matching(elf, wanted.pattern, wanted.options(),
                                        [&](elf_function const& function, std::string_view) {
                                            if (auto const offset = elf.offset_of(function.address))
                                                all.insert(*offset);
                                        });
    if (!told) return tl::unexpected{told.error()};
    std::vector<std::uint64_t> places;
    for (auto const offset : all) {
        std::array<std::byte, most_instruction_bytes> code;
        auto const read = file.read(code, offset);
        if (!read) return tl::unexpected{read.error()};
        if (mistake_at(elf, std::nullopt, offset, std::span{code}.first(*read)).empty())
            places.push_back(offset);
    }
    if (!places.empty()) return places;
    return fail(-ENOENT, where, errc::not_found, subject,
                all.empty() ? "no function matches" + (told->empty() ? "" : "; " + *told)
                            : "no function that matches can be probed");
}

/// Whether a link is on this file. Where the library's program may not tell, the kernel's path of
/// the link's file does. In another mount namespace, or below a mount, that leads nowhere, or
/// elsewhere.
result<match> is_file_of(netns_reader& reader, fd_view link, binary_file const& file,
                         std::string const& path) {
    auto const its = reader.is_in(link, file.fd());
    if (its) return yes_or_no(*its);
    if (!tells_nothing(its.error())) return tl::unexpected{its.error()};
    auto leads_here = unless_told_nothing(file.is_at(path));
    if (!leads_here || *leads_here == match::yes) return leads_here;
    bool const is_deleted = path.ends_with(" (deleted)");
    if (*leads_here == match::unknown && !is_deleted) return leads_here;
    if (!path.starts_with('/')) return match::unknown; // from another's working directory
    return file.kernel_name() == path ? match::unknown : match::no;
}

} // namespace

result<binary_file> open_binary(std::variant<std::string_view, fd_view> const& binary) {
    if (auto const* const path = std::get_if<std::string_view>(&binary)) return find_binary(*path);
    return binary_file::open(std::get<fd_view>(binary));
}

result<std::vector<std::uint64_t>> places_in(elf_file const& elf, binary_file const& file,
                                             named_places const& wanted, operation where,
                                             std::string const& subject) {
    if (!sys::may_run_code_for(elf.machine()))
        return fail(-EINVAL, where, errc::invalid_argument, subject,
                    "the file is for another kind of processor, and no program here runs its code: "
                    "take the file that they map");
    if (!wanted.pattern.empty()) return matching_places(elf, file, wanted, where, subject);
    std::vector<std::uint64_t> begins;
    if (!wanted.symbols.empty()) {
        auto found = resolve_in(elf, wanted.symbols, wanted.options());
        if (!found) return found;
        begins = *std::move(found);
    }
    auto places = begins;
    if (begins.empty()) places.assign(wanted.offsets.begin(), wanted.offsets.end());
    for (std::size_t i = 0; i != places.size(); ++i) {
        if (!begins.empty() && !wanted.offsets.empty()) places[i] += wanted.offsets[i];
        std::array<std::byte, most_instruction_bytes> code;
        auto const read = file.read(code, places[i]);
        if (!read) return tl::unexpected{read.error()};
        auto what = mistake_at(elf, begins.empty() ? std::nullopt : std::optional{begins[i]},
                               places[i], std::span{code}.first(*read));
        if (what.empty()) continue;
        if (places.size() != 1)
            what.insert(0,
                        "place " + std::to_string(i) + ", offset " + hexadecimal(places[i]) + ": ");
        return fail(-EINVAL, where, errc::invalid_argument, subject, std::move(what));
    }
    return places;
}

result<found_places> find_places(named_places const& wanted, operation where,
                                 std::string const& subject) {
    if (auto const* const path = std::get_if<std::string_view>(&wanted.binary);
        path && (path->empty() || path->find('\0') != path->npos))
        return fail(-EINVAL, where, errc::invalid_argument, subject, "a file is needed");
    if (auto const good = check_symbols(wanted.symbols); !good) return tl::unexpected{good.error()};
    return open_binary(wanted.binary).and_then([&](binary_file&& file) -> result<found_places> {
        auto places = !file.is_elf() && wanted.symbols.empty() && wanted.pattern.empty()
                          ? places_in(file, wanted.offsets, where, subject)
                          : elf_file::open(file).and_then([&](elf_file const& elf) {
                                return places_in(elf, file, wanted, where, subject);
                            });
        if (!places) return tl::unexpected{std::move(places.error())};
        return found_places{std::move(file), *std::move(places)};
    });
}

result<std::optional<int>> checked_process(std::optional<int> process, operation where,
                                           std::string const& subject) {
    if (!process) return process;
    if (*process < 0)
        return fail(-EINVAL, where, errc::invalid_argument, subject,
                    "a process id is not negative");
    // Never the kernel's "this one": that is a thread to perf_event_open(2), and all to
    // link_create.
    if (*process == 0) process = sys::process_id();
    // Where it cannot be told, the kernel says what it takes.
    switch (int const outcome = sys::find_process(*process)) {
    case -ESRCH:
        return fail(outcome, where, errc::not_found, subject,
                    "there is no process " + std::to_string(*process) + ", or it has ended");
    case -EINVAL:
        return fail(outcome, where, errc::invalid_argument, subject,
                    std::to_string(*process) + " is a thread's number: name its process");
    default: break;
    }
    // The kernel tells processes apart by their memory, and knows that by the first thread.
    if (sys::find_memory(*process) == -ESRCH)
        return fail(-ESRCH, where, errc::not_found, subject,
                    "process " + std::to_string(*process) +
                        " has no memory to probe: its first thread has ended, or it is a kernel "
                        "thread");
    return process;
}

result<match> is_at_found(netns_reader& reader, fd_view link, result<found_places> found,
                          std::string const& path, std::span<std::uint64_t const> offsets) {
    if (!found && found.error() == errc::not_found) return match::no;
    if (!found) return tl::unexpected{std::move(found).error()};
    std::vector<std::uint64_t> told{offsets.begin(), offsets.end()};
    auto& asked = found->offsets;
    std::ranges::sort(told);
    std::ranges::sort(asked);
    if (told != asked) return match::no;
    return is_file_of(reader, link, found->file, path);
}

std::string describe(std::variant<std::string_view, fd_view> const& binary) {
    if (auto const* const path = std::get_if<std::string_view>(&binary)) return std::string{*path};
    return "descriptor " + std::to_string(std::get<fd_view>(binary).get());
}

result<match> is_at_many(located_link const& l, bool retprobe, std::optional<int> process,
                         std::function<result<found_places>()> const& find) {
    auto const& on = std::get<uprobe_multi_details>(l.info.details);
    if (on.places.empty() || on.binary.empty()) return match::unknown;
    if (on.retprobe && *on.retprobe != retprobe) return match::no;
    std::vector<std::uint64_t> told;
    told.reserve(on.places.size());
    for (auto const& each : on.places)
        told.push_back(each.offset);
    netns_reader reader;
    auto file = is_at_found(reader, l.fd, find(), on.binary, told);
    if (!file || *file == match::no) return file;
    // Of a process that has ended, it says the same as of every process.
    return is_of_process(reader, l.fd, process).map([&](match its) { return both(*file, its); });
}

result<match> is_of_process(netns_reader& reader, fd_view link, std::optional<int> process) {
    auto const its = reader.process_of(link);
    if (!its && tells_nothing(its.error())) return match::unknown;
    if (!its) return tl::unexpected{its.error()};
    if (*its == process_every || !process) return yes_or_no(*its == process_every && !process);
    if (*its == process_ended) return match::no;
    auto const number = *process == 0 ? sys::process_id() : *process;
    return yes_or_no(*its - process_first == static_cast<std::uint32_t>(number));
}

finding counts_at_odd_place(attempt const& tried) {
    auto const is_odd = [](std::uint64_t offset) { return offset % 2 != 0; };
    bool const any = std::ranges::any_of(request_of(tried).ref_ctr_offsets, is_odd);
    return {any ? match::yes : match::no};
}

finding is_between_instructions(attempt const& tried) {
#if defined(__x86_64__) || defined(__i386__)
    constexpr std::uint64_t step = 1;
#elif defined(__s390x__) || defined(__riscv)
    constexpr std::uint64_t step = 2;
#else
    constexpr std::uint64_t step = 4;
#endif
    auto const is_between = [](std::uint64_t offset) { return offset % step != 0; };
    bool const any = std::ranges::any_of(request_of(tried).offsets, is_between);
    return {any ? match::yes : match::no};
}

finding counts(attempt const& tried) {
    return {request_of(tried).ref_ctr_offsets.empty() ? match::no : match::unknown};
}

finding process_has_ended(attempt const& tried) {
    auto const& process = request_of(tried).process;
    if (!process) return {match::no};
    return {match::yes, std::to_string(*process)};
}

} // namespace bpflink
