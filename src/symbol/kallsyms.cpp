// SPDX-License-Identifier: Apache-2.0
#include "symbol/kallsyms.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "symbol/names.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/symbols.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

namespace bpflink {
namespace {

constexpr char const* symbols_file = "/proc/kallsyms";
constexpr std::array filter_files{
    "/sys/kernel/tracing/available_filter_functions",
    "/sys/kernel/debug/tracing/available_filter_functions",
};

/// Calls `look` with each line, without its end.
template <class Look>
result<void> for_each_line(fd_view file, char const* path, Look look) {
    std::array<std::byte, 16'384> room;
    std::string begun; // a line that the last read ended in
    for (;;) {
        int const count = sys::read(file.get(), room);
        if (count < 0) return fail(count, operation::read, path);
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

struct kernel_symbol {
    std::uint64_t address;
    char type; // as nm(1) has it
    std::string_view name;

    [[nodiscard]] bool is_text() const {
        return std::string_view{"tTwW"}.find(type) != std::string_view::npos;
    }
};

/// What is no symbol to the kernel's own lookups: programs and trampolines.
bool is_generated(std::string_view module) {
    return module == "[bpf]" || module.starts_with("[__builtin__");
}

/// Calls `look` with each symbol of the kernel and its modules.
template <class Look>
result<void> for_each_kernel_symbol(Look look) {
    auto const file = sys::open_file(symbols_file);
    if (!file) return fail(file.outcome(), operation::open, symbols_file);
    return for_each_line(file.view(), symbols_file, [&](std::string_view line) {
        // address, type, name; a tab and the module in brackets
        kernel_symbol symbol{};
        auto const* const end = std::to_address(line.end());
        auto const [rest, problem] =
            std::from_chars(std::to_address(line.begin()), end, symbol.address, 16);
        if (problem != std::errc{} || end - rest < 4 || rest[0] != ' ' || rest[2] != ' ') return;
        symbol.type = rest[1];
        symbol.name = {rest + 3, static_cast<std::size_t>(end - rest - 3)};
        auto const tab = symbol.name.find('\t');
        if (tab != symbol.name.npos) {
            if (is_generated(symbol.name.substr(tab + 1))) return;
            symbol.name = symbol.name.substr(0, tab);
        }
        look(symbol);
    });
}

/// Whether open(2) said that there is no tracefs for this process.
bool is_out_of_reach(int outcome) {
    return outcome == -ENOENT || outcome == -EACCES || outcome == -EPERM || outcome == -ENOTDIR;
}

struct occurrences {
    bool is_text = false;
    bool is_repeated = false;
    bool is_traceable = false;
};

struct name_hash : std::hash<std::string_view> {
    using is_transparent = void;
};
using candidates = std::unordered_map<std::string, occurrences, name_hash, std::equal_to<>>;

/// Marks what ftrace can trace; all of them when there is no way to know.
result<void> mark_traceable(candidates& names) {
    for (auto const* const path : filter_files) {
        auto const file = sys::open_file(path);
        if (is_out_of_reach(file.outcome())) continue;
        if (!file) return fail(file.outcome(), operation::open, path);
        return for_each_line(file.view(), path, [&](std::string_view line) {
            auto const found = names.find(line.substr(0, line.find(' '))); // a module follows
            if (found != names.end()) found->second.is_traceable = true;
        });
    }
    for (auto& candidate : names)
        candidate.second.is_traceable = true;
    return {};
}

} // namespace

result<std::vector<std::string>> matching_kernel_functions(std::string_view pattern) {
    if (auto const good = check_name(pattern, "the pattern"); !good)
        return tl::unexpected{good.error()};
    candidates names;
    auto read = for_each_kernel_symbol([&](kernel_symbol const& symbol) {
        if (!matches_pattern(symbol.name, pattern)) return;
        auto found = names.find(symbol.name);
        if (found == names.end())
            found = names.emplace(std::string{symbol.name}, occurrences{}).first;
        else
            found->second.is_repeated = true;
        found->second.is_text |= symbol.is_text();
    });
    // A kprobe counts data of the same name, too.
    std::erase_if(names, [](auto const& candidate) {
        return candidate.second.is_repeated || !candidate.second.is_text;
    });
    if (read && !names.empty()) read = mark_traceable(names);
    if (!read) return tl::unexpected{read.error()};
    std::vector<std::string> functions;
    for (auto const& candidate : names)
        if (candidate.second.is_traceable) functions.push_back(candidate.first);
    std::ranges::sort(functions);
    return functions;
}

result<std::vector<std::string>> ambiguous_among(std::span<std::string_view const> names) {
    std::unordered_map<std::string_view, std::vector<std::uint64_t>> places;
    for (auto const name : names)
        places.try_emplace(name);
    auto const read = for_each_kernel_symbol([&](kernel_symbol const& symbol) {
        auto const found = places.find(symbol.name);
        if (found == places.end() || !symbol.is_text()) return;
        auto& addresses = found->second; // each 0 where the kernel hides them
        if (symbol.address == 0 || std::ranges::count(addresses, symbol.address) == 0)
            addresses.push_back(symbol.address);
    });
    if (!read) return tl::unexpected{read.error()};
    std::vector<std::string> ambiguous;
    for (auto const name : names) {
        auto const found = places.find(name);
        if (found == places.end() || found->second.size() < 2) continue;
        ambiguous.push_back(std::string{name} + " (" + std::to_string(found->second.size()) + ")");
        places.erase(found); // it may be asked for twice
    }
    return ambiguous;
}

result<std::uint64_t> kernel_symbol_address(std::string_view name) {
    if (auto const good = check_name(name, "the name"); !good) return tl::unexpected{good.error()};
    std::set<std::uint64_t> addresses;
    bool shows_addresses = false;
    auto const read = for_each_kernel_symbol([&](kernel_symbol const& symbol) {
        shows_addresses |= symbol.address != 0;
        if (symbol.name == name) addresses.insert(symbol.address);
    });
    if (!read) return tl::unexpected{read.error()};
    std::string const subject = "kernel symbol '" + std::string{name} + "'";
    if (addresses.empty())
        return fail(-ENOENT, operation::resolve_symbol, errc::not_found, subject,
                    "neither this kernel nor its loaded modules have it");
    if (!shows_addresses) // one alone may be 0, as those counted from a processor's own data
        return fail(-EPERM, operation::resolve_symbol, errc::permission_denied, subject,
                    "the kernel hides its addresses: CAP_SYSLOG, and kernel.kptr_restrict below 2");
    if (addresses.size() > 1)
        return fail(-EINVAL, operation::resolve_symbol, errc::invalid_argument, subject,
                    "it stands for " + std::to_string(addresses.size()) + " addresses");
    return *addresses.begin();
}

} // namespace bpflink
