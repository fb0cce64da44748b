// SPDX-License-Identifier: Apache-2.0
// Every field of the infos of probes, many functions at once, and iterators with parameters, next
// to what was asked for.
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "probed.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

constexpr char executable[] = "/proc/self/exe"; // its real path may be below a mount of ours
constexpr std::uint64_t asked_cookie = 0x1234'5678'9abc'def0;

constexpr std::uint32_t return_flag = 1; // BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN

std::string real_path(char const* path) {
    std::array<char, 4'096> text{};
    auto const length = ::readlink(path, text.data(), text.size());
    REQUIRE(length > 0);
    return {text.data(), static_cast<std::size_t>(length)};
}

/// The kernel's number for a kind of probe or, negative, none.
std::int64_t unit(char const* name) {
    return number_in((std::string{"/sys/bus/event_source/devices/"} + name + "/type").c_str());
}

/// The bit of perf_event_attr.config that makes a probe one of returns.
std::uint64_t return_bit(char const* name) {
    std::ifstream file{std::string{"/sys/bus/event_source/devices/"} + name + "/format/retprobe"};
    std::string text;
    file >> text; // "config:0"
    REQUIRE(text.starts_with("config:"));
    return 1ULL << std::stoul(text.substr(text.find(':') + 1));
}

/// The address of a kernel's symbol; 0 where it is hidden or not there.
std::uint64_t address_of(std::string const& wanted) {
    std::ifstream file{"/proc/kallsyms"};
    std::string address;
    std::string kind;
    std::string name;
    while (file >> address >> kind >> name) {
        if (name == wanted) return std::stoull(address, nullptr, 16);
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return 0;
}

/// Some kernels put something before a function where probes go.
bool is_at_entry(std::uint64_t probed, std::uint64_t function) {
    return probed >= function && probed <= function + 16;
}

bl::link taken(bl::unique_fd fd) {
    return must(bl::link::from_fd(std::move(fd)));
}

/// A link on an event, with a cookie; nothing, and a skipped case, where the kernel refuses.
std::optional<bl::link> attach_event(bl::fd_view program, ::perf_event_attr const& event) {
    auto const opened = open_event(event);
    if (!opened) {
        skip_case(std::string{"the kernel opens no such event: "} + std::strerror(errno));
        return std::nullopt;
    }
    ::bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.perf_event.bpf_cookie = asked_cookie;
    bl::unique_fd made{::bpf_link_create(program.get(), opened.get(), BPF_PERF_EVENT, &options)};
    if (!made) {
        skip_case(std::string{"the kernel has no links of perf events: "} + std::strerror(errno));
        return std::nullopt;
    }
    return taken(std::move(made));
}

/// What the kernel reports of a perf event; nothing, and a skipped case, where it reports nothing.
template <class Event>
std::optional<Event> event_of(bl::link const& l) {
    auto info = must(l.info());
    CHECK(info.type == bl::link_type::perf_event);
    CHECK(l.state() == bl::link_state::attached);
    REQUIRE(std::holds_alternative<bl::perf_event_details>(info.details));
    auto& event = std::get<bl::perf_event_details>(info.details).event;
    if (std::holds_alternative<std::monostate>(event)) {
        skip_case("the kernel reports nothing of perf events");
        return std::nullopt;
    }
    REQUIRE(std::holds_alternative<Event>(event));
    return std::get<Event>(std::move(event));
}

void check_cookie(std::optional<bl::cookie> reported, std::uint64_t asked) {
    if (reported)
        CHECK(*reported == bl::cookie{asked});
    else
        skip_part("the kernel does not report the cookie");
}

template <class Details>
Details details_of(bl::link const& l) {
    auto info = must(l.info());
    REQUIRE(std::holds_alternative<Details>(info.details));
    CHECK(l.state() == bl::link_state::attached);
    return std::get<Details>(std::move(info.details));
}

/// A link on many functions; nothing, and a skipped case, where the kernel refuses it.
std::optional<bl::link> attach_many(program_type type, attach_type attach,
                                    std::function<void(::bpf_link_create_opts&)> const& describe) {
    bl::unique_fd program;
    try {
        program = load_constant(type, attach, 0);
    } catch (std::system_error const& e) {
        skip_case("the kernel takes no program of " + to_string(attach) + ": " +
                  e.code().message());
        return std::nullopt;
    }
    ::bpf_link_create_opts options{};
    options.sz = sizeof options;
    describe(options);
    bl::unique_fd made{
        ::bpf_link_create(program.get(), 0, static_cast<::bpf_attach_type>(attach), &options)};
    if (!made) {
        skip_case("the kernel makes no link of " + to_string(attach) + ": " + std::strerror(errno));
        return std::nullopt;
    }
    return taken(std::move(made));
}

/// A program that walks what `function` is named after; nothing, and a skipped case, where the
/// kernel does not have it.
std::optional<bl::unique_fd> load_iterator(char const* function) {
    int const target = ::libbpf_find_vmlinux_btf_id(function, BPF_TRACE_ITER);
    if (target < 0) {
        skip_case(std::string{"the kernel has no iterator of "} + function);
        return std::nullopt;
    }
    return load_constant(program_type::tracing, attach_type::trace_iter, 0, bl::btf_id{target});
}

/// All of it: `{}` is for the union's first member.
::bpf_iter_link_info no_parameters() {
    ::bpf_iter_link_info parameters;
    std::memset(&parameters, 0, sizeof parameters);
    return parameters;
}

bl::result<bl::link> attach_iterator(bl::fd_view program, ::bpf_iter_link_info const& parameters) {
    auto copy = parameters;
    ::bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.iter_info = &copy;
    options.iter_info_len = sizeof copy;
    bl::unique_fd made{::bpf_link_create(program.get(), 0, BPF_TRACE_ITER, &options)};
    if (!made) return tl::unexpected{bl::error{errno, bl::operation::link_create, "iterator"}};
    return bl::link::from_fd(std::move(made));
}

} // namespace

