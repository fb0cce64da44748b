// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <optional>
#include <ranges>
#include <string>
#include <thread>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

std::uint64_t lines_that_start_with(std::string const& text, std::string_view start) {
    std::uint64_t count = 0;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
        if (std::string_view{text}.substr(at).starts_with(start)) ++count;
    return count;
}

std::string read_out(bl::iter_link const& l) {
    auto output = must(l.open());
    return must(output.read_all());
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "an iterator's output is a range of lines, of records or of bytes") {
    programs const p{"iter_tasks", "iter_records"};
    auto const own = static_cast<int>(::getpid());
    auto const lines = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto output = must(lines.open());
    std::uint64_t count = 0;
    bool met_itself = false;
    auto const runs = p.runs_during("iter_tasks", [&] {
        for (auto&& line : output.lines()) {
            REQUIRE(line);
            CHECK(line->starts_with("task "));
            met_itself |= *line == "task " + std::to_string(own);
            ++count;
        }
    });
    CHECK(count == runs);
    CHECK(count >= 2);
    CHECK(met_itself);

    struct record {
        int first, second;
    };
    auto const records = must(bl::attach(p.iter("iter_records"), bl::hook::iter{}));
    auto written = must(records.open());
    auto const all = must(written.records<record>() | bl::collect);
    CHECK(all.size() >= 2);
    CHECK(std::ranges::all_of(all, [](record r) { return r.first == r.second; }));
    CHECK(std::ranges::count(all, own, &record::first) == 1);

    auto again = must(records.open());
    std::size_t bytes = 0;
    for (auto&& chunk : again.bytes())
        bytes += must(std::move(chunk)).size();
    CHECK(bytes % sizeof(record) == 0);
    CHECK(bytes >= 2 * sizeof(record));
}

// E17
TEST_CASE_FIXTURE(kernel_case,
                  "an iterator's lines come once each, in however many loops they are read") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto output = must(l.open());
    auto lines = output.lines();
    int count = 0;
    auto const runs = p.runs_during("iter_tasks", [&] {
        for (auto&& line : lines | std::views::take(1))
            count += line.has_value();
        CHECK(count == 1);
        CHECK(lines.begin() != lines.end());
        for (auto&& line : lines)
            count += line.has_value();
    });
    CHECK(static_cast<std::uint64_t>(count) == runs);
    CHECK(count >= 2);
}

