// SPDX-License-Identifier: Apache-2.0
#include "hook/perf.hpp"

#include "border/small_file.hpp"
#include "hook/create.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace bpflink {
namespace {

std::string advice_on(int outcome) {
    switch (-outcome) {
    case EINVAL: return "the program's type does not go with the event's";
    case EEXIST: return "the event has a program already: open one of its own";
    case E2BIG: return "64 programs are on the event, the most the kernel takes";
    case EBADF: return "the event's or the program's descriptor is not one";
    case EPERM:
    case EACCES: return "CAP_BPF and CAP_PERFMON are needed";
    default: return {};
    }
}

/// The bits of a probe's config that an option is in: "config:0", "config:32-63".
result<unsigned> first_bit(std::string const& pmu, char const* option) {
    auto const path = pmu + "/format/" + option;
    return read_small_file(path).and_then([&](std::string const& text) -> result<unsigned> {
        constexpr std::string_view head = "config:";
        unsigned bit = 0;
        if (!text.starts_with(head) ||
            std::from_chars(text.data() + head.size(), text.data() + text.size(), bit).ec !=
                std::errc{})
            return fail(-EINVAL, operation::read, path);
        return bit;
    });
}

} // namespace

result<unique_fd> attach_to_event(detail::borrowed_program const& prog, fd_view event, cookie value,
                                  std::string subject) {
    // A kprobe's program may be loaded for something else; the other types are for nothing else.
    if (prog.type == program_type::kprobe && !prog.loaded_for_none)
        if (auto fits = check_expected(prog, attach_type::perf_event, subject); !fits)
            return tl::unexpected{std::move(fits).error()};
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = raw_fd(event);
    attr.attach_type = static_cast<std::uint32_t>(attach_type::perf_event);
    attr.perf_event.cookie = value.value();
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    if (outcome == -EINVAL && attach_to_nothing(prog.fd, attach_type::perf_event) != EBADF)
        return fail(outcome, operation::link_create, errc::not_supported, std::move(subject),
                    "this kernel has no links of perf events (5.15), or the program was loaded for "
                    "another attach type");
    return created(std::move(made), operation::link_create, std::move(subject), advice_on(outcome));
}

result<unique_fd> open_event(uapi::perf_event_attr const& attr, int pid, std::string subject) {
    constexpr int every_cpu = -1, first_cpu = 0; // the kernel takes one of the two as "every"
    int const cpu = pid == every_process ? first_cpu : every_cpu;
    auto made = sys::perf_event_open(attr, pid, cpu);
    int const outcome = made.outcome();
    std::string advice;
    if (outcome == -EPERM || outcome == -EACCES)
        advice = "CAP_PERFMON is needed, or a lower kernel.perf_event_paranoid";
    if (outcome == -ESRCH) advice = "there is no process " + std::to_string(pid);
    return created(std::move(made), operation::perf_event_open, std::move(subject),
                   std::move(advice));
}

std::string directory_of_pmu(char const* name) {
    return std::string{"/sys/bus/event_source/devices/"} + name;
}

result<unique_fd> open_probe(probe const& where, refusal (*meaning)(int), std::string subject) {
    std::string const pmu = directory_of_pmu(where.pmu);
    auto const type = read_number(pmu + "/type");
    if (!type && type.error() == errc::not_found) {
        bool const is_told = sys::is_on_sysfs("/sys/kernel") == 1;
        return fail(-ENOENT, operation::perf_event_open, is_told ? errc::not_supported : errc{},
                    std::move(subject),
                    is_told ? std::string{"this kernel is built without "} + where.pmu + "s"
                            : std::string{"/sys is not mounted, which tells whether this kernel "
                                          "has "} +
                                  where.pmu + "s");
    }
    if (!type) return tl::unexpected{type.error()};
    uapi::perf_event_attr attr{};
    attr.type = *type;
    attr.size = sizeof attr;
    attr.name = reinterpret_cast<std::uintptr_t>(where.name);
    attr.offset = where.offset;
    if (where.retprobe) {
        auto const bit = first_bit(pmu, "retprobe");
        if (!bit) return tl::unexpected{bit.error()};
        attr.config |= std::uint64_t{1} << *bit;
    }
    if (where.ref_ctr_offset != 0) {
        auto const bit = first_bit(pmu, "ref_ctr_offset");
        if (!bit) return tl::unexpected{bit.error()};
        attr.config |= std::uint64_t{where.ref_ctr_offset} << *bit;
    }
    auto event = open_event(attr, where.pid, subject);
    if (event) return event;
    int const number = event.error().code().value();
    auto const [condition, advice] = meaning(number);
    if (advice.empty()) return event;
    return fail(-number, operation::perf_event_open, condition, std::move(subject),
                std::string{advice});
}

} // namespace bpflink
