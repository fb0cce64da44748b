// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/set_work.hpp"

#include "border/sys.hpp"
#include "lifecycle/missing_place.hpp"
#include "lifecycle/set_ends.hpp"
#include "lifecycle/set_step.hpp"
#include "lifecycle/side_by_side.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/wait.hpp>
#include <bpflink/lifecycle/pin_name.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

namespace bpflink::detail {
namespace {

/// From here on a set says that one multi link would do better.
constexpr std::size_t many_uprobes = 10;

std::string renamed_from(stray const& there) {
    return "renamed from " + there.text;
}

} // namespace

moment set_work::limit() const {
    return sys::deadline(options_.wait);
}

std::string set_work::path_of(set_member const& member) const {
    return directory_.empty() ? std::string{} : directory_ + "/" + pin_name(member.name_);
}

std::vector<wanted_link> set_work::places_of(set_member const& member) const {
    std::vector<wanted_link> places;
    places.reserve(member.candidates_.size());
    for (auto const& each : member.candidates_)
        places.push_back(each.its_->place);
    // Its handle is the one that this set made. A pin may have become another link's.
    if (directory_.empty() && member.link_ && !member.is_adopted_)
        places[member.made_by_].made_it = true;
    return places;
}

ensuring set_work::begin(set_member const& member, std::size_t candidate,
                         std::vector<wanted_link> const& places) const {
    ensuring work{places[candidate], options_.overlap, limit(), places};
    work.set_path(path_of(member));
    work.set_known(!member.is_adopted_);
    return work;
}

result<strays> set_work::unwanted_of(link_set const& set) const {
    std::set<std::string> wanted;
    for (auto const& each : set.members_)
        wanted.insert(path_of(each));
    return strays_in(directory_, wanted);
}

std::optional<error> set_work::mistaken_quorum(link_set const& set) {
    auto const mistake = [](std::string subject, std::string advice) {
        return error{EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                     std::move(advice)};
    };
    for (auto const& [count, names] : set.quorums_) {
        for (auto at = names.begin(); at != names.end(); ++at) {
            if (!set.find(*at))
                return mistake("member " + in_quotes(*at),
                               "the set has no member of this name, which at_least asks for");
            if (std::find(names.begin(), at, *at) != at)
                return mistake("member " + in_quotes(*at), "at_least names it twice");
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
            say(missing, in_quotes(name) + ": " + step->why);
        }
        if (there < count)
            return error{EOPNOTSUPP, operation::link_create, errc::not_supported,
                         "set of " + std::to_string(names.size()) + " members",
                         "at least " + std::to_string(count) + " are wanted, and " +
                             std::to_string(there) + " can be there (" + missing + ")"};
    }
    return std::nullopt;
}

std::string_view set_work::probed(set_member const& member) {
    return member.candidates_.front().its_->probed;
}

std::map<std::string_view, std::size_t> set_work::uprobes(link_set const& set) {
    std::map<std::string_view, std::size_t> in_file;
    for (auto const& each : set.members_)
        if (auto const file = probed(each); !file.empty()) ++in_file[file];
    return in_file;
}

result<set_step> set_work::planned(set_member const& member, std::string const& advice,
                                   strays& unwanted) const {
    if (auto const own = require_own(path_of(member)); !own)
        return tl::unexpected{of_member(own.error(), member.name_)};
    auto const places = places_of(member);
    std::string missing_all;
    std::optional<error> why_missing;
    for (std::size_t i = 0; i != places.size(); ++i) {
        auto work = begin(member, i, places);
        auto seen = work.look(member.link_);
        std::string renamed;
        if (seen && seen->what == sight::nothing) {
            auto const other = find_under_other_name(path_of(member), places[i], options_.overlap,
                                                     limit(), unwanted);
            if (!other) return tl::unexpected{of_member(other.error(), member.name_)};
            if (*other) {
                seen = (*other)->seen;
                renamed = renamed_from(*(*other)->at);
                unwanted.erase((*other)->at);
            }
        }
        if (!seen) return tl::unexpected{of_member(seen.error(), member.name_)};
        bool const is_made = seen->what != sight::kept && seen->what != sight::stale;
        if (is_made)
            if (auto why = missing(*member.candidates_[i].its_)) {
                say(missing_all, why->message());
                why_missing = std::move(why);
                continue;
            }
        auto step = step_of(member.name_,
                            seen->what == sight::kept      ? step_kind::keep
                            : seen->what == sight::nothing ? step_kind::create
                            : seen->what == sight::defunct ? step_kind::recreate
                                                           : step_kind::update,
                            *seen);
        say(step.why, is_made ? advice : renamed);
        return step;
    }
    if (member.is_optional_) return set_step{member.name_, step_kind::left_out, missing_all};
    return tl::unexpected{of_member(*std::move(why_missing), member.name_)};
}

result<std::vector<set_step>> set_work::plan(link_set const& set) const {
    if (auto never = mistaken_quorum(set)) return tl::unexpected{*std::move(never)};
    if (!directory_.empty())
        if (auto on_bpffs = require_bpffs(directory_); !on_bpffs)
            return tl::unexpected{std::move(on_bpffs).error()};
    auto unwanted = unwanted_of(set);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};
    auto in_file = uprobes(set);
    std::vector<set_step> steps;
    for (auto const& member : set.members_) {
        std::string advice;
        auto& count = in_file[probed(member)];
        if (count >= many_uprobes)
            advice = std::to_string(count) +
                     " single uprobes are in this file, and each takes long to close: one "
                     "uprobe_multi does not";
        auto step = planned(member, advice, *unwanted);
        if (!step) return tl::unexpected{std::move(step).error()};
        if (!advice.empty() && step->what == step_kind::create) count = 0; // said once
        steps.push_back(*std::move(step));
    }
    if (auto few = missing_quorum(set, steps)) return tl::unexpected{*std::move(few)};
    for (auto const& each : *unwanted)
        steps.push_back({each.text, step_kind::remove, each.why});
    return steps;
}