TEST_CASE_FIXTURE(kernel_case, "a program that never goes on is an error, not a hang") {
    programs const p{"iter_stuck"};
    auto const l = must(bl::attach(p.iter("iter_stuck"), bl::hook::iter{}));
    auto output = must(l.open());
    auto const text = output.read_all();
    REQUIRE_FALSE(text);
    CHECK(text.error().code().value() == EAGAIN);
    CHECK(text.error().message().find("returns 1") != std::string::npos);
    auto once_more = must(l.open());
    int errors = 0;
    for (auto&& line : once_more.lines())
        errors += !line;
    CHECK(errors == 1);
    CHECK(p.runs("iter_stuck") >= 1'000);
}

TEST_CASE_FIXTURE(kernel_case, "reading a task iterator runs its program on every task") {
    programs const p{"iter_tasks", "iter_tasks_b"};
    auto l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    CHECK(p.runs("iter_tasks") == 0); // attached, but nobody reads

    std::string text;
    auto const runs = p.runs_during("iter_tasks", [&] { text = read_out(l); });
    CHECK(runs >= 1);
    CHECK(lines_that_start_with(text, "task ") == runs);
    CHECK(static_cast<std::uint64_t>(std::ranges::count(text, '\n')) == runs);

    must(l.update(p.iter("iter_tasks_b")));
    auto const a = p.runs("iter_tasks");
    auto const after = p.runs_during("iter_tasks_b", [&] { text = read_out(l); });
    CHECK(after >= 1);
    CHECK(lines_that_start_with(text, "other ") == after);
    CHECK(p.runs("iter_tasks") == a);
    CHECK(must(l.info()).program == p.program_id("iter_tasks_b"));

    auto const id = must(l.info()).id;
    must(l.close());
    CHECK(is_gone(id));
}

TEST_CASE_FIXTURE(kernel_case, "an iterator that is being read outlives its link's handle") {
    programs const p{"iter_tasks"};
    auto l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto output = must(l.open());
    must(l.close());
    auto const runs = p.runs_during("iter_tasks", [&] { CHECK(must(output.read_all()) != ""); });
    CHECK(runs >= 1);
}

TEST_CASE_FIXTURE(kernel_case, "a map iterator walks the elements of its map") {
    if (auto const why = refusal("iter_maps"); !why.empty()) return skip_case(why);
    programs const p{"iter_maps"};
    bl::hook::iter where;
    auto const elements = must(bl::map_ref::from(p.map("elements")));
    SUBCASE("borrowed from libbpf") {
        where.map = elements;
    }
    SUBCASE("borrowed by descriptor") {
        where.map = must(bl::map_ref::from_fd(elements.fd()));
    }
    auto const l = must(bl::attach(p.iter("iter_maps"), where));
    std::string text;
    CHECK(p.runs_during("iter_maps", [&] { text = read_out(l); }) == 4);
    CHECK(text == "element 0\nelement 1\nelement 2\nelement 3\n");
}

TEST_CASE_FIXTURE(kernel_case, "an iterator's output can be read in pieces of any size") {
    if (auto const why = refusal("iter_maps"); !why.empty()) return skip_case(why);
    programs const p{"iter_maps"};
    auto const l = must(bl::attach(
        p.iter("iter_maps"), bl::hook::iter{.map = must(bl::map_ref::from(p.map("elements")))}));
    auto output = must(l.open());
    std::string text;
    std::array<std::byte, 7> piece;
    while (auto const count = must(output.read(piece)))
        text.append(reinterpret_cast<char const*>(piece.data()), count);
    CHECK(text == "element 0\nelement 1\nelement 2\nelement 3\n");
    CHECK(must(output.read(piece)) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "an iterator link's info tells what it walks") {
    programs const p{"iter_tasks"};
    auto const tasks = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    CHECK(must(tasks.info()).type == bl::link_type::iter);
    CHECK(must(tasks.info()).program == p.program_id("iter_tasks"));
    CHECK(must(tasks.details()).target_name == "task");
    CHECK_FALSE(must(tasks.details()).map);
    CHECK(tasks.state() == bl::link_state::attached);
}

TEST_CASE_FIXTURE(kernel_case, "the info of an iterator over elements tells the map") {
    if (auto const why = refusal("iter_maps"); !why.empty()) return skip_case(why);
    programs const p{"iter_maps"};
    auto const map = p.map("elements");
    ::bpf_map_info facts{};
    std::uint32_t size = sizeof facts;
    REQUIRE(::bpf_map_get_info_by_fd(::bpf_map__fd(map), &facts, &size) == 0);
    auto const elements =
        must(bl::attach(p.iter("iter_maps"), bl::hook::iter{.map = must(bl::map_ref::from(map))}));
    CHECK(must(elements.details()).target_name == "bpf_map_elem");
    CHECK(must(elements.details()).map == bl::map_id{facts.id});
}

TEST_CASE_FIXTURE(kernel_case, "an iterator link cannot be detached") {
    programs const p{"iter_tasks"};
    bl::link l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    check_error(l.detach(), bl::errc::not_supported, {"link_detach", "iter"});
    CHECK(l.state() == bl::link_state::attached);
}

TEST_CASE_FIXTURE(kernel_case, "an iterator link takes no program that walks something else") {
    if (auto const why = refusal("iter_maps"); !why.empty()) return skip_case(why);
    programs const p{"iter_tasks", "iter_maps"};
    auto l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    check_error(l.update(p.iter("iter_maps")), bl::errc::invalid_argument,
                {"(iter)", "walks something else than the one that runs"});
    CHECK(must(l.info()).program == p.program_id("iter_tasks"));
    CHECK(read_out(l).starts_with("task "));
}

TEST_CASE_FIXTURE(kernel_case, "an iterator over elements needs a map") {
    if (auto const why = refusal("iter_maps"); !why.empty()) return skip_case(why);
    programs const p{"iter_maps"};
    check_error(bl::attach(p.iter("iter_maps"), bl::hook::iter{}), bl::errc::invalid_argument,
                {"link_create", "name the map"});
}

TEST_CASE_FIXTURE(kernel_case, "an iterator over something else takes no map") {
    programs const p{"iter_tasks"};
    auto const map = must(bl::map_ref::from(p.map("elements")));
    check_error(bl::attach(p.iter("iter_tasks"), bl::hook::iter{.map = map}),
                bl::errc::invalid_argument, {"iterator over a map"});
}

TEST_CASE_FIXTURE(kernel_case, "a map with the descriptor 0 can be walked") {
    if (auto const why = refusal("iter_maps"); !why.empty()) return skip_case(why);
    programs const p{"iter_maps"};
    bl::unique_fd const input{::fcntl(0, F_DUPFD_CLOEXEC, 3)};
    REQUIRE(::dup2(::bpf_map__fd(p.map("elements")), 0) == 0);
    auto const l = bl::attach(p.iter("iter_maps"),
                              bl::hook::iter{.map = must(bl::map_ref::from_fd(bl::fd_view{0}))});
    if (input)
        ::dup2(input.get(), 0);
    else
        ::close(0);
    if (!l) FAIL(l.error().message());
    CHECK(read_out(*l).starts_with("element 0\n"));
}

namespace {

/// A program that walks what a kernel's iterator is named after, and counts.
std::optional<counted_program> load_walker(char const* walked) {
    int const target = ::libbpf_find_vmlinux_btf_id(walked, BPF_TRACE_ITER);
    if (target >= 0)
        return counted_program::load(bl::program_type::tracing, bl::attach_type::trace_iter,
                                     {.target = bl::btf_id{target}});
    skip_case(std::string{"the kernel has no iterator over "} + walked + "s");
    return std::nullopt;
}

/// Whether a kernel from before 6.1 refuses the parameters.
bool is_too_old(bl::result<bl::iter_link> const& made) {
    if (made || made.error().message().find("no such parameter (6.1)") == std::string::npos)
        return false;
    skip_case("the kernel has no parameters of iterators over tasks");
    return true;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "an iterator over cgroups starts where it is told") {
    auto const p = load_walker("cgroup");
    if (!p) return;
    sandbox::cgroup const group;
    struct stat facts{};
    REQUIRE(::stat(group.path().c_str(), &facts) == 0);
    bl::unique_fd const directory{::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    auto const walks = [&](bl::iter_cgroup const& from) {
        auto const l =
            must(bl::attach(p->as<bl::program_type::tracing>(), bl::hook::iter{.cgroup = from}));
        auto const details = must(l.details());
        CHECK(details.cgroup_id == bl::cgroup_id{facts.st_ino});
        CHECK(details.order == from.order);
        return p->runs_during([&] { read_out(l); });
    };
    using enum bl::cgroup_iter_order;
    auto const alone = walks({bl::fd_view{directory}, self_only});
    CHECK(alone >= 1);
    CHECK(walks({facts.st_ino, self_only}) == alone);
    CHECK(walks({facts.st_ino}) == alone); // nothing is below it
    CHECK(walks({bl::fd_view{directory}, ancestors_up}) > alone);

    check_error(
        bl::attach(p->as<bl::program_type::tracing>(),
                   bl::hook::iter{.cgroup = bl::iter_cgroup{std::uint64_t{4'711'471'147U}}}),
        bl::errc::not_found, {"no such cgroup"});
    // Its kind is told since 6.0, and iterators over cgroups came with 6.1.
    auto const refused = [&](bl::hook::iter const& where, std::string_view text) {
        check_error(bl::attach(p->as<bl::program_type::tracing>(), where),
                    bl::errc::invalid_argument, {"EINVAL", text});
    };
    constexpr std::string_view from_nowhere = "; the program walks cgroups: name the cgroup";
    refused({}, from_nowhere);
    refused({.task = bl::iter_task{1U}}, from_nowhere);
    auto const map = make_map();
    refused({.map = must(bl::map_ref::from_fd(map))}, from_nowhere);
    refused(
        {.cgroup = bl::iter_cgroup{bl::fd_view{directory}, static_cast<bl::cgroup_iter_order>(99)}},
        "; the order is not one");
}

TEST_CASE_FIXTURE(kernel_case, "an iterator over sockets meets each of them") {
    auto const p = load_walker("udp");
    if (!p) return;
    sandbox::network const net; // where there are no others
    auto const l = must(bl::attach(p->as<bl::program_type::tracing>(), bl::hook::iter{}));
    auto const before = p->runs_during([&] { read_out(l); });
    bl::unique_fd const socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in anywhere{};
    anywhere.sin_family = AF_INET;
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&anywhere), sizeof anywhere) == 0);
    CHECK(p->runs_during([&] { read_out(l); }) > before);
}

TEST_CASE_FIXTURE(kernel_case, "an iterator over tasks keeps to one process or thread") {
    auto const p = load_walker("task");
    if (!p) return;
    auto const everybody = must(bl::attach(p->as<bl::program_type::tracing>(), bl::hook::iter{}));
    auto const all = p->runs_during([&] { read_out(everybody); });
    auto const me = static_cast<std::uint32_t>(::getpid());
    bl::unique_fd const process{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
    REQUIRE(process);
    bl::iter_task which{me};
    SUBCASE("by process id") {
    }
    SUBCASE("by thread id") {
        which.which = bl::iter_task::kind::thread;
    }
    SUBCASE("by pidfd") {
        which.task = bl::fd_view{process};
    }
    auto made = bl::attach(p->as<bl::program_type::tracing>(), bl::hook::iter{.task = which});
    if (is_too_old(made)) return;
    auto const l = must(std::move(made));
    auto const one = p->runs_during([&] { read_out(l); });
    CHECK(one >= 1);
    CHECK(one <= 3); // the task, and the end
    CHECK(one < all);
    auto const details = must(l.details());
    CHECK((which.which == bl::iter_task::kind::thread ? details.tid : details.pid) == me);
}

// E16
TEST_CASE_FIXTURE(kernel_case, "an iterator over a task that is not there is refused") {
    using kind = bl::iter_task::kind;
    auto const p = load_walker("task");
    if (!p) return;
    auto const attach = [&](bl::iter_task const& task) {
        return bl::attach(p->as<bl::program_type::tracing>(), bl::hook::iter{.task = task});
    };
    if (is_too_old(attach({static_cast<std::uint32_t>(::getpid())}))) return;
    auto const child = ::fork();
    if (child == 0) ::_exit(0);
    REQUIRE(child > 0);
    bl::unique_fd const process{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    REQUIRE(process);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    auto const gone = static_cast<std::uint32_t>(child);
    check_error(attach({gone}), bl::errc::not_found, {"no process " + std::to_string(gone)});
    check_error(attach({gone, kind::thread}), bl::errc::not_found,
                {"no thread " + std::to_string(gone)});
    check_error(attach({bl::fd_view{process}}), bl::errc::not_found, {"has ended"});
    std::thread{[&] {
        auto const own = static_cast<std::uint32_t>(::syscall(SYS_gettid));
        check_error(attach({own}), bl::errc::invalid_argument, {"is a thread's number"});
        auto const l = must(attach({own, kind::thread}));
        CHECK(p->runs_during([&] { read_out(l); }) >= 1);
    }}.join();
}

// E16
TEST_CASE_FIXTURE(kernel_case, "an iterator over a cgroup that is gone is refused") {
    auto const p = load_walker("cgroup");
    if (!p) return;
    sandbox::cgroup group;
    struct stat facts{};
    REQUIRE(::stat(group.path().c_str(), &facts) == 0);
    bl::unique_fd const directory{::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    group.remove();
    for (auto const& from :
         {bl::iter_cgroup{facts.st_ino}, bl::iter_cgroup{bl::fd_view{directory}}})
        check_error(bl::attach(p->as<bl::program_type::tracing>(), bl::hook::iter{.cgroup = from}),
                    bl::errc::not_found, {"no such cgroup"});
}

TEST_CASE_FIXTURE(kernel_case, "only an iterator link's output can be opened") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    check_error(bl::iter_output::open(l.fd()), bl::errc::invalid_argument, {"iter_create"});
    check_error(bl::iter_output::open(bl::fd_view{}), bl::errc::invalid_argument, {"EBADF"});
}

TEST_CASE_FIXTURE(kernel_case, "a program that sleeps is refused where the iterator lets none") {
    auto const maps = kernel_function("bpf_map", bl::attach_type::trace_iter);
    auto const tasks = kernel_function("task", bl::attach_type::trace_iter);
    if (!maps || !tasks) return;
    constexpr auto type = bl::program_type::tracing;
    auto const p =
        counted_program::load(type, bl::attach_type::trace_iter, {.sleeps = true, .target = *maps});
    if (!p) return;
    auto const made = bl::attach(p->as<type>(), bl::hook::iter{});
    if (made) return skip_case("the kernel lets programs of every iterator sleep");
    check_error(made, bl::errc::invalid_argument, {"(EINVAL); the program sleeps"});
    counted_program const other{
        type, bl::attach_type::trace_iter, {.sleeps = true, .target = *tasks}};
    must(bl::attach(other.as<type>(), bl::hook::iter{}));
}
