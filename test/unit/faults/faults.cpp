// SPDX-License-Identifier: Apache-2.0
#include "hook/row.hpp"
#include "scenario.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace {

using state = std::map<std::string, std::string>;
using errnos = std::set<int>;

/// Answers that would say of an object that it is not there, or is another: where that is not so,
/// what a function leaves is what it has to leave of such an object.
bool is_about_what_is_there(int number) {
    return errnos{ENOENT, EINVAL, EBADF, ESRCH, ENODEV, ESTALE, EEXIST}.contains(number);
}

/// By the rows of all hooks.
errnos errnos_of_rows() {
    errnos all;
    auto const take = [&](bl::refusals rows) {
        for (auto const& row : rows)
            all.insert(row.number);
    };
    take(bl::usual_causes());
    take(bl::command_causes());
    bl::each_row([&](bl::detail::hook_row const& row) {
        for (auto const rows : {row.opening, row.causes, row.update_causes, row.query_causes})
            take(rows);
    });
    return all;
}

errnos const& errnos_of(any_call what) {
    static errnos const of_rows = errnos_of_rows();
    static errnos const of_others{EPERM,  EACCES, ENOENT, EINVAL, EBUSY, EAGAIN,
                                  EMFILE, ENOMEM, EIO,    EEXIST, ENOSYS};
    // By EBADF or EINVAL a descriptor of the library's own would be somebody else's by now, and be
    // left open.
    static errnos const of_commands = [] {
        auto all = of_others;
        all.erase(EINVAL);
        return all;
    }();
    // By EBADF a map would be a link: an update to nothing tells them apart.
    static errnos const of_updates = [] {
        auto all = of_rows;
        all.erase(EBADF);
        return all;
    }();
    if (what == call::link_update) return of_updates;
    if (what == call::obj_get_info) return of_commands;
    bool const has_rows = what == call::link_create || what == call::raw_tracepoint_open ||
                          what == call::link_detach || what == call::perf_event_open ||
                          what == call::prog_query;
    return has_rows ? of_rows : of_others;
}

std::string value_of(state const& all, std::string const& name) {
    auto const found = all.find(name);
    return found == all.end() ? "none" : found->second;
}

/// Whether a value is one of two, or a count between them.
bool is_between(std::string const& is, std::string const& one, std::string const& other) {
    if (is == one || is == other) return true;
    auto const is_count = [](std::string const& text) {
        return text.find_first_not_of("0123456789") == text.npos;
    };
    if (!is_count(is) || !is_count(one) || !is_count(other)) return false;
    auto const ends = std::minmax({std::stoi(one), std::stoi(other)});
    return std::stoi(is) >= ends.first && std::stoi(is) <= ends.second;
}

/// What is neither as it was nor as it should be.
std::string differences(state const& now, state const& wanted, state const& other) {
    std::set<std::string> names;
    for (auto const* const each : {&now, &wanted, &other})
        for (auto const& entry : *each)
            names.insert(entry.first);
    std::string text;
    for (auto const& name : names)
        if (!is_between(value_of(now, name), value_of(wanted, name), value_of(other, name)))
            text += "; " + name + " is " + value_of(now, name) + ", not " + value_of(wanted, name);
    return text;
}

/// One scenario, which knows what it leaves when nothing fails.
class trial {
public:
    explicit trial(scenario const& of) : of_{of} {
        stage s;
        prepare(s);
        before_ = s.state();
        auto const done = of.act(s);
        CHECK_MESSAGE(!done.refused, done.refused.value_or(""));
        calls_ = s.calls_made();
        after_ = s.state();
    }

    void fail_each_call() {
        for (auto const& each : calls_)
            for (int nth = 1; nth <= each.count && each.what != of_.spared; ++nth)
                for (int const number : errnos_of(each.what))
                    fail(each, nth, number);
    }

    void fail_each_allocation() {
        for (int nth = 1;; ++nth) {
            stage s;
            prepare(s);
            bool done = false;
            bool has_failed = false;
            {
                starve::starving const now{nth};
                try {
                    done = !of_.act(s).refused;
                } catch (std::bad_alloc const&) {
                }
                has_failed = now.has_failed();
            }
            judge(s, done, false, "allocation " + std::to_string(nth));
            if (!has_failed) return;
        }
    }

    void conclude() const {
        CHECK_MESSAGE(told_.empty(), of_.function, " ", of_.situation, ": ", wrongs_, " of ",
                      faults_, " faults: ", told_);
    }

private:
    void prepare(stage& s) const {
        if (of_.prepare) of_.prepare(s);
        s.forget_calls();
    }

    void fail(fake::kernel::call_made const& which, int nth, int number) {
        stage s;
        prepare(s);
        s.fail(which.what, number, nth);
        auto const done = of_.act(s);
        s.mend();
        auto const name = std::string{which.name} + " (" + std::to_string(nth) + ".) by " +
                          bl::error{number, bl::operation::read}.code().message();
        judge(s, !done.refused, is_about_what_is_there(number), name);
        if (done.refused &&
            (done.refused->empty() || done.refused->find('\n') != std::string::npos))
            told_ += "\n" + name + " is told as: " + *done.refused;
    }

    void judge(stage& s, bool done, bool is_lie, std::string const& fault) {
        ++faults_;
        auto const& wanted = done ? after_ : before_;
        auto const& other = done ? before_ : after_;
        auto const wrong = differences(s.state(), wanted, of_.by_parts || is_lie ? other : wanted);
        if (wrong.empty()) return;
        constexpr int most_told = 8;
        if (++wrongs_ <= most_told)
            told_ += "\n" + fault + (done ? ", and it is done" : ", and it fails") + wrong;
    }

    scenario const& of_;
    state before_, after_;
    std::vector<fake::kernel::call_made> calls_;
    int faults_ = 0, wrongs_ = 0;
    std::string told_;
};

} // namespace

void check_faults(std::span<scenario const> all) {
    for (auto const& each : all) {
        CAPTURE(each.function);
        CAPTURE(each.situation);
        trial one{each};
        one.fail_each_call();
        one.fail_each_allocation();
        one.conclude();
    }
}
