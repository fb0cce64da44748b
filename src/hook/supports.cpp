// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"
#include "border/sys.hpp"
#include "border/uapi.hpp"
#include "hook/create.hpp"
#include "hook/event_link.hpp"
#include "hook/row.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/supports.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>

namespace bpflink {
namespace {

using detail::probe;
using enum support::answer;

std::string said(char const* what, int number) {
    return std::string{what} + ": " + error{number, operation::link_create}.code().message();
}

// A "no" is remembered, so it takes an errno by which the kernel says just that. All others are of
// the moment: of descriptors, memory, privilege, a filter of system calls, or files not there yet.

/// The answer of a kernel without the hook to its program type, or to the program's attach type.
bool is_unknown_program(int number) {
    return number == EINVAL;
}

/// Its answer to an attach: that it has no such attach type, or is built without it.
bool is_unknown_attach(int number) {
    return number == EINVAL || number == EOPNOTSUPP;
}

/// Whether the kernel does not show a file, and not for want of /sys.
bool is_absent(error const& why) {
    return why == errc::not_found && sys::is_on_sysfs("/sys/kernel") == 1;
}

/// Why libbpf gives no BTF id of a type; it says ESRCH of whatever keeps it from reading any.
support without_type(char const* name, int number) {
    if (number == ENOENT) return {no, std::string{"the kernel has no "} + name};
    if (number == ESRCH) {
        constexpr char const* path = "/sys/kernel/btf/vmlinux";
        auto const types = sys::open_file(path);
        error const why{types ? number : -types.outcome(), operation::open, path};
        if (!types) return {is_absent(why) ? no : unknown, why.message()};
    }
    return {unknown, said("reading the kernel's types", number)};
}

std::uint32_t number_of(std::optional<attach_type> attach) {
    return attach ? static_cast<std::uint32_t>(*attach) : 0;
}

/// The answer of a kernel to a real attach that can put nothing on any function. It has no
/// trampolines (ENOTSUPP, which the C library has no name for: arm64 before 6.4), or no function
/// tracer.
bool has_no_trampolines(int number) {
    return number == uapi::enotsupp || number == EOPNOTSUPP || number == EBUSY ||
           number == EINVAL || number == ENODEV;
}

/// Attaches to the program's target, and detaches at once.
support attach_for_real(fd_view program) {
    auto const made = sys::raw_tracepoint_open(
        {.name = 0, .prog_fd = raw_fd(program), .padding = 0, .cookie = 0});
    if (made) return {yes, "the kernel attaches programs for it"};
    int const number = -made.outcome();
    return {has_no_trampolines(number) ? no : unknown, said("an attach", number)};
}

support ask(probe const& q) {
    if (q.locked_down && is_locked_down() == match::yes)
        return {no, "kernel lockdown (confidentiality) forbids it"};
    if (q.pmu) {
        if (auto const number = read_number(directory_of_pmu(q.pmu) + "/type"); !number)
            return {is_absent(number.error()) ? no : unknown, number.error().message()};
    }
    int const target = q.target ? sys::kernel_type(q.target, number_of(q.expected)) : 0;
    if (target < 0) return without_type(q.target, -target);
    auto const program = load_nothing(q.program, q.expected.value_or(attach_type{}),
                                      static_cast<std::uint32_t>(target));
    if (!program) {
        int const number = -program.outcome();
        if (is_unknown_program(number))
            return {no, said("the kernel loads no program for it", number)};
        return {unknown, said("loading a program", number)};
    }
    if (q.for_real) return attach_for_real(program.view());
    if (!q.attach) return {yes, "the kernel loads programs for it"};
    int const number = attach_to_nothing(program.view(), *q.attach);
    if (number == q.known || number == 0) return {yes, said("an attach to nothing", number)};
    return {is_unknown_attach(number) ? no : unknown, said("an attach", number)};
}

/// A kernel before 5.12 attaches LSM programs that never run where "bpf" is not active.
std::optional<support> without_lsm() {
    auto const active = read_small_file("/sys/kernel/security/lsm");
    if (!active) return support{unknown, active.error().message()};
    if (active->empty()) return support{unknown, "/sys/kernel/security/lsm is empty"};
    if (("," + *active + ",").find(",bpf,") != std::string::npos) return std::nullopt;
    return support{no, "\"bpf\" is not among the active security modules: " + *active};
}

/// The place of a row in their order; number_of_hooks for a hook of somebody else's.
std::size_t index_of(detail::hook_row const& row) {
    std::size_t index = 0, found = number_of_hooks;
    each_row([&](detail::hook_row const& each) {
        if (&each == &row) found = index;
        ++index;
    });
    return found;
}

} // namespace

namespace detail {

support probe_support(hook_row const& row) {
    if (!row.asked_by) return {unknown, "only an attach tells"};
    auto answer = ask(*row.asked_by);
    if (answer.is == yes && row.asked_by->program == program_type::lsm)
        if (auto const silent = without_lsm()) return *silent;
    return answer;
}

support probe_support(std::string_view hook) {
    hook_row const* named = nullptr;
    each_row([&](hook_row const& each) {
        if (each.name == hook) named = &each;
    });
    return named ? probe_support(*named) : support{unknown, "there is no such hook"};
}

support cached_support(hook_row const& row) {
    // There is no lock, which a thread that forks would leave locked in its child. Threads that
    // come at once each ask, and what the first one was told stays.
    static constinit std::array<std::atomic<support const*>, number_of_hooks> known{};
    auto const index = index_of(row);
    if (index == number_of_hooks) return probe_support(row);
    auto& place = known[index];
    if (auto const* const told = place.load()) return *told;
    auto answer = probe_support(row);
    if (answer.is == unknown) return answer;
    auto own = std::make_unique<support const>(answer);
    support const* nothing = nullptr;
    if (place.compare_exchange_strong(nothing, own.get())) static_cast<void>(own.release());
    return answer;
}

} // namespace detail

} // namespace bpflink
