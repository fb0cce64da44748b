// SPDX-License-Identifier: Apache-2.0
#include "symbol/kallsyms.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "symbol/file_refusal.hpp"
#include "symbol/lines.hpp"
#include "symbol/names.hpp"
#include "symbol/near.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/kernel_symbols.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <tuple>
#include <unordered_map>

namespace bpflink {
namespace {

constexpr char const* symbols_file = "/proc/kallsyms";
constexpr std::array filter_files{
    "/sys/kernel/tracing/available_filter_functions",
    "/sys/kernel/debug/tracing/available_filter_functions",
};

struct listed_symbol {
    std::string_view digits; // of its address
    char type;               // as nm(1) has it
    std::string_view name;
    std::string_view module; // "" where it is the kernel's own

    /// Most looks at symbols do not ask for it.
    [[nodiscard]] std::uint64_t address() const {
        std::uint64_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
        return number;
    }
    [[nodiscard]] bool is_text() const {
        return std::string_view{"tTwW"}.find(type) != std::string_view::npos;
    }
};

/// Programs and trampolines, which the kernel's own lookups do not take for symbols.
bool is_generated(std::string_view module) {
    return module == "[bpf]" || module.starts_with("[__builtin__");
}

/// Calls `look` with each symbol of the kernel and its modules.
template <class Look>
result<void> for_each_kernel_symbol(Look look) {
    auto const file = sys::open_file(symbols_file);
    if (!file) return refuse_open(file.outcome(), symbols_file);
    return for_each_line(file.view(), symbols_file, [&](std::string_view line) {
        // address, type, name; a tab and the module in brackets
        listed_symbol symbol{};
        symbol.digits = line.substr(0, line.find(' '));
        line.remove_prefix(symbol.digits.size());
        if (symbol.digits.empty() || line.size() < 4 || line[2] != ' ') return;
        symbol.type = line[1];
        symbol.name = line.substr(3);
        auto const tab = symbol.name.find('\t');
        if (tab != symbol.name.npos) {
            if (is_generated(symbol.name.substr(tab + 1))) return;
            symbol.module = symbol.name.substr(tab + 1); // "[module]"
            symbol.module.remove_prefix(std::min<std::size_t>(1, symbol.module.size()));
            symbol.module = symbol.module.substr(0, symbol.module.find(']'));
            symbol.name = symbol.name.substr(0, tab);
        }
        look(symbol);
    });
}

/// Whether open(2) said that there is no tracefs for this process.
bool is_out_of_reach(int outcome) {
    return outcome == -ENOENT || outcome == -EACCES || outcome == -EPERM || outcome == -ENOTDIR;
}

/// Names of the kernel, one text behind another: they are a hundred thousand.
class candidates {
public:
    void add(std::string_view name, bool is_text) {
        if (name.size() > UINT16_MAX) return; // the kernel's names have 511 letters at most
        all_.push_back({.at = static_cast<std::uint32_t>(texts_.size()),
                        .size = static_cast<std::uint16_t>(name.size()),
                        .is_text = is_text});
        texts_ += name;
    }
    [[nodiscard]] bool is_empty() const noexcept { return all_.empty(); }

    /// Puts them in their order, and keeps functions that have a name to themselves. A kprobe
    /// counts data of the same name, too.
    void keep_unique_functions() {
        texts_.append(sizeof(one::letters), '\0'); // for letters of the last one
        sort(all_, 0);
        auto kept = all_.begin();
        for (auto at = all_.begin(); at != all_.end();) {
            auto const next = std::find_if(
                at + 1, all_.end(), [&](one const& other) { return text(other) != text(*at); });
            if (next == at + 1 && at->is_text) *kept++ = *at;
            at = next;
        }
        all_.erase(kept, all_.end());
    }
    /// Once they are in their order.
    void mark_traceable(std::string_view name) {
        auto const found =
            std::ranges::partition_point(all_, [&](one const& each) { return text(each) < name; });
        if (found != all_.end() && text(*found) == name) found->is_traceable = true;
    }
    void mark_all_traceable() {
        for (auto& each : all_)
            each.is_traceable = true;
    }
    [[nodiscard]] std::vector<std::string> traceable() const {
        std::vector<std::string> names;
        names.reserve(all_.size());
        for (auto const& each : all_)
            if (each.is_traceable) names.emplace_back(text(each));
        return names;
    }

private:
    struct one {
        std::uint64_t letters = 0; // 8 of them, those that it is sorted by
        std::uint32_t at;          // in the texts
        std::uint16_t size;
        bool is_text;
        bool is_traceable = false;
    };

