// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/iter.hpp>
#include <bpflink/program_ref.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace {

struct with_program : machine {
    typed_program<bl::program_type::tracing> prog{
        {open(add_program(bl::program_type::tracing, bl::attach_type::trace_iter))}};
};

} // namespace

TEST_CASE_FIXTURE(with_program, "an iterator attaches to nothing in particular") {
    auto const link = bl::attach(prog, bl::hook::iter{});
    REQUIRE(succeeded(link));
    CHECK(system_calls() == 1);
    CHECK(last_create.attach_type == 28);
    CHECK(last_create.target == 0);
    CHECK(last_create.flags == 0);
    CHECK_FALSE(last_create_map.has_value());
    CHECK(link->details()->target_name == "task");
}

TEST_CASE_FIXTURE(with_program, "an iterator over a map's elements borrows the map") {
    auto& map = add_map();
    auto const fd = open(map);
    auto const ref = bl::map_ref::from_fd(fd);
    REQUIRE(succeeded(ref));
    auto const link = bl::attach(prog, bl::hook::iter{.map = *ref});
    REQUIRE(succeeded(link));
    CHECK(last_create_map == static_cast<std::uint32_t>(fd.get()));
    CHECK(last_create.iter.info_len == 4);
    CHECK(link->details()->map == bl::map_id{map.id});
}

TEST_CASE_FIXTURE(with_program, "a map's descriptor may be 0, which the kernel takes for none") {
    first_descriptor = 0;
    auto& map = add_map();
    auto const fd = open(map);
    REQUIRE(fd.get() == 0);
    bl::hook::iter const where{.map = *bl::map_ref::from_fd(fd)};
    {
        auto const link = bl::attach(prog, where);
        REQUIRE(succeeded(link));
        CHECK(last_create_map != 0U);
        CHECK_FALSE(is_open(static_cast<int>(*last_create_map)));
        CHECK(link->details()->map == bl::map_id{map.id});
    }
    fail(call::duplicate, EMFILE);
    auto const link = bl::attach(prog, where);
    check_error(link, EMFILE, bl::operation::duplicate, no_condition, {"descriptor 0"}); // E14
}

TEST_CASE_FIXTURE(with_program, "a map that the program does not walk is refused") {
    auto const fd = open(add_map());
    walks_tasks = true;
    auto const link = bl::attach(prog, bl::hook::iter{.map = *bl::map_ref::from_fd(fd)});
    check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"over a map", "walks something else"});
    CHECK(newest_link() == nullptr);

    walks_tasks = false;
    fail(call::obj_get_info, ENOMEM);
    auto const unknown = bl::attach(prog, bl::hook::iter{.map = *bl::map_ref::from_fd(fd)});
    check_error(unknown, ENOMEM, bl::operation::link_get_info, no_condition);
    CHECK(newest_link() == nullptr);
}

