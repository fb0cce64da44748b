// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

// The hooks whose target is fixed when the program is loaded.

namespace {

using bl::attach_type;
using bl::program_type;

template <program_type Type>
struct loaded : machine {
    bl::unique_fd held;
    bpf_program facts;
    fake::program* made = nullptr;

    bl::program_ref<Type> load(attach_type expected) {
        made = &add_program(Type, expected);
        held = open(*made);
        facts = {"prog", Type, expected, held.get()};
        return *bl::program_ref<Type>::from(&facts);
    }
    bl::program_ref<Type> by_descriptor() { return *bl::program_ref<Type>::from_fd(held); }
};
using tracing_program = loaded<program_type::tracing>;
using lsm_program = loaded<program_type::lsm>;
using ext_program = loaded<program_type::ext>;

} // namespace

TEST_CASE_FIXTURE(tracing_program, "without a cookie, tracing attaches by the command of 4.17") {
    for (auto const expected : bl::hook_traits<bl::hook::tracing>::attach_types) {
        auto const prog = load(expected);
        forget_calls();
        auto const link = bl::attach(prog, bl::hook::tracing{});
        REQUIRE(succeeded(link));
        CHECK(system_calls() == 1);
        CHECK(calls(call::raw_tracepoint_open) == 1);
        CHECK(link->details()->attach == expected);
        CHECK(succeeded(bl::tracing_link::duplicate(link->fd())));
    }
}

TEST_CASE_FIXTURE(tracing_program, "a cookie needs the newer command, and the attach type") {
    auto const prog = load(attach_type::trace_fexit);
    auto const link = bl::attach(prog, bl::hook::tracing{.cookie = bl::cookie{7}});
    REQUIRE(succeeded(link));
    CHECK(last_create.attach_type == 25);
    CHECK(last_create.target == 0);
    CHECK(last_create.tracing.target_btf_id == 0);
    CHECK(last_create.tracing.cookie == 7);

    forget_calls();
    auto const unknown = by_descriptor();
    forget_calls();
    auto const refused = bl::attach(unknown, bl::hook::tracing{.cookie = bl::cookie{7}});
    check_error(refused, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"cookie", "attach type"});
    CHECK(system_calls() == 0);
    CHECK(succeeded(bl::attach(unknown, bl::hook::tracing{})));
}

TEST_CASE_FIXTURE(tracing_program, "a program loaded for another kind of tracing is refused") {
    for (auto const expected : {attach_type::trace_iter, attach_type::trace_raw_tp,
                                attach_type::trace_fentry_multi, attach_type::lsm_mac}) {
        auto const prog = load(expected);
        forget_calls();
        auto const link = bl::attach(prog, bl::hook::tracing{});
        check_error(link, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                    {to_string(expected), "trace_fentry, trace_fexit", "or trace_fsession"});
        CHECK(system_calls() == 0);
    }
}

namespace {

/// A program for a function, and what the kernel says of it.
template <program_type Type, class Hook>
struct on_function : loaded<Type> {
    static constexpr attach_type for_it =
        Type == program_type::lsm ? attach_type::lsm_mac : attach_type::trace_fentry;

    void refused(bl::program_ref<Type> prog, int number, bl::errc condition,
                 std::initializer_list<std::string_view> texts, Hook const& where = {}) {
        auto const link = bl::attach(prog, where);
        check_error(link, number,
                    where.cookie == bl::cookie{} ? bl::operation::raw_tracepoint_open
                                                 : bl::operation::link_create,
                    condition, texts);
        this->mend();
    }
    bl::program_ref<Type> on(std::uint32_t types) {
        auto const prog = this->load(for_it);
        this->made->types = types;
        this->made->function = 99;
        return prog;
    }
};
using tracing_on_function = on_function<program_type::tracing, bl::hook::tracing>;
using lsm_on_function = on_function<program_type::lsm, bl::hook::lsm>;

/// F7
template <class Fixture>
void check_function_without_place(Fixture& f) {
    auto const prog = f.on(fake::kernel_types);
    for (int const number : {EBUSY, EINVAL}) { // EINVAL: arm64
        f.fail_always(call::raw_tracepoint_open, number);
        f.refused(prog, number, bl::errc::not_supported,
                  {"cannot be traced here", "use a kprobe (5.15)"});
        // What keeps another program from being tried leaves it open.
        f.fail_always(call::raw_tracepoint_open, EBUSY);
        f.fail(call::prog_load, EPERM);
        f.fail(call::prog_load, EPERM, 2);
        f.refused(prog, EBUSY, no_condition, {"one of: this program is on", "cannot be traced"});
    }
}

} // namespace

