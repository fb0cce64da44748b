// SPDX-License-Identifier: Apache-2.0
#include "error/fail.hpp"
#include "hook/matches.hpp"
#include "hook/perf.hpp"
#include "hook/row.hpp"
#include "hook/user_probe.hpp"

#include <bpflink/hook/uprobe.hpp>

#include <cerrno>
#include <span>

namespace bpflink {
namespace {

std::string describe(hook::uprobe const& where) {
    std::string text = where.retprobe ? "uretprobe " : "uprobe ";
    text += std::string{where.binary} + ":";
    if (where.symbol.empty()) return text + std::to_string(where.offset);
    text += where.symbol;
    return where.offset == 0 ? text : text + "+" + std::to_string(where.offset);
}

} // namespace

match hook_traits<hook::uprobe>::matches(link_info const& info) noexcept {
    return matches_event<perf_uprobe>(info, match::no);
}

detail::hook_row const& hook_traits<hook::uprobe>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF,
                                  .pmu = "uprobe"},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::uprobe>::create(detail::borrowed_program prog,
                                                    hook::uprobe const& where) {
    std::string const subject = describe(where);
    auto const process = checked_process(where.pid, operation::perf_event_open, subject);
    if (!process) return tl::unexpected{process.error()};
    std::span const symbol{&where.symbol, where.symbol.empty() ? 0U : 1U};
    // The kernel keeps a path, and opens it by itself: it may have become another file's.
    constexpr int attempts = 2;
    for (int attempt = 0; attempt != attempts; ++attempt) {
        auto const found = find_places({where.binary, symbol, {&where.offset, 1}, where.indirect},
                                       operation::perf_event_open, subject);
        if (!found) return tl::unexpected{found.error()};
        auto const path = found->file.lasting_path();
        if (!path) return tl::unexpected{path.error()};
        if (path->empty()) continue;
        auto const event = open_probe({.pmu = "uprobe",
                                       .name = path->c_str(),
                                       .offset = found->offsets.front(),
                                       .retprobe = where.retprobe,
                                       .ref_ctr_offset = where.ref_ctr_offset,
                                       .pid = process->value_or(every_process)},
                                      refused_place, subject);
        auto const is_same = found->file.is_at(*path);
        if (!is_same) return tl::unexpected{is_same.error()};
        if (!*is_same) continue;
        if (!event) return tl::unexpected{event.error()};
        return attach_to_event(prog, *event, where.cookie, subject);
    }
    return fail(-ETXTBSY, operation::perf_event_open, errc{}, subject,
                "no path leads to the file that was opened: it was removed, or replaced twice "
                "meanwhile");
}

} // namespace bpflink
