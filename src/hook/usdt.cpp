// SPDX-License-Identifier: Apache-2.0
#include "symbol/usdt.hpp"

#include "hook/event_link.hpp"
#include "hook/many_places.hpp"
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/usdt_specs.hpp"
#include "hook/user_places.hpp"
#include "symbol/elf.hpp"

#include <bpflink/hook/usdt.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

struct request : user_request {
    hook::usdt const* where = nullptr;
};

std::string describe(hook::usdt const& where) {
    return std::string{"USDT probe "}.append(where.provider).append(":").append(where.name) +
           " in " + describe(where.binary);
}

finding lacks_names(attempt const& tried) {
    auto const& where = *static_cast<request const&>(tried.as<user_request>()).where;
    auto const is_no_name = [](std::string_view text) {
        return text.empty() || text.find('\0') != text.npos;
    };
    auto const* const path = std::get_if<std::string_view>(&where.binary);
    bool const any =
        (path && is_no_name(*path)) || is_no_name(where.provider) || is_no_name(where.name);
    return {any ? match::yes : match::no};
}

finding loaded_otherwise(attempt const& tried) {
    return not_loaded_for(tried, attach_type::trace_uprobe_multi);
}

/// libbpf loads SEC("usdt") for no attach type where the kernel has none for it: that is correct.
finding is_loaded_for_another(attempt const& tried) {
    return tried.prog->expected ? loaded_otherwise(tried) : finding{match::no};
}

finding loaded_for_another_kind(attempt const& tried) {
    if (tried.prog->loaded_for_none) return {match::no};
    return loaded_for_another_place(tried, attach_type::trace_uprobe_multi);
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "a file, a provider and a probe's name are needed", "",
            "bpf_uprobe_multi_link_attach", lacks_names},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "is_uprobe_multi",
            is_loaded_for_another},
};

constexpr auto causes = joined(
    std::array{
        refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                "is_uprobe_multi", loaded_for_another_kind},
        refusal{EINVAL, errc::not_supported,
                "one link cannot hold several places on this kernel (before 6.6)",
                "attach hook::uprobe (5.15) at each place of resolve_usdt(), by a link_set",
                "link_create", kernel_is_without},
        refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                "is_uprobe_multi", loaded_otherwise},
        refusal{E2BIG, errc::invalid_argument, "its places are more than the kernel takes", "",
                "bpf_uprobe_multi_link_attach"},
        refusal{EOPNOTSUPP, errc::not_supported,
                "this kernel is built without uprobes (CONFIG_UPROBES), or has 32 bits", "",
                "bpf_uprobe_multi_link_attach"},
    },
    place_causes);

std::optional<any_hook> probe_of(std::string_view, std::string_view rest) {
    auto const file = split(rest, ':');
    auto const probe = file ? split(file->second, ':') : std::nullopt;
    if (!probe || probe->second.find(':') != std::string_view::npos) return std::nullopt;
    return hook::usdt{.binary = file->first, .provider = probe->first, .name = probe->second};
}

constexpr std::string_view which_probe = "which probe of which file";

constexpr std::array sections{
    detail::section{"usdt", "FILE:PROVIDER:NAME", probe_of, which_probe},
    detail::section{"usdt.s", "FILE:PROVIDER:NAME", probe_of, which_probe},
};

struct found_probe : found_places {
    std::vector<usdt_place> places;
    std::uint16_t machine;
};

result<found_probe> find_probe(hook::usdt const& where, operation what,
                               std::string const& subject) {
    return open_binary(where.binary).and_then([&](binary_file&& file) -> result<found_probe> {
        auto const elf = elf_file::open(file);
        if (!elf) return tl::unexpected{elf.error()};
        auto places = usdt_in(*elf, where.provider, where.name);
        if (!places) return tl::unexpected{places.error()};
        std::vector<std::uint64_t> offsets(places->size());
        std::ranges::transform(*places, offsets.begin(), &usdt_place::offset);
        named_places const wanted{
            .binary = {}, .symbols = {}, .offsets = offsets, .indirect = false};
        if (auto const good = places_in(*elf, file, wanted, what, subject); !good)
            return tl::unexpected{good.error()};
        return found_probe{
            {std::move(file), std::move(offsets)}, *std::move(places), elf->machine()};
    });
}

} // namespace

detail::hook_row const& hook_traits<hook::usdt>::row() noexcept {
    static constexpr auto facts = row_for<hook::usdt>({
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .expected = attach_type::trace_uprobe_multi,
                                  .attach = attach_type::trace_uprobe_multi,
                                  .known = EBADF},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

match hook_traits<hook::usdt>::matches(link_info const& info) noexcept {
    return may_match_by_type<hook::usdt>(info);
}

result<unique_fd> hook_traits<hook::usdt>::create(detail::borrowed_program prog,
                                                  hook::usdt const& where) {
    auto const subject = [&] { return describe(where); };
    request asked{{}, &where};
    attempt const tried{
        .row = row(), .prog = &prog, .request = static_cast<user_request const*>(&asked)};
    if (auto clear = check(tried, mistakes, operation::link_create, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const process = checked_process(where.pid, operation::link_create, subject());
    if (!process) return tl::unexpected{process.error()};
    auto const found = find_probe(where, operation::link_create, subject());
    if (!found) return tl::unexpected{found.error()};
    std::vector<std::uint64_t> semaphores(found->places.size());
    std::ranges::transform(found->places, semaphores.begin(), &usdt_place::semaphore);
    auto const cookies =
        cookies_of({prog.fd, where.specs}, found->places, found->machine, where.cookie, subject());
    if (!cookies) return tl::unexpected{cookies.error()};
    asked.offsets = found->offsets;
    asked.ref_ctr_offsets = semaphores;
    asked.process = *process;
    return attach_to_places(tried,
                            {.at = *found,
                             .attach = attach_type::trace_uprobe_multi,
                             .ref_ctr_offsets = semaphores,
                             .cookies = *cookies,
                             .process = *process},
                            subject);
}

result<match> hook_traits<hook::usdt>::is_at(hook::usdt const& where, located_link const& l) {
    return is_at_many(l, false, where.pid, [&] {
        return find_probe(where, operation::link_get_info, describe(where))
            .map([](found_probe&& probe) { return found_places{std::move(probe)}; });
    });
}

} // namespace bpflink