result<void> set_work::rename(turn& its, wanted_link const& place, strays& unwanted) const {
    auto const found =
        find_under_other_name(path_of(*its.member), place, options_.overlap, limit(), unwanted);
    if (!found) return tl::unexpected{found.error()};
    if (!*found) return {};
    auto& there = *(*found)->at;
    auto const to = path_of(*its.member);
    its.renamed = renamed_from(there);
    int const outcome = sys::rename_no_replace(there.path.c_str(), to.c_str());
    if (outcome < 0) return refuse_pin_at(outcome, operation::rename, to);
    its.pinned_as = std::move(there.path);
    unwanted.erase((*found)->at);
    return {};
}

result<set_step> set_work::make(set_member& member, directory_lock const* lock, strays& unwanted) {
    auto& its = turns_.emplace_back(
        turn{&member, member.made_by_, places_of(member), std::nullopt, {}, {}, {}});
    auto const failed = [&](error why) {
        return tl::unexpected{of_member(std::move(why), member.name_)};
    };
    if (auto own = require_own(path_of(member)); !own) return failed(std::move(own).error());
    for (std::size_t i = 0; i != its.places.size(); ++i) {
        if (lock)
            if (auto done = rename(its, its.places[i], unwanted); !done)
                return failed(std::move(done).error());
        std::optional<error> why; // it is left out
        if (!options_.overlap && i + 1 != its.places.size()) {
            // The link of a later one would end for nothing.
            auto const seen = begin(member, i, its.places).look(member.link_);
            if (seen && seen->what == sight::other) {
                why = missing(*member.candidates_[i].its_);
                if (!why) why = missing_to_nothing(its.places[i]);
            }
        }
        auto& work = its.work.emplace(begin(member, i, its.places));
        work.set_held(std::move(member.link_));
        if (lock)
            if (auto cleared = work.clear(); !cleared) return failed(std::move(cleared).error());
        if (!why) {
            auto const how = work.make_it_so(lock);
            if (how) {
                its.why.clear();
                member.made_by_ = i;
                auto step = step_of(member.name_, step_for(*how), work.before());
                say(step.why, its.renamed);
                return step;
            }
            why = how.error();
        }
        if (!is_missing(*why)) return failed(*std::move(why));
        if (i + 1 == its.places.size() && !member.is_optional_) return failed(*std::move(why));
        say(its.why, why->message());
        if (auto undone = work.undo(limit()); !undone) return failed(std::move(undone).error());
        member.link_ = std::move(work.held());
        its.work.reset();
    }
    return set_step{member.name_, step_kind::left_out, its.why};
}

result<void> set_work::undo(turn& its) const {
    struct giving_back { // by an exception too
        turn& its;
        ~giving_back() {
            if (!its.work) return;
            its.member->link_ = its.work->take();
            its.member->made_by_ = its.made_by;
            its.work.reset(); // where it is undone again after an exception
        }
    };
    {
        giving_back const always{its};
        if (its.work)
            if (auto undone = its.work->undo(limit()); !undone) return undone;
    }
    if (its.pinned_as.empty()) return {};
    its.member->link_ = {}; // the one that it was has the pin
    int const outcome = sys::rename_no_replace(path_of(*its.member).c_str(), its.pinned_as.c_str());
    if (outcome < 0) return refuse_pin_at(outcome, operation::rename, its.pinned_as);
    return {};
}

void set_work::undo(error* why) {
    for (; !turns_.empty(); turns_.pop_back()) {
        auto const undone = undo(turns_.back());
        if (!undone && why)
            why->add_advice("undoing member " + in_quotes(turns_.back().member->name_) +
                            " failed: " + undone.error().message());
    }
}

std::vector<ensuring*> set_work::replacing() {
    std::vector<ensuring*> all;
    for (auto& each : turns_)
        if (each.work && each.work->replaced()) all.push_back(&*each.work);
    return all;
}

