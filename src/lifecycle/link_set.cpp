// SPDX-License-Identifier: Apache-2.0
#include "border/side_by_side.hpp"
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "error/names.hpp"
#include "lifecycle/ending.hpp"
#include "lifecycle/ensuring.hpp"
#include "pin/path.hpp"

#include <bpflink/lifecycle/link_set.hpp>
#include <bpflink/lifecycle/pin_name.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <map>
#include <ostream>
#include <span>
#include <utility>

namespace bpflink {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 6> kinds{"create",   "update", "keep",
                                                "recreate", "remove", "left_out"};

/// From here on a set says that one multi link would do better.
constexpr std::size_t many_uprobes = 10;

/// Calls f(i) for each i below `count`, several at a time. The first exception is thrown again when
/// all are done.
template <class F>
void side_by_side(std::size_t count, F f) {
    struct each {
        F f;
        std::vector<std::exception_ptr> thrown;
    } all{std::move(f), std::vector<std::exception_ptr>(count)};
    sys::side_by_side(
        count,
        [](void* with, std::size_t i) {
            auto& its = *static_cast<each*>(with);
            try {
                its.f(i);
            } catch (...) {
                its.thrown[i] = std::current_exception();
            }
        },
        &all);
    for (auto const& one : all.thrown)
        if (one) std::rethrow_exception(one);
}

/// Whether a kind's links wait in the kernel while they close, and wait together: by measuring, see
/// bench/closing.cpp and the table in docs/sets.md.
bool waits_to_close(link_type kind) {
    return kind == link_type::perf_event || kind == link_type::uprobe_multi;
}

/// Whether a hook or its target is missing.
bool is_missing(error const& why) {
    if (why.where() == operation::obj_pin || why.where() == operation::obj_get) return false;
    return why == errc::not_supported || why == errc::not_found;
}

std::string quoted(std::string_view name) {
    return "\"" + std::string{name} + "\"";
}

std::string name_of(link_id id) {
    return "link " + std::to_string(id.value());
}

error of_member(error why, std::string_view name) {
    why.add_advice("that is member " + quoted(name) + " of the set");
    return why;
}

/// A step that leads from what is there.
set_step step_of(std::string name, step_kind what, sight const& from) {
    std::string why;
    switch (what) {
    case step_kind::keep:
        if (from.is_unpinned) why = name_of(from.id) + " has lost its pin, and is pinned again";
        break;
    case step_kind::update:
        why = name_of(from.id);
        if (from.what == sight::other)
            why += " is on another hook that would do";
        else if (from.runs != program_id{})
            why += " runs program " + std::to_string(from.runs.value());
        else
            why += " has map " + std::to_string(from.object);
        break;
    case step_kind::recreate: why = name_of(from.id) + " has lost its place"; break;
    default: break;
    }
    return {std::move(name), what, std::move(why)};
}

step_kind step_for(ensured how) {
    switch (how) {
    case ensured::kept: return step_kind::keep;
    case ensured::updated: return step_kind::update;
    case ensured::created: return step_kind::create;
    case ensured::recreated: break;
    }
    return step_kind::recreate;
}

/// A pin of a link in the directory that no member wants.
struct stray {
    std::string path;
    std::string text;
    std::string why;
    bool is_ours = false; // beside the pin of a member, by a killed call
};

/// The names in a directory, in their order; none where it is missing.
result<std::vector<std::string>> names_in(std::string const& directory) {
    struct listing {
        void* stream = nullptr;
        ~listing() {
            if (stream) sys::list_end(stream);
        }
    } list;
    std::vector<std::string> names;
    int outcome = sys::list_begin(directory.c_str(), list.stream);
    if (outcome == -ENOENT) return names;
    for (sys::entry found; outcome >= 0;) {
        outcome = sys::list_next(list.stream, found);
        if (outcome == 0) {
            std::ranges::sort(names);
            return names;
        }
        if (outcome > 0 && found.kind != sys::entry_kind::directory) names.emplace_back(found.name);
    }
    return refuse_look_at(outcome, operation::read, directory);
}

} // namespace

namespace detail {

/// One call of plan, apply or teardown.
class [[gnu::visibility("hidden")]] set_work {
public:
    set_work(std::string const& directory, ensure_options const& options)
        : directory_{directory}, options_{options} {}

    /// The step that apply would take for a member.
    result<set_step> planned(set_member const& member, std::string const& advice) const;
    /// The pins in the directory that are not wanted.
    result<std::vector<stray>> strays(std::vector<set_member> const& members) const;

    result<set_report> apply(link_set& set);
    result<std::vector<teardown_report>> teardown(link_set& set);
    static void close(std::vector<set_member>& members);