// F7
TEST_CASE_FIXTURE(tracing_on_function, "a function without a place for a trampoline is said so") {
    check_function_without_place(*this);
}

// F7
TEST_CASE_FIXTURE(lsm_on_function, "of an LSM program's function, too, it is said") {
    check_function_without_place(*this);
}

// F7
TEST_CASE_FIXTURE(tracing_on_function, "only a BPF program's function has a freplace program") {
    auto const prog = on(fake::program_types);
    fail_always(call::raw_tracepoint_open, EBUSY);
    refused(prog, EBUSY, bl::errc::hook_busy, {"a freplace program replaces it"});
}

TEST_CASE_FIXTURE(tracing_on_function, "a program that is on the function is told from others") {
    auto const prog = on(fake::kernel_types);
    fail(call::raw_tracepoint_open, EBUSY); // and another program is taken
    refused(prog, EBUSY, bl::errc::already_exists, {"this program is on the function already"});
    CHECK(newest_link() == nullptr);
    auto const once = on(0); // it was attached to a program's function
    fail(call::raw_tracepoint_open, EINVAL);
    refused(once, EINVAL, bl::errc::invalid_argument, {"was attached before", "load it again"});
    tells_functions = false; // before 6.0, where it attaches again
    fail(call::raw_tracepoint_open, ENOENT);
    refused(once, ENOENT, bl::errc::not_found, {"; the function is not there any more"});
}

TEST_CASE_FIXTURE(tracing_on_function, "before 5.13 a program attaches once, and that is told") {
    auto const prog = on(fake::kernel_types);
    tells_functions = attaches_again = false;
    REQUIRE(succeeded(bl::attach(prog, bl::hook::tracing{})));
    refused(prog, ENOENT, bl::errc::invalid_argument, {"; the program was attached before"});
    // Other causes do not speak of it then.
    fail(call::raw_tracepoint_open, EBUSY);
    refused(prog, EBUSY, no_condition,
            {"one of: the function is one of a BPF program", "cannot be traced here"});
    auto const told = [&](int number) {
        fail(call::raw_tracepoint_open, number);
        auto text = bl::attach(prog, bl::hook::tracing{}).error().message();
        mend();
        return text;
    };
    CHECK(told(EBUSY).find("is on the function already") == std::string::npos);
    CHECK(told(EINVAL).find("was attached before") == std::string::npos);
    // A kernel that lets nothing be tried leaves it open.
    fail(call::raw_tracepoint_open, ENOENT);
    fail_always(call::prog_load, EPERM);
    refused(prog, ENOENT, no_condition,
            {"one of: the program was attached before", "its module was unloaded"});
}

// F7
TEST_CASE_FIXTURE(tracing_on_function, "before 6.0 a program's function is unknown, and said so") {
    auto const prog = on(fake::kernel_types);
    tells_functions = false;
    fail_always(call::raw_tracepoint_open, EBUSY);
    refused(prog, EBUSY, no_condition,
            {"one of: the function is one of a BPF program", "this program is on", "a kprobe"});
}

