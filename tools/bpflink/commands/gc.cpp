// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "groups.hpp"
#include "lookup.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "program_text.hpp"
#include "record.hpp"

#include <bpflink/link.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/views/pins.hpp>

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    std::string directory;
    bool yes = false;
};

/// How many pins there are of each sort.
struct counts {
    unsigned defunct = 0, attached = 0, unknown = 0;
};

/// Looks at one pin, and removes it where that is asked for and right.
class collector {
public:
    explicit collector(bool acts) : acts_{acts} {}

    bl::result<void> look_at(bl::pin_entry const& pin) {
        auto link = bl::link::load_pinned(pin.path);
        if (!link) return gone_or(link.error());
        auto info = link->info();
        if (!info) return tl::unexpected{info.error()};
        auto const told = make_record(*std::move(info), names_);
        switch (told.state) {
        case bl::link_state::attached: ++seen_.attached; return {};
        case bl::link_state::defunct: ++seen_.defunct; return remove(pin, *link, told);
        case bl::link_state::unknown: break;
        }
        ++seen_.unknown;
        say(fmt::format("keep {}: of link {} ({}) it cannot be told", pin.path,
                        told.info.id.value(), to_string(told.info.type)));
        return {};
    }

    [[nodiscard]] bool has_seen() const {
        return seen_.defunct + seen_.attached + seen_.unknown != 0;
    }

    void sum_up() const {
        say(fmt::format("{} defunct, {} attached, {} unknown", seen_.defunct, seen_.attached,
                        seen_.unknown));
        if (!acts_ && seen_.defunct != 0) say("nothing was changed: --yes does it");
    }

private:
    /// Somebody may have unpinned it meanwhile.
    static bl::result<void> gone_or(bl::error const& why) {
        if (why == bl::errc::not_found) return {};
        return tl::unexpected{why};
    }

    bl::result<void> remove(bl::pin_entry const& pin, bl::link& link, record const& told) const {
        if (pin.temporary) { // another process may be replacing a pin just now
            say(fmt::format("keep {}: it is another pin's temporary name", pin.path));
            return {};
        }
        say(fmt::format("remove {}: link {} ({}, program {}) is defunct", pin.path,
                        told.info.id.value(), to_string(told.info.type),
                        program_text(told.info.program, told.program)));
        return acts_ ? link.unpin() : bl::result<void>{};
    }

    bool acts_;
    counts seen_;
    lookup names_;
};

int run(options const& given) {
    problems report;
    collector work{given.yes};
    for (auto&& pin : bl::pins(given.directory)) {
        auto const done = pin ? work.look_at(*pin) : bl::result<void>{tl::unexpected{pin.error()}};
        if (!done) report(done.error());
    }
    if (work.has_seen() || report.exit_code() == 0) work.sum_up();
    return report.exit_code();
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    takes.word("DIR", given->directory, "Look in this directory of a bpffs, and below it")
        .required();
    takes.flag("--yes", given->yes, "Do it; without this, the plan is all that comes");
    takes.footer(
        "A link is defunct when its program is off the hook: it was detached, or its interface,\n"
        "cgroup or namespace is gone. An interface in another network namespace is not gone. A\n"
        "pin stays if nothing tells its link's state, or if its name is temporary.\n"
        "\n"
        "Examples:\n"
        "  bpflink gc /sys/fs/bpf\n"
        "  bpflink gc /sys/fs/bpf/firewall --yes");
    return [given] { return run(*given); };
}

} // namespace

constinit command const gc_command{"gc", "Remove the pins of defunct links", group::change, add};

} // namespace tool
