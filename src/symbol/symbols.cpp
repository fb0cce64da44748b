// SPDX-License-Identifier: Apache-2.0
#include "error/fail.hpp"
#include "symbol/demangle.hpp"
#include "symbol/functions.hpp"
#include "symbol/missing.hpp"
#include "symbol/names.hpp"
#include "symbol/open.hpp"
#include "symbol/resolve.hpp"
#include "symbol/wanted_names.hpp"

#include <bpflink/symbols.hpp>

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace bpflink {
namespace {

constexpr std::size_t most_names = 20;     // in an error
constexpr std::size_t most_addresses = 64; // that are counted of one name

/// One of the names asked for, and the best that was found for it.
class request {
public:
    request(std::string_view text, bool unique) : text_{text}, name_{text}, is_unique_{unique} {
        auto const at = text.find('@');
        if (at == text.npos || at == 0) return;
        name_ = text.substr(0, at);
        version_ = text.substr(at + 1);
        if (version_.starts_with('@')) {
            version_.remove_prefix(1);
            wants_default_ = true;
        }
    }

    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] std::vector<std::uint64_t> const& addresses() const noexcept { return found_; }
    [[nodiscard]] bool is_found() const noexcept { return !found_.empty(); }
    /// Whether the static table cannot have anything better.
    [[nodiscard]] bool is_settled() const noexcept {
        return !found_.empty() && rank_ < 2 && !is_unique_;
    }
    /// Whether the function is only chosen by what is there.
    [[nodiscard]] bool is_indirect() const noexcept { return is_indirect_; }

    void offer(elf_function const& function, function_source from) {
        if (wants_default_ && function.is_hidden) return;
        if (!version_.empty() && function.version != version_) return;
        unsigned const own = rank_of(function, from);
        unsigned const hidden = own & 8U;
        unsigned const rank = (version_.empty() ? hidden : 0U) + (is_unique_ ? 0U : own & 7U);
        if (!found_.empty() && rank > rank_) return;
        if (rank < rank_) {
            found_.clear();
            is_indirect_ = false;
        }
        rank_ = rank;
        is_indirect_ |= function.is_indirect;
        if (found_.size() < most_addresses &&
            std::ranges::find(found_, function.address) == found_.end())
            found_.push_back(function.address);
    }

private:
    std::string_view text_;
    std::string_view name_;
    std::string_view version_;
    bool wants_default_ = false;
    bool is_unique_;
    bool is_indirect_ = false;
    unsigned rank_ = ~0U;
    std::vector<std::uint64_t> found_;
};

/// Up to the 20th; in the singular or the plural.
std::string enumerate(std::vector<std::string> const& names) {
    return (names.size() == 1 ? "symbol " : "symbols ") + enumerated(names, most_names);
}

std::string with_count(request const& r) {
    auto const count = r.addresses().size();
    return std::string{r.text()} + " (" + std::to_string(count) +
           (count == most_addresses ? " or more" : "") + " addresses)";
}

result<std::vector<std::uint64_t>> offsets_of(std::vector<request> const& requests,
                                              elf_file const& file, functions_told const& told,
                                              resolve_options options, when_missing how) {
    std::vector<std::uint64_t> offsets;
    std::vector<std::string> missing, ambiguous, outside, indirect;
    std::vector<std::string_view> absent; // without versions
    offsets.reserve(requests.size());
    for (auto const& r : requests) {
        if (r.addresses().empty()) {
            missing.emplace_back(r.text());
            absent.push_back(r.name());
        } else if (r.addresses().size() > 1) {
            ambiguous.push_back(with_count(r));
        } else if (r.is_indirect() && !options.indirect) {
            indirect.emplace_back(r.text());
        } else if (auto const offset = file.offset_of(r.addresses().front())) {
            offsets.push_back(*offset);
        } else {
            outside.emplace_back(r.text());
        }
    }
    if (offsets.size() == requests.size()) return offsets;

    auto const place = [&](std::vector<std::string> const& names) {
        return enumerate(names) + " in " + file.path();
    };
    struct fault {
        std::vector<std::string> const& names;
        char const* what;
    };
    bool const has_code = std::ranges::any_of(file.segments(), [](elf_segment const& segment) {
        return segment.is_executable && segment.size != 0;
    });
    fault const faults[]{
        {ambiguous, "several functions have one name"},
        {indirect, "calls go to a variant that this function chooses once, so a probe here does "
                   "not see them: ask for .indirect to probe the choice"},
        {outside, has_code ? "it is in no segment that is loaded from the file"
                           : "the file has no code, as debug files have none: name the program "
                             "that it belongs to"},
    };
    std::optional<error> refusal;
    if (!missing.empty()) {
        refusal.emplace(ENOENT, operation::resolve_symbol, errc::not_found, place(missing));
        auto const known = advice_of(told);
        auto const hints = how == when_missing::give_hints ? hints_on_missing(file, options, absent)
                                                           : std::string{};
        for (auto const& more : {known, hints})
            if (!more.empty()) refusal->add_advice(more);
        if (known.empty() && hints.empty())
            refusal->add_advice("matching_symbols() lists the functions that it has");
    }
    for (auto const& [names, what] : faults) {
        if (names.empty()) continue;
        if (refusal)
            refusal->add_advice(std::string{what} + ": " + enumerate(names));
        else
            refusal.emplace(EINVAL, operation::resolve_symbol, errc::invalid_argument, place(names),
                            what);
    }
    return tl::unexpected{*std::move(refusal)};
}

} // namespace