TEST_CASE_FIXTURE(tracing_on_function,
                  "before 6.0 no trampoline goes without the function tracer") {
    auto const prog = on(fake::kernel_types);
    auto& enabled = files["/proc/sys/kernel/ftrace_enabled"];
    enabled = "0\n";
    fail_always(call::raw_tracepoint_open, EBUSY);
    refused(prog, EBUSY, bl::errc::not_supported, {"cannot be traced here"}); // 6.0 and later
    tells_functions = false;
    fail_always(call::raw_tracepoint_open, EBUSY);
    refused(prog, EBUSY, no_condition, {"tracer is switched off", "kernel.ftrace_enabled to 1"});
    enabled = "1\n";
    fail_always(call::raw_tracepoint_open, EBUSY);
    refused(prog, EBUSY, no_condition, {"one of: the function is one of a BPF program"});
}

TEST_CASE_FIXTURE(tracing_on_function, "a trampoline that is too large or misplaced is said so") {
    fail(call::raw_tracepoint_open, EFAULT);
    refused(on(fake::kernel_types), EFAULT, no_condition,
            {"larger than a page", "not at its start"});
}

TEST_CASE_FIXTURE(tracing_on_function, "a kernel without cookies is told by another attach") {
    auto const prog = on(fake::kernel_types);
    creates_tracing_links = false;
    refused(prog, EINVAL, bl::errc::invalid_argument, {"a cookie needs kernel 5.19"},
            {.cookie = bl::cookie{1}});
    creates_tracing_links = true;
    fail(call::link_create, EINVAL);
    fail_always(call::raw_tracepoint_open, EINVAL);
    refused(prog, EINVAL, bl::errc::not_supported, {"cannot be traced here"},
            {.cookie = bl::cookie{1}});
}

TEST_CASE_FIXTURE(tracing_on_function, "a function that is full of programs is said so") {
    fail(call::raw_tracepoint_open, E2BIG);
    refused(on(fake::kernel_types), E2BIG, no_condition, {"38 programs"});
}

TEST_CASE_FIXTURE(tracing_program, "tp_btf is a raw tracepoint's link") {
    auto const prog = load(attach_type::trace_raw_tp);
    auto const link = bl::attach(prog, bl::hook::tp_btf{.cookie = bl::cookie{9}});
    REQUIRE(succeeded(link));
    CHECK(last_cookie == 9);
    CHECK(link->info()->type == bl::link_type::raw_tracepoint);
    CHECK(succeeded(bl::tp_btf_link::duplicate(link->fd())));
    // The kernel's answer does not tell the two apart, and they can do the same.
    CHECK(succeeded(bl::raw_tracepoint_link::duplicate(link->fd())));
    CHECK_FALSE(bl::tracing_link::duplicate(link->fd()));

    auto const other = load(attach_type::trace_fentry);
    auto const refused = bl::attach(other, bl::hook::tp_btf{});
    check_error(refused, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"trace_fentry", "trace_raw_tp is needed"});
    auto const again = load(attach_type::trace_raw_tp);
    takes_tracepoint_cookies = false;
    auto const older = bl::attach(again, bl::hook::tp_btf{.cookie = bl::cookie{1}});
    check_error(older, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"a cookie needs kernel 6.10"});
    auto const unknown = by_descriptor();
    fail(call::raw_tracepoint_open, EINVAL);
    auto const failed = bl::attach(unknown, bl::hook::tp_btf{});
    check_error(failed, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"loaded for another hook"});
}

TEST_CASE_FIXTURE(lsm_program, "LSM takes what was loaded for the whole system") {
    auto const prog = load(attach_type::lsm_mac);
    auto const link = bl::attach(prog, bl::hook::lsm{});
    REQUIRE(succeeded(link));
    CHECK(link->details()->attach == attach_type::lsm_mac);
    CHECK_FALSE(bl::tracing_link::duplicate(link->fd()));
    auto const with_cookie = bl::attach(by_descriptor(), bl::hook::lsm{.cookie = bl::cookie{3}});
    REQUIRE(succeeded(with_cookie));
    CHECK(last_create.attach_type == 27);
    CHECK(last_create.tracing.cookie == 3);

    auto const of_a_cgroup = load(attach_type::lsm_cgroup);
    auto const refused = bl::attach(of_a_cgroup, bl::hook::lsm{});
    check_error(refused, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"lsm_cgroup", "lsm_mac is needed"});
}

