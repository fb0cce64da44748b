// SPDX-License-Identifier: Apache-2.0
#include "hook/event_link.hpp"

#include "border/small_file.hpp"
#include "hook/processors.hpp"

#include <bpflink/program.hpp>
#include <bpflink/supports.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;

constexpr detail::refusal no_bits{EINVAL, errc::not_supported, "it does not name bits of config",
                                  "", "perf_pmu_format_show"};

/// The bits of a probe's config that an option is in: "config:0", "config:32-63".
result<unsigned> first_bit(std::string const& pmu, char const* option) {
    auto const path = pmu + "/format/" + option;
    return read_small_file(path).and_then([&](std::string const& text) -> result<unsigned> {
        constexpr std::string_view head = "config:";
        unsigned bit = 0;
        if (!text.starts_with(head) ||
            std::from_chars(text.data() + head.size(), text.data() + text.size(), bit).ec !=
                std::errc{})
            return refuse_by(no_bits, {}, operation::read, path);
        return bit;
    });
}

char const* unit_of(attempt const& tried) {
    return tried.row.asked_by->pmu;
}

/// Whether the kernel shows the unit's number.
match shows_unit(attempt const& tried) {
    auto const type = read_number(directory_of_pmu(unit_of(tried)) + "/type");
    return type ? match::yes : type.error() == errc::not_found ? match::no : match::unknown;
}

/// A row's "{}" for an absent unit, where /sys is mounted or not.
finding unit_is_absent(attempt const& tried, bool with_sysfs) {
    std::string name = std::string{unit_of(tried)} + "s";
    if (shows_unit(tried) != match::no) return {match::no, std::move(name)};
    bool const is_mounted = sys::is_on_sysfs("/sys/kernel") == 1;
    return {is_mounted == with_sysfs ? match::yes : match::no, std::move(name)};
}

} // namespace

std::string directory_of_pmu(char const* name) {
    return std::string{"/sys/bus/event_source/devices/"} + name;
}

result<uapi::perf_event_attr> probe_attr(event_probe const& where, attempt const& tried,
                                         std::string const& subject) {
    std::string const pmu = directory_of_pmu(unit_of(tried));
    auto const type = read_number(pmu + "/type");
    if (!type && type.error() == errc::not_found) return refuse_event(-ENOENT, tried, subject);
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
    return attr;
}

sys::opened open_event(uapi::perf_event_attr const& attr, int pid) {
    constexpr int every_processor = -1; // the kernel takes one of the two as "every"
    if (pid != every_process) return sys::perf_event_open(attr, pid, every_processor);
    auto event = sys::perf_event_open(attr, every_process, 0);
    if (event.outcome() != -ENODEV) return event;
    auto const online = first_processor();
    return online ? sys::perf_event_open(attr, every_process, *online) : std::move(event);
}

tl::unexpected<error> refuse_event(int outcome, attempt const& tried, std::string subject) {
    return refuse(outcome, operation::perf_event_open, std::move(subject), tried,
                  {tried.row.opening, usual_causes()});
}

result<unique_fd> attach_to_event(attempt const& tried, fd_view event, cookie given,
                                  std::string const& subject) {
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(tried.prog->fd);
    attr.target = raw_fd(event);
    attr.attach_type = static_cast<std::uint32_t>(attach_type::perf_event);
    attr.perf_event.cookie = given.value();
    return create_link(attr, tried, [&] { return subject; });
}

match is_locked_down() {
    auto const modes = read_small_file("/sys/kernel/security/lockdown");
    if (!modes && modes.error() == errc::not_found && read_small_file("/sys/kernel/security/lsm"))
        return match::no; // not one of the security modules
    if (!modes) return match::unknown;
    return modes->find("[confidentiality]") == std::string::npos ? match::no : match::yes;
}

finding probe_loaded_for_another(attempt const& tried) {
    // The other types are for nothing else.
    if (tried.prog->type != program_type::kprobe) return {match::no};
    return loaded_for_another(tried);
}

finding loaded_for_another_place(attempt const& tried, attach_type attach) {
    std::string const what = "another attach type";
    if (tried.prog->expected) return {match::no, what}; // a mistake, and refused as one
    auto const facts = detail::identify_program(tried.prog->fd, {});
    if (!facts) return {match::unknown, what};
    auto const taken = tried.row.program_types;
    bool const is_taken = std::ranges::find(taken, facts->type) != taken.end();
    if (!is_taken || attach_to_nothing(tried.prog->fd, attach) != EINVAL) return {match::no, what};
    using enum support::answer;
    auto const has = detail::cached_support(tried.row).is;
    return {has == yes ? match::yes : has == no ? match::no : match::unknown, what};
}

finding loaded_for_no_event(attempt const& tried) {
    return loaded_for_another_place(tried, attach_type::perf_event);
}

finding reads_past_record(attempt const& tried, std::string size) {
    // The kernel lets its security modules look before it looks at the event.
    switch (attach_to_nothing(tried.prog->fd, attach_type::perf_event)) {
    case EBADF: return {match::yes, std::move(size)};
    case EACCES: return {match::no, std::move(size)};
    default: return {match::unknown, std::move(size)};
    }
}

finding lockdown_forbids(attempt const&) {
    return {is_locked_down()};
}

finding unit_is_missing(attempt const& tried) {
    return unit_is_absent(tried, true);
}

finding sysfs_is_missing(attempt const& tried) {
    return unit_is_absent(tried, false);
}

finding no_processor_is_known(attempt const&) {
    return {first_processor() ? match::no : match::yes};
}

} // namespace bpflink