    /// Why what at_least asks for can never be.
    static std::optional<error> mistaken_quorum(link_set const& set);
    /// Why there are too few members.
    static std::optional<error> missing_quorum(link_set const& set,
                                               std::vector<set_step> const& steps);

    static std::map<std::string_view, std::size_t> uprobes(std::vector<set_member> const& members);
    static std::string_view probed(set_member const& member) {
        return member.candidates_.front().its_->probed;
    }

private:
    /// A member that is made, or left out.
    struct turn {
        set_member* member;
        std::size_t made_by; // before
        std::vector<wanted_link> places;
        std::optional<ensuring> work; // empty: left out
        std::string why;
    };

    [[nodiscard]] moment limit() const { return sys::deadline(options_.wait); }
    [[nodiscard]] std::string path_of(set_member const& member) const {
        return directory_.empty() ? std::string{} : directory_ + "/" + pin_name(member.name_);
    }
    [[nodiscard]] ensuring begin(set_member const& member, std::size_t candidate,
                                 std::vector<wanted_link> const& places) const;
    [[nodiscard]] std::vector<wanted_link> places_of(set_member const& member) const;

    result<set_step> make(set_member& member, directory_lock const* lock);
    void undo(error* why);
    void commit() noexcept;
    std::vector<ensuring*> replacing();
    result<void> settle(std::vector<ensuring*> const& replaced);
    result<void> remove(std::vector<stray> const& all, std::vector<set_step>& steps) const;