TEST_CASE_FIXTURE(ext_program, "freplace attaches where it was loaded for, or elsewhere") {
    auto const prog = load(attach_type{});
    auto const target = open(add_program(program_type::xdp));
    forget_calls();
    auto const first = bl::attach(prog, bl::hook::freplace{});
    REQUIRE(succeeded(first));
    CHECK(calls(call::raw_tracepoint_open) == 1);

    auto const second = bl::attach(prog, bl::hook::freplace{target, "replaceable"});
    REQUIRE(succeeded(second));
    CHECK_FALSE(second->details()->attach); // E10: the kernel has none for it
    CHECK(last_create.target == static_cast<std::uint32_t>(target.get()));
    CHECK(last_create.target_btf_id == 17);
    CHECK(last_create.attach_type == 0);

    for (auto const& where : {bl::hook::freplace{target, ""}, bl::hook::freplace{{}, "function"}}) {
        forget_calls();
        auto const half = bl::attach(prog, where);
        check_error(half, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"a program and the name"});
        CHECK(system_calls() == 0);
    }
    auto const missing = bl::attach(prog, bl::hook::freplace{target, "other"});
    check_error(missing, ENOENT, bl::operation::prog_get_info, bl::errc::not_found,
                {"'other'", "no function of that name"});
    fail(call::link_create, EINVAL);
    auto const other = bl::attach(prog, bl::hook::freplace{target, "replaceable"});
    check_error(other, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"'replaceable'", "one of: the function's signature", "static", "another type"});
    fail(call::link_create, EBUSY);
    auto const busy = bl::attach(prog, bl::hook::freplace{target, "replaceable"});
    check_error(busy, EBUSY, bl::operation::link_create, bl::errc::hook_busy,
                {"replaced already", "fentry or fexit", "prog_array"});
}

TEST_CASE_FIXTURE(ext_program, "freplace tells a target that is not a program, or is closed") {
    auto const prog = load(attach_type{});
    auto const map = open(add_map());
    fail(call::program_function, ENOENT); // a map's info has no BTF there
    auto const other = bl::attach(prog, bl::hook::freplace{map, "replaceable"});
    check_error(other, ENOENT, bl::operation::prog_get_info, bl::errc::invalid_argument,
                {"is not a BPF program"});
    fail(call::program_function, EBADF);
    auto const closed = bl::attach(prog, bl::hook::freplace{bl::fd_view{4'000}, "replaceable"});
    check_error(closed, EBADF, bl::operation::prog_get_info, bl::errc::invalid_argument,
                {"target's descriptor is not open"});
}

TEST_CASE_FIXTURE(ext_program, "freplace is attached only once where it was loaded for") {
    auto const prog = load(attach_type{});
    made->function = 99; // and its program is not told any more
    fail(call::raw_tracepoint_open, EINVAL);
    auto const again = bl::attach(prog, bl::hook::freplace{});
    check_error(again, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"only once", "name a target"});
    fail(call::raw_tracepoint_open, bl::uapi::enotsupp);
    auto const processor = bl::attach(prog, bl::hook::freplace{});
    REQUIRE_FALSE(processor);
    CHECK(processor.error() == bl::errc::not_supported);
    CHECK(processor.error().message().find("on this processor: use a newer kernel") !=
          std::string::npos);
    tells_functions = attaches_again = false;
    fail(call::raw_tracepoint_open, ENOENT); // before 5.13; nothing was named that could be missing
    auto const older = bl::attach(prog, bl::hook::freplace{});
    check_error(older, ENOENT, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"told so before 5.13"});
    CHECK(older.error().message().find("no function of that name") == std::string::npos);
    tells_functions = true;
    made->types = fake::program_types;
    fail(call::raw_tracepoint_open, EINVAL);
    auto const first = bl::attach(prog, bl::hook::freplace{});
    check_error(first, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"changes registers"});
}

