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
    explicit gardener(lookup& names, problems& report) : names_{names}, report_{report} {}

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
            leaf(of_cgroup(link), link, to_string(cgroup->attach));
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

    [[nodiscard]] branch const& root() const noexcept { return root_; }

private:
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

    /// All that runs on the interface, where it can be asked; once.
    void on_interface(bl::ifindex index, record const& link) {
        if (!link.netns || !link.device) {
            leaf(link.netns ? of_netns(link) : root_.at("netns unknown"), link);
            return;
        }
        auto& interface = of_netns(link).at(*link.device);
        if (!interfaces_.emplace(*link.netns, index).second) return;
        on::programs all;
        auto const path = link.elsewhere ? path_of_netns(*link.elsewhere) : std::string{};
        on::add_interface({path, *link.netns, index}, all, report_);
        for (auto const& each : all) {
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
        auto* here = &root_.at("cgroup " + (mount.empty() ? "/" : mount));
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
    std::erase_if(links, [&](record const& link) { return !wanted.matches(link); });
    gardener tree{names, report};
    for (auto const& link : links)
        tree.plant(link);
    tree.plant_replacements();
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
