// SPDX-License-Identifier: Apache-2.0
#include "error/fail.hpp"
#include "symbol/binary.hpp"
#include "symbol/elf.hpp"
#include "symbol/names.hpp"
#include "symbol/resolve.hpp"

#include <bpflink/symbols.hpp>

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>

namespace bpflink {
namespace {

constexpr std::size_t most_names = 20;     // in an error
constexpr std::size_t most_addresses = 64; // that are counted of one name

/// One of the names asked for, and the best that was found for it.
class request {
public:
    request() = default;
    explicit request(std::string_view text) : text_{text}, name_{text} {
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
    /// Whether the static table cannot have anything better.
    [[nodiscard]] bool is_settled() const noexcept { return !found_.empty() && rank_ < 2; }
    /// Whether the function is only chosen by what is there.
    [[nodiscard]] bool is_indirect() const noexcept { return is_indirect_; }

    void offer(elf_function const& function, symbol_table from) {
        if (wants_default_ && function.is_hidden) return;
        if (!version_.empty() && function.version != version_) return;
        unsigned const rank = (version_.empty() && function.is_hidden ? 8U : 0U) +
                              (from == symbol_table::dynamic ? 0U : 4U) +
                              static_cast<unsigned>(function.binding);
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
                                              elf_file const& file, bool is_stripped,
                                              resolve_options options) {
    std::vector<std::uint64_t> offsets;
    std::vector<std::string> missing, ambiguous, outside, indirect;
    offsets.reserve(requests.size());
    for (auto const& r : requests) {
        if (r.addresses().empty()) {
            missing.emplace_back(r.text());
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
    fault const faults[]{
        {ambiguous, "several functions have one name"},
        {indirect, "calls go to a variant that this function chooses once, so that a probe here "
                   "sees none of them: ask for .indirect to probe the choice"},
        {outside, "it is in no segment that is loaded from the file"},
    };
    std::optional<error> refusal;
    if (!missing.empty()) {
        refusal.emplace(ENOENT, operation::resolve_symbol, errc::not_found, place(missing));
        if (is_stripped)
            refusal->add_advice("the file is stripped: it has dynamic symbols at most");
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

/// What `look` says of a file that is found and opened here.
template <class Look>
auto with_elf_file(std::string_view binary, Look look) {
    return find_binary(binary).and_then([&](binary_file const& file) {
        return elf_file::open(file).and_then([&](elf_file const& opened) { return look(opened); });
    });
}

} // namespace

result<void> check_symbols(std::span<std::string_view const> symbols) {
    for (auto const symbol : symbols)
        if (auto const good = check_name(symbol, "a symbol's name"); !good) return good;
    return {};
}

result<std::vector<std::uint64_t>> resolve_in(elf_file const& file,
                                              std::span<std::string_view const> symbols,
                                              resolve_options options) {
    std::vector<request> requests;
    std::unordered_map<std::string_view, std::vector<std::size_t>> by_name;
    std::bitset<256> lengths; // of the names, which most others differ in
    auto const length_of = [&](std::string_view name) {
        return std::min(name.size(), lengths.size() - 1);
    };
    for (auto const symbol : symbols) {
        requests.emplace_back(symbol);
        by_name[requests.back().name()].push_back(requests.size() - 1);
        lengths.set(length_of(requests.back().name()));
    }
    bool is_stripped = false;
    for (auto const table : {symbol_table::dynamic, symbol_table::whole}) {
        if (std::ranges::all_of(requests, &request::is_settled)) break;
        auto const read = file.for_each_function(table, [&](elf_function const& function) {
            if (!lengths[length_of(function.name)]) return;
            auto const found = by_name.find(function.name);
            if (found == by_name.end()) return;
            for (auto const index : found->second)
                requests[index].offer(function, table);
        });
        if (!read) return tl::unexpected{read.error()};
        is_stripped = table == symbol_table::whole && !*read;
    }
    return offsets_of(requests, file, is_stripped, options);
}

result<std::vector<std::uint64_t>> resolve_symbols(std::string_view binary,
                                                   std::span<std::string_view const> symbols,
                                                   resolve_options options) {
    return check_name(binary, "the binary's name")
        .and_then([&] { return check_symbols(symbols); })
        .and_then([&] {
            return with_elf_file(
                binary, [&](elf_file const& file) { return resolve_in(file, symbols, options); });
        });
}

result<std::uint64_t> resolve_symbol(std::string_view binary, std::string_view symbol,
                                     resolve_options options) {
    return resolve_symbols(binary, {&symbol, 1}, options)
        .map([](std::vector<std::uint64_t> const& offsets) { return offsets.front(); });
}

result<std::uint64_t> offset_of_address(std::string_view binary, std::uint64_t address) {
    return check_name(binary, "the binary's name").and_then([&] {
        return with_elf_file(binary, [&](elf_file const& file) -> result<std::uint64_t> {
            if (auto const offset = file.offset_of(address)) return *offset;
            return fail(-ENOENT, operation::resolve_symbol, errc::not_found,
                        "address " + hexadecimal(address) + " in " + file.path(),
                        "no segment that is loaded from the file has it");
        });
    });
}

result<std::vector<std::string>> matching_symbols(std::string_view binary, std::string_view pattern,
                                                  resolve_options options) {
    return check_name(binary, "the binary's name")
        .and_then([&] { return check_name(pattern, "the pattern"); })
        .and_then([&] {
            return with_elf_file(
                binary, [&](elf_file const& file) -> result<std::vector<std::string>> {
                    std::set<std::string, std::less<>> names;
                    std::string versioned;
                    for (auto const table : {symbol_table::dynamic, symbol_table::whole}) {
                        auto const read =
                            file.for_each_function(table, [&](elf_function const& function) {
                                if (function.is_indirect && !options.indirect) return;
                                std::string_view name = function.name;
                                if (function.is_hidden) {
                                    versioned.assign(name).append("@").append(function.version);
                                    name = versioned;
                                }
                                if (!name.empty() && matches_pattern(name, pattern) &&
                                    !names.contains(name))
                                    names.emplace(name);
                            });
                        if (!read) return tl::unexpected{read.error()};
                    }
                    return std::vector<std::string>{names.begin(), names.end()};
                });
        });
}

} // namespace bpflink