// Perf events

TEST_CASE_FIXTURE(kernel_case, "the info of a tracepoint's link tells its name and cookie") {
    auto const id = number_in("/sys/kernel/tracing/events/sched/sched_switch/id");
    if (id < 0) return skip_case("no number for the tracepoint: is there a tracefs?");
    auto const program = load_constant(program_type::tracepoint, attach_type{}, 0);
    ::perf_event_attr event{};
    event.type = PERF_TYPE_TRACEPOINT;
    event.config = static_cast<std::uint64_t>(id);
    auto const l = attach_event(program, event);
    if (!l) return;
    CHECK(must(l->info()).program == id_of_program(program));
    auto const told = event_of<bl::perf_tracepoint>(*l);
    if (!told) return;
    CHECK(told->name == "sched_switch");
    check_cookie(told->cookie, asked_cookie);
}

TEST_CASE_FIXTURE(kernel_case, "the info of a counter's link tells its type, config and cookie") {
    auto const program = load_constant(program_type::perf_event, attach_type{}, 0);
    ::perf_event_attr event{};
    event.type = PERF_TYPE_SOFTWARE;
    event.config = PERF_COUNT_SW_PAGE_FAULTS;
    event.sample_period = 1'000'000;
    auto const l = attach_event(program, event);
    if (!l) return;
    auto const told = event_of<bl::perf_counter>(*l);
    if (!told) return;
    CHECK(told->type == PERF_TYPE_SOFTWARE);
    CHECK(told->config == PERF_COUNT_SW_PAGE_FAULTS);
    check_cookie(told->cookie, asked_cookie);
}

