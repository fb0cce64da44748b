// SPDX-License-Identifier: Apache-2.0
#include "border/side_by_side.hpp"
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "error/names.hpp"
#include "error/one_line.hpp"
#include "hook/create.hpp"
#include "lifecycle/ending.hpp"
#include "lifecycle/ensuring.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/wait.hpp>
#include <bpflink/lifecycle/link_set.hpp>
#include <bpflink/lifecycle/pin_name.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <map>
#include <ostream>
#include <set>
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

/// Whether a place takes one link, and options of the hook decide nothing else.
bool takes_one(detail::hook_door const& hook) {
    switch (hook.kind) {
    case link_type::xdp:
    case link_type::netns:
    case link_type::netfilter:
    case link_type::struct_ops: return true;
    default: return hook.name == hook_traits<hook::freplace>::name;
    }
}

/// Why a place is missing, by attaching a program that does nothing, so that no two do anything
/// there. Empty where it is there, and where only the program itself would tell.
std::optional<error> missing_to_nothing(detail::wanted_link const& wanted) {
    auto what = wanted.what;
    switch (wanted.hook.kind) { // of programs that only look on
    case link_type::kprobe_multi:
    case link_type::uprobe_multi:
        if (!what.expected) return std::nullopt; // it takes programs of this attach type alone
        break;
    case link_type::perf_event:
    case link_type::raw_tracepoint: break;
    default: return std::nullopt;
    }
    auto const nothing = load_nothing(what.type, what.expected.value_or(attach_type{}));
    if (!nothing) return std::nullopt;
    what.fd = nothing.view();
    auto const made = wanted.hook.create(what, wanted.where);
    return made || !is_missing(made.error()) ? std::nullopt : std::optional{made.error()};
}

std::string in_quotes(std::string_view name) {
    return "\"" + std::string{name} + "\"";
}

std::string name_of(link_id id) {
    return "link " + std::to_string(id.value());
}

error of_member(error why, std::string_view name) {
    why.add_advice("that is member " + in_quotes(name) + " of the set");
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

void say(std::string& text, std::string_view more) {
    if (!more.empty()) text.append(text.empty() ? "" : "; ").append(more);
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
};

using strays = std::vector<stray>;

std::string renamed_from(stray const& there) {
    return "renamed from " + there.text;
}

/// Refuses a symbolic link: the kernel would follow it to what is not the set's.
/// @param path  empty: there is no pin
result<void> require_own(std::string const& path) {
    std::array<char, 1> some;
    int const outcome = path.empty() ? -ENOENT : sys::read_link(path.c_str(), some);
    if (outcome >= 0)
        return fail(-EINVAL, operation::identify, errc::not_a_link, path,
                    "it is a symbolic link, which a set does not follow: remove it");
    if (outcome == -EINVAL || outcome == -ENOENT) return {}; // another object, or nothing
    return refuse_look_at(outcome, operation::obj_get, path);
}

tl::unexpected<error> mistaken(std::string const& directory, std::string advice) {
    return fail(-EINVAL, operation::obj_pin, errc::invalid_argument, directory, std::move(advice));
}

/// Refuses a directory that is not on a bpffs, or would be made elsewhere.
result<void> require_bpffs(std::string const& directory) {
    int outcome = 0;
    auto nearest = directory; // that is there
    while ((outcome = sys::is_on_bpffs(nearest.c_str())) == -ENOENT)
        nearest = directory_of(nearest);
    if (outcome < 0) return refuse_pin_at(outcome, operation::stat, directory);
    if (outcome > 0) return {};
    return mistaken(directory, "it is not on a bpffs: mount one there, or choose a directory "
                               "below /sys/fs/bpf");
}

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
    /// @param unwanted  those that it would rename are taken out
    result<set_step> planned(set_member const& member, std::string const& advice,
                             strays& unwanted) const;
    /// The pins in the directory that are not wanted.
    result<strays> unwanted_of(std::vector<set_member> const& members) const;

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
        std::string pinned_as; // before; empty where the pin was not renamed
        std::string renamed;   // in words
    };
    /// A link that no member wants, at the place of one.
    struct namesake {
        strays::iterator at;
        sight seen;
    };

    /// A link that is to end: at a pin, a member's, or both.
    struct ending {
        std::string path; // empty: it is not pinned
        std::string name;
        set_member* member = nullptr; // null: of none
        link its{};
        std::optional<result<teardown_report>> outcome{}; // empty: there was no link
    };

    [[nodiscard]] moment limit() const { return sys::deadline(options_.wait); }
    [[nodiscard]] std::string path_of(set_member const& member) const {
        return directory_.empty() ? std::string{} : directory_ + "/" + pin_name(member.name_);
    }
    [[nodiscard]] ensuring begin(set_member const& member, std::size_t candidate,
                                 std::vector<wanted_link> const& places) const;
    [[nodiscard]] std::vector<wanted_link> places_of(set_member const& member) const;

    static std::optional<error> missing(set_candidate const& candidate);
    result<std::optional<namesake>> find_under_other_name(set_member const& member,
                                                          wanted_link const& place,
                                                          strays& unwanted) const;
    result<void> rename(turn& its, wanted_link const& place, strays& unwanted);
    result<set_step> make(set_member& member, directory_lock const* lock, strays& unwanted);
    result<void> undo(turn& its);
    void undo(error* why);
    void commit() noexcept;
    std::vector<ensuring*> replacing();
    result<void> settle(std::vector<ensuring*> const& replaced);
    static std::size_t open(std::span<ending> some);
    void end(std::span<ending> some) const;
    void end_all(std::vector<ending>& all) const;
    result<void> remove(strays&& all, std::vector<set_step>& steps) const;

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

