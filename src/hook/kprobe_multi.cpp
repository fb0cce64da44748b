// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/multi.hpp"
#include "hook/row.hpp"
#include "symbol/kallsyms.hpp"
#include "symbol/names.hpp"

#include <bpflink/hook/kprobe_multi.hpp>
#include <bpflink/symbols.hpp>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace bpflink {
namespace {

std::string describe(hook::kprobe_multi const& where) {
    std::string const kind = where.session ? "session of " : where.retprobe ? "returns of " : "";
    if (!where.pattern.empty()) return kind + "functions '" + std::string{where.pattern} + "'";
    return kind + std::to_string(std::max(where.symbols.size(), where.addresses.size())) +
           " functions";
}

attach_type attach_type_of(hook::kprobe_multi const& where) {
    return where.session ? attach_type::trace_kprobe_session : attach_type::trace_kprobe_multi;
}

std::string mistake(hook::kprobe_multi const& where) {
    int const ways = !where.symbols.empty() + !where.addresses.empty() + !where.pattern.empty();
    if (ways != 1) return "symbols, addresses or a pattern are needed, and one of them only";
    auto const count = std::max(where.symbols.size(), where.addresses.size());
    if (!where.cookies.empty() && !where.pattern.empty())
        return "cookies go with no pattern: what it matches has no known order";
    if (!where.cookies.empty() && where.cookies.size() != count)
        return several(where.cookies.size(), "cookie") + " for " + several(count, "function");
    if (where.retprobe && where.session) return "a session sees the returns already";
    return {};
}

/// Refuses a name that stands for several functions: the kernel would take one by chance.
result<void> check_ambiguity(std::span<std::string_view const> symbols,
                             std::string const& subject) {
    if (symbols.empty()) return {};
    auto const ambiguous = ambiguous_among(symbols);
    if (!ambiguous && ambiguous.error() == errc::not_found)
        return fail(-ENOENT, operation::open, errc::not_supported, subject,
                    "names are looked up in /proc/kallsyms, which is not there: probe by address");
    if (!ambiguous) return tl::unexpected{ambiguous.error()};
    if (ambiguous->empty()) return {};
    return fail(-EADDRNOTAVAIL, operation::resolve_symbol, errc::invalid_argument, subject,
                "several functions have one name: " + enumerated(*ambiguous, 10) +
                    "; probe by address");
}

/// The kernel refuses all of them for one, and does not say which.
std::string missing_among(std::span<std::string_view const> symbols) {
    auto const known = matching_kernel_functions("*");
    if (!known) return "which one cannot be told: " + known.error().message();
    std::vector<std::string> missing;
    for (auto const symbol : symbols)
        if (!std::ranges::binary_search(*known, symbol, std::less<>{}))
            missing.emplace_back(symbol);
    if (missing.empty()) return "the kernel does not let one of them be probed";
    return "not there, not to be probed, or several of that name: " + enumerated(missing, 10);
}

std::string advice_on(int outcome, hook::kprobe_multi const& where) {
    switch (-outcome) {
    case ESRCH:
    case ENOENT:
    case EADDRNOTAVAIL:
        return where.symbols.empty() ? "an address is no function's beginning"
                                     : missing_among(where.symbols);
    case EOPNOTSUPP: return "this kernel is built without fprobe (CONFIG_FPROBE)";
    case EPERM: return "CAP_BPF and CAP_PERFMON are needed";
    default: return {};
    }
}

result<unique_fd> create(detail::borrowed_program const& prog, hook::kprobe_multi const& where,
                         std::span<std::string_view const> symbols, std::string subject) {
    std::vector<std::string> const names(symbols.begin(), symbols.end());
    std::vector<char const*> pointers;
    pointers.reserve(names.size());
    for (auto const& name : names)
        pointers.push_back(name.c_str());
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach_type_of(where));
    attr.kprobe_multi.flags = where.retprobe ? 1 : 0;
    attr.kprobe_multi.count =
        static_cast<std::uint32_t>(std::max(symbols.size(), where.addresses.size()));
    attr.kprobe_multi.symbols = address_of(std::span<char const* const>{pointers});
    attr.kprobe_multi.addresses = address_of(where.addresses);
    attr.kprobe_multi.cookies = address_of(where.cookies);
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    if (outcome == -EINVAL) return refused_multi(prog, attach_type_of(where), std::move(subject));
    return created(std::move(made), operation::link_create, std::move(subject),
                   advice_on(outcome, where));
}

} // namespace

detail::hook_row const& hook_traits<hook::kprobe_multi>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .expected = attach_type::trace_kprobe_multi,
                                  .attach = attach_type::trace_kprobe_multi,
                                  .known = ESRCH},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::kprobe_multi>::create(detail::borrowed_program prog,
                                                          hook::kprobe_multi const& where) {
    auto subject = describe(where);
    if (auto what = mistake(where); !what.empty())
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                    std::move(what));
    if (auto fits = check_expected(prog, attach_type_of(where), subject); !fits)
        return tl::unexpected{std::move(fits).error()};
    if (auto const clear = check_ambiguity(where.symbols, subject); !clear)
        return tl::unexpected{clear.error()};
    if (where.pattern.empty())
        return bpflink::create(prog, where, where.symbols, std::move(subject));
    auto const matching = matching_kernel_functions(where.pattern);
    if (!matching) return tl::unexpected{matching.error()};
    if (matching->empty())
        return fail(-ENOENT, operation::resolve_symbol, errc::not_found, std::move(subject),
                    "no function that can be probed matches");
    std::vector<std::string_view> const symbols(matching->begin(), matching->end());
    return bpflink::create(prog, where, symbols, std::move(subject));
}

} // namespace bpflink