TEST_CASE_FIXTURE(kernel_case, "the info of a uprobe's link tells its file, offset and cookie") {
    auto const type = unit("uprobe");
    if (type < 0) return skip_case("the kernel has no uprobes");
    bool returns = false;
    SUBCASE("on entry") {
    }
    SUBCASE("on return") {
        returns = true;
    }
    auto const program = load_constant(program_type::kprobe, attach_type{}, 0);
    ::perf_event_attr event{};
    event.type = static_cast<std::uint32_t>(type);
    if (returns) event.config = return_bit("uprobe");
    event.uprobe_path = reinterpret_cast<std::uintptr_t>(&executable[0]);
    event.probe_offset = file_offset_of(probed_a);
    auto const l = attach_event(program, event);
    if (!l) return;
    CHECK(probed_a(5) == 5);
    auto const told = event_of<bl::perf_uprobe>(*l);
    if (!told) return;
    CHECK(told->retprobe == returns);
    CHECK(told->binary == executable);
    CHECK(told->offset == file_offset_of(probed_a));
    check_cookie(told->cookie, asked_cookie);
    if (told->ref_ctr_offset)
        CHECK(*told->ref_ctr_offset == 0);
    else
        skip_part("the kernel does not report a uprobe's semaphore");
}

TEST_CASE_FIXTURE(kernel_case, "the info of a kprobe's link tells its function and address") {
    auto const type = unit("kprobe");
    if (type < 0) return skip_case("the kernel has no kprobes");
    bool returns = false;
    SUBCASE("on entry") {
    }
    SUBCASE("on return") {
        returns = true;
    }
    constexpr char function[] = "vfs_read";
    auto const program = load_constant(program_type::kprobe, attach_type{}, 0);
    ::perf_event_attr event{};
    event.type = static_cast<std::uint32_t>(type);
    if (returns) event.config = return_bit("kprobe");
    event.kprobe_func = reinterpret_cast<std::uintptr_t>(&function[0]);
    auto const l = attach_event(program, event);
    if (!l) return;
    auto const told = event_of<bl::perf_kprobe>(*l);
    if (!told) return;
    CHECK(told->retprobe == returns);
    CHECK(told->function == function);
    CHECK(told->offset == 0);
    check_cookie(told->cookie, asked_cookie);
    if (told->missed)
        CHECK(*told->missed < 1'000'000);
    else
        skip_part("the kernel does not report the misses of kprobes");
    if (auto const address = address_of(function); address != 0 && told->address)
        CHECK(is_at_entry(*told->address, address));
    else
        skip_part("the kernel hides addresses");
}

TEST_CASE_FIXTURE(kernel_case, "the info of a kprobe by address tells the address") {
    auto const type = unit("kprobe");
    if (type < 0) return skip_case("the kernel has no kprobes");
    auto const address = address_of("vfs_read");
    if (address == 0) return skip_case("the kernel hides addresses");
    auto const program = load_constant(program_type::kprobe, attach_type{}, 0);
    ::perf_event_attr event{};
    event.type = static_cast<std::uint32_t>(type);
    event.kprobe_addr = address;
    auto const l = attach_event(program, event);
    if (!l) return;
    auto const told = event_of<bl::perf_kprobe>(*l);
    if (!told) return;
    CHECK(told->function.empty());
    REQUIRE(told->address);
    CHECK(is_at_entry(*told->address, address));
}

// Many functions

TEST_CASE_FIXTURE(kernel_case, "the info of a uprobe_multi link tells its file and places") {
    std::uint32_t flags = 0;
    SUBCASE("on entry") {
    }
    SUBCASE("on return") {
        flags = return_flag;
    }
    std::array<unsigned long, 2> const offsets{file_offset_of(probed_a), file_offset_of(probed_b)};
    std::array<__u64, 2> const cookies{asked_cookie, 0};
    auto const pid = static_cast<std::uint32_t>(::getpid());
    auto const l = attach_many(program_type::kprobe, attach_type::trace_uprobe_multi,
                               [&](::bpf_link_create_opts& options) {
                                   options.uprobe_multi.path = executable;
                                   options.uprobe_multi.offsets = offsets.data();
                                   options.uprobe_multi.cookies = cookies.data();
                                   options.uprobe_multi.cnt = offsets.size();
                                   options.uprobe_multi.flags = flags;
                                   options.uprobe_multi.pid = pid;
                               });
    if (!l) return;
    auto const details = details_of<bl::uprobe_multi_details>(*l);
    if (!details.retprobe) {
        CHECK(details.places.empty());
        return skip_case("the kernel reports nothing of uprobe_multi links");
    }
    CHECK(details.retprobe == (flags != 0));
    CHECK(details.binary == real_path(executable));
    CHECK(details.pid == pid);
    REQUIRE(details.places.size() == offsets.size());
    for (std::size_t i = 0; i != offsets.size(); ++i) {
        CHECK(details.places[i].offset == offsets[i]);
        CHECK(details.places[i].ref_ctr_offset == 0);
        CHECK(details.places[i].cookie == bl::cookie{cookies[i]});
    }
}