    [[nodiscard]] std::string_view text(one const& each) const {
        return std::string_view{texts_}.substr(each.at, each.size);
    }
    /// The letters from `before` on, as a number that is in the same order; 0 behind the end.
    [[nodiscard]] std::uint64_t letters_of(one const& each, std::size_t before) const {
        constexpr std::size_t most = sizeof each.letters;
        if (before >= each.size) return 0;
        std::uint64_t letters = 0;
        std::memcpy(&letters, texts_.data() + each.at + before, most);
        if constexpr (std::endian::native == std::endian::little)
            letters = __builtin_bswap64(letters);
        auto const behind = 8 * (most - std::min(most, each.size - before));
        return letters >> behind << behind;
    }
    /// By 8 letters at a time, of names that have the same before them: numbers are compared faster
    /// than texts.
    void sort(std::span<one> some, std::size_t before) {
        for (auto& each : some)
            each.letters = letters_of(each, before);
        std::ranges::sort(some, {}, &one::letters);
        for (auto begin = some.begin(); begin != some.end();) {
            auto const end = std::find_if(begin, some.end(), [&](one const& other) {
                return other.letters != begin->letters;
            });
            bool const goes_on = (begin->letters & 0xffU) != 0;
            if (end - begin > 1 && goes_on) sort({begin, end}, before + sizeof begin->letters);
            begin = end;
        }
    }

    std::string texts_;
    std::vector<one> all_;
};

/// Calls `look` with each function that ftrace can trace. False: there is no way to know.
template <class Look>
result<bool> for_each_traceable(Look look) {
    for (auto const* const path : filter_files) {
        auto const file = sys::open_file(path);
        if (is_out_of_reach(file.outcome())) continue;
        if (!file) return refuse_open(file.outcome(), path);
        return for_each_line(file.view(), path,
                             [&](std::string_view line) { // "function", or "function [module]"
                                 auto const end = line.find(' ');
                                 auto module = line.substr(std::min(end, line.size()));
                                 module.remove_prefix(std::min<std::size_t>(2, module.size()));
                                 look(line.substr(0, end), module.substr(0, module.find(']')));
                             })
            .map([] { return true; });
    }
    return false;
}

/// Marks what ftrace can trace; all of them when there is no way to know.
result<void> mark_traceable(candidates& names) {
    auto const told = for_each_traceable(
        [&](std::string_view function, std::string_view) { names.mark_traceable(function); });
    if (!told) return tl::unexpected{told.error()};
    if (!*told) names.mark_all_traceable();
    return {};
}

std::string_view without_module(std::string_view name) {
    return name.substr(name.find(':') + 1); // npos + 1 is 0
}

/// A pattern, or a name, and of which modules.
struct asked_name {
    std::string_view modules; // empty: of any
    std::string_view name;