void set_work::commit() noexcept {
    for (auto& each : turns_) {
        each.member->why_ = std::move(each.why);
        if (each.work) each.work->commit();
        each.member->link_ = each.work ? each.work->take() : link{};
        each.member->is_adopted_ = false;
    }
}

result<void> set_work::settle(std::vector<ensuring*> const& replaced) const {
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

result<void> set_work::remove(strays&& all, std::vector<set_step>& steps) const {
    std::vector<ending> ends;
    ends.reserve(all.size());
    for (auto& each : all)
        ends.push_back({std::move(each.path), std::move(each.text)});
    end_all(ends, options_.wait);
    result<void> removed;
    for (std::size_t i = 0; i != ends.size(); ++i) {
        auto& outcome = ends[i].outcome;
        if (!outcome || *outcome)
            steps.push_back({std::move(ends[i].name), step_kind::remove, std::move(all[i].why)});
        else if (removed)
            removed = tl::unexpected{std::move(*outcome).error()};
    }
    return removed;
}

result<set_work::spare_descriptors> set_work::spare_for(link_set const& set) const {
    spare_descriptors spare;
    if (directory_.empty() || set.members_.empty()) return spare;
    auto const& first = *set.members_.front().candidates_.front().its_;
    for (auto& each : spare) {
        auto copy = duplicated(first.place.what.fd);
        if (!copy) return tl::unexpected{std::move(copy).error()};
        each = *std::move(copy);
    }
    return spare;
}

result<void> set_work::add_left_out(strays& unwanted) const {
    if (directory_.empty()) return {};
    for (auto const& each : turns_) {
        if (each.work) continue;
        auto path = path_of(*each.member);
        auto const there = look_at(path);
        if (!there) return tl::unexpected{there.error()};
        if (there->what == named::kind::link)
            unwanted.push_back({std::move(path), each.member->name_,
                                name_of(there->id) + " is of a member that is left out"});
    }
    return {};
}

result<set_report> set_work::apply(link_set& set) {
    if (auto never = mistaken_quorum(set)) return tl::unexpected{*std::move(never)};
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
    auto unwanted = unwanted_of(set);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};
    set_report report;
    report.steps.reserve(set.members_.size() + unwanted->size());
    turns_.reserve(set.members_.size());
    auto spare = spare_for(set);
    if (!spare) return tl::unexpected{std::move(spare).error()};

    struct guard { // of exceptions
        set_work* work;
        spare_descriptors& spare;
        ~guard() {
            spare = {};
            while (work && !work->turns_.empty()) {
                try {
                    work->undo(nullptr);
                } catch (...) {
                    work->turns_.pop_back(); // the others are undone still
                }
            }
        }
    } unless_done{this, *spare};

    auto const failed = [&](error why) {
        *spare = {};
        undo(&why);
        return tl::unexpected{std::move(why)};
    };
    for (auto& member : set.members_) {
        auto step = make(member, lock ? &*lock : nullptr, *unwanted);
        if (!step) return failed(std::move(step).error());
        report.steps.push_back(*std::move(step));
    }
    if (auto few = missing_quorum(set, report.steps)) return failed(*std::move(few));
    if (auto added = add_left_out(*unwanted); !added) return failed(std::move(added).error());

    auto const replaced = replacing();
    unless_done.work = nullptr;
    *spare = {};
    commit();
    auto settled = settle(replaced);
    auto removed = remove(*std::move(unwanted), report.steps);
    if (settled && !removed) settled = std::move(removed);
    if (settled) return report;
    settled.error().add_advice("all members are as they are wanted");
    return tl::unexpected{std::move(settled).error()};
}

result<std::vector<teardown_report>> set_work::teardown(link_set& set) const {
    std::optional<directory_lock> lock;
    if (!directory_.empty()) {
        auto taken = directory_lock::take(directory_ + "/member", options_.wait);
        if (taken)
            lock.emplace(*std::move(taken));
        else if (taken.error() != errc::not_found) // without a directory, without pins
            return tl::unexpected{std::move(taken).error()};
    }
    auto unwanted = unwanted_of(set);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};

    std::vector<ending> all; // in the order of their ends
    all.reserve(set.members_.size() + unwanted->size());
    for (auto at = set.members_.rbegin(); at != set.members_.rend(); ++at)
        all.push_back({path_of(*at), at->name_, &at->link_, &at->is_adopted_});
    for (auto& each : *unwanted)
        all.push_back({std::move(each.path), std::move(each.text)});
    end_all(all, options_.wait);

    std::vector<teardown_report> reports;
    std::optional<error> failed;
    for (auto& each : all) {
        if (each.outcome && *each.outcome)
            reports.push_back(**std::move(each.outcome));
        else if (each.outcome && !failed)
            failed = of_member(std::move(*each.outcome).error(), each.name);
        // A link that could not be ended is the member's again.
        if (each.held && each.its) *each.held = std::move(each.its);
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

} // namespace bpflink::detail
