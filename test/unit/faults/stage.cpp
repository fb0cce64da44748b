// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include "../../border/symbols/built_elf.hpp"
#include "../symbol/noted_elf.hpp"

#include <algorithm>
#include <utility>

namespace {

/// The texts that every stage has, made once.
std::map<std::string, std::string, std::less<>> const& texts() {
    static std::map<std::string, std::string, std::less<>> const all{
        {"/sys/bus/event_source/devices/kprobe/type", "6\n"},
        {"/sys/bus/event_source/devices/uprobe/type", "7\n"},
        {"/sys/kernel/tracing/current_tracer", "nop\n"},
        {"/sys/kernel/tracing/events/sched/sched_switch/id", "314\n"},
        {"/sys/kernel/tracing/available_filter_functions", "do_a\ndo_b\n"},
        {"/proc/kallsyms", "ffffffff81000010 T do_a\nffffffff81000020 t do_b\n"},
        {"/sys/devices/system/cpu/online", "0-1\n"},
        {"/run/netns/web", ""},
        {"/proc/thread-self/ns/net", ""},
        {"/bin/x", build_elf<elf64>({{"f", 0x400210, STT_FUNC, STB_GLOBAL, 1, 16},
                                     {"g", 0x400230, STT_FUNC, STB_GLOBAL, 1, 16}})},
        {"/lib.so", noted_elf(note_of({}))},
        {"/proc/7/maps", "00400000-00402000 r-xp 00000000 08:01 7 /bin/x\n"},
    };
    return all;
}

bl::link handle_of(bl::unique_fd fd) {
    auto made = bl::link::from_fd(std::move(fd));
    REQUIRE(succeeded(made));
    return *std::move(made);
}

std::string text_of(bl::link const& l) {
    if (!l) return "empty";
    return "descriptor " + std::to_string(l.fd().get()) + " pinned at " +
           std::string{l.pinned_path().value_or("nowhere")};
}

} // namespace

stage::stage() {
    files = texts();
    for (std::uint32_t index = 4; index != 7; ++index)
        interfaces[index] = "eth" + std::to_string(index - 1);
    network_namespaces["/run/netns/web"] = 4'026'531'900;
    cgroups = {{"/cgroup", 55}};
    table.value_type = 70;
    pin("/bpf/foreign", foreign);
    pin("/bpf/map", table);
    pin("/bpf/program", v2);
    let_go(foreign);
    own = handle_of(open(published));
    REQUIRE(succeeded(own.pin(own_path)));
    unpinned = handle_of(open(mine));
    undetachable = handle_of(open(slow));
    iterator = *bl::iter_link::from_link(handle_of(open(printing)));
    for (auto* const each : {&published, &mine, &slow, &printing})
        let_go(*each);
    spare = open(loose);
    their_map.fd = map.get();
    their_program.type = bl::program_type::xdp;
    their_program.fd = first.fd().get();
    their_program.section = "raw_tp/sys_enter";
    printing.output = {std::string{"one\ntwo\n"}, std::string{"three\n"}};
    add_process(7, "daemon").links = {loose.shared_from_this()};
    newest_ = printing.id();
}

stage::~stage() {
    if (!theirs.destroyed) bl::unique_fd{theirs.fd}.reset();
}

std::map<std::string, std::string> stage::state() {
    for (auto* const program :
         {&bl::links_program(), &bl::netns_program(), &bl::descriptors_program()})
        program->unload();
    std::map<std::string, std::string> all;
    std::map<std::string, int> counts;
    for (int const fd : open_descriptors()) {
        auto name = descriptor_at(fd).name;
        std::ranges::replace(name, '-', '_'); // a link that came by its pin has another name
        ++counts["descriptors of " + name];
    }
    for (std::uint32_t id = 1; id != newest_ + 64; ++id) {
        auto const* const l = find_link(id);
        if (!l) continue;
        auto const runs = ", program " + std::to_string(l->prog ? l->prog->id : 0);
        auto const name = (id <= newest_ ? "link " + std::to_string(id)
                                         : "new link of " + to_string(l->facts.type) + " on " +
                                               std::to_string(l->facts.target) + l->facts.name) +
                          runs;
        ++counts[name];
        if (!l->defunct) ++counts[name + ", at its place"];
    }
    for (auto const& [name, count] : counts)
        all[name] = std::to_string(count);
    std::vector<std::string> left{"/bpf", "/other"};
    while (!left.empty()) {
        auto const at = std::move(left.back());
        left.pop_back();
        if (is_locked(at)) all["lock of " + at] = "held";
        for (auto const& name : names_in(at)) {
            auto const path = at + "/" + name;
            auto const id = link_at(path);
            all["pin " + path] = id == 0         ? "no link"
                                 : id <= newest_ ? "link " + std::to_string(id)
                                                 : "a new link";
            left.push_back(path);
        }
    }
    all["listings"] = std::to_string(open_lists()) + " and " + std::to_string(open_function_types);
    all["network namespace"] = std::to_string(own_netns);
    all["socket filter"] = std::to_string(last_filter.value_or(-1));
    all["handle own"] = text_of(own);
    all["handle unpinned"] = text_of(unpinned);
    all["handle undetachable"] = text_of(undetachable);
    all["handle iterator"] = std::to_string(iterator.fd().get());
    all["spare descriptors"] =
        std::to_string(spare.get()) + " " + std::to_string(spare_program.get());
    all["libbpf's link"] = theirs.destroyed ? "destroyed" : "there";
    for (auto const& member : set)
        all["member " + member.name()] = member.link() ? "linked" : "not linked";
    return all;
}