TEST_CASE_FIXTURE(kernel_case, "a uprobe_multi link of every process and no cookie tells zeros") {
    unsigned long const offset = file_offset_of(probed_a);
    auto const l = attach_many(program_type::kprobe, attach_type::trace_uprobe_multi,
                               [&](::bpf_link_create_opts& options) {
                                   options.uprobe_multi.path = executable;
                                   options.uprobe_multi.offsets = &offset;
                                   options.uprobe_multi.cnt = 1;
                               });
    if (!l) return;
    auto const details = details_of<bl::uprobe_multi_details>(*l);
    if (!details.retprobe) return skip_case("the kernel reports nothing of uprobe_multi links");
    CHECK(details.binary == real_path(executable));
    CHECK(details.pid == 0U);
    REQUIRE(details.places.size() == 1);
    CHECK(details.places[0].offset == offset);
    CHECK(details.places[0].cookie == bl::cookie{0});
}

TEST_CASE_FIXTURE(kernel_case, "the info of a kprobe_multi link tells its functions and cookies") {
    std::uint32_t flags = 0;
    SUBCASE("on entry") {
    }
    SUBCASE("on return") {
        flags = return_flag;
    }
    std::array<char const*, 2> names{"vfs_read", "vfs_write"};
    std::array<__u64, 2> const cookies{asked_cookie, 7};
    auto const l = attach_many(program_type::kprobe, attach_type::trace_kprobe_multi,
                               [&](::bpf_link_create_opts& options) {
                                   options.kprobe_multi.syms = names.data();
                                   options.kprobe_multi.cookies = cookies.data();
                                   options.kprobe_multi.cnt = names.size();
                                   options.kprobe_multi.flags = flags;
                               });
    if (!l) return;
    auto const details = details_of<bl::kprobe_multi_details>(*l);
    if (!details.retprobe) {
        CHECK(details.functions.empty());
        CHECK_FALSE(details.missed);
        return skip_case("the kernel reports nothing of kprobe_multi links");
    }
    CHECK(details.retprobe == (flags != 0));
    if (!details.missed) skip_part("the kernel does not report the misses of kprobe_multi links");
    REQUIRE(details.functions.size() == names.size());
    for (auto const& function : details.functions) {
        if (!function.address) {
            skip_part("the kernel hides addresses");
            continue;
        }
        // The kernel sorts them by address.
        bool const first = is_at_entry(*function.address, address_of(names[0]));
        CHECK((first || is_at_entry(*function.address, address_of(names[1]))));
        check_cookie(function.cookie, cookies[first ? 0 : 1]);
    }
}

