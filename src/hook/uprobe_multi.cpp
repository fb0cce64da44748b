// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/multi.hpp"
#include "hook/row.hpp"
#include "hook/user_probe.hpp"

#include <bpflink/hook/uprobe_multi.hpp>

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
    return {};
}

refusal meaning_of(int number) {
    switch (number) {
    case EBADF: return {errc::invalid_argument, "the program's descriptor is not open"};
    case EPERM: return {errc::permission_denied, "CAP_BPF and CAP_PERFMON are needed"};
    default: return refused_place(number);
    }
}

} // namespace

detail::hook_row const& hook_traits<hook::uprobe_multi>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .expected = attach_type::trace_uprobe_multi,
                                  .attach = attach_type::trace_uprobe_multi,
                                  .known = EBADF},
    };
    return facts;
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
    auto const process = checked_process(where.pid, operation::link_create, subject);
    if (!process) return tl::unexpected{process.error()};
    auto const found = find_places({where.binary, where.symbols, where.offsets, where.indirect},
                                   operation::link_create, subject);
    if (!found) return tl::unexpected{found.error()};
    auto const path = found->file.passing_path();

    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach);
    attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>(path.c_str());
    attr.uprobe_multi.offsets = address_of(std::span<std::uint64_t const>{found->offsets});
    attr.uprobe_multi.ref_ctr_offsets = address_of(where.ref_ctr_offsets);
    attr.uprobe_multi.cookies = address_of(where.cookies);
    attr.uprobe_multi.count = static_cast<std::uint32_t>(found->offsets.size());
    attr.uprobe_multi.flags = where.retprobe ? 1 : 0;
    attr.uprobe_multi.pid = static_cast<std::uint32_t>(process->value_or(0)); // 0: every one
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    if (made) return made;
    if (outcome == -EINVAL) return refused_multi(prog, attach, subject);
    auto const [condition, advice] = meaning_of(-outcome);
    return fail(outcome, operation::link_create, condition, subject, std::string{advice});
}

} // namespace bpflink