    std::string const& directory_;
    ensure_options const& options_;
    std::vector<turn> turns_;
};

std::vector<wanted_link> set_work::places_of(set_member const& member) const {
    std::vector<wanted_link> places;
    places.reserve(member.candidates_.size());
    for (auto const& each : member.candidates_)
        places.push_back(each.its_->place);
    // Its handle is the one that this set made. A pin may have become another link's.
    if (directory_.empty() && member.link_) places[member.made_by_].made_it = true;
    return places;
}

ensuring set_work::begin(set_member const& member, std::size_t candidate,
                         std::vector<wanted_link> const& places) const {
    ensuring work{places[candidate], options_.overlap, limit(), places};
    work.set_path(path_of(member));
    return work;
}

std::map<std::string_view, std::size_t> set_work::uprobes(std::vector<set_member> const& members) {
    std::map<std::string_view, std::size_t> in_file;
    for (auto const& each : members)
        if (auto const file = probed(each); !file.empty()) ++in_file[file];
    return in_file;
}

std::optional<error> set_work::mistaken_quorum(link_set const& set) {
    auto const mistake = [](std::string subject, std::string advice) {
        return error{EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                     std::move(advice)};
    };
    for (auto const& [count, names] : set.quorums_) {
        for (auto at = names.begin(); at != names.end(); ++at) {
            if (!set.find(*at))
                return mistake("member " + quoted(*at),
                               "the set has no member of this name, which at_least asks for");
            if (std::find(names.begin(), at, *at) != at)
                return mistake("member " + quoted(*at), "at_least names it twice");
        }
        if (count > names.size())
            return mistake("set of " + std::to_string(names.size()) + " members",
                           "at_least asks for " + std::to_string(count) + " of them");
    }
    return std::nullopt;
}

std::optional<error> set_work::missing_quorum(link_set const& set,
                                              std::vector<set_step> const& steps) {
    for (auto const& [count, names] : set.quorums_) {
        std::size_t there = 0;
        std::string missing;
        for (auto const& name : names) {
            auto const step = std::ranges::find(steps, name, &set_step::name);
            if (step == steps.end()) continue;
            if (step->what != step_kind::left_out) {
                ++there;
                continue;
            }
            missing.append(missing.empty() ? "" : "; ").append(quoted(name) + ": " + step->why);
        }
        if (there < count)
            return error{EOPNOTSUPP, operation::link_create, errc::not_supported,
                         "set of " + std::to_string(names.size()) + " members",
                         "at least " + std::to_string(count) + " are wanted, and " +
                             std::to_string(there) + " can be there (" + missing + ")"};
    }
    return std::nullopt;
}

result<set_step> set_work::planned(set_member const& member, std::string const& advice) const {
    auto const places = places_of(member);
    std::string missing;
    for (std::size_t i = 0; i != places.size(); ++i) {
        auto work = begin(member, i, places);
        auto const seen = work.look(member.link_);
        if (!seen) return tl::unexpected{of_member(seen.error(), member.name_)};
        auto step = step_of(member.name_,
                            seen->what == sight::kept      ? step_kind::keep
                            : seen->what == sight::nothing ? step_kind::create
                            : seen->what == sight::defunct ? step_kind::recreate
                                                           : step_kind::update,
                            *seen);
        bool const is_made = seen->what != sight::kept && seen->what != sight::stale;
        auto* const ask = member.candidates_[i].its_->is_supported;
        if (is_made && ask) {
            auto const has = ask();
            if (has.is == support::answer::no) {
                missing.append(missing.empty() ? "" : "; ").append(has.why);
                continue;
            }
        }
        if (is_made && !advice.empty())
            step.why.append(step.why.empty() ? "" : "; ").append(advice);
        return step;
    }
    if (member.is_optional_) return set_step{member.name_, step_kind::left_out, missing};
    return tl::unexpected{of_member({EOPNOTSUPP, operation::link_create, errc::not_supported,
                                     std::string{places.front().hook.name}, missing},
                                    member.name_)};
}

result<std::vector<stray>> set_work::strays(std::vector<set_member> const& members) const {
    std::vector<stray> all;
    if (directory_.empty()) return all;
    auto const names = names_in(directory_);
    if (!names) return tl::unexpected{names.error()};
    for (auto const& name : *names) {
        auto path = directory_ + "/" + name;
        bool is_wanted = false, is_ours = false;
        for (auto const& each : members) {
            auto const its = path_of(each);
            is_wanted |= its == path;
            is_ours |= temporary_name(its) == path;
        }
        if (is_wanted) continue;
        auto const there = look_at(path);
        if (!there) return tl::unexpected{there.error()};
        if (there->what != named::kind::link) continue;
        bool const temporary = is_temporary(path);
        all.push_back({std::move(path), text_of_pin_name(name).value_or(name),
                       name_of(there->id) +
                           (temporary ? " was left by a killed call" : " is wanted by no member"),
                       is_ours});
    }
    return all;
}

result<set_step> set_work::make(set_member& member, directory_lock const* lock) {
    auto& its =
        turns_.emplace_back(turn{&member, member.made_by_, places_of(member), std::nullopt, {}});
    for (std::size_t i = 0; i != its.places.size(); ++i) {
        auto& work = its.work.emplace(begin(member, i, its.places));
        work.set_held(std::move(member.link_));
        if (lock)
            if (auto cleared = work.clear(); !cleared)
                return tl::unexpected{of_member(std::move(cleared).error(), member.name_)};
        auto const how = work.make_it_so(lock);
        if (how) {
            its.why.clear();
            member.made_by_ = i;
            return step_of(member.name_, step_for(*how), work.before());
        }
        if (!is_missing(how.error())) return tl::unexpected{of_member(how.error(), member.name_)};
        if (i + 1 == its.places.size() && !member.is_optional_)
            return tl::unexpected{of_member(how.error(), member.name_)};
        its.why.append(its.why.empty() ? "" : "; ").append(how.error().message());
        if (auto undone = work.undo(limit()); !undone)
            return tl::unexpected{of_member(std::move(undone).error(), member.name_)};
        member.link_ = std::move(work.held());
        its.work.reset();
    }
    return set_step{member.name_, step_kind::left_out, its.why};
}

/// In reverse.
/// @param why  is told what could not be undone; null: nobody is
void set_work::undo(error* why) {
    for (; !turns_.empty(); turns_.pop_back()) {
        auto& its = turns_.back();
        if (!its.work) continue;
        struct giving_back { // by an exception too
            turn& its;
            ~giving_back() {
                its.member->link_ = its.work->take();
                its.member->made_by_ = its.made_by;
            }
        } const always{its};
        auto const undone = its.work->undo(limit());
        if (!undone && why)
            why->add_advice("undoing member " + quoted(its.member->name_) +
                            " failed: " + undone.error().message());
    }
}

/// The work that has replaced a link.
std::vector<ensuring*> set_work::replacing() {
    std::vector<ensuring*> all;
    for (auto& each : turns_)
        if (each.work && each.work->replaced()) all.push_back(&*each.work);
    return all;
}

/// From here on nothing is undone: the members have their links.
void set_work::commit() noexcept {
    for (auto& each : turns_) {
        each.member->why_ = std::move(each.why);
        if (each.work) each.work->commit();
        each.member->link_ = each.work ? each.work->take() : link{};
    }
}

/// Ends the links that were replaced.
result<void> set_work::settle(std::vector<ensuring*> const& replaced) {
    side_by_side(replaced.size(), [&](std::size_t i) { replaced[i]->let_go(); });
    result<void> settled;
    for (auto const& each : turns_) {
        if (!each.work) continue;
        auto ended = each.work->wait_until_gone(limit());
        if (!ended && settled)
            settled = tl::unexpected{of_member(std::move(ended).error(), each.member->name_)};
    }
    return settled;
}

result<void> set_work::remove(std::vector<stray> const& all, std::vector<set_step>& steps) const {
    result<void> removed;
    for (auto const& each : all) {
        auto there = look_at(each.path);
        if (!there) {
            if (removed) removed = tl::unexpected{std::move(there).error()};
            continue;
        }
        if (there->what == named::kind::link) {
            auto l = access::make_link(std::move(there->link), pin_memory{each.path});
            auto ended = end_verified(l, limit());
            if (!ended) {
                if (removed) removed = tl::unexpected{std::move(ended).error()};
                continue;
            }
        }
        steps.push_back({each.text, step_kind::remove, each.why});
    }
    return removed;
}

result<set_report> set_work::apply(link_set& set) {
    std::optional<directory_lock> lock;
    if (!directory_.empty()) {
        auto const in_it = directory_ + "/member";
        bool const is_nothing = set.members_.empty();
        auto taken =
            is_nothing ? directory_lock::take(in_it, options_.wait) : lock_for_pins(in_it, limit());
        if (is_nothing && !taken && taken.error() == errc::not_found) return set_report{};
        if (!taken) return tl::unexpected{std::move(taken).error()};
        lock.emplace(*std::move(taken));
    }
    auto unwanted = strays(set.members_);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};
    set_report report;
    report.steps.reserve(set.members_.size() + unwanted->size());
    turns_.reserve(set.members_.size());