TEST_CASE_FIXTURE(with_program, "cgroups are walked from one, in an order") {
    auto const directory = open_cgroup();
    REQUIRE(succeeded(bl::attach(
        prog, bl::hook::iter{.cgroup = bl::iter_cgroup{bl::fd_view{directory},
                                                       bl::cgroup_iter_order::ancestors_up}})));
    CHECK(last_create.iter.info_len == 16);
    CHECK(last_iter_cgroup.order == 4);
    CHECK(last_iter_cgroup.cgroup_fd == static_cast<std::uint32_t>(directory.get()));
    CHECK(last_iter_cgroup.cgroup_id == 0);
    REQUIRE(succeeded(bl::attach(
        prog, bl::hook::iter{.cgroup = bl::iter_cgroup{std::uint64_t{5'000'000'000U}}})));
    CHECK(last_iter_cgroup.order == 2);
    CHECK(last_iter_cgroup.cgroup_fd == 0);
    CHECK(last_iter_cgroup.cgroup_id == 5'000'000'000U);
}

TEST_CASE_FIXTURE(with_program, "tasks are one thread, a process by number, or one by pidfd") {
    using kind = bl::iter_task::kind;
    REQUIRE(succeeded(bl::attach(prog, bl::hook::iter{.task = bl::iter_task{41U}})));
    CHECK(last_create.iter.info_len == 12);
    CHECK((last_iter_task.tid == 0 && last_iter_task.pid == 41 && last_iter_task.pid_fd == 0));
    REQUIRE(succeeded(bl::attach(prog, bl::hook::iter{.task = bl::iter_task{42U, kind::thread}})));
    CHECK((last_iter_task.tid == 42 && last_iter_task.pid == 0 && last_iter_task.pid_fd == 0));
    auto const process = open_file();
    REQUIRE(
        succeeded(bl::attach(prog, bl::hook::iter{.task = bl::iter_task{bl::fd_view{process}}})));
    CHECK((last_iter_task.tid == 0 && last_iter_task.pid == 0));
    CHECK(last_iter_task.pid_fd == static_cast<std::uint32_t>(process.get()));
}

// E16
TEST_CASE_FIXTURE(with_program, "an iterator over a task that is not there is refused") {
    using kind = bl::iter_task::kind;
    auto const refused = [&](bl::iter_task const& task, int number, bl::errc condition,
                             char const* text) {
        auto const link = bl::attach(prog, bl::hook::iter{.task = task});
        check_error(link, number, bl::operation::link_create, condition, {text});
        CHECK(newest_link() == nullptr);
    };
    refused({999U}, ESRCH, bl::errc::not_found, "no process 999");
    refused({999U, kind::thread}, ESRCH, bl::errc::not_found, "no thread 999");
    refused({0xffff'ffffU}, ESRCH, bl::errc::not_found, "no process 4294967295");
    refused({42U}, EINVAL, bl::errc::invalid_argument, "42 is a thread's number");
    auto const process = open_file();
    fail(call::find_process_of, ESRCH);
    refused({bl::fd_view{process}}, ESRCH, bl::errc::not_found, "has ended");
    fail(call::find_process, EPERM); // what cannot be told is left to the walk
    CHECK(bl::attach(prog, bl::hook::iter{.task = bl::iter_task{999U}}));
}

TEST_CASE_FIXTURE(with_program, "what would walk everything, or something else, is refused") {
    auto const refused = [&](bl::hook::iter const& where, char const* text) {
        auto const link = bl::attach(prog, where);
        check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument, {text});
        CHECK(newest_link() == nullptr);
    };
    refused({.task = bl::iter_task{0U}}, "0 names neither a task");
    refused({.cgroup = bl::iter_cgroup{std::uint64_t{0}}}, "0 names neither a task nor a cgroup");
    refused({.cgroup = bl::iter_cgroup{std::uint64_t{7}}, .task = bl::iter_task{7U}},
            "a map's elements, cgroups or tasks");
    walks_tasks = true;
    refused({.cgroup = bl::iter_cgroup{std::uint64_t{7}}}, "something else (task)");
    walks_tasks = false;
    knows_tasks = false; // and takes them for nothing
    refused({.task = bl::iter_task{7U}}, "6.1");
    refused({.task = bl::iter_task{7U, bl::iter_task::kind::thread}}, "6.1");
    auto const process = open_file();
    refused({.task = bl::iter_task{bl::fd_view{process}}}, "6.1");
    knows_tasks = true;
}

TEST_CASE_FIXTURE(with_program, "a program loaded for something else is refused by name") {
    bpf_program const loaded{"fentry", bl::program_type::tracing, bl::attach_type::trace_fentry,
                             prog.fd().get()};
    auto const ref = bl::program_ref<bl::program_type::tracing>::from(&loaded);
    REQUIRE(succeeded(ref));
    auto const link = bl::attach(*ref, bl::hook::iter{});
    check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"iterator", "trace_fentry", "trace_iter"});
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(with_program, "what a parameter is refused for is told by the parameter") {
    auto map = open(add_map());
    auto const directory = open_cgroup();
    auto const process = open_file();
    auto const refused = [&](bl::hook::iter const& where, int number, bl::errc condition,
                             std::initializer_list<std::string_view> texts) {
        fail(call::link_create, number);
        auto const link = bl::attach(prog, where);
        check_error(link, number, bl::operation::link_create, condition, texts);
    };
    constexpr auto wrong = bl::errc::invalid_argument;
    bl::hook::iter const over_map{.map = *bl::map_ref::from_fd(map)};
    bl::hook::iter const over_cgroup{.cgroup = bl::iter_cgroup{bl::fd_view{directory}}};
    bl::hook::iter const over_id{.cgroup = bl::iter_cgroup{std::uint64_t{7}}};
    bl::hook::iter const over_process{.task = bl::iter_task{bl::fd_view{process}}};
    bl::hook::iter const over_task{.task = bl::iter_task{7U}};
    refused({}, EBADF, wrong, {"walks a map's elements: name the map"});
    refused({}, EINVAL, wrong, {"not loaded as an iterator"});
    refused(over_map, EINVAL, wrong, {"another type of map", "not loaded as an iterator"});
    refused(over_map, EACCES, wrong, {"past the map's elements"});
    refused(over_cgroup, EBADF, wrong, {"name the map", "not that of a cgroup's directory"});
    refused(over_cgroup, EINVAL, wrong, {"the order is not one", "walks something else"});
    refused(over_cgroup, E2BIG, bl::errc::not_supported, {"6.1"});
    refused(over_id, ENOENT, bl::errc::not_found, {"no such cgroup", "module was unloaded"});
    refused(over_process, EBADF, wrong, {"not a pidfd"});
    refused(over_process, ESRCH, bl::errc::not_found, {"the process has ended"});
    refused(over_task, EINVAL, wrong, {"walks something else"});
    map.reset();
    refused(over_map, EBADF, wrong, {"what is to be walked is not open"});
}

TEST_CASE_FIXTURE(with_program, "a program that sleeps where none may is told by another") {
    auto& own = add_program(bl::program_type::tracing, bl::attach_type::trace_iter);
    own.types = fake::kernel_types;
    own.function = 99;
    typed_program<bl::program_type::tracing> const iterator{{open(own)}};
    fail(call::link_create, EINVAL); // and another program is taken
    auto const link = bl::attach(iterator, bl::hook::iter{});
    check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"; the program sleeps"});
    CHECK(newest_link() == nullptr);
    fail_always(call::link_create, EINVAL);
    auto const other = bl::attach(iterator, bl::hook::iter{});
    check_error(other, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"; the program was not loaded as an iterator"});
    mend();
    fail(call::link_create, EINVAL);
    fail(call::link_create, ENOMEM, 2);
    auto const untold = bl::attach(iterator, bl::hook::iter{});
    check_error(untold, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"one of: the program sleeps", "not loaded as an iterator"});
    mend();
    tells_functions = false; // before 6.0
    fail(call::link_create, EINVAL);
    auto const older = bl::attach(iterator, bl::hook::iter{});
    check_error(older, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"; the program was not loaded as an iterator"});
}

TEST_CASE_FIXTURE(with_program, "what a program walks tells why its parameter is refused") {
    auto const map = open(add_map());
    auto const directory = open_cgroup();
    auto& own = add_program(bl::program_type::tracing, bl::attach_type::trace_iter);
    own.types = fake::kernel_types;
    typed_program<bl::program_type::tracing> const iterator{{open(own)}};
    auto const refused = [&](bl::hook::iter const& where, std::string_view text) {
        fail_always(call::link_create, EINVAL); // of one that does not sleep, too
        check_error(bl::attach(iterator, where), EINVAL, bl::operation::link_create,
                    bl::errc::invalid_argument, {text});
        mend();
    };
    bl::hook::iter const over_map{.map = *bl::map_ref::from_fd(map)};
    bl::hook::iter const over_cgroup{.cgroup = bl::iter_cgroup{bl::fd_view{directory}}};
    own.function = 77; // the number of all that has a name here
    refused({}, "; the program walks cgroups: name the cgroup where it begins");
    refused(over_map, "; the program walks the elements of another type of map");
    refused(over_cgroup, "; the order is not one that this kernel has");
    own.function = 99;
    refused(over_map, "; one of: the program walks something else");
    refused(over_cgroup, "; one of: the program walks something else");
    refused({}, "; the program was not loaded as an iterator");
    fail(call::link_create, EBADF);
    check_error(bl::attach(iterator, bl::hook::iter{}), EBADF, bl::operation::link_create,
                bl::errc::invalid_argument);
}
