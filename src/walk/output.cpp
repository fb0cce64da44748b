// SPDX-License-Identifier: Apache-2.0
#include "walk/output.hpp"

#include "error/fail.hpp"

#include <bpflink/iter_output.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace bpflink::detail {

/// Bytes that were read and not used yet, in one buffer that grows only for a line longer than
/// itself.
struct output_state {
    explicit output_state(unique_fd&& run) noexcept : fd{std::move(run)} {}

    [[nodiscard]] std::span<std::byte const> unused() const noexcept {
        return std::as_bytes(std::span{bytes}.subspan(begin, end - begin));
    }
    void use_taken() noexcept { begin += std::exchange(taken, 0); }
    void use_all() noexcept { begin = end; }

    /// Reads more: how much, 0 at the end.
    [[nodiscard]] result<std::size_t> fill();

    unique_fd fd;
    std::atomic<unsigned> shares = 1;
    std::string bytes; // compiled in every program anyway, where a vector of bytes is not
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t taken = 0;        // by the last element, of the unused bytes: until the next step
    std::optional<error> failure; // an element that nobody looked at
};

result<std::size_t> output_state::fill() {
    constexpr std::size_t most_at_a_time = 32 * 1024; // of bpf_seq_read()
    if (failure) return tl::unexpected{*std::exchange(failure, std::nullopt)};
    if (begin != 0) {
        std::memmove(bytes.data(), unused().data(), unused().size());
        end -= begin;
        begin = 0;
    }
    if (end == bytes.size()) bytes.resize(std::max(2 * bytes.size(), most_at_a_time));
    auto const count = read_output(fd, std::as_writable_bytes(std::span{bytes}.subspan(end)));
    if (count) end += *count;
    return count;
}

output_share::output_share(unique_fd fd) : state_{new output_state{std::move(fd)}} {
}

output_share::output_share(output_share const& other) noexcept : state_{other.state_} {
    if (state_) state_->shares.fetch_add(1, std::memory_order_relaxed);
}

output_share::~output_share() {
    if (state_ && state_->shares.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state_;
}

fd_view output_share::fd() const noexcept {
    return state_ ? fd_view{state_->fd} : fd_view{};
}

result<std::size_t> output_share::read(std::span<std::byte> into) const {
    if (!state_) return read_output({}, into);
    state_->use_taken();
    if (state_->failure) return state_->fill();
    auto const kept = state_->unused();
    if (kept.empty()) return read_output(state_->fd, into);
    auto const count = std::min(kept.size(), into.size());
    std::memcpy(into.data(), kept.data(), count);
    state_->begin += count;
    return count;
}

output_walk::output_walk(output_share from)
    : from_{from.state_ ? std::move(from) : output_share{unique_fd{}}} {
}

/// Any failure is the end, too.
result<std::size_t> output_walk::fill() {
    auto count = from_.state_->fill();
    ended_ = !count || *count == 0;
    if (!count) from_.state_->use_all(); // part of something
    return count;
}

bool output_walk::has_line() const noexcept {
    auto const bytes = from_.state_->unused().subspan(from_.state_->taken);
    return ended_ || std::ranges::find(bytes, std::byte{'\n'}) != bytes.end();
}

void output_walk::next(std::optional<result<std::string_view>>& line) {
    auto& state = *from_.state_;
    state.use_taken();
    for (std::size_t seen = 0;;) {
        auto const bytes = state.unused();
        std::string_view const text{reinterpret_cast<char const*>(bytes.data()), bytes.size()};
        if (auto const end = text.find('\n', seen); end != text.npos) {
            state.taken = end + 1;
            line.emplace(text.substr(0, end));
            return;
        }
        if (ended_) { // the last line, without its end
            state.taken = text.size();
            if (!text.empty()) line.emplace(text);
            return;
        }
        seen = text.size();
        if (auto const count = fill(); !count) {
            line.emplace(tl::unexpect, count.error());
            return;
        }
    }
}

void output_walk::next(std::optional<result<std::span<std::byte const>>>& chunk) {
    auto& state = *from_.state_;
    state.use_taken();
    if (state.unused().empty()) {
        if (ended_) return;
        auto const count = fill();
        if (!count) chunk.emplace(tl::unexpect, count.error());
        if (!count || *count == 0) return;
    }
    state.taken = state.unused().size();
    chunk.emplace(state.unused());
}

result<bool> output_walk::next_record(std::span<std::byte> into) {
    auto& state = *from_.state_;
    state.use_taken();
    while (state.unused().size() < into.size()) {
        if (!ended_) {
            if (auto const count = fill(); !count) return tl::unexpected{count.error()};
            continue;
        }
        auto const left = state.unused().size();
        state.use_all();
        if (left == 0) return false;
        return fail(-EPROTO, operation::read, errc::invalid_argument, "iterator output",
                    "it ends with " + std::to_string(left) + " bytes, and a record has " +
                        std::to_string(into.size()));
    }
    std::memcpy(into.data(), state.unused().data(), into.size());
    state.taken = into.size();
    return true;
}

void output_walk::give_back(error* unseen) noexcept {
    if (unseen)
        from_.state_->failure = std::move(*unseen);
    else
        from_.state_->taken = 0;
}

} // namespace bpflink::detail
