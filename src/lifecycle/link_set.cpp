// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/names.hpp"
#include "error/one_line.hpp"
#include "lifecycle/set_directory.hpp"
#include "lifecycle/set_step.hpp"
#include "lifecycle/set_work.hpp"
#include "pin/path.hpp"

#include <bpflink/lifecycle/link_set.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ostream>
#include <utility>

namespace bpflink {
namespace {

constexpr std::array<std::string_view, 6> kinds{"create",   "update", "keep",
                                                "recreate", "remove", "left_out"};

} // namespace

set_member::set_member(std::string name, std::vector<set_candidate> candidates, bool optional)
    : name_{std::move(name)}, candidates_{std::move(candidates)}, is_optional_{optional} {
}

link_set::link_set(ensure_options options) : options_{options} {
}

link_set::link_set(link_set&& other) noexcept
    : directory_{std::exchange(other.directory_, {})}, options_{other.options_},
      members_{std::exchange(other.members_, {})}, quorums_{std::exchange(other.quorums_, {})},
      failed_{std::exchange(other.failed_, std::nullopt)} {
}

link_set& link_set::operator=(link_set&& other) noexcept {
    if (this == &other) return *this;
    link_set const old{std::move(*this)}; // its links close as those of any set
    directory_.swap(other.directory_);
    options_ = other.options_;
    members_.swap(other.members_);
    quorums_.swap(other.quorums_);
    failed_.swap(other.failed_);
    return *this;
}

link_set::~link_set() {
    if (!directory_.empty()) return; // the links stay
    try {
        detail::set_work::close(members_);
    } catch (...) { // one after the other, then
    }
}

result<link_set> link_set::open(std::string_view directory, ensure_options options) {
    while (directory.size() > 1 && directory.ends_with('/'))
        directory.remove_suffix(1);
    auto const real = resolve(directory, operation::obj_pin);
    if (!real) return tl::unexpected{real.error()};
    link_set set{options};
    set.directory_ = *real;
    sys::file_facts here{}, above{};
    int outcome = sys::facts_of_file(real->c_str(), here);
    bool const is_missing = outcome == -ENOENT;
    if (outcome < 0 && !is_missing) return refuse_pin_at(outcome, operation::stat, *real);
    if (!is_missing && here.kind != sys::file_kind::directory)
        return refuse_directory(*real, "it is not a directory");
    if (auto on_bpffs = require_bpffs(*real); !on_bpffs)
        return tl::unexpected{std::move(on_bpffs).error()};
    if (is_missing) return set;
    outcome = sys::facts_of_file(directory_of(*real).c_str(), above);
    if (outcome < 0) return refuse_pin_at(outcome, operation::stat, *real);
    if (here.device != above.device)
        return refuse_directory(
            *real, "it is the root of a bpffs, where others pin too: choose a directory in it");
    return set;
}

link_set& link_set::want_one_of(std::string_view name,
                                std::initializer_list<set_candidate> candidates) {
    return add(name, candidates, false);
}

link_set& link_set::want_one_of(std::string_view name, std::vector<set_candidate> candidates) {
    return add(name, std::move(candidates), false);
}

link_set& link_set::add(std::string_view name, std::vector<set_candidate> candidates,
                        bool optional) {
    auto const mistake = [&](std::string advice) {
        if (!failed_)
            failed_ = error{EINVAL, operation::link_create, errc::invalid_argument,
                            "member " + in_quotes(name), std::move(advice)};
    };
    if (name.empty()) mistake("its name is empty");
    if (find(name)) mistake("another member has this name");
    if (candidates.empty()) {
        mistake("it has no candidates");
        return *this;
    }
    for (auto const& each : candidates)
        if (each.its_->failed && !failed_) failed_ = of_member(*each.its_->failed, name);
    members_.push_back(set_member{std::string{name}, std::move(candidates), optional});
    return *this;
}

link_set& link_set::adopt(std::string_view name, link handed_on) {
    if (!handed_on) return *this;
    auto const at = std::ranges::find(members_, name, &set_member::name_);
    auto const* const mistake = at == members_.end() ? "the set has no member of this name"
                                : at->link_          ? "the member has a link already"
                                                     : nullptr;
    if (mistake) {
        if (!failed_)
            failed_ = error{EINVAL, operation::link_create, errc::invalid_argument,
                            "member " + in_quotes(name), mistake};
        return *this;
    }
    at->link_ = std::move(handed_on);
    at->is_adopted_ = true;
    return *this;
}

link_set& link_set::at_least(std::size_t count, std::vector<std::string> names) {
    quorums_.push_back({count, std::move(names)});
    return *this;
}

std::size_t link_set::size() const noexcept {
    return members_.size();
}

set_member const* link_set::begin() const noexcept {
    return members_.data();
}

set_member const* link_set::end() const noexcept {
    return begin() + size();
}

set_member const* link_set::find(std::string_view name) const noexcept {
    auto const at = std::ranges::find(members_, name, &set_member::name_);
    return at == members_.end() ? nullptr : &*at;
}

result<std::vector<set_step>> link_set::plan() const {
    if (failed_) return tl::unexpected{*failed_};
    return detail::set_work{directory_, options_}.plan(*this);
}

result<set_report> link_set::apply() {
    if (failed_) return tl::unexpected{*failed_};
    return detail::set_work{directory_, options_}.apply(*this);
}

result<std::vector<teardown_report>> link_set::teardown() {
    return detail::set_work{directory_, options_}.teardown(*this);
}

std::string to_string(step_kind what) {
    return detail::name_or_number(kinds, static_cast<unsigned>(what));
}

std::ostream& operator<<(std::ostream& out, step_kind what) {
    return out << to_string(what);
}

std::string to_string(set_step const& step) {
    auto text =
        (step.what == step_kind::left_out ? "leave out" : to_string(step.what)) + " " + step.name;
    if (!step.why.empty()) text.append(": ").append(step.why);
    return one_line(text);
}

std::ostream& operator<<(std::ostream& out, set_step const& step) {
    return out << to_string(step);
}

} // namespace bpflink
