// SPDX-License-Identifier: Apache-2.0
// Descriptors, whatever they stand for: reading them, and waiting for them.
#include "border/side_by_side.hpp"
#include "model.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace bpflink::sys {

int close(int fd) noexcept {
    starve::fed const fed;
    auto& k = kernel::current();
    int const number = k.enter(close);
    // The number is free even when closing fails.
    std::erase_if(k.locks_, [&](auto const& held) { return held.second == fd; });
    bool const was_open = k.descriptors_.erase(fd) == 1;
    if (!was_open) ++k.bad_closes_;
    return number != 0 ? -number : was_open ? 0 : -EBADF;
}

opened duplicate(int fd, bool survives_exec) noexcept {
    return entered(duplicate, [&](kernel& k) {
        auto const& known = k.descriptor_at(fd);
        int const copy = k.install(known.what, known.name);
        if (copy >= 0) k.descriptors_.at(copy).survives_exec = survives_exec;
        return copy;
    });
}

int is_open(int fd) noexcept {
    return entered(is_open, [&](kernel& k) { return k.is_open(fd) ? 0 : -EBADF; });
}

int descriptor_name(int fd, std::span<char> into) noexcept {
    return entered(descriptor_name, [&](kernel& k) {
        if (!k.has_proc || !k.is_open(fd)) return -ENOENT;
        auto name = k.descriptor_at(fd).name;
        for (auto const& [start, other] : k.names_in_namespace)
            if (name.starts_with(start)) name = other + name.substr(start.size());
        return copy_text(name.empty() ? "/" : name, into);
    });
}

int read(int fd, std::span<std::byte> into) noexcept {
    return entered(read, [&](kernel& k) {
        if (auto const timer = k.find<awaited_file>(fd)) {
            if (timer->next > k.now_) return -EAGAIN;
            while (timer->next <= k.now_)
                timer->next += timer->period;
            return static_cast<int>(sizeof(std::uint64_t));
        }
        auto const run = k.get<iterator_run>(fd);
        if (run->left.empty()) return 0;
        auto& step = run->left.front();
        if (auto const* const number = std::get_if<int>(&step)) {
            int const failure = -*number;
            run->left.pop_front();
            return failure;
        }
        auto& text = std::get<std::string>(step);
        auto const count = std::min({text.size(), into.size(), k.most_read});
        std::memcpy(into.data(), text.data(), count);
        text.erase(0, count);
        if (text.empty()) run->left.pop_front();
        return static_cast<int>(count);
    });
}

int read_at(int fd, std::span<std::byte> into, std::uint64_t offset) noexcept {
    return entered(read_at, [&](kernel& k) {
        auto const file = k.get<named_file>(fd);
        auto const& text = file->text;
        if (offset >= text.size()) return 0;
        auto const count = std::min({text.size() - offset, into.size(), k.most_read});
        std::memcpy(into.data(), text.data() + offset, count);
        return static_cast<int>(count);
    });
}

opened watch(int fd) noexcept {
    return entered(watch, [&](kernel& k) {
        k.descriptor_at(fd);
        return k.install(std::make_shared<plain_file>(), "anon_inode:[eventpoll]");
    });
}

opened open_waiter() noexcept {
    return entered(open_waiter, [](kernel& k) {
        return k.install(std::make_shared<waiter_file>(), "anon_inode:[eventpoll]");
    });
}

// Links are waited for once, and nothing else is.
int wait_for(int waiter, int fd, unsigned which, waits) noexcept {
    return entered(wait_for, [&](kernel& k) {
        auto const at = k.get<waiter_file>(waiter);
        if (auto const awaited = k.find<awaited_file>(fd)) {
            at->entries.push_back({awaited, which, true});
            return 0;
        }
        k.descriptor_at(fd);
        auto const l = k.find<link>(fd);
        if (!l || !k.polls_struct_ops || l->facts.type != bl::link_type::struct_ops) return -EPERM;
        at->entries.push_back({l, which, true});
        return 0;
    });
}

int wait_any(int waiter, std::chrono::milliseconds limit, unsigned& which) noexcept {
    return entered(wait_any, [&](kernel& k) {
        auto const at = k.get<waiter_file>(waiter);
        auto const gather = [&] {
            which = 0;
            for (auto& entry : at->entries) {
                bool ready = false;
                if (auto* const weak = std::get_if<std::weak_ptr<awaited_file>>(&entry.what)) {
                    auto const file = weak->lock();
                    ready = file &&
                            (file->period.count() == 0 ? k.has_device_news : file->next <= k.now_);
                } else {
                    auto const l = std::get<std::weak_ptr<link>>(entry.what).lock();
                    ready = entry.is_armed && l && l->defunct;
                    if (ready) entry.is_armed = false;
                }
                if (ready) which |= entry.which;
            }
            return static_cast<int>(which);
        };
        using clock = std::chrono::steady_clock;
        auto const end = limit.count() > 1'000'000'000 ? clock::time_point::max() : k.now_ + limit;
        for (;;) {
            if (gather() != 0) return static_cast<int>(which);
            auto next = end;
            for (auto const& entry : at->entries)
                if (auto const* const weak = std::get_if<std::weak_ptr<awaited_file>>(&entry.what))
                    if (auto const file = weak->lock(); file && file->period.count() != 0)
                        next = std::min(next, file->next);
            k.now_ = std::max(k.now_, next);
            if (k.now_ == end) return gather();
        }
    });
}

opened open_timer(std::chrono::milliseconds first, std::chrono::milliseconds period) noexcept {
    return entered(open_timer, [&](kernel& k) {
        return k.install(std::make_shared<awaited_file>(awaited_file{k.now_ + first, period}),
                         "anon_inode:[timerfd]");
    });
}

opened open_device_news() noexcept {
    return entered(open_device_news, [](kernel& k) {
        return k.install(std::make_shared<awaited_file>(), "socket:[1]");
    });
}

int read_device_news(int socket) noexcept {
    return entered(read_device_news, [&](kernel& k) {
        k.get<awaited_file>(socket);
        bool const had = std::exchange(k.has_device_news, false);
        return had && std::exchange(k.device_has_ended, false);
    });
}

std::chrono::steady_clock::time_point now() noexcept {
    return kernel::current().now_;
}

void back_off(int) noexcept {
    starve::fed const fed;
    auto& k = kernel::current();
    k.enter(back_off);
    k.pass(std::chrono::milliseconds{1});
}

void give_up(char const* line) noexcept {
    std::fputs(line, stderr);
    std::abort();
}

void side_by_side(std::size_t count, void (*work)(void* with, std::size_t i), void* with) noexcept {
    auto& most = kernel::current().most_side_by_side;
    most = std::max(most, count);
    for (std::size_t i = 0; i < count; ++i)
        work(with, i);
}

} // namespace bpflink::sys
