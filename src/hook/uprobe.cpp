// SPDX-License-Identifier: Apache-2.0
#include "../symbols/elf.hpp"
#include "create.hpp"
#include "matches.hpp"
#include "perf.hpp"

#include <bpflink/hook/uprobe.hpp>
#include <bpflink/symbols.hpp>

#include <cerrno>

namespace bpflink {
namespace {

std::string describe(hook::uprobe const& where) {
    std::string text = where.retprobe ? "uretprobe " : "uprobe ";
    text += std::string{where.binary} + ":";
    if (where.symbol.empty()) return text + std::to_string(where.offset);
    text += where.symbol;
    return where.offset == 0 ? text : text + "+" + std::to_string(where.offset);
}

std::string_view advice_on(int number) {
    switch (number) {
    case ENOENT: return "there is no such file";
    case EINVAL: return "no regular file, or the kernel does not let this be probed";
    case EILSEQ: return "no instruction begins there";
    default: return {};
    }
}

} // namespace

match hook_traits<hook::uprobe>::matches(link_info const& info) noexcept {
    return matches_event<perf_uprobe>(info, match::no);
}

result<unique_fd> hook_traits<hook::uprobe>::create(detail::borrowed_program prog,
                                                    hook::uprobe const& where) {
    std::string const subject = describe(where);
    if (where.binary.empty() || where.binary.find('\0') != std::string_view::npos)
        return fail(-EINVAL, operation::perf_event_open, errc::invalid_argument, subject,
                    "a file is needed");
    auto const path = path_of_binary(where.binary);
    if (!path) return tl::unexpected{path.error()};
    auto offset = where.offset;
    if (!where.symbol.empty()) {
        auto const begins = resolve_symbol(*path, where.symbol);
        if (!begins) return tl::unexpected{begins.error()};
        offset += *begins;
    }
    auto const event = open_probe({.pmu = "uprobe",
                                   .name = path->c_str(),
                                   .offset = offset,
                                   .retprobe = where.retprobe,
                                   .ref_ctr_offset = where.ref_ctr_offset,
                                   .pid = where.pid.value_or(every_process)},
                                  advice_on, subject);
    if (!event) return tl::unexpected{event.error()};
    return attach_to_event(prog, *event, where.cookie, subject);
}

} // namespace bpflink
