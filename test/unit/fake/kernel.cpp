// SPDX-License-Identifier: Apache-2.0
// The machine around the objects: who holds what, descriptors, counted and troubled calls.
#include "kernel.hpp"

#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace fake {
namespace {

kernel* running = nullptr;

template <class T>
bool holds(object const& what, T const* wanted) {
    auto const* const held = std::get_if<std::shared_ptr<T>>(&what);
    return held && held->get() == wanted;
}

} // namespace

kernel::kernel() : previous_{running} {
    running = this;
    make_node("/", {});
    make_node("/home", {});
    make_node("/bpf", {.filesystem = 1});
    make_node("/other", {.filesystem = 2});
    make_cgroup("/cgroup");
}

kernel::~kernel() {
    running = previous_;
}

kernel& kernel::current() {
    if (!running) {
        std::fputs("a system call outside any fake kernel\n", stderr);
        std::abort();
    }
    return *running;
}

program& kernel::add_program(bl::program_type type, bl::attach_type expected) {
    auto made = std::make_shared<program>();
    made->id = next_id_++;
    made->type = type;
    made->expected = expected;
    programs_[made->id] = made;
    elsewhere_.emplace_back(made);
    return *made;
}

map& kernel::add_map() {
    auto made = std::make_shared<map>();
    made->id = next_id_++;
    maps_[made->id] = made;
    elsewhere_.emplace_back(made);
    return *made;
}

link& kernel::add_link(link_facts facts) {
    auto made = std::make_shared<link>();
    if (facts.id == 0) facts.id = next_id_++;
    if (facts.prog) made->prog = facts.prog->shared_from_this();
    made->facts = std::move(facts);
    links_[made->id()] = made;
    elsewhere_.emplace_back(made);
    return *made;
}

void kernel::let_go(link& l) {
    std::erase_if(elsewhere_, [&](object const& what) { return holds(what, &l); });
}

void kernel::let_go(program& p) {
    std::erase_if(elsewhere_, [&](object const& what) { return holds(what, &p); });
}

bool kernel::exists(bl::link_id id) const {
    return find_link(id.value()) != nullptr;
}

bool kernel::has_program(bl::program_id id) const {
    auto const found = programs_.find(id.value());
    return found != programs_.end() && !found->second.expired();
}

link* kernel::newest_link() const {
    return find_link(newest_link_);
}

link* kernel::find_link(std::uint32_t id) const {
    auto const found = links_.find(id);
    return found == links_.end() ? nullptr : found->second.lock().get();
}

bl::unique_fd kernel::open(link& l) {
    return bl::unique_fd{install(l.shared_from_this(), opened_link_name)};
}

bl::unique_fd kernel::open(program& p) {
    return bl::unique_fd{install(p.shared_from_this(), program_name)};
}

bl::unique_fd kernel::open(map& m) {
    return bl::unique_fd{install(m.shared_from_this(), map_name)};
}

bl::unique_fd kernel::open_btf() {
    return bl::unique_fd{install(std::make_shared<btf>(), "anon_inode:btf")};
}

bl::unique_fd kernel::open_file() {
    return bl::unique_fd{install(std::make_shared<plain_file>(), "/home/file")};
}

bl::unique_fd kernel::open_cgroup() {
    return bl::unique_fd{install(std::make_shared<directory>(directory{true}), "/cgroup")};
}

std::vector<int> kernel::open_descriptors() const {
    std::vector<int> numbers;
    for (auto const& entry : descriptors_)
        numbers.push_back(entry.first);
    return numbers;
}

int kernel::install(object what, std::string name) {
    if (descriptors_.size() >= descriptor_limit) return -EMFILE;
    int number = first_descriptor;
    while (descriptors_.contains(number))
        ++number;
    descriptors_.emplace(number, descriptor{std::move(what), std::move(name), false});
    most_open_ = std::max(most_open_, descriptors_.size());
    return number;
}

int kernel::sys_close(int fd) {
    std::erase_if(locks_, [&](auto const& held) { return held.second == fd; });
    if (descriptors_.erase(fd) == 1) return 0;
    ++bad_closes_;
    return -EBADF;
}

int kernel::sys_duplicate(int fd, bool survives_exec) {
    auto const found = descriptors_.find(fd);
    if (found == descriptors_.end()) return -EBADF;
    int const copy = install(found->second.what, found->second.name);
    if (copy >= 0) descriptors_.at(copy).survives_exec = survives_exec;
    return copy;
}

int kernel::sys_watch(int fd) {
    return is_open(fd) ? install(std::make_shared<plain_file>(), "anon_inode:[eventpoll]") : -EBADF;
}

int kernel::sys_open_waiter() {
    return install(std::make_shared<waiter_file>(), "anon_inode:[eventpoll]");
}

