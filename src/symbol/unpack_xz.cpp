// SPDX-License-Identifier: Apache-2.0
#include "symbol/unpack_xz.hpp"

#ifdef BPFLINK_WITH_LZMA
#include <algorithm>
#include <cstddef>
#include <lzma.h>
#include <memory>
#include <new>
#include <vector>

namespace bpflink {
namespace {

constexpr std::uint64_t most_packed_bytes = 1U << 26;
constexpr std::size_t most_bytes = 1U << 28;
constexpr std::uint64_t most_memory = 1U << 27; // twice that of xz -9
constexpr std::size_t bytes_at_once = 1U << 16;

std::string_view refusal_of(lzma_ret outcome) {
    switch (outcome) {
    case LZMA_FORMAT_ERROR: return "is not an xz stream";
    case LZMA_OPTIONS_ERROR: return "is packed in a way that this liblzma does not unpack";
    case LZMA_MEMLIMIT_ERROR: return "takes more than 128 MiB of memory to unpack";
    case LZMA_BUF_ERROR: return "is cut short";
    default: return "is damaged";
    }
}

} // namespace

result<unpacked_bytes> unpack_xz(binary_file const& file, std::uint64_t offset,
                                 std::uint64_t size) {
    if (size > most_packed_bytes) return unpacked_bytes{{}, "is longer than 64 MiB"};
    lzma_stream stream = LZMA_STREAM_INIT;
    auto const ended = [](lzma_stream* began) { ::lzma_end(began); };
    std::unique_ptr<lzma_stream, decltype(ended)> const owned{&stream, ended};
    auto outcome = ::lzma_stream_decoder(&stream, most_memory, 0);
    std::vector<std::byte> packed(bytes_at_once), unpacked(bytes_at_once);
    std::uint64_t done = 0;
    unpacked_bytes told;
    while (outcome == LZMA_OK) {
        if (stream.avail_in == 0 && done != size) {
            auto const next =
                static_cast<std::size_t>(std::min<std::uint64_t>(packed.size(), size - done));
            auto const read = file.read({packed.data(), next}, offset + done);
            if (!read) return tl::unexpected{read.error()};
            stream.next_in = reinterpret_cast<std::uint8_t const*>(packed.data());
            stream.avail_in = *read;
            done = *read == next ? done + next : size; // the file may be shorter now
        }
        stream.next_out = reinterpret_cast<std::uint8_t*>(unpacked.data());
        stream.avail_out = unpacked.size();
        outcome = ::lzma_code(&stream, stream.avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
        told.bytes.append(reinterpret_cast<char const*>(unpacked.data()),
                          unpacked.size() - stream.avail_out);
        if (told.bytes.size() > most_bytes)
            return unpacked_bytes{{}, "unpacks to more than 256 MiB"};
    }
    if (outcome == LZMA_MEM_ERROR) throw std::bad_alloc{};
    if (outcome != LZMA_STREAM_END) return unpacked_bytes{{}, refusal_of(outcome)};
    return told;
}

} // namespace bpflink

#else

namespace bpflink {

result<unpacked_bytes> unpack_xz(binary_file const&, std::uint64_t, std::uint64_t) {
    return unpacked_bytes{{}, "cannot be read: this library was built without liblzma"};
}

} // namespace bpflink

#endif
