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

} // namespace

std::optional<heard_attach> attach_and_listen(uapi::link_create_attr const& attr) {
    auto const program = sys::load_object(bpf_objects::xdp_words());
    std::uint32_t answer = 0;
    if (!program || sys::prog_test_run(program.outcome(), xdp_words_listen, answer) < 0)
        return std::nullopt;
    auto const listens = sys::raw_tracepoint_open({
        .name = reinterpret_cast<std::uintptr_t>("bpf_xdp_link_attach_failed"),
        .prog_fd = static_cast<std::uint32_t>(program.outcome()),
        .padding = 0,
        .cookie = 0,
    });
    if (!listens) return std::nullopt;
    heard_attach heard{sys::link_create(attr), {}};
    if (!heard.made) heard.words = words_kept_by(program.view());
    return heard;
}

} // namespace bpflink
