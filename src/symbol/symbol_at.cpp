// SPDX-License-Identifier: Apache-2.0
#include "error/fail.hpp"
#include "symbol/functions.hpp"
#include "symbol/names.hpp"
#include "symbol/open.hpp"

#include <bpflink/symbol_at.hpp>

#include <optional>
#include <utility>

namespace bpflink {
namespace {

/// The best function for an address, of those that are offered.
class nearest {
public:
    explicit nearest(std::uint64_t address) noexcept : address_{address} {}

    void offer(elf_function const& function, function_source from) {
        if (function.address > address_ || function.name.empty()) return;
        if (function.size == 0) {
            improve(open_, function, from);
        } else if (address_ - function.address < function.size) {
            improve(covering_, function, from);
        } else if (!ended_ || *ended_ < function.address) {
            ended_ = function.address;
        }
    }

    [[nodiscard]] std::optional<symbol_at_place> told() const {
        auto const& best = covering_ ? covering_ : open_;
        if (!best || (!covering_ && ended_ && *ended_ > best->begin)) return std::nullopt;
        return symbol_at_place{best->name, address_ - best->begin};
    }

private:
    struct candidate {
        std::uint64_t begin;
        unsigned rank;
        std::string name;
    };

    static void improve(std::optional<candidate>& best, elf_function const& function,
                        function_source from) {
        auto const own = rank_of(function, from);
        auto const rank = (own & 7U) * 2 + (own >> 3U); // a version is a name like others
        if (best && (best->begin > function.address ||
                     (best->begin == function.address && best->rank < rank)))
            return;
        candidate now{function.address, rank, name_of(function)};
        if (!best || best->begin < now.begin || best->rank > rank || now.name < best->name)
            best = std::move(now);
    }

    std::uint64_t address_;
    std::optional<candidate> covering_;
    std::optional<candidate> open_; // its size is not known
    std::optional<std::uint64_t> ended_;
};

result<symbol_at_place> symbol_in(elf_file const& file, std::uint64_t offset,
                                  resolve_options const& options) {
    auto const refused = [&](std::string why) {
        return fail(-ENOENT, operation::resolve_symbol, errc::not_found,
                    "offset " + hexadecimal(offset) + " in " + file.path(), std::move(why));
    };
    auto const* const segment = file.segment_at(offset);
    if (!segment) return refused("no segment that is loaded from the file has it");
    nearest best{offset - segment->offset + segment->address};
    auto const told = for_each_function(
        file, options,
        [](function_source next, bool is_stripped) {
            return next <= function_source::whole || is_stripped;
        },
        [&](elf_function const& function, function_source from) {
            if (!function.is_indirect || options.indirect) best.offer(function, from);
        });
    if (!told) return tl::unexpected{told.error()};
    if (auto place = best.told()) return *std::move(place);
    auto const more = advice_of(*told);
    return refused("no function covers it" + (more.empty() ? "" : "; " + more));
}

template <class Binary>
result<symbol_at_place> find(Binary binary, std::uint64_t offset, resolve_options const& options) {
    return with_elf_file(binary,
                         [&](elf_file const& file) { return symbol_in(file, offset, options); });
}

} // namespace

result<symbol_at_place> symbol_at(std::string_view binary, std::uint64_t offset,
                                  resolve_options options) {
    return find(binary, offset, options);
}

result<symbol_at_place> symbol_at(fd_view binary, std::uint64_t offset, resolve_options options) {
    return find(binary, offset, options);
}

} // namespace bpflink
