// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "filters.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "program_text.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <bpflink/lifecycle/watcher.hpp>

#include <chrono>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    filters wanted;
    unsigned period = 1000;
    bool existing = false;
    bool json = false;
};

/// One change, as it is printed.
struct change {
    bl::link_change what;
    record const* now;    // null where it is removed
    record const* before; // null where it is created
};

std::string to_json(change const& one) {
    auto const now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    json object{{"time", static_cast<double>(now.count()) / 1000},
                {"change", to_string(one.what)},
                {"link", json_of(one.now ? *one.now : *one.before)}};
    if (one.now && one.before) object["before"] = json_of(*one.before);
    return to_text(object) + "\n";
}

std::string to_line(change const& one) {
    auto const& link = one.now ? *one.now : *one.before;
    auto text = fmt::format("{:%H:%M:%S}  {:<7}  {}  {}  {}", fmt::localtime(std::time(nullptr)),
                            to_string(one.what), link.info.id.value(), to_string(link.info.type),
                            program_text(link.info.program, link.program));
    if (one.what == bl::link_change::updated && one.before &&
        one.before->info.program != bl::program_id{})
        text +=
            fmt::format(" (was {})", program_text(one.before->info.program, one.before->program));
    // A link that is defunct is on nothing any more.
    bool const was = one.what == bl::link_change::defunct && one.before;
    text += "  " + target_of(was ? *one.before : link);
    return cut(printable(text), output_width()) + "\n";
}

/// Remembers the links, so that there is something to say of those that have gone.
class narrator {
public:
    explicit narrator(options const& given) : given_{given} {}

    void tell(bl::link_event const& event, lookup& names, bool quiet) {
        auto const id = event.what == bl::link_change::removed ? event.before.id : event.now.id;
        std::optional<record> now;
        if (event.what != bl::link_change::removed) now = make_record(event.now, names);
        auto const known = known_.find(id);
        change const one{event.what, now ? &*now : nullptr,
                         known != known_.end() ? &known->second : nullptr};
        if (!quiet && (one.now || one.before) && is_wanted(one))
            print(given_.json ? to_json(one) : to_line(one));
        if (now)
            known_.insert_or_assign(id, *std::move(now));
        else
            known_.erase(id);
    }

private:
    /// The former place of a link counts, too: a defunct one has none.
    [[nodiscard]] bool is_wanted(change const& one) const {
        return (one.now && given_.wanted.matches(*one.now)) ||
               (one.before && given_.wanted.matches(*one.before));
    }

    options const& given_;
    std::map<bl::link_id, record> known_;
};

int run(options& given) {
    problems report;
    if (!given.wanted.resolve(report)) return report.exit_code();
    auto watcher = report.value_of(
        bl::watcher::start({.period = std::chrono::milliseconds{given.period}, .existing = true}));
    if (!watcher) return report.exit_code();
    narrator told{given};
    for (bool is_first = true; is_first || wait_while_read(watcher->fd().get()); is_first = false) {
        auto const events = watcher->poll();
        if (!events) {
            report(events.error());
            return report.exit_code();
        }
        lookup names; // programs and interfaces may have changed
        for (auto const& event : *events)
            told.tell(event, names, is_first && !given.existing);
        flush();
    }
    return 0;
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    given->wanted.add_to(takes);
    takes
        .word(
            "--period",
            [given](std::string const& word) {
                given->period = static_cast<unsigned>(parse_whole(word, 1, 3'600'000));
            },
            "Look at least every so many milliseconds (1000)")
        .shown_as("MS");
    takes.flag("--existing", given->existing, "Tell the links that are there, as created");
    takes.flag("--json", given->json, "Print an object a line: time, change, link, before");
    takes.footer(
        "Tells links that come (created), go (removed), run another program or may be looked at\n"
        "now (updated), or are detached (defunct), until it is interrupted. One that is there for\n"
        "less than a period may be missed.\n"
        "\n"
        "Examples:\n"
        "  bpflink watch\n"
        "  bpflink watch --type xdp,tcx --interface eth0 --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const watch_command{"watch", "Tell what happens to links, as it happens",
                                      group::look, add};

} // namespace tool
