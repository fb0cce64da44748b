// SPDX-License-Identifier: Apache-2.0
// The machine around the objects: who holds what, descriptors, counted and troubled calls.
#include "kernel.hpp"

#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

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
    return bl::unique_fd{install(p.shared_from_this(), opened_program_name)};
}

bl::unique_fd kernel::open(map& m) {
    return bl::unique_fd{install(m.shared_from_this(), opened_map_name)};
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
    descriptors_.emplace(number, descriptor{std::move(what), std::move(name)});
    most_open_ = std::max(most_open_, descriptors_.size());
    return number;
}

kernel::descriptor const& kernel::descriptor_at(int fd) const {
    auto const found = descriptors_.find(fd);
    if (found == descriptors_.end()) throw refusal{EBADF};
    return found->second;
}

int kernel::calls(any_call what) const {
    auto const found = calls_.find(what);
    return found == calls_.end() ? 0 : found->second.count;
}

std::vector<kernel::call_made> kernel::calls_made() const {
    std::vector<call_made> all;
    for (auto const& [what, own] : calls_)
        if (own.count != 0) all.push_back({what, own.count, own.name});
    return all;
}

int kernel::system_calls() const {
    int all = 0;
    for (auto const& each : calls_)
        all += each.second.count;
    return all - calls(bl::sys::back_off);
}

void kernel::forget_calls() {
    for (auto& [what, own] : calls_) {
        for (auto& due : own.troubles)
            if (due.at != 0) due.at -= own.count;
        own.count = 0;
    }
}

void kernel::fail(any_call what, int number, int nth) {
    calls_[what].troubles.push_back({calls(what) + nth, number, {}});
}

void kernel::fail_any(int number, int nth) {
    any_left_ = nth;
    any_number_ = number;
}

void kernel::mend() {
    for (auto& each : calls_)
        each.second.troubles.clear();
    any_left_ = 0;
}

void kernel::fail_always(any_call what, int number) {
    calls_[what].troubles.push_back({0, number, {}});
}

void kernel::before(any_call what, std::function<void()> action, int nth) {
    calls_[what].troubles.push_back({calls(what) + nth, 0, std::move(action)});
}

int kernel::enter(any_call what, std::source_location at) {
    auto& own = calls_[what];
    own.name = at.function_name();
    int const count = ++own.count;
    int number = any_left_ > 0 && --any_left_ == 0 ? any_number_ : 0;
    std::vector<std::function<void()>> actions;
    for (auto const& due : own.troubles) {
        if (due.at != 0 && due.at != count) continue;
        if (due.number != 0) number = due.number;
        if (due.action) actions.push_back(due.action);
    }
    std::erase_if(own.troubles, [&](trouble const& due) { return due.at == count; });
    for (auto const& act : actions)
        act();
    return number;
}

} // namespace fake
