// SPDX-License-Identifier: Apache-2.0
#include "facts.hpp"

#include "json_text.hpp"
#include "kernel_names.hpp"
#include "perf_names.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

std::string count(std::size_t number, char const* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string name_at(std::span<std::string_view const> names, std::uint32_t number) {
    if (number < names.size() && !names[number].empty()) return std::string{names[number]};
    return std::to_string(number);
}

std::string text_of(bl::netfilter_details const& d) {
    // NFPROTO_* and NF_INET_*, by the names that nft gives them.
    constexpr std::array<std::string_view, 11> families{"", "inet",   "ip", "arp", "",   "netdev",
                                                        "", "bridge", "",   "",    "ip6"};
    constexpr std::array<std::string_view, 5> hooks{"prerouting", "input", "forward", "output",
                                                    "postrouting"};
    return fmt::format("{} {} priority {}",
                       name_at(families, static_cast<unsigned>(d.protocol_family)),
                       name_at(hooks, static_cast<unsigned>(d.hook)), d.priority);
}

struct into_facts {
    static constexpr bool wants_functions = true;
    std::vector<fact> all{};
    void add(std::string_view key, json value, std::string text) {
        all.push_back({key, std::move(value), std::move(text)});
    }
};

struct into_text {
    static constexpr bool wants_functions = false; // it tells their number
    std::string all{};
    void add(std::string_view, auto const&, std::string const& text) {
        if (!all.empty() && !text.empty()) all += ", ";
        all += text;
    }
};

struct into_json {
    static constexpr bool wants_functions = true;
    std::string& to;
    void add(std::string_view key, auto const& value, std::string const&) {
        to += ',';
        append_json(to, key);
        to += ':';
        append_json(to, value);
    }
};

/// With the name of what is there, as bpftool has it: a module that is null is the kernel itself.
json function_at_address(std::optional<std::uint64_t> address) {
    json one{{"addr", address.value_or(0)}};
    auto const function = address ? function_at(*address) : std::nullopt;
    if (!function) return one;
    one["func"] = function->name;
    one["module"] = function->module.empty() ? json{} : json(function->module);
    return one;
}

/// Tells the facts of a link's details.
template <class Into>
class collector {
public:
    collector(record const& link, Into& into) : link_{link}, into_{into} {}

    void operator()(bl::raw_tracepoint_details const& d) {
        add("tp_name", d.name, d.name);
        add_cookie(d.cookie);
    }
    void operator()(bl::tracing_details const& d) {
        // Links of this kind are on functions of the kernel or of programs, as entry, exit, LSM
        // hook or replacement. Only the program's type tells some of them apart.
        if (link_.program) add("prog_type", name_or_number(link_.program->type));
        if (d.attach) add_attach(*d.attach);
        add_traced(d);
        add_cookie(d.cookie);
    }
    void operator()(bl::cgroup_details const& d) {
        add_cgroup(d.cgroup_id);
        add_attach(d.attach);
    }
    void operator()(bl::iter_details const& d) {
        add("target_name", d.target_name, d.target_name);
        if (d.map) add_map(d.map);
        if (d.cgroup_id) add_cgroup(*d.cgroup_id);
        if (d.order) add("order", name_or_number(*d.order), to_string(*d.order));
        if (d.tid) add("tid", *d.tid, fmt::format("thread {}", *d.tid));
        if (d.pid) add("pid", *d.pid, fmt::format("process {}", *d.pid));
    }
    void operator()(bl::netns_details const& d) {
        add("netns_ino", d.netns_inode.value(), numbered("netns", d.netns_inode.value()));
        add_attach(d.attach);
    }
    void operator()(bl::xdp_details const& d) { add_device(d.ifindex); }
    void operator()(bl::struct_ops_details const& d) { add_map(d.map); }
    void operator()(bl::netfilter_details const& d) {
        add("pf", static_cast<unsigned>(d.protocol_family), text_of(d));
        add("hook", static_cast<unsigned>(d.hook));
        add("prio", d.priority);
        add("flags", d.defragment ? 1 : 0, // BPF_F_NETFILTER_IP_DEFRAG
            d.defragment ? "defragmented" : "");
        add_netns(elsewhere_text());
    }
    void operator()(bl::tcx_details const& d) {
        add_device(d.ifindex);
        add_attach(d.attach);
    }
    void operator()(bl::netkit_details const& d) {
        add_device(d.ifindex);
        add_attach(d.attach);
    }
    void operator()(bl::sockmap_details const& d) {
        add_map(d.map);
        add_attach(d.attach);
    }
    void operator()(bl::perf_event_details const& d) { std::visit(*this, d.event); }
    void operator()(std::monostate) {}
    void operator()(bl::perf_kprobe const& d) {
        auto where = d.function;
        if (where.empty() && d.address) where = fmt::format("{:#x}", *d.address);
        if (d.offset != 0) where += fmt::format("+{:#x}", d.offset);
        add("retprobe", d.retprobe, d.retprobe ? "kretprobe" : "kprobe");
        add("addr", d.address.value_or(0));
        add("func", d.function, std::move(where));
        add("offset", d.offset);
        if (d.missed) add("missed", *d.missed);
        add_cookie(d.cookie);
    }
    void operator()(bl::perf_uprobe const& d) {
        add("retprobe", d.retprobe, d.retprobe ? "uretprobe" : "uprobe");
        add("file", d.binary, fmt::format("{}+{:#x}", d.binary, d.offset));
        add("offset", d.offset);
        add_cookie(d.cookie);
        if (d.ref_ctr_offset) add("ref_ctr_offset", *d.ref_ctr_offset);
    }
    void operator()(bl::perf_tracepoint const& d) {
        add("tracepoint", d.name, fmt::format("tracepoint, {}", d.name));
        add_cookie(d.cookie);
    }
    void operator()(bl::perf_counter const& d) {
        auto const event = name_of(d);
        if (event.type.empty())
            add("event_type", d.type, fmt::format("event type {}", d.type));
        else
            add("event_type", event.type, event.type);
        if (event.config.empty())
            add("event_config", d.config, fmt::format("config {:#x}", d.config));
        else
            add("event_config", event.config, event.config);
        add_cookie(d.cookie);
    }
    void operator()(bl::kprobe_multi_details const& d) {
        if (!d.retprobe) return;
        add("retprobe", *d.retprobe, *d.retprobe ? "kretprobe" : "kprobe");
        add("func_cnt", d.functions.size(), count(d.functions.size(), "function"));
        if (d.missed) add("missed", *d.missed);
        add_functions(d.functions, [](auto const& function) {
            auto one = function_at_address(function.address);
            if (function.cookie) one["cookie"] = function.cookie->value();
            return one;
        });
    }
    void operator()(bl::uprobe_multi_details const& d) {
        if (!d.retprobe) return;
        add("retprobe", *d.retprobe, *d.retprobe ? "uretprobe" : "uprobe");
        add("path", d.binary, d.binary);
        add("func_cnt", d.places.size(), count(d.places.size(), "place"));
        if (d.pid) add("pid", *d.pid, numbered("process", *d.pid));
        add_functions(d.places, [](auto const& place) {
            return json{{"offset", place.offset},
                        {"ref_ctr_offset", place.ref_ctr_offset},
                        {"cookie", place.cookie.value()}};
        });
    }
    void operator()(bl::tracing_multi_details const& d) {
        if (d.attach) add_attach(*d.attach);
        if (!d.btf_object) return;
        add("target_obj_id", *d.btf_object);
        add("func_cnt", d.functions.size(), count(d.functions.size(), "function"));
        add_functions(d.functions, [](auto const& function) {
            auto one = function_at_address(function.address);
            one["target_btf_id"] = function.target.value();
            one["cookie"] = function.cookie.value();
            return one;
        });
    }
    void operator()(bl::unknown_details const&) {}

private:
    template <class Value>
    void add(std::string_view key, Value&& value, std::string text = {}) {
        into_.add(key, std::forward<Value>(value), std::move(text));
    }
    /// "map 7"; nothing for 0, which stands for none.
    static std::string numbered(char const* what, std::uint64_t number) {
        return number == 0 ? std::string{} : fmt::format("{} {}", what, number);
    }
    void add_attach(bl::attach_type type) {
        add("attach_type", name_or_number(type), to_string(type));
    }
    void add_functions(auto const& all, auto to_one) {
        if constexpr (Into::wants_functions) {
            auto functions = json::array();
            for (auto const& each : all)
                functions.push_back(to_one(each));
            add("funcs", std::move(functions));
        }
    }
    void add_traced(bl::tracing_details const& d) {
        if (!d.target_object || !d.target) return;
        auto const object = *d.target_object;
        auto const type = d.target->value();
        auto const traced = traced_by(link_.info.program, object, type);
        bool const is_program = traced
                                    ? traced->is_of_program
                                    : link_.program && link_.program->type == bl::program_type::ext;
        bool const is_kernel = traced && !is_program;
        add("target_obj_id", object,
            is_kernel ? "" : numbered(is_program ? "program" : "BTF object", object));
        add("target_btf_id", type, traced ? "" : numbered("BTF type", type));
        if (!traced) return;
        add("func", traced->function.name, traced->function.text());
        if (!traced->function.module.empty()) add("module", traced->function.module);
    }
    void add_cookie(std::optional<bl::cookie> value) {
        if (value) add("cookie", value->value(), numbered("cookie", value->value()));
    }
    void add_map(std::optional<bl::map_id> map) {
        auto const id = map.value_or(bl::map_id{}).value();
        add("map_id", id, numbered("map", id));
    }
    void add_cgroup(bl::cgroup_id id) {
        add("cgroup_id", id.value(), link_.cgroup.value_or(numbered("cgroup id", id.value())));
        if (link_.cgroup) add("cgroup_path", *link_.cgroup);
    }
    void add_netns(std::string text = {}) {
        if (link_.netns) add("netns_ino", link_.netns->value(), std::move(text));
    }
    void add_device(bl::ifindex index) {
        bool const is_gone = index == bl::ifindex{};
        add("devname", is_gone ? "(detached)" : link_.device.value_or("(unknown)"));
        add("ifindex", index.value(), is_gone ? std::string{} : device_text(index));
        if (!is_gone) add_netns();
    }
    /// "netns blue", or its number; nothing in this one, or where it is unknown or gone.
    [[nodiscard]] std::string elsewhere_text() const {
        if (!link_.elsewhere || *link_.netns == bl::netns_inode{}) return {};
        return "netns " +
               (link_.elsewhere->empty() ? std::to_string(link_.netns->value()) : *link_.elsewhere);
    }
    [[nodiscard]] std::string device_text(bl::ifindex index) const {
        auto numbers = numbered("ifindex", index.value());
        if (auto const elsewhere = elsewhere_text(); !elsewhere.empty())
            numbers += ", " + elsewhere;
        return link_.device ? fmt::format("{} ({})", *link_.device, numbers) : numbers;
    }

    record const& link_;
    Into& into_;
};

template <class Into>
Into& tell(record const& link, Into&& into) {
    std::visit(collector<std::remove_reference_t<Into>>{link, into}, link.info.details);
    return into;
}

} // namespace

void to_json(json& to, constant const& from) {
    if (from.name.empty())
        to = from.number;
    else
        to = from.name;
}

void append_json(std::string& to, constant const& value) {
    if (value.name.empty())
        append_json(to, value.number);
    else
        append_json(to, value.name);
}

std::vector<fact> facts_of(record const& link) {
    return tell(link, into_facts{}).all;
}

void append_facts(std::string& to, record const& link) {
    tell(link, into_json{to});
}

std::string target_of(record const& link) {
    auto text = tell(link, into_text{}).all;
    return text.empty() ? "-" : text;
}

} // namespace tool