TEST_CASE_FIXTURE(ext_program, "what freplace is refused for is told by its target") {
    auto const prog = load(attach_type{});
    auto const why = [&](fake::program& target) {
        auto const held_target = open(target);
        fail(call::link_create, EINVAL);
        auto const link = bl::attach(prog, bl::hook::freplace{held_target, "replaceable"});
        check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument);
        return link ? std::string{} : link.error().message();
    };
    auto const tells = [&](fake::program& target, std::string_view cause) {
        CAPTURE(cause);
        auto const text = why(target);
        CHECK(text.find("signature") != std::string::npos); // the others are not out
        CHECK(text.find(cause) != std::string::npos);
        CHECK(why(add_program(program_type::xdp)).find(cause) == std::string::npos);
    };
    CHECK(why(add_program(program_type::xdp)).find("changes packets") != std::string::npos);
    tells(add_program(program_type::tracing), "fentry, fexit or fsession");
    tells(add_program(program_type::kprobe), "changes registers");
    auto& interpreted = add_program(program_type::xdp);
    interpreted.compiled = 0;
    tells(interpreted, "not compiled (JIT)");
    auto const nested = why(add_program(program_type::ext));
    CHECK(nested.find("; the target, a freplace program, cannot") != std::string::npos);
    made->device = 3;
    CHECK(why(add_program(program_type::xdp)).find("a network device") != std::string::npos);
}

// E14
TEST_CASE_FIXTURE(ext_program, "freplace takes a target at descriptor 0") {
    first_descriptor = 0;
    auto const zero = open(add_program(program_type::xdp));
    REQUIRE(zero.get() == 0);
    auto const prog = load(attach_type{});
    auto const held_before = open_descriptors().size();
    auto const link = bl::attach(prog, bl::hook::freplace{zero, "replaceable"});
    REQUIRE(succeeded(link));
    CHECK(last_create.target != 0);
    CHECK(open_descriptors().size() == held_before + 1);
}

TEST_CASE_FIXTURE(tracing_program, "tracing_multi hands its arrays on") {
    auto const prog = load(attach_type::trace_fentry_multi);
    std::array const functions{bl::btf_id{4}, bl::btf_id{8}};
    std::array const cookies{bl::cookie{1}, bl::cookie{2}};
    auto const link = bl::attach(prog, bl::hook::tracing_multi{functions, cookies});
    REQUIRE(succeeded(link));
    CHECK(last_create.attach_type == 59);
    CHECK(last_create.tracing_multi.count == 2);
    CHECK(last_create.tracing_multi.ids == reinterpret_cast<std::uintptr_t>(functions.data()));
    CHECK(last_create.tracing_multi.cookies == reinterpret_cast<std::uintptr_t>(cookies.data()));
    CHECK(link->info()->type == bl::link_type::tracing_multi);

    auto const by_fd = by_descriptor();
    REQUIRE(succeeded(
        bl::attach(by_fd, bl::hook::tracing_multi{.functions = functions,
                                                  .attach = attach_type::trace_fexit_multi})));
    CHECK(last_create.attach_type == 60);
    CHECK(last_create.tracing_multi.cookies == 0);

    fail(call::link_create, EINVAL);
    auto const refused = bl::attach(prog, bl::hook::tracing_multi{functions});
    check_error(refused, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"one of: a BTF id is not that of a function", "the program sleeps"});
}

