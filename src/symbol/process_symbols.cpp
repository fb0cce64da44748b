// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "symbol/binary.hpp"
#include "symbol/elf.hpp"
#include "symbol/file_refusal.hpp"
#include "symbol/lines.hpp"
#include "symbol/names.hpp"
#include "symbol/resolve.hpp"

#include <bpflink/process_symbols.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <sys/sysmacros.h>

namespace bpflink {
namespace {

bool read_number(std::string_view text, std::uint64_t& number, int base) {
    auto const [rest, problem] =
        std::from_chars(text.data(), text.data() + text.size(), number, base);
    return problem == std::errc{} && rest == text.data() + text.size();
}

/// Code that is mapped from a file.
struct mapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;
    std::string device; // "08:01"
    std::uint64_t inode = 0;
    std::string path;

    /// Whether its device is that one, as stat(2) has it.
    [[nodiscard]] bool is_on(std::uint64_t number) const {
        std::uint64_t first = 0, second = 0;
        auto const colon = std::min(device.find(':'), device.size());
        auto const text = std::string_view{device};
        return read_number(text.substr(0, colon), first, 16) &&
               read_number(text.substr(std::min(colon + 1, text.size())), second, 16) &&
               first == major(number) && second == minor(number);
    }
};

/// The code of one file that is mapped, in the order of its addresses.
using mapped_file = std::vector<mapping>;

std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    auto const word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

/// "begin-end rwxp offset device inode path"
std::optional<mapping> code_in(std::string_view line) {
    mapping found;
    auto const range = next_word(line);
    auto const rights = next_word(line);
    auto const offset = next_word(line);
    found.device = next_word(line);
    auto const inode = next_word(line);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    found.path = line;
    auto const dash = std::min(range.find('-'), range.size());
    bool const is_good =
        read_number(range.substr(0, dash), found.begin, 16) &&
        read_number(range.substr(std::min(dash + 1, range.size())), found.end, 16) &&
        read_number(offset, found.offset, 16) && read_number(inode, found.inode, 10);
    if (!is_good || found.inode == 0 || rights.size() < 3 || rights[2] != 'x' ||
        !line.starts_with('/'))
        return std::nullopt;
    return found;
}

result<std::vector<mapped_file>> files_of(std::string const& process) {
    auto const path = process + "/maps";
    auto const file = sys::open_file(path.c_str());
    if (!file) return refuse_open(file.outcome(), path);
    std::vector<mapped_file> all;
    std::map<std::pair<std::string, std::uint64_t>, std::size_t> known; // by device and inode
    return for_each_line(file.view(), path.c_str(),
                         [&](std::string_view line) {
                             auto found = code_in(line);
                             if (!found) return;
                             auto const [at, is_new] =
                                 known.emplace(std::pair{found->device, found->inode}, all.size());
                             if (is_new) all.emplace_back();
                             all[at->second].push_back(*std::move(found));
                         })
        .map([&] { return std::move(all); });
}

/// "begin-end" without zeros before them, which maps has before short ones.
std::string name_in_map_files(mapping const& code) {
    auto const digits = [](std::uint64_t address) { return hexadecimal(address).substr(2); };
    return digits(code.begin) + '-' + digits(code.end);
}

/// The file of a mapping, below the process's root where that leads to it now.
result<binary_file> open_mapped(std::string const& process, mapping const& code) {
    auto const by_range = process + "/map_files/" + name_in_map_files(code);
    auto below = binary_file::open(process + "/root" + code.path);
    if (below && below->inode() == code.inode) {
        if (code.is_on(below->device())) return below;
        // Some file systems tell maps of another device than stat(2).
        auto const is_it = below->is_at(by_range);
        if (is_it == match::yes) return below;
    }
    return binary_file::open(by_range);
}

/// Whether nothing of it is known that the caller has to know of.
bool is_passed_over(error const& e) {
    return e == errc::not_found || e == errc::permission_denied ||
           (e == errc::invalid_argument && e.where() == operation::open) ||
           e.code() == std::errc::executable_format_error;
}

/// Where the offset of a file is mapped.
std::optional<std::uint64_t> address_in(mapped_file const& file, std::uint64_t offset) {
    for (auto const& code : file)
        if (offset >= code.offset && offset - code.offset < code.end - code.begin)
            return code.begin + (offset - code.offset);
    return std::nullopt;
}

} // namespace

result<std::vector<process_symbol>> resolve_in_process(int pid, std::string_view symbol,
                                                       resolve_options options) {
    if (auto const good = check_symbols({&symbol, 1}); !good) return tl::unexpected{good.error()};
    if (pid < 0)
        return fail(-EINVAL, operation::resolve_symbol, errc::invalid_argument,
                    "process " + std::to_string(pid), "a process's number is not negative");
    auto const process = "/proc/" + (pid == 0 ? "self" : std::to_string(pid));
    auto const files = files_of(process);
    if (!files) return tl::unexpected{files.error()};
    std::vector<process_symbol> found;
    std::size_t looked_at = 0;
    std::optional<error> refusal; // of the first file that has the name, and not one function of it
    for (auto const& each : *files) {
        auto const file = open_mapped(process, each.front());
        looked_at += file.has_value();
        auto const resolve = [&](resolve_options const& how) {
            return file.and_then([&](binary_file const& opened) {
                return elf_file::open(opened).and_then([&](elf_file const& elf) {
                    return resolve_in(elf, {&symbol, 1}, how, when_missing::say_so);
                });
            });
        };
        auto const offsets = resolve(options);
        if (!offsets) {
            auto const& e = offsets.error();
            if (is_passed_over(e)) continue;
            auto with_indirect = options;
            with_indirect.indirect = true;
            // A name of several functions is passed over; one that the caller may ask for is not.
            if (e != errc::invalid_argument || resolve(with_indirect)) return tl::unexpected{e};
            if (!refusal) refusal = e;
            continue;
        }
        if (auto const address = address_in(each, offsets->front()))
            found.push_back({file->path(), each.front().path, offsets->front(), *address});
    }
    if (!found.empty()) return found;
    if (refusal) return tl::unexpected{*std::move(refusal)};
    return fail(-ENOENT, operation::resolve_symbol, errc::not_found,
                "symbol " + std::string{symbol} + " in process " + std::to_string(pid),
                looked_at == 0 ? "it has no file mapped as code that can be opened"
                               : "not in the " + std::to_string(looked_at) +
                                     " files that it has mapped as code");
}

} // namespace bpflink