result<void> check_symbols(std::span<std::string_view const> symbols) {
    for (auto const symbol : symbols)
        if (auto const good = check_name(symbol, "a symbol's name"); !good) return good;
    return {};
}

result<std::vector<std::uint64_t>> resolve_in(elf_file const& file,
                                              std::span<std::string_view const> symbols,
                                              resolve_options options, when_missing how) {
    std::vector<request> requests;
    std::unordered_map<std::string_view, std::vector<std::size_t>> by_name;
    std::bitset<256> lengths; // of the names, which most others differ in
    auto const length_of = [&](std::string_view name) {
        return std::min(name.size(), lengths.size() - 1);
    };
    for (auto const symbol : symbols) {
        requests.emplace_back(symbol, options.unique);
        by_name[requests.back().name()].push_back(requests.size() - 1);
        lengths.set(length_of(requests.back().name()));
    }
    std::vector<std::pair<readable_name, std::size_t>> readable;
    for (std::size_t i = 0; i != requests.size(); ++i)
        if (is_readable_name(requests[i].name())) readable.emplace_back(requests[i].name(), i);
    std::vector<std::string_view> names; // each once
    names.reserve(by_name.size());
    for (auto const& each : by_name)
        names.push_back(each.first);
    wanted_names const wanted{names};
    demangler demangle;
    auto const offer_readable = [&](elf_function const& function, function_source from) {
        std::string text; // once for all
        for (auto const& [name, index] : readable) {
            if (!name.may_be(function.name)) continue;
            if (text.empty()) text = demangle(function.name);
            if (name.is(text)) requests[index].offer(function, from);
        }
    };
    auto const told = for_each_function(
        file, options,
        [&](function_source next, bool is_stripped) {
            if (next <= function_source::whole)
                return !std::ranges::all_of(requests, &request::is_settled);
            return (options.unique && is_stripped) ||
                   !std::ranges::all_of(requests, &request::is_found);
        },
        [&](elf_function const& function, function_source from) {
            offer_readable(function, from);
            if (!lengths[length_of(function.name)]) return;
            auto const found = by_name.find(function.name);
            if (found == by_name.end()) return;
            for (auto const index : found->second)
                requests[index].offer(function, from);
        },
        readable.empty() ? &wanted : nullptr);
    if (!told) return tl::unexpected{told.error()};
    return offsets_of(requests, file, *told, options, how);
}