TEST_CASE_FIXTURE(kernel_case, "the info of a tracing_multi link tells its functions and cookies") {
    std::map<std::uint32_t, std::uint64_t> asked; // a function's cookie, by its type
    for (char const* const name : {"bpf_fentry_test1", "bpf_fentry_test2"}) {
        int const id = ::libbpf_find_vmlinux_btf_id(name, BPF_TRACE_FENTRY);
        if (id < 0) return skip_case(std::string{name} + " is not in the kernel's types");
        asked[static_cast<std::uint32_t>(id)] = asked_cookie + asked.size();
    }
    bl::unique_fd program;
    try {
        program = load_constant(program_type::tracing, attach_type::trace_fentry_multi, 0);
    } catch (std::system_error const& e) {
        return skip_case("the kernel takes no program of trace_fentry_multi: " +
                         e.code().message());
    }
    std::vector<std::uint32_t> ids;
    std::vector<std::uint64_t> cookies;
    for (auto const& [id, cookie] : asked) {
        ids.push_back(id);
        cookies.push_back(cookie);
    }
    // By the kernel's struct: the installed libbpf may be older.
    struct {
        std::uint32_t program, target, attach, flags;
        std::uint64_t ids, cookies;
        std::uint32_t count, padding;
    } attributes{static_cast<std::uint32_t>(program.get()),
                 0,
                 static_cast<std::uint32_t>(attach_type::trace_fentry_multi),
                 0,
                 reinterpret_cast<std::uintptr_t>(ids.data()),
                 reinterpret_cast<std::uintptr_t>(cookies.data()),
                 static_cast<std::uint32_t>(ids.size()),
                 0};
    bl::unique_fd made{
        static_cast<int>(::syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes))};
    if (!made)
        return skip_case(std::string{"the kernel makes no link of trace_fentry_multi: "} +
                         std::strerror(errno));
    auto const l = taken(std::move(made));
    CHECK(must(l.info()).type == bl::link_type::tracing_multi);
    auto const details = details_of<bl::tracing_multi_details>(l);
    if (!details.attach) return skip_case("the kernel reports nothing of tracing_multi links");
    CHECK(details.attach == attach_type::trace_fentry_multi);
    CHECK(details.btf_object.has_value());
    REQUIRE(details.functions.size() == asked.size());
    for (auto const& function : details.functions) {
        auto const found = asked.find(function.target.value());
        REQUIRE(found != asked.end());
        CHECK(function.cookie == bl::cookie{found->second});
        if (!function.address) skip_part("the kernel hides addresses");
    }
}

// Iterators

TEST_CASE_FIXTURE(kernel_case, "the info of an iterator over cgroups tells its start and order") {
    auto const program = load_iterator("cgroup");
    if (!program) return;
    sandbox::cgroup const start;
    struct stat facts{};
    REQUIRE(::stat(start.path().c_str(), &facts) == 0);
    for (auto const order :
         {bl::cgroup_iter_order::self_only, bl::cgroup_iter_order::descendants_pre,
          bl::cgroup_iter_order::descendants_post, bl::cgroup_iter_order::ancestors_up}) {
        auto parameters = no_parameters();
        parameters.cgroup.order = static_cast<::bpf_cgroup_iter_order>(order);
        parameters.cgroup.cgroup_id = facts.st_ino;
        auto const l = must(attach_iterator(*program, parameters));
        auto const details = details_of<bl::iter_details>(l);
        CHECK(details.target_name == "cgroup");
        CHECK(details.cgroup_id == bl::cgroup_id{facts.st_ino});
        CHECK(details.order == order);
        CHECK_FALSE(details.map);
        CHECK_FALSE(details.tid);
        CHECK_FALSE(details.pid);
    }
}

TEST_CASE_FIXTURE(kernel_case, "the info of an iterator over tasks tells which") {
    auto const own = static_cast<std::uint32_t>(::getpid());
    for (char const* const target : {"task", "task_file", "task_vma"}) {
        CAPTURE(target);
        auto const program = load_iterator(target);
        if (!program) return;
        auto const all =
            details_of<bl::iter_details>(must(attach_iterator(*program, no_parameters())));
        CHECK(all.target_name == target);
        CHECK_FALSE(all.tid);
        CHECK_FALSE(all.pid);

        auto process = no_parameters();
        process.task.pid = own;
        auto const one = attach_iterator(*program, process);
        if (!one) {
            // A kernel that knows of maps alone takes the rest for a newer kernel's.
            if (one.error().code().value() != E2BIG) FAIL(one.error().message());
            return skip_part("an iterator over tasks takes no parameters");
        }
        auto const by_pid = details_of<bl::iter_details>(*one);
        CHECK(by_pid.pid == own);
        CHECK_FALSE(by_pid.tid);
        CHECK_FALSE(by_pid.cgroup_id);
        CHECK_FALSE(by_pid.order);

        auto thread = no_parameters();
        thread.task.tid = own;
        auto const by_tid = details_of<bl::iter_details>(must(attach_iterator(*program, thread)));
        CHECK(by_tid.tid == own);
        CHECK_FALSE(by_tid.pid);
    }
}
