// SPDX-License-Identifier: Apache-2.0
#include "../fail.hpp"

#include <bpflink/iter_output.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace bpflink::detail {

std::span<std::byte const> output_buffer::unused() const noexcept {
    return std::as_bytes(std::span{bytes_}.subspan(begin_, end_ - begin_));
}

result<std::size_t> output_buffer::fill() {
    constexpr std::size_t most_at_a_time = 32 * 1024; // of bpf_seq_read()
    if (begin_ != 0) {
        std::memmove(bytes_.data(), unused().data(), unused().size());
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == bytes_.size()) bytes_.resize(std::max(2 * bytes_.size(), most_at_a_time));
    auto const count = from_->read(std::as_writable_bytes(std::span{bytes_}.subspan(end_)));
    if (count) end_ += *count;
    return count;
}

/// Whatever goes wrong is the end, too.
result<std::size_t> output_walk::fill() {
    auto count = buffer_.fill();
    ended_ = !count || *count == 0;
    return count;
}

bool output_walk::has_line() const noexcept {
    auto const bytes = buffer_.unused().subspan(given_);
    return ended_ || std::ranges::find(bytes, std::byte{'\n'}) != bytes.end();
}

void output_walk::next(std::optional<result<std::string_view>>& line) {
    buffer_.use(std::exchange(given_, 0));
    for (std::size_t seen = 0;;) {
        auto const bytes = buffer_.unused();
        std::string_view const text{reinterpret_cast<char const*>(bytes.data()), bytes.size()};
        if (auto const end = text.find('\n', seen); end != text.npos) {
            given_ = end + 1;
            line.emplace(text.substr(0, end));
            return;
        }
        if (ended_) { // the last line, without its end
            given_ = text.size();
            if (!text.empty()) line.emplace(text);
            return;
        }
        seen = text.size();
        if (auto const count = fill(); !count) {
            buffer_.use(buffer_.unused().size());
            line.emplace(tl::unexpect, count.error());
            return;
        }
    }
}

void output_walk::next(std::optional<result<std::span<std::byte const>>>& chunk) {
    buffer_.use(std::exchange(given_, 0));
    if (ended_) return;
    if (auto const count = fill(); !count) {
        chunk.emplace(tl::unexpect, count.error());
    } else if (*count != 0) {
        given_ = *count;
        chunk.emplace(buffer_.unused());
    }
}

result<bool> output_walk::next_record(std::span<std::byte> into) {
    while (buffer_.unused().size() < into.size()) {
        if (!ended_) {
            if (auto const count = fill(); !count) {
                buffer_.use(buffer_.unused().size());
                return tl::unexpected{count.error()};
            }
            continue;
        }
        auto const left = buffer_.unused().size();
        buffer_.use(left);
        if (left == 0) return false;
        return fail(-EPROTO, operation::read, errc::invalid_argument, "iterator output",
                    "it ends with " + std::to_string(left) + " bytes, and a record has " +
                        std::to_string(into.size()));
    }
    std::memcpy(into.data(), buffer_.unused().data(), into.size());
    buffer_.use(into.size());
    return true;
}

} // namespace bpflink::detail