/// Why a candidate cannot be there, as far as that is told without an attach.
std::optional<error> set_work::missing(set_candidate const& candidate) {
    auto const& its = *candidate.its_;
    if (its.is_supported)
        if (auto const has = its.is_supported(); has.is == support::answer::no)
            return error{EOPNOTSUPP, operation::link_create, errc::not_supported,
                         std::string{its.place.hook.name}, has.why};
    if (!its.device) return std::nullopt;
    auto const name = interface_name_of(*its.device);
    return name || !is_missing(name.error()) ? std::nullopt : std::optional{name.error()};
}

/// Whether the member had another name, where a second link of it would be refused.
result<std::optional<set_work::namesake>> set_work::find_under_other_name(set_member const& member,
                                                                          wanted_link const& place,
                                                                          strays& unwanted) const {
    std::optional<namesake> const none;
    if (unwanted.empty() || !takes_one(place.hook)) return none;
    auto const own = look_at(path_of(member));
    if (!own) return tl::unexpected{own.error()};
    if (own->what != named::kind::nothing) return none;
    for (auto at = unwanted.begin(); at != unwanted.end(); ++at) {
        if (is_temporary(at->path)) continue;
        auto there = look_at(at->path);
        if (!there) return tl::unexpected{there.error()};
        if (there->what != named::kind::link) continue;
        auto const l = access::make_link(std::move(there->link));
        ensuring judged{place, options_.overlap, limit()};
        auto const seen = judged.look(l);
        bool const is_another = // as far as can be told
            !seen && (seen.error() == errc::wrong_kind || seen.error() == errc::already_exists);
        if (is_another) continue;
        if (!seen) return tl::unexpected{seen.error()};
        if (seen->what == sight::kept || seen->what == sight::stale) return namesake{at, *seen};
    }
    return none;
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
            auto const other = find_under_other_name(member, places[i], unwanted);
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
            if (auto why = missing(member.candidates_[i])) {
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

result<strays> set_work::unwanted_of(std::vector<set_member> const& members) const {
    strays all;
    if (directory_.empty()) return all;
    auto const names = names_in(directory_);
    if (!names) return tl::unexpected{names.error()};
    std::set<std::string> wanted;
    for (auto const& each : members)
        wanted.insert(path_of(each));
    for (auto const& name : *names) {
        auto path = directory_ + "/" + name;
        if (wanted.contains(path)) continue;
        auto const there = look_at(path);
        if (!there) return tl::unexpected{there.error()};
        if (there->what != named::kind::link) continue;
        bool const temporary = is_temporary(path);
        all.push_back({std::move(path), text_of_pin_name(name).value_or(name),
                       name_of(there->id) +
                           (temporary ? " was left by a killed call" : " is wanted by no member")});
    }
    return all;
}

/// Gives the member the pin that it has under another name.
result<void> set_work::rename(turn& its, wanted_link const& place, strays& unwanted) {
    auto const found = find_under_other_name(*its.member, place, unwanted);
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
                why = missing(member.candidates_[i]);
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

result<void> set_work::undo(turn& its) {
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

/// In reverse.
/// @param why  is told what could not be undone; null: nobody is
void set_work::undo(error* why) {
    for (; !turns_.empty(); turns_.pop_back()) {
        auto const undone = undo(turns_.back());
        if (!undone && why)
            why->add_advice("undoing member " + in_quotes(turns_.back().member->name_) +
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
        each.member->is_adopted_ = false;
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

/// Opens the pins of the first of these.
/// @return how many there are descriptors for; at least 1
std::size_t set_work::open(std::span<ending> some) {
    constexpr std::size_t most = 500; // of a thousand descriptors that a process may have
    constexpr std::size_t for_looks = 40;
    std::size_t count = 0;
    auto const give_back = [&](std::size_t number) {
        for (auto const kept = count - std::min(count - 1, number); count != kept;) {
            --count;
            some[count].its = {};
            some[count].outcome.reset();
        }
    };
    for (; count != std::min(most, some.size()); ++count) {
        auto& each = some[count];
        if (each.path.empty()) continue;
        auto there = look_at(each.path);
        auto const number = there ? 0 : there.error().code().value();
        if ((number == EMFILE || number == ENFILE) && count != 0) {
            give_back(for_looks);
            return count;
        }
        if (!there)
            each.outcome = tl::unexpected{std::move(there).error()};
        else if (there->what == named::kind::link)
            each.its = access::make_link(std::move(there->link), pin_memory{each.path});
    }
    if (count <= for_looks) return count;
    auto const open = std::ranges::find_if(some, [](ending const& each) { return bool{each.its}; });
    std::vector<unique_fd> room;
    while (open != some.end() && room.size() != for_looks) {
        auto copy = duplicated(open->its.fd());
        if (!copy) {
            give_back(for_looks - room.size());
            break;
        }
        room.push_back(*std::move(copy));
    }
    return count;
}

/// Ends links that are open, in their order; side by side those that wait in the kernel.
void set_work::end(std::span<ending> some) const {
    joint_end together;
    auto const waits = [&](ending const& each) {
        if (!each.its) return false;
        auto const info = each.its.info();
        return info && waits_to_close(info->type);
    };
    auto const end_one = [&](ending& each) {
        if (each.its) each.outcome = together.end(each.its, limit());
    };
    for (auto rest = some; !rest.empty();) {
        auto const waiting = std::ranges::find_if_not(rest, waits) - rest.begin();
        auto const count = std::max(static_cast<std::size_t>(waiting), std::size_t{1});
        side_by_side(count, [&](std::size_t i) { end_one(rest[i]); });
        rest = rest.subspan(count);
    }
    together.settle();
    for (auto& each : some)
        if (each.outcome && *each.outcome) together.complete(**each.outcome);
}

/// Ends links in their order, verified, as many at once as there are descriptors for.
void set_work::end_all(std::vector<ending>& all) const {
    for (std::span<ending> rest{all}; !rest.empty();) {
        auto const some = rest.first(open(rest));
        rest = rest.subspan(some.size());
        // A handle of what is pinned would keep that. One whose pin is gone is all that there is.
        for (auto& each : some) {
            if (!each.member || each.outcome) continue;
            link own = std::exchange(each.member->link_, {});
            bool const is_unjudged = std::exchange(each.member->is_adopted_, false);
            if (!each.its && !is_unjudged) each.its = std::move(own);
        }
        end(some);
        for (auto& each : some)
            if (!each.member) each.its = {}; // its descriptor serves the next ones
    }
}

result<void> set_work::remove(strays&& all, std::vector<set_step>& steps) const {
    std::vector<ending> ends;
    ends.reserve(all.size());
    for (auto& each : all)
        ends.push_back({std::move(each.path), std::move(each.text)});
    end_all(ends);
    result<void> removed;
    for (std::size_t i = 0; i != ends.size(); ++i) {
        auto& [path, name, member, its, outcome] = ends[i];
        if (!outcome || *outcome)
            steps.push_back({std::move(name), step_kind::remove, std::move(all[i].why)});
        else if (removed)
            removed = tl::unexpected{std::move(*outcome).error()};
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
    auto unwanted = unwanted_of(set.members_);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};
    set_report report;
    report.steps.reserve(set.members_.size() + unwanted->size());
    turns_.reserve(set.members_.size());
    // To go back takes descriptors, where there may be no other left.
    std::array<unique_fd, 3> spare;
    for (auto& each : spare) {
        if (directory_.empty() || set.members_.empty()) break;
        auto const& first = *set.members_.front().candidates_.front().its_;
        auto copy = duplicated(first.place.what.fd);
        if (!copy) return tl::unexpected{std::move(copy).error()};
        each = *std::move(copy);
    }

    struct guard { // of exceptions
        set_work* work;
        std::array<unique_fd, 3>& spare;
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
    } unless_done{this, spare};

    auto const failed = [&](error why) {
        spare = {};
        undo(&why);
        return tl::unexpected{std::move(why)};
    };
    for (auto& member : set.members_) {
        auto step = make(member, lock ? &*lock : nullptr, *unwanted);
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
    spare = {};
    commit();
    auto settled = settle(replaced);
    auto removed = remove(*std::move(unwanted), report.steps);
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
    auto unwanted = unwanted_of(set.members_);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};

    std::vector<ending> all; // in the order of their ends
    all.reserve(set.members_.size() + unwanted->size());
    for (auto at = set.members_.rbegin(); at != set.members_.rend(); ++at)
        all.push_back({path_of(*at), at->name_, &*at});
    for (auto& each : *unwanted)
        all.push_back({std::move(each.path), std::move(each.text)});
    end_all(all);

    std::vector<teardown_report> reports;
    std::optional<error> failed;
    for (auto& [path, name, member, its, outcome] : all) {
        if (outcome && *outcome)
            reports.push_back(**std::move(outcome));
        else if (outcome && !failed)
            failed = of_member(std::move(*outcome).error(), name);
        // A link that could not be ended is the member's again.
        if (member && its) member->link_ = std::move(its);
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
        return mistaken(*real, "it is not a directory");
    if (auto on_bpffs = require_bpffs(*real); !on_bpffs)
        return tl::unexpected{std::move(on_bpffs).error()};
    if (is_missing) return set;
    outcome = sys::facts_of_file(directory_of(*real).c_str(), above);
    if (outcome < 0) return refuse_pin_at(outcome, operation::stat, *real);
    if (here.device != above.device)
        return mistaken(
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
    using work = detail::set_work;
    if (failed_) return tl::unexpected{*failed_};
    if (auto never = work::mistaken_quorum(*this)) return tl::unexpected{*std::move(never)};
    if (!directory_.empty())
        if (auto on_bpffs = require_bpffs(directory_); !on_bpffs)
            return tl::unexpected{std::move(on_bpffs).error()};
    work const it{directory_, options_};
    auto unwanted = it.unwanted_of(members_);
    if (!unwanted) return tl::unexpected{std::move(unwanted).error()};
    auto in_file = work::uprobes(members_);
    std::vector<set_step> steps;
    for (auto const& member : members_) {
        std::string advice;
        auto& count = in_file[work::probed(member)];
        if (count >= many_uprobes)
            advice = std::to_string(count) +
                     " single uprobes are in this file, and each takes long to close: one "
                     "uprobe_multi does not";
        auto step = it.planned(member, advice, *unwanted);
        if (!step) return tl::unexpected{std::move(step).error()};
        if (!advice.empty() && step->what == step_kind::create) count = 0; // said once
        steps.push_back(*std::move(step));
    }
    if (auto few = work::missing_quorum(*this, steps)) return tl::unexpected{*std::move(few)};
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
    return one_line(text);
}

std::ostream& operator<<(std::ostream& out, set_step const& step) {
    return out << to_string(step);
}

} // namespace bpflink
