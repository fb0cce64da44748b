// SPDX-License-Identifier: Apache-2.0
#include "branches.hpp"
#include "commands.hpp"
#include "facts.hpp"
#include "filters.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "netns.hpp"
#include "on/attached.hpp"
#include "output.hpp"
#include "pager.hpp"
#include "problems.hpp"
#include "program_text.hpp"
#include "terminal.hpp"
#include "walk.hpp"

#include <bpflink/link_record.hpp>
#include <bpflink/program_type.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

/// Grows the tree of the links that there are.
class gardener {
public:
    /// @param are_all  no link is left out, and what is not a link is wanted as well
    gardener(std::vector<record> const& links, bool are_all, lookup& names, problems& report)
        : are_all_{are_all}, names_{names}, report_{report} {
        for (auto const& link : links)
            wanted_.insert(link.info.id);
        for (auto const& link : links)
            plant(link);
        plant_replacements();
    }

    [[nodiscard]] branch const& root() const noexcept { return root_; }

private:
    void plant(record const& link) {
        auto const& details = link.info.details;
        auto const place = bl::record_of(link.info).target;
        if (link.state == bl::link_state::defunct)
            leaf(root_.at("defunct"), link);
        else if (auto const* const index = std::get_if<bl::ifindex>(&place))
            on_interface(*index, link);
        else if (link.netns)
            leaf(of_netns(link), link);
        else if (auto const* const cgroup = std::get_if<bl::cgroup_details>(&details))
            leaf(of_cgroup(link), link, link.cgroup ? to_string(cgroup->attach) : target_of(link));
        else if (link.info.type == bl::link_type::tracing && link.program &&
                 link.program->type == bl::program_type::ext)
            replacements_.push_back(&link);
        else
            leaf(root_.at(to_string(link.info.type)), link);
    }

    /// Programs that replace a function, below the links of the program that has it.
    void plant_replacements() {
        for (auto const* const link : replacements_) {
            auto const& details = std::get<bl::tracing_details>(link->info.details);
            auto const into = leaves_.find(bl::program_id{details.target_object.value_or(0)});
            leaf(into == leaves_.end() ? root_.at("freplace") : *into->second, *link);
        }
    }

    void leaf(branch& on, record const& link) { leaf(on, link, target_of(link)); }
    void leaf(branch& on, record const& link, std::string const& target) {
        auto& made = on.add(fmt::format("link {}: {}, {}", link.info.id.value(),
                                        program_text(link.info.program, link.program), target),
                            object_of(link.info.id, link.info.program, {{"target", target}}));
        leaves_.insert_or_assign(link.info.program, &made);
    }

    /// With the keys of list.
    json object_of(std::optional<bl::link_id> link, bl::program_id program, json const& more) {
        json object;
        if (link) object["id"] = link->value();
        object["prog_id"] = program.value();
        if (auto const known = names_.program(program)) object["prog_name"] = known->name;
        object.update(more);
        return object;
    }

    branch& of_netns(record const& link) {
        auto text = fmt::format("netns {}", link.netns->value());
        if (!link.elsewhere)
            text += " (this one)";
        else if (!link.elsewhere->empty())
            text += fmt::format(" ({})", *link.elsewhere);
        return root_.at(text);
    }

    /// Below the interface, after all that runs there, where it can be asked; once.
    void on_interface(bl::ifindex index, record const& link) {
        if (!link.netns || !link.device) {
            leaf(link.netns ? of_netns(link) : root_.at("netns unknown"), link);
            return;
        }
        auto& interface = of_netns(link).at(*link.device);
        if (interfaces_.emplace(*link.netns, index).second) {
            auto const path = link.elsewhere ? path_of_netns(*link.elsewhere) : std::string{};
            ask({path, *link.netns, index}, interface);
        }
        // Its hook does not tell of it: there was no privilege, or it has gone by now.
        if (!told_.contains(link.info.id)) leaf(interface, link);
    }

    /// Adds the programs of an interface's hooks that are wanted.
    void ask(interface_place const& where, branch& interface) {
        on::programs all;
        on::add_interface(where, all, report_);
        for (auto const& each : all) {
            if (!are_all_ && !(each.link && wanted_.contains(*each.link))) continue;
            if (each.link) told_.insert(*each.link);
            auto const id = each.link ? fmt::format("link {}", each.link->value()) : each.note;
            auto& made = interface.at(each.hook).add(
                fmt::format("{}: {}", id, program_text(each.program, names_.program(each.program))),
                object_of(each.link, each.program,
                          each.note.empty() ? json::object() : json{{"note", each.note}}));
            leaves_.insert_or_assign(each.program, &made);
        }
    }

    /// Below the cgroups that it is in, but for the mount.
    branch& of_cgroup(record const& link) {
        if (!link.cgroup) return root_.at("cgroup");
        constexpr bl::cgroup_id top{1};
        auto const mount = names_.cgroup(top).value_or("");
        if (mount.empty()) return root_.at("cgroup").at(*link.cgroup); // the top is not seen
        auto* here = &root_.at("cgroup " + mount);
        auto rest = std::string_view{*link.cgroup};
        if (!rest.starts_with(mount)) return here->at(rest);
        rest.remove_prefix(mount.size());
        while (!rest.empty()) {
            rest.remove_prefix(1); // the slash
            auto const name = rest.substr(0, rest.find('/'));
            if (!name.empty()) here = &here->at(name);
            rest.remove_prefix(name.size());
        }
        return *here;
    }

    std::set<bl::link_id> wanted_;
    std::set<bl::link_id> told_; // by the hooks of interfaces
    bool are_all_;
    lookup& names_;
    problems& report_;
    branch root_;
    std::map<bl::program_id, branch*> leaves_;
    std::set<std::pair<bl::netns_inode, bl::ifindex>> interfaces_;
    std::vector<record const*> replacements_;
};

struct options {
    filters wanted;
    bool json = false;
};

int run(options& given) {
    auto& wanted = given.wanted;
    problems report;
    if (!wanted.resolve(report)) {
        if (given.json) print("[]\n");
        return report.exit_code();
    }
    lookup names;
    auto links =
        all_links([&](bl::link_info const& info) { return wanted.may_match(info); }, names, report);
    wanted.keep_matching(links, report);
    gardener const tree{links, wanted.are_places_alone(), names, report};
    if (given.json)
        print(to_lines(tree.root().to_json()));
    else
        print_long(tree.root().render(output_width()));
    return report.exit_code();
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    given->wanted.add_to(takes);
    takes.flag("--json", given->json, "Print JSON: id, prog_id, prog_name, target, note, below");
    takes.footer(
        "Network namespaces with their interfaces, each with its hooks in the order that they\n"
        "run in; cgroups below each other; the rest by type. A program that replaces a\n"
        "function of another (freplace) is below that one's link.\n"
        "\n"
        "Examples:\n"
        "  bpflink tree\n"
        "  bpflink tree --type cgroup\n"
        "  bpflink tree --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const tree_command{"tree", "Show links below their places", group::look, add};

} // namespace tool