int kernel::sys_wait_for(int waiter, int fd, unsigned which, bool once) {
    static_cast<void>(once); // as links are, and nothing else
    int outcome;
    auto const at = get<waiter_file>(waiter, outcome);
    if (!at) return outcome;
    if (auto const awaited = get<awaited_file>(fd, outcome)) {
        at->entries.push_back({awaited, which, true});
        return 0;
    }
    auto const l = get<link>(fd, outcome);
    if (!l) return is_open(fd) ? -EPERM : -EBADF;
    if (!polls_struct_ops || l->facts.type != bl::link_type::struct_ops) return -EPERM;
    at->entries.push_back({l, which, true});
    return 0;
}

int kernel::sys_wait_any(int waiter, std::chrono::milliseconds limit, unsigned& which) {
    int outcome;
    auto const at = get<waiter_file>(waiter, outcome);
    if (!at) return outcome;
    auto const gather = [&] {
        which = 0;
        for (auto& entry : at->entries) {
            bool ready = false;
            if (auto* const weak = std::get_if<std::weak_ptr<awaited_file>>(&entry.what)) {
                auto const file = weak->lock();
                ready = file && (file->period.count() == 0 ? has_device_news : file->next <= now_);
            } else {
                auto const l = std::get<std::weak_ptr<link>>(entry.what).lock();
                ready = entry.is_armed && l && l->defunct;
                if (ready) entry.is_armed = false;
            }
            if (ready) which |= entry.which;
        }
        return static_cast<int>(which);
    };
    auto const end =
        limit.count() > 1'000'000'000 ? std::chrono::steady_clock::time_point::max() : now_ + limit;
    for (;;) {
        if (gather() != 0) return static_cast<int>(which);
        auto next = end;
        for (auto const& entry : at->entries)
            if (auto const* const weak = std::get_if<std::weak_ptr<awaited_file>>(&entry.what))
                if (auto const file = weak->lock(); file && file->period.count() != 0)
                    next = std::min(next, file->next);
        now_ = std::max(now_, next);
        if (now_ == end) return gather();
    }
}

int kernel::sys_open_timer(std::chrono::milliseconds first, std::chrono::milliseconds period) {
    return install(std::make_shared<awaited_file>(awaited_file{now_ + first, period}),
                   "anon_inode:[timerfd]");
}

int kernel::sys_open_device_news() {
    return install(std::make_shared<awaited_file>(), "socket:[1]");
}

int kernel::sys_read_device_news(int socket) {
    int outcome;
    if (!get<awaited_file>(socket, outcome)) return outcome;
    bool const had = std::exchange(has_device_news, false);
    return had && std::exchange(device_has_ended, false);
}

int kernel::sys_descriptor_name(int fd, std::span<char> into) {
    if (!has_proc) return -ENOENT;
    auto const found = descriptors_.find(fd);
    if (found == descriptors_.end()) return -ENOENT;
    auto name = found->second.name;
    for (auto const& [start, other] : names_in_namespace)
        if (name.starts_with(start)) name = other + name.substr(start.size());
    if (name.empty()) name = "/";
    auto const length = std::min(into.size(), name.size());
    std::copy_n(name.begin(), length, into.begin());
    return static_cast<int>(length);
}

int kernel::system_calls() const {
    return std::accumulate(counts_.begin(), counts_.end(), 0) - calls(call::back_off);
}

void kernel::forget_calls() {
    for (std::size_t i = 0; i != number_of_calls; ++i) {
        for (auto& due : troubles_[i])
            if (due.at != 0) due.at -= counts_[i];
        counts_[i] = 0;
    }
}

void kernel::fail(call what, int number, int nth) {
    troubles_[static_cast<std::size_t>(what)].push_back({calls(what) + nth, number, {}});
}

void kernel::fail_any(int number, int nth) {
    any_left_ = nth;
    any_number_ = number;
}

void kernel::mend() {
    troubles_ = {};
    any_left_ = 0;
}

void kernel::fail_always(call what, int number) {
    troubles_[static_cast<std::size_t>(what)].push_back({0, number, {}});
}

void kernel::before(call what, std::function<void()> action, int nth) {
    troubles_[static_cast<std::size_t>(what)].push_back({calls(what) + nth, 0, std::move(action)});
}

int kernel::enter(call what) {
    auto const index = static_cast<std::size_t>(what);
    int const count = ++counts_[index];
    int number = any_left_ > 0 && --any_left_ == 0 ? any_number_ : 0;
    std::vector<std::function<void()>> actions;
    for (auto const& due : troubles_[index]) {
        if (due.at != 0 && due.at != count) continue;
        if (due.number != 0) number = due.number;
        if (due.action) actions.push_back(due.action);
    }
    std::erase_if(troubles_[index], [&](trouble const& due) { return due.at == count; });
    for (auto const& act : actions)
        act();
    return number;
}

} // namespace fake
