// SPDX-License-Identifier: Apache-2.0
#include "../symbols/elf.hpp"
#include "create.hpp"
#include "matches.hpp"
#include "multi.hpp"

#include <bpflink/hook/uprobe_multi.hpp>
#include <bpflink/symbols.hpp>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace bpflink {
namespace {

std::size_t count_of(hook::uprobe_multi const& where) {
    return std::max(where.symbols.size(), where.offsets.size());
}

std::string describe(hook::uprobe_multi const& where) {
    std::string text = where.session ? "session of " : where.retprobe ? "returns of " : "";
    text += several(count_of(where), "place") + " in ";
    if (auto const* const path = std::get_if<std::string_view>(&where.binary))
        return text + std::string{*path};
    return text + "descriptor " + std::to_string(std::get<fd_view>(where.binary).get());
}

std::string mistake(hook::uprobe_multi const& where) {
    auto const count = count_of(where);
    if (count == 0) return "symbols or offsets are needed";
    if (auto const* const path = std::get_if<std::string_view>(&where.binary);
        path && (path->empty() || path->find('\0') != path->npos))
        return "a file is needed";
    auto const fits = [&](std::size_t size) { return size == 0 || size == count; };
    if (!fits(where.symbols.size()) || !fits(where.offsets.size()))
        return several(where.offsets.size(), "offset") + " for " +
               several(where.symbols.size(), "symbol");
    if (!fits(where.ref_ctr_offsets.size()))
        return several(where.ref_ctr_offsets.size(), "reference counter") + " for " +
               several(count, "place");
    if (!fits(where.cookies.size()))
        return several(where.cookies.size(), "cookie") + " for " + several(count, "place");
    if (where.retprobe && where.session) return "a session sees the returns already";
    if (where.pid && *where.pid < 0) return "a process id is not negative";
    return {};
}

result<std::string> path_of(std::variant<std::string_view, fd_view> const& binary) {
    if (auto const* const path = std::get_if<std::string_view>(&binary))
        return path_of_binary(*path);
    return "/proc/self/fd/" + std::to_string(std::get<fd_view>(binary).get());
}

/// The places in the file.
result<std::vector<std::uint64_t>> offsets_of(hook::uprobe_multi const& where,
                                              std::string const& path) {
    if (where.symbols.empty())
        return std::vector<std::uint64_t>(where.offsets.begin(), where.offsets.end());
    auto found = resolve_symbols(path, where.symbols);
    if (found && !where.offsets.empty())
        std::ranges::transform(*found, where.offsets, found->begin(), std::plus<>{});
    return found;
}

std::string advice_on(int outcome) {
    switch (-outcome) {
    case ENOENT: return "there is no such file";
    case EBADF: return "the file is not a regular one, or the program's descriptor is not open";
    case ESRCH: return "there is no such process";
    case EPERM: return "CAP_BPF and CAP_PERFMON are needed";
    default: return {};
    }
}

} // namespace

match hook_traits<hook::uprobe_multi>::matches(link_info const& info) noexcept {
    return matches_by_type<hook::uprobe_multi>(info);
}

result<unique_fd> hook_traits<hook::uprobe_multi>::create(detail::borrowed_program prog,
                                                          hook::uprobe_multi const& where) {
    auto const subject = describe(where);
    auto const attach =
        where.session ? attach_type::trace_uprobe_session : attach_type::trace_uprobe_multi;
    if (auto what = mistake(where); !what.empty())
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                    std::move(what));
    if (auto fits = check_expected(prog, attach, subject); !fits)
        return tl::unexpected{std::move(fits).error()};
    auto const path = path_of(where.binary);
    if (!path) return tl::unexpected{path.error()};
    auto const offsets = offsets_of(where, *path);
    if (!offsets) return tl::unexpected{offsets.error()};

    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach);
    attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>(path->c_str());
    attr.uprobe_multi.offsets = address_of(std::span<std::uint64_t const>{*offsets});
    attr.uprobe_multi.ref_ctr_offsets = address_of(where.ref_ctr_offsets);
    attr.uprobe_multi.cookies = address_of(where.cookies);
    attr.uprobe_multi.count = static_cast<std::uint32_t>(offsets->size());
    attr.uprobe_multi.flags = where.retprobe ? 1 : 0;
    if (where.pid)
        attr.uprobe_multi.pid =
            static_cast<std::uint32_t>(*where.pid == 0 ? sys::process_id() : *where.pid);
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    if (outcome == -EINVAL) return refused_multi(prog, attach, subject);
    return created(std::move(made), operation::link_create, subject, advice_on(outcome));
}

} // namespace bpflink
