// SPDX-License-Identifier: Apache-2.0
#include "program_text.hpp"

#include <chrono>
#include <cstddef>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace tool {
namespace {

std::chrono::nanoseconds now_by(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

} // namespace

std::string program_text(bpflink::program_id id,
                         std::shared_ptr<bpflink::program_info const> const& program) {
    if (id == bpflink::program_id{}) return "-";
    if (!program || program->name.empty()) return std::to_string(id.value());
    return fmt::format("{} {}", id.value(), program->name);
}

std::string tag_of(bpflink::program_info const& program) {
    std::string text;
    for (std::byte const byte : program.tag)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

std::int64_t loaded_at(bpflink::program_info const& program) {
    auto const booted = now_by(CLOCK_REALTIME) - now_by(CLOCK_BOOTTIME);
    return std::chrono::round<std::chrono::seconds>(booted + program.loaded).count();
}

std::string loaded_text(bpflink::program_info const& program) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S}",
                       fmt::localtime(static_cast<std::time_t>(loaded_at(program))));
}

} // namespace tool