namespace {

struct named_functions : tracing_program {
    named_functions() {
        files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_b\n"
                                  "ffffffff81000030 t do_twice\nffffffff81000040 t do_twice\n"
                                  "ffffffff81000050 t do_plain\nffffffff81000060 T do_large\n"
                                  "ffffffff81000070 t do_c.isra.0\nffffffff81000080 T do_shared\n"
                                  "ffffffffc0000010 t do_m\t[one]\nffffffffc0000020 t do_a\t[two]\n"
                                  "ffffffffc0000030 t do_shared\t[one]\n";
        files["/sys/kernel/tracing/available_filter_functions"] =
            "do_a\ndo_b\ndo_twice\ndo_twice\ndo_plain\ndo_large\ndo_shared\ndo_m [one]\n"
            "do_a [two]\ndo_shared [one]\n";
        function_types["vmlinux"] = {
            {3, "do_a"}, {5, "do_b"},      {6, "do_twice"},  {7, "do_large", false},
            {8, "do_c"}, {9, "do_shared"}, {11, "do_typed"}, {12, "do_typed"}};
        function_types["one"] = {{20, "do_m"}, {21, "do_shared"}};
    }
    template <class Program>
    void refuses(Program const& prog, bl::hook::tracing_multi const& where, int number,
                 bl::errc condition, std::initializer_list<std::string_view> texts) {
        auto const link = bl::attach(prog, where);
        check_error(link, number, bl::operation::resolve_symbol, condition, texts);
        CHECK(calls(call::link_create) == 0);
        CHECK(open_function_types == 0);
    }
};

} // namespace

TEST_CASE_FIXTURE(named_functions, "tracing_multi resolves names and patterns to BTF ids") {
    auto const prog = load(attach_type::trace_fentry_multi);
    made->types = fake::kernel_types;
    auto const has = [&](bl::hook::tracing_multi const& where, std::vector<std::uint32_t> ids) {
        auto const link = bl::attach(prog, where);
        REQUIRE(succeeded(link));
        CHECK(last_functions == ids);
        CHECK(open_function_types == 0);
    };
    constexpr std::array<std::string_view, 2> names{"do_b", "vmlinux:do_large"};
    function_types["vmlinux"][3].can_be_traced = true;
    constexpr std::array cookies{bl::cookie{1}, bl::cookie{2}};
    has({.cookies = cookies, .symbols = names}, {5, 7});
    function_types["vmlinux"][3].can_be_traced = false;
    // Without names that occur twice, and without what BTF or a trampoline does not have.
    has({.pattern = "do_*"}, {5});
    has({.pattern = "do_b"}, {5});
}

TEST_CASE_FIXTURE(named_functions, "tracing_multi says of each name why it cannot be attached to") {
    auto const prog = load(attach_type::trace_fentry_multi);
    made->types = fake::kernel_types;
    auto const one = [&](std::string_view name, int number, bl::errc condition,
                         std::initializer_list<std::string_view> texts) {
        std::array const names{std::string_view{"do_b"}, name};
        refuses(prog, {.symbols = names}, number, condition, texts);
    };
    using bl::errc;
    one("do_twice", EADDRNOTAVAIL, errc::invalid_argument, {"one name: do_twice (2)"});
    one("do_c", ENOENT, errc::not_found, {"do_c (there is only do_c.isra.0; "});
    one("do_m", ENOENT, errc::not_found, {"do_m (there is one:do_m)"});
    one("do_bb", ENOENT, errc::not_found, {"do_bb (near it: do_b"});
    one("do_plain", ENOENT, errc::not_supported, {"BTF does not describe do_plain"});
    constexpr std::array<std::string_view, 1> large{"do_large"}; // ENOTSUPP, which has no name
    auto const unpassed = bl::attach(prog, bl::hook::tracing_multi{.symbols = large});
    REQUIRE_FALSE(unpassed);
    CHECK(unpassed.error() == errc::not_supported);
    CHECK(unpassed.error().code().value() == 524);
    CHECK(unpassed.error().message().find("is returned, of do_large: use a kprobe") !=
          std::string::npos);
    refuses(prog, {.pattern = "no_*"}, ENOENT, errc::not_found, {"'no_*'", "ftrace can trace"});
    refuses(prog, {.pattern = "do_large"}, ENOENT, errc::not_found, {"that can be passed"});
    files.erase("/proc/kallsyms");
    std::array<std::string_view, 1> const names{"do_b"};
    auto const unread = bl::attach(prog, bl::hook::tracing_multi{.symbols = names});
    check_error(unread, ENOENT, bl::operation::open, errc::not_supported, {"BTF id"});
    function_types.clear();
    auto const untyped = bl::attach(prog, bl::hook::tracing_multi{.pattern = "do_b"});
    check_error(untyped, ENOENT, bl::operation::open, errc::not_supported,
                {"/sys/kernel/btf/vmlinux", "no BTF"});
}