    [[nodiscard]] bool takes_module(std::string_view module) const {
        return modules.empty() || matches_pattern(module.empty() ? kernel_itself : module, modules);
    }
};

result<asked_name> split(std::string_view text, std::string_view what) {
    asked_name const asked{module_of(text), without_module(text)};
    return check_name(text, what)
        .and_then([&] { return check_name(asked.name, what); })
        .and_then([&]() -> result<asked_name> {
            if (!asked.modules.empty() || !text.starts_with(':')) return asked;
            return fail(-EINVAL, operation::resolve_symbol, errc::invalid_argument,
                        std::string{text}, "the module's name is empty");
        });
}

/// Whether ftrace knows one function of a name, and in such a module; nothing where it cannot be
/// asked.
result<std::optional<bool>> is_traced_once(asked_name const& asked) {
    int of_name = 0, in_module = 0;
    auto const told = for_each_traceable([&](std::string_view function, std::string_view module) {
        if (function != asked.name) return;
        ++of_name;
        in_module += asked.takes_module(module);
    });
    if (!told) return tl::unexpected{told.error()};
    return *told ? std::optional{of_name == 1 && in_module == 1} : std::nullopt;
}

/// Where each symbol is, to tell how far the next one is.
class neighbours {
public:
    void add(listed_symbol const& symbol) {
        if (modules_.empty() || modules_.back() != symbol.module)
            modules_.emplace_back(symbol.module); // the symbols of a module follow one another
        if (auto const address = symbol.address(); address != 0)
            places_.push_back({modules_.size() - 1, address});
    }
    /// The number of the module that was seen last.
    [[nodiscard]] std::size_t module() const noexcept { return modules_.size() - 1; }
    [[nodiscard]] std::optional<std::uint64_t> distance_from(std::size_t module,
                                                             std::uint64_t address) const {
        std::optional<std::uint64_t> next;
        for (auto const& each : places_)
            if (each.module == module && each.address > address && (!next || each.address < *next))
                next = each.address;
        if (!next || address == 0) return std::nullopt;
        return *next - address;
    }

private:
    struct place {
        std::size_t module;
        std::uint64_t address;
    };
    std::vector<std::string> modules_;
    std::vector<place> places_;
};

tl::unexpected<error> not_there(std::string const& subject, asked_name const& asked) {
    near_names near{asked.name};
    auto const read = for_each_kernel_symbol([&](listed_symbol const& symbol) {
        if (asked.takes_module(symbol.module)) near.offer(symbol.name);
    });
    auto const more = read ? near.told() : std::string{};
    return fail(-ENOENT, operation::resolve_symbol, errc::not_found, subject,
                (asked.modules.empty() ? "neither this kernel nor its loaded modules have it"
                                       : "that module is not loaded, or does not have it") +
                    (more.empty() ? "" : "; " + more));
}

std::string in_quotes(std::string_view name) {
    return "kernel symbol '" + std::string{name} + "'";
}

} // namespace

result<std::vector<std::string>> matching_kernel_functions(std::string_view pattern) {
    auto const asked = split(pattern, "the pattern");
    if (!asked) return tl::unexpected{asked.error()};
    if (asked->name.find_first_of("*?") == asked->name.npos) {
        auto const is_there = is_traced_once(*asked);
        if (!is_there) return tl::unexpected{is_there.error()};
        if (*is_there)
            return std::vector<std::string>(**is_there ? 1U : 0U, std::string{asked->name});
    }
    candidates names;
    auto read = for_each_kernel_symbol([&](listed_symbol const& symbol) {
        if (matches_pattern(symbol.name, asked->name))
            names.add(symbol.name, symbol.is_text() && asked->takes_module(symbol.module));
    });
    names.keep_unique_functions();
    if (read && !names.is_empty()) read = mark_traceable(names);
    if (!read) return tl::unexpected{read.error()};
    return names.traceable();
}

std::string_view module_of(std::string_view name) noexcept {
    auto const colon = name.find(':');
    return colon == name.npos ? std::string_view{} : name.substr(0, colon);
}

result<std::vector<std::vector<symbol_place>>> places_of(std::span<std::string_view const> names) {
    std::unordered_multimap<std::string_view, std::size_t> by_name;
    for (std::size_t i = 0; i != names.size(); ++i)
        by_name.emplace(without_module(names[i]), i);
    std::vector<std::vector<symbol_place>> places(names.size());
    auto const read = for_each_kernel_symbol([&](listed_symbol const& symbol) {
        auto const [begin, end] = by_name.equal_range(symbol.name);
        for (auto each = begin; each != end; ++each) {
            auto const module = module_of(names[each->second]);
            if (!module.empty() &&
                module != (symbol.module.empty() ? kernel_itself : symbol.module))
                continue;
            auto& found = places[each->second];
            auto const address = symbol.address();
            bool const is_known = std::ranges::any_of(found, [&](symbol_place const& other) {
                return address != 0 && other.address == address &&
                       other.is_function == symbol.is_text();
            });
            if (!is_known) found.push_back({address, symbol.is_text(), std::string{symbol.module}});
        }
    });
    if (!read) return tl::unexpected{read.error()};
    return places;
}

std::vector<std::string> ambiguous_among(std::span<std::string_view const> names,
                                         std::span<std::vector<symbol_place> const> places) {
    std::vector<std::string> ambiguous;
    for (std::size_t i = 0; i != names.size(); ++i) {
        auto const count = std::ranges::count_if(places[i], &symbol_place::is_function);
        if (count < 2) continue;
        auto text = std::string{names[i]} + " (" + std::to_string(count) + ")";
        if (std::ranges::count(ambiguous, text) == 0) ambiguous.push_back(std::move(text));
    }
    return ambiguous;
}

std::string enumerated(std::span<symbol_place const> places, std::size_t most) {
    std::vector<std::string> texts;
    for (auto const& each : places) {
        std::string text =
            each.address == 0 ? "an address that is hidden" : hexadecimal(each.address);
        if (!each.module.empty()) text += " [" + each.module + "]";
        texts.push_back(std::move(text));
    }
    return enumerated(texts, most);
}

result<std::vector<std::string>> copies_of(std::string_view function) {
    std::string const begin = std::string{without_module(function)} + ".";
    std::set<std::string, std::less<>> names;
    auto const read = for_each_kernel_symbol([&](listed_symbol const& symbol) {
        // The rarely run part (.cold) is cut out of a function, and is not a copy of it.
        if (symbol.name.starts_with(begin) && symbol.is_text() && !symbol.name.ends_with(".cold"))
            names.emplace(symbol.name);
    });
    if (!read) return tl::unexpected{read.error()};
    return std::vector<std::string>{names.begin(), names.end()};
}

std::string hint_for(std::string_view function) {
    asked_name const asked{module_of(function), without_module(function)};
    near_names near{asked.name};
    std::set<std::string, std::less<>> elsewhere;
    auto const read = for_each_kernel_symbol([&](listed_symbol const& symbol) {
        if (!symbol.is_text()) return;
        if (asked.takes_module(symbol.module))
            near.offer(symbol.name);
        else if (symbol.name == asked.name)
            elsewhere.insert(std::string{symbol.module.empty() ? kernel_itself : symbol.module}
                                 .append(":")
                                 .append(symbol.name));
    });
    if (!read) return {};
    if (elsewhere.empty()) return near.told();
    std::vector<std::string> const names{elsewhere.begin(), elsewhere.end()};
    return "there is " + enumerated(names, 5);
}

match is_loaded(std::string_view module) {
    if (module == kernel_itself) return match::yes;
    bool is_seen = false;
    auto const read = for_each_kernel_symbol(
        [&](listed_symbol const& symbol) { is_seen |= symbol.module == module; });
    return !read ? match::unknown : is_seen ? match::yes : match::no;
}

std::optional<std::vector<std::string>> untraceable_among(std::span<std::string_view const> names) {
    std::set<std::string_view> left;
    for (auto const name : names)
        left.insert(without_module(name));
    auto const told = for_each_traceable(
        [&](std::string_view function, std::string_view) { left.erase(function); });
    if (!told || !*told) return std::nullopt;
    return std::vector<std::string>{left.begin(), left.end()};
}

match is_on_blacklist(std::string_view function) {
    constexpr char const* path = "/sys/kernel/debug/kprobes/blacklist";
    auto const file = sys::open_file(path);
    if (!file) return match::unknown;
    bool is_listed = false;
    auto const read = for_each_line(file.view(), path, [&](std::string_view line) {
        is_listed |= line.substr(line.rfind('\t') + 1) == without_module(function);
    });
    return !read ? match::unknown : is_listed ? match::yes : match::no;
}

result<std::vector<kernel_symbol>> kernel_symbols(std::string_view name) {
    auto const asked = split(name, "the name");
    if (!asked) return tl::unexpected{asked.error()};
    struct found_symbol {
        kernel_symbol symbol;
        std::size_t module;
    };
    std::vector<found_symbol> found;
    neighbours around;
    bool shows_addresses = false;
    auto const read = for_each_kernel_symbol([&](listed_symbol const& symbol) {
        shows_addresses = shows_addresses || symbol.address() != 0;
        around.add(symbol);
        if (symbol.name != asked->name || !asked->takes_module(symbol.module)) return;
        found.push_back({{.address = symbol.address(),
                          .module = std::string{symbol.module},
                          .size = std::nullopt,
                          .is_function = symbol.is_text()},
                         around.module()});
    });
    if (!read) return tl::unexpected{read.error()};
    if (found.empty()) return not_there(in_quotes(name), *asked);
    if (!shows_addresses) // one alone may be 0, as those counted from a processor's own data
        return fail(-EPERM, operation::resolve_symbol, errc::permission_denied, in_quotes(name),
                    "the kernel hides its addresses: CAP_SYSLOG, and kernel.kptr_restrict below 2");
    std::vector<kernel_symbol> symbols;
    for (auto& [symbol, module] : found) {
        symbol.size = around.distance_from(module, symbol.address);
        if (std::ranges::find(symbols, symbol) == symbols.end()) symbols.push_back(symbol);
    }
    std::ranges::sort(symbols, {}, [](kernel_symbol const& each) {
        return std::tuple{each.address, std::string_view{each.module}, !each.is_function};
    });
    return symbols;
}

result<std::uint64_t> kernel_symbol_address(std::string_view name) {
    return kernel_symbols(name).and_then(
        [&](std::vector<kernel_symbol> const& symbols) -> result<std::uint64_t> {
            std::vector<symbol_place> places; // each address once
            for (auto const& each : symbols)
                if (places.empty() || places.back().address != each.address)
                    places.push_back({each.address, each.is_function, each.module});
            if (places.size() == 1) return places.front().address;
            return fail(-EINVAL, operation::resolve_symbol, errc::invalid_argument, in_quotes(name),
                        "it stands for " + std::to_string(places.size()) +
                            " addresses: " + enumerated(places, 10));
        });
}

} // namespace bpflink