result<std::string>
for_each_matching(elf_file const& file, std::string_view pattern, resolve_options const& options,
                  std::function<void(elf_function const&, std::string_view)> const& look) {
    std::string versioned;
    auto const readable = is_readable_name(pattern) ? without_spaces(pattern) : std::string{};
    demangler demangle;
    auto const is_meant = [&](std::string_view name, std::string_view plain) {
        return matches_pattern(name, pattern) ||
               (!readable.empty() && matches_pattern(demangle(plain), readable));
    };
    return for_each_function(
               file, options,
               [](function_source next, bool is_stripped) {
                   return next <= function_source::whole || is_stripped;
               },
               [&](elf_function const& function, function_source) {
                   if (function.is_indirect && !options.indirect) return;
                   std::string_view name = function.name;
                   if (function.is_hidden) name = versioned = name_of(function);
                   if (!name.empty() && is_meant(name, function.name)) look(function, name);
               })
        .map(advice_of);
}

namespace {

template <class Binary>
result<std::vector<std::uint64_t>> resolve(Binary binary, std::span<std::string_view const> symbols,
                                           resolve_options const& options) {
    return check_symbols(symbols).and_then([&] {
        return with_elf_file(
            binary, [&](elf_file const& file) { return resolve_in(file, symbols, options); });
    });
}

template <class Binary>
result<std::uint64_t> offset_in(Binary binary, std::uint64_t address) {
    return with_elf_file(binary, [&](elf_file const& file) -> result<std::uint64_t> {
        if (auto const offset = file.offset_of(address)) return *offset;
        return fail(-ENOENT, operation::resolve_symbol, errc::not_found,
                    "address " + hexadecimal(address) + " in " + file.path(),
                    "no segment that is loaded from the file has it");
    });
}

result<std::vector<std::string>> names_in(elf_file const& file, std::string_view pattern,
                                          resolve_options const& options) {
    std::set<std::string, std::less<>> names;
    return for_each_matching(
               file, pattern, options,
               [&](elf_function const&, std::string_view name) { names.emplace(name); })
        .map([&](std::string const&) {
            return std::vector<std::string>{names.begin(), names.end()};
        });
}

template <class Binary>
result<std::vector<std::string>> find_matching(Binary binary, std::string_view pattern,
                                               resolve_options const& options) {
    return check_name(pattern, "the pattern").and_then([&] {
        return with_elf_file(
            binary, [&](elf_file const& file) { return names_in(file, pattern, options); });
    });
}

std::uint64_t first_of(std::vector<std::uint64_t> const& offsets) {
    return offsets.front();
}

} // namespace

result<std::vector<std::uint64_t>> resolve_symbols(std::string_view binary,
                                                   std::span<std::string_view const> symbols,
                                                   resolve_options options) {
    return resolve(binary, symbols, options);
}

result<std::vector<std::uint64_t>> resolve_symbols(fd_view binary,
                                                   std::span<std::string_view const> symbols,
                                                   resolve_options options) {
    return resolve(binary, symbols, options);
}

result<std::uint64_t> resolve_symbol(std::string_view binary, std::string_view symbol,
                                     resolve_options options) {
    return resolve_symbols(binary, {&symbol, 1}, options).map(first_of);
}

result<std::uint64_t> resolve_symbol(fd_view binary, std::string_view symbol,
                                     resolve_options options) {
    return resolve_symbols(binary, {&symbol, 1}, options).map(first_of);
}

result<std::uint64_t> offset_of_address(std::string_view binary, std::uint64_t address) {
    return offset_in(binary, address);
}

result<std::uint64_t> offset_of_address(fd_view binary, std::uint64_t address) {
    return offset_in(binary, address);
}

result<std::vector<std::string>> matching_symbols(std::string_view binary, std::string_view pattern,
                                                  resolve_options options) {
    return find_matching(binary, pattern, options);
}

result<std::vector<std::string>> matching_symbols(fd_view binary, std::string_view pattern,
                                                  resolve_options options) {
    return find_matching(binary, pattern, options);
}

} // namespace bpflink
