// SPDX-License-Identifier: Apache-2.0
#include "hook/xdp_words.hpp"

#include "hook/xdp_words.h"
#include "xdp_words.bpf.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace bpflink {
namespace {

/// The text that the program has kept, up to the first zero byte.
std::string words_kept_by(fd_view program) {
    std::string words;
    for (int part = 0; part != xdp_words_parts; ++part) {
        std::uint32_t answer = 0;
        if (sys::prog_test_run(program.get(), xdp_words_first + part, answer) < 0) return {};
        char bytes[sizeof answer];
        std::memcpy(bytes, &answer, sizeof answer);
        auto const length = ::strnlen(bytes, sizeof bytes);
        words.append(bytes, length);
        if (length < sizeof bytes) break;
    }
    return words;
}

/// How often the kernel has left the program out: where it put off a thread in the midst of it, and
/// another one came there. Always 0 before 5.12.
std::uint64_t misses_of(fd_view program) {
    uapi::program_info info{};
    std::uint32_t size = sizeof info;
    return sys::obj_get_info(program.get(), &info, size) < 0 ? 0 : info.recursion_misses;
}

} // namespace

std::optional<heard_attach> attach_and_listen(uapi::link_create_attr const& attr) {
    auto const program = sys::load_object(bpf_objects::xdp_words());
    auto const listen = [&] {
        std::uint32_t answer = 0;
        return sys::prog_test_run(program.outcome(), xdp_words_listen, answer);
    };
    if (!program || listen() < 0) return std::nullopt;
    auto const listens = sys::raw_tracepoint_open({
        .name = reinterpret_cast<std::uintptr_t>("bpf_xdp_link_attach_failed"),
        .prog_fd = static_cast<std::uint32_t>(program.outcome()),
        .padding = 0,
        .cookie = 0,
    });
    if (!listens) return std::nullopt;
    for (int more = 5;; --more) {
        auto const before = misses_of(program.view());
        heard_attach heard{sys::link_create(attr), {}};
        if (!heard.made) heard.words = words_kept_by(program.view());
        bool const has_missed =
            !heard.made && heard.words.empty() && misses_of(program.view()) != before;
        if (!has_missed || more == 0 || listen() < 0) return heard;
        constexpr int a_millisecond = 20;
        sys::back_off(a_millisecond); // the other thread goes on
    }
}

} // namespace bpflink