TEST_CASE_FIXTURE(named_functions, "tracing_multi takes names of the module it was loaded for") {
    auto const prog = load(attach_type::trace_fentry_multi);
    constexpr std::array<std::string_view, 1> of_one{"one:do_m"};
    bl::hook::tracing_multi const by_name{.symbols = of_one};
    made->types = fake::program_types;
    {
        auto const link = bl::attach(prog, by_name);
        REQUIRE(succeeded(link));
        CHECK(last_functions == std::vector<std::uint32_t>{20});
    }
    forget_calls();
    refuses(prog, {.pattern = "do_b"}, EINVAL, bl::errc::invalid_argument,
            {"loaded for functions of module 'one'"});
    refuses(prog, {.pattern = "two:do_a"}, EINVAL, bl::errc::invalid_argument,
            {"loaded for functions of module 'one'"});
    fail(call::btf_get_fd_by_id, EPERM, 1);
    fail(call::btf_get_fd_by_id, EPERM, 2);
    refuses(prog, by_name, EPERM, bl::errc::permission_denied, {"CAP_SYS_ADMIN", "BTF ids"});
    made->types = fake::kernel_types;
    refuses(prog, by_name, EINVAL, bl::errc::invalid_argument,
            {"loaded for functions of the kernel itself"});
}

TEST_CASE_FIXTURE(tracing_program, "what tracing_multi cannot mean is refused before the kernel") {
    auto const prog = load(attach_type::trace_fentry_multi);
    auto const by_fd = by_descriptor();
    forget_calls();
    std::array const functions{bl::btf_id{4}, bl::btf_id{8}};
    std::array const one{bl::cookie{1}};
    auto const refused = [&](auto const& p, bl::hook::tracing_multi const& where,
                             char const* text) {
        auto const link = bl::attach(p, where);
        check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument, {text});
    };
    refused(prog, {}, "one of them only");
    refused(prog, {.functions = functions, .pattern = "f*"}, "one of them only");
    refused(prog, {functions, one}, "1 cookie for 2 functions");
    refused(prog, {.cookies = one, .pattern = "f*"}, "takes no cookies");
    constexpr std::array<std::string_view, 2> mixed{"f", "one:g"};
    refused(prog, {.symbols = mixed}, "functions of the kernel itself and some of module 'one'");
    for (std::string_view const each :
         std::initializer_list<std::string_view>{"", "one:", ":f", "o*:f", "../x:f", {"f\0", 2}}) {
        std::array const names{each};
        refused(prog, {.symbols = names}, "names no function");
    }
    refused(by_fd, {functions}, "attach type is needed");
    refused(prog, {functions, {}, attach_type::trace_fexit_multi}, "trace_fexit_multi is needed");
    refused(by_fd, {functions, {}, attach_type::trace_fentry}, "trace_fentry_multi");
    CHECK(system_calls() == 0);
    std::array const twice{bl::btf_id{8}, bl::btf_id{4}, bl::btf_id{8}};
    fail(call::link_create, EINVAL);
    refused(prog, {twice}, "BTF id 8 is there twice");
    fail(call::link_create, EINVAL);
    fail(call::prog_load, EINVAL);
    auto const older = bl::attach(prog, bl::hook::tracing_multi{functions});
    check_error(older, EINVAL, bl::operation::link_create, bl::errc::not_supported,
                {"no links of tracing_multi"});
}