    struct guard { // of exceptions
        set_work* work;
        ~guard() {
            while (work && !work->turns_.empty()) {
                try {
                    work->undo(nullptr);
                } catch (...) {
                    work->turns_.pop_back(); // the others are undone still
                }
            }
        }
    } unless_done{this};

    auto const failed = [&](error why) {
        undo(&why);
        return tl::unexpected{std::move(why)};
    };
    for (auto& member : set.members_) {
        auto step = make(member, lock ? &*lock : nullptr);
        if (!step) return failed(std::move(step).error());
        report.steps.push_back(*std::move(step));
    }
    if (auto few = missing_quorum(set, report.steps)) return failed(*std::move(few));
    for (auto const& each : turns_) { // a link that a missing place has left
        if (each.work || directory_.empty()) continue;
        auto const path = path_of(*each.member);
        auto const there = look_at(path);
        if (!there) return failed(there.error());
        if (there->what == named::kind::link)
            unwanted->push_back({path, each.member->name_,
                                 name_of(there->id) + " is of a member that is left out"});
    }

    auto const replaced = replacing();
    unless_done.work = nullptr;
    commit();
    auto settled = settle(replaced);
    auto removed = remove(*unwanted, report.steps);
    if (settled && !removed) settled = std::move(removed);
    if (settled) return report;
    settled.error().add_advice("all members are as they are wanted");
    return tl::unexpected{std::move(settled).error()};
}

result<std::vector<teardown_report>> set_work::teardown(link_set& set) {
    std::optional<directory_lock> lock;
    if (!directory_.empty()) {
        auto taken = directory_lock::take(directory_ + "/member", options_.wait);
        if (taken)
            lock.emplace(*std::move(taken));
        else if (taken.error() != errc::not_found) // without a directory, without pins
            return tl::unexpected{std::move(taken).error()};
    }
    auto unwanted = strays(set.members_);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};

    struct ending {
        std::string name;
        set_member* member; // null: of none
        link its;           // the link at the pin; then what is to end
    };
    std::vector<ending> all; // in the order of their ends
    all.reserve(set.members_.size() + unwanted->size());
    auto const add = [&](std::string const& path, std::string name, set_member* member) {
        auto& added = all.emplace_back(ending{std::move(name), member, {}});
        if (path.empty()) return result<void>{};
        return look_at(path).map([&](named&& there) {
            if (there.what == named::kind::link)
                added.its = access::make_link(std::move(there.link), pin_memory{path});
        });
    };
    for (auto at = set.members_.rbegin(); at != set.members_.rend(); ++at)
        if (auto added = add(path_of(*at), at->name_, &*at); !added)
            return tl::unexpected{std::move(added).error()};
    for (auto const& each : *unwanted)
        if (auto added = add(each.path, each.text, nullptr); !added)
            return tl::unexpected{std::move(added).error()};
    // A handle of what is pinned would keep that. One whose pin is gone is all that there is.
    for (auto& each : all) {
        if (!each.member) continue;
        link own = std::exchange(each.member->link_, {});
        if (!each.its) each.its = std::move(own);
    }
    std::erase_if(all, [](ending const& each) { return !each.its; });

    std::vector<std::optional<result<teardown_report>>> ends(all.size());
    auto const end = [&](std::size_t i) { ends[i] = end_verified(all[i].its, limit()); };
    auto const waits = [&](std::size_t i) {
        auto const info = all[i].its.info();
        return info && waits_to_close(info->type);
    };
    for (std::size_t i = 0; i != all.size();) {
        std::size_t after = i + 1;
        if (waits(i))
            while (after != all.size() && waits(after))
                ++after;
        side_by_side(after - i, [&](std::size_t at) { end(i + at); });
        i = after;
    }
    std::vector<teardown_report> reports;
    std::optional<error> failed;
    for (std::size_t i = 0; i != ends.size(); ++i) {
        if (*ends[i])
            reports.push_back(**std::move(ends[i]));
        else if (!failed)
            failed = of_member(std::move(*ends[i]).error(), all[i].name);
        // A link that could not be ended is the member's again.
        if (all[i].member && all[i].its) all[i].member->link_ = std::move(all[i].its);
    }
    if (failed) return tl::unexpected{*std::move(failed)};
    return reports;
}

void set_work::close(std::vector<set_member>& members) {
    std::vector<link> links;
    for (auto& each : members)
        if (each.link_) links.push_back(std::move(each.link_));
    side_by_side(links.size(), [&](std::size_t i) { links[i] = {}; });
}

} // namespace detail

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
    auto const mistake = [&](std::string advice) {
        return fail(-EINVAL, operation::obj_pin, errc::invalid_argument, *real, std::move(advice));
    };
    if (!is_missing && here.kind != sys::file_kind::directory)
        return mistake("it is not a directory");
    auto nearest = *real; // that is there
    while ((outcome = sys::is_on_bpffs(nearest.c_str())) == -ENOENT)
        nearest = directory_of(nearest);
    if (outcome == 0)
        return mistake("it is not on a bpffs: mount one there, or choose a directory "
                       "below /sys/fs/bpf");
    if (outcome > 0 && is_missing) return set;
    if (outcome > 0) outcome = sys::facts_of_file(directory_of(*real).c_str(), above);
    if (outcome < 0) return refuse_pin_at(outcome, operation::stat, *real);
    if (here.device != above.device)
        return mistake("it is the root of a bpffs, where others pin too: choose a directory in it");
    return set;
}

link_set& link_set::add(std::string_view name, std::vector<set_candidate> candidates,
                        bool optional) {
    auto const mistake = [&](std::string advice) {
        if (!failed_)
            failed_ = error{EINVAL, operation::link_create, errc::invalid_argument,
                            "member " + quoted(name), std::move(advice)};
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

link_set& link_set::at_least(std::size_t count, std::vector<std::string> names) {
    quorums_.push_back({count, std::move(names)});
    return *this;
}

set_member const* link_set::find(std::string_view name) const noexcept {
    auto const at = std::ranges::find(members_, name, &set_member::name_);
    return at == members_.end() ? nullptr : &*at;
}

result<std::vector<set_step>> link_set::plan() const {
    using work = detail::set_work;
    if (failed_) return tl::unexpected{*failed_};
    if (auto never = work::mistaken_quorum(*this)) return tl::unexpected{*std::move(never)};
    work const it{directory_, options_};
    auto in_file = work::uprobes(members_);
    std::vector<set_step> steps;
    for (auto const& member : members_) {
        std::string advice;
        auto& count = in_file[work::probed(member)];
        if (count >= many_uprobes)
            advice = std::to_string(count) +
                     " single uprobes are in this file, and each takes long to close: one "
                     "uprobe_multi does not";
        auto step = it.planned(member, advice);
        if (!step) return tl::unexpected{std::move(step).error()};
        if (!advice.empty() && step->what == step_kind::create) count = 0; // said once
        steps.push_back(*std::move(step));
    }
    if (auto few = work::missing_quorum(*this, steps)) return tl::unexpected{*std::move(few)};
    auto const unwanted = it.strays(members_);
    if (!unwanted) return tl::unexpected{unwanted.error()};
    for (auto const& each : *unwanted)
        steps.push_back({each.text, step_kind::remove, each.why});
    return steps;
}

result<set_report> link_set::apply() {
    using work = detail::set_work;
    if (failed_) return tl::unexpected{*failed_};
    if (auto never = work::mistaken_quorum(*this)) return tl::unexpected{*std::move(never)};
    return work{directory_, options_}.apply(*this);
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
    return text;
}

std::ostream& operator<<(std::ostream& out, set_step const& step) {
    return out << to_string(step);
}

} // namespace bpflink
