// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/cgroup.hpp>
#include <bpflink/program_ref.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

struct with_program : machine {
    typed_program<bl::program_type::cgroup_skb> skb{
        {open(add_program(bl::program_type::cgroup_skb))}};
    static constexpr auto egress = bl::attach_type::cgroup_inet_egress;
};

bl::program_type needed_by(bl::attach_type attach) {
    using bl::program_type;
    std::map<unsigned, program_type> const types{
        {0, program_type::cgroup_skb},        {1, program_type::cgroup_skb},
        {2, program_type::cgroup_sock},       {3, program_type::sock_ops},
        {6, program_type::cgroup_device},     {8, program_type::cgroup_sock_addr},
        {9, program_type::cgroup_sock_addr},  {10, program_type::cgroup_sock_addr},
        {11, program_type::cgroup_sock_addr}, {12, program_type::cgroup_sock},
        {13, program_type::cgroup_sock},      {14, program_type::cgroup_sock_addr},
        {15, program_type::cgroup_sock_addr}, {18, program_type::cgroup_sysctl},
        {19, program_type::cgroup_sock_addr}, {20, program_type::cgroup_sock_addr},
        {21, program_type::cgroup_sockopt},   {22, program_type::cgroup_sockopt},
        {29, program_type::cgroup_sock_addr}, {30, program_type::cgroup_sock_addr},
        {31, program_type::cgroup_sock_addr}, {32, program_type::cgroup_sock_addr},
        {34, program_type::cgroup_sock},      {43, program_type::lsm},
        {49, program_type::cgroup_sock_addr}, {50, program_type::cgroup_sock_addr},
        {51, program_type::cgroup_sock_addr}, {52, program_type::cgroup_sock_addr},
        {53, program_type::cgroup_sock_addr},
    };
    auto const found = types.find(static_cast<unsigned>(attach));
    return found == types.end() ? program_type::unspec : found->second;
}

} // namespace

TEST_CASE_FIXTURE(with_program, "a cgroup is named by its path or by a descriptor") {
    auto const directory = open_cgroup();
    {
        auto const by_fd = bl::attach(skb, bl::hook::cgroup{bl::fd_view{directory}, egress});
        REQUIRE(succeeded(by_fd));
        CHECK(system_calls() == 1);
        CHECK(last_create.target == static_cast<std::uint32_t>(directory.get()));
        CHECK(last_create.attach_type == 1);
        CHECK(last_create.flags == 0);
        CHECK(by_fd->details()->attach == egress);
    }
    CHECK(is_open(directory.get()));
    forget_calls();
    auto const by_path = bl::attach(skb, bl::hook::cgroup{"/cgroup", egress});
    REQUIRE(succeeded(by_path));
    CHECK(system_calls() == 3);
    CHECK(open_descriptors().size() == 3); // program, directory and link: the path's is closed
    change_directory("/");
    CHECK(succeeded(bl::attach(skb, bl::hook::cgroup{"cgroup", egress})));
}

TEST_CASE_FIXTURE(with_program, "what is no cgroup is refused") {
    check_error(bl::attach(skb, bl::hook::cgroup{"/nothing", egress}), ENOENT, bl::operation::open,
                bl::errc::not_found, {"cgroup /nothing", "cgroup_inet_egress"});
    check_error(bl::attach(skb, bl::hook::cgroup{"/home", egress}), EBADF,
                bl::operation::link_create, bl::errc::invalid_argument,
                {"cgroup /home", "not a version 2 cgroup"});
    auto const file = open_file();
    auto const no_cgroup = bl::attach(skb, bl::hook::cgroup{bl::fd_view{file}, egress});
    check_error(no_cgroup, EBADF, bl::operation::link_create, bl::errc::invalid_argument,
                {"descriptor " + std::to_string(file.get())});
    check_error(bl::attach(skb, bl::hook::cgroup{"", egress}), EINVAL, bl::operation::open,
                bl::errc::invalid_argument);
    pin("/bpf/x", add_map());
    check_error(bl::attach(skb, bl::hook::cgroup{"/bpf/x", egress}), ENOTDIR, bl::operation::open,
                bl::errc::invalid_argument);
    CHECK(newest_link() == nullptr);
}

namespace {

/// An attach to a cgroup that the kernel refuses.
struct refused_by_a_cgroup : with_program {
    bl::hook::cgroup where{.cgroup = "/cgroup", .attach = egress};

    void check(int number, bl::errc condition, std::initializer_list<std::string_view> texts) {
        CAPTURE(number);
        fail(call::link_create, number);
        check_error(bl::attach(skb, where), number, bl::operation::link_create, condition, texts);
        CHECK(open_descriptors().size() == 1);
    }
};
constexpr std::uint32_t overridable = 1; // BPF_F_ALLOW_OVERRIDE
constexpr std::uint32_t multi = 2;       // BPF_F_ALLOW_MULTI

} // namespace

TEST_CASE_FIXTURE(refused_by_a_cgroup, "a cgroup says what is in the way") {
    constexpr auto wrong = bl::errc::invalid_argument;
    check(ESTALE, bl::errc::stale_revision, {"cgroup /cgroup", "query it again"});
    on_hook.assign(64, {30, 0});
    check(E2BIG, no_condition, {"64 programs"});
    on_hook.clear();
    check(EINVAL, wrong, {"cgroup_inet_egress"});
    check(EBUSY, bl::errc::not_supported, {"lacks a place for a trampoline"});
    check(EOPNOTSUPP, bl::errc::not_supported, {"no LSM programs"});
    fail(call::prog_query, ENOENT); // as of an attach
    check(ENOENT, bl::errc::not_found, {"the cgroup was removed"});
    where.order = bl::order::before(bl::link_id{4'711});
    check(ENOENT, bl::errc::not_found, {"link 4711", "is gone"});
    where.order.reset();
    where.cgroup = bl::fd_view{99};
    check(EBADF, wrong, {"descriptor 99, the directory's, is not open"});
    where.cgroup = "/home";
    has_version_1_cgroups = true;
    check(EBADF, wrong, {"version 1 hierarchy"});
    fail(call::open_directory, EACCES);
    check_error(bl::attach(skb, where), EACCES, bl::operation::open, bl::errc::permission_denied);
}

TEST_CASE_FIXTURE(refused_by_a_cgroup,
                  "a program loaded for another direction is told from all else") {
    // Of this one the kernel holds to the attach type, which a descriptor does not tell.
    fail(call::link_create, EINVAL);
    fail(call::link_create, EINVAL,
         2); // the same with no cgroup; a program of the library's is taken
    check(EINVAL, bl::errc::invalid_argument, {"for another attach type than cgroup_inet_egress"});
}

// F10
TEST_CASE_FIXTURE(refused_by_a_cgroup, "a program that stands alone on a cgroup is named") {
    on_hook = {{30, 0}};
    for (auto const flags : {0U, overridable}) {
        hook_flags = flags;
        check(EPERM, bl::errc::hook_busy,
              {"program 30 is attached to /cgroup without ALLOW_MULTI", "detach it"});
    }
}

// F10
TEST_CASE_FIXTURE(refused_by_a_cgroup, "a program that stands alone above a cgroup is named") {
    make_cgroup("/cgroup/a");
    make_cgroup("/cgroup/a/b");
    where.cgroup = "/cgroup/a/b";
    on_hook = {{30, 0}};
    hook_flags = multi;
    on_cgroups["/cgroup/a"] = {};
    on_cgroups["/cgroup"] = {40, 0};
    check(EPERM, bl::errc::hook_busy, {"program 40 is attached to /cgroup without ALLOW_MULTI"});
    has_proc = false;
    check(EPERM, bl::errc::hook_busy, {"program 40 is attached to the cgroup at descriptor"});
    has_proc = true;

    constexpr auto denied = bl::errc::permission_denied;
    on_cgroups["/cgroup"] = {40, overridable};
    check(EPERM, denied, {"a security module"});
    on_cgroups["/cgroup"] = {40, 0};
    on_cgroups["/cgroup/a"] = {50, multi}; // nothing above it counts
    check(EPERM, denied, {"a security module"});
    on_cgroups["/cgroup/a"] = {};
    on_cgroups["/cgroup"] = {};
    check(EPERM, denied, {"a security module"});
    // The mount may begin below the root, as in a container.
    fail(call::look_at, EACCES);
    check(EPERM, no_condition, {"one of: a program is attached above, out of sight, without"});
}

// F10
TEST_CASE_FIXTURE(refused_by_a_cgroup, "a query of a cgroup that is refused means privilege") {
    on_hook = {{30, 0}};
    fail(call::prog_query, EPERM);
    lacks_capabilities = {12, 21};
    check(EPERM, bl::errc::permission_denied, {"; CAP_NET_ADMIN is missing"});
    fail(call::prog_query, EPERM);
    lacks_capabilities = {12, 21, 39};
    check(EPERM, bl::errc::permission_denied, {"; CAP_NET_ADMIN is missing: run with it"});
    mend();
    lacks_capabilities = {12}; // which CAP_SYS_ADMIN stands in for on this kernel
    check(EPERM, bl::errc::hook_busy, {"program 30"});
}

// F10
TEST_CASE_FIXTURE(refused_by_a_cgroup, "no capability is blamed that an attach does not take") {
    typed_program<bl::program_type::cgroup_device> const device{
        {open(add_program(bl::program_type::cgroup_device))}};
    lacks_capabilities = {12, 21, 39};
    fail_always(call::prog_query, EPERM);
    fail(call::link_create, EPERM);
    where.attach = bl::attach_type::cgroup_device;
    check_error(bl::attach(device, where), EPERM, bl::operation::link_create, no_condition,
                {"; one of: a program is attached here or above without ALLOW_MULTI",
                 "; or a security module"});
}

TEST_CASE_FIXTURE(refused_by_a_cgroup, "a directory that cannot be opened says why") {
    fail(call::open_directory, EMFILE);
    check_error(bl::attach(skb, where), EMFILE, bl::operation::open, no_condition,
                {"no free descriptor"});
}

// F22
TEST_CASE_FIXTURE(refused_by_a_cgroup, "memory that may not be locked is told from memory") {
    check(ENOMEM, no_condition, {"memory cgroup, has no memory"});
    limits_locked_memory = true;
    check(ENOMEM, no_condition, {"memory cgroup, has no memory"}); // a kernel since 5.11
    fail(call::prog_load, EPERM, 2);                               // not one without instructions
    check(ENOMEM, no_condition, {"is used up: raise RLIMIT_MEMLOCK (before 5.11)"});
    fail(call::prog_load, EPERM, 2);
    check(EPERM, no_condition, {"raise RLIMIT_MEMLOCK"});
    fail(call::prog_load, EPERM); // whatever is loaded
    check(EPERM, bl::errc::permission_denied, {"or a filter of system calls"});
    fail(call::prog_load, EINVAL, 2); // the helper came with 5.11: there may be room or not
    check(ENOMEM, no_condition, {"one of: ", "RLIMIT_MEMLOCK"});
}

TEST_CASE_FIXTURE(machine, "every attach type takes the program type that the kernel gives it") {
    auto const directory = open_cgroup();
    auto const fd = open(add_program(bl::program_type::unspec));
    for (unsigned number = 0; number != 70; ++number) {
        auto const attach = static_cast<bl::attach_type>(number);
        auto const needed = needed_by(attach);
        for (auto const type : bl::hook_traits<bl::hook::cgroup>::program_types) {
            CAPTURE(attach);
            CAPTURE(type);
            auto const link = bl::hook_traits<bl::hook::cgroup>::create(
                {fd, type, std::nullopt}, {bl::fd_view{directory}, attach});
            if (type == needed) {
                CHECK(succeeded(link));
                continue;
            }
            REQUIRE_FALSE(link);
            CHECK(link.error() == bl::errc::invalid_argument);
            auto const message = link.error().message();
            if (needed == bl::program_type::unspec) {
                CHECK(message.find("is not of cgroup") != std::string::npos);
            } else {
                CHECK(message.find(to_string(type)) != std::string::npos);
                CHECK(message.find(to_string(needed)) != std::string::npos);
            }
        }
    }
}

TEST_CASE_FIXTURE(machine,
                  "the attach type a program was loaded for counts where the kernel holds to it") {
    auto const directory = open_cgroup();
    auto const fd = open(add_program(bl::program_type::unspec));
    using bl::attach_type;
    using bl::program_type;
    struct row {
        program_type type;
        attach_type loaded;
        attach_type wanted;
        bool taken;
    };
    for (row const& each : {
             row{program_type::cgroup_sock_addr, attach_type::cgroup_inet4_bind,
                 attach_type::cgroup_inet4_bind, true},
             row{program_type::cgroup_sock_addr, attach_type::cgroup_inet4_bind,
                 attach_type::cgroup_inet4_connect, false},
             row{program_type::cgroup_sock, attach_type::cgroup_inet_sock_create,
                 attach_type::cgroup_inet_sock_release, false},
             row{program_type::cgroup_sockopt, attach_type::cgroup_getsockopt,
                 attach_type::cgroup_setsockopt, false},
             row{program_type::lsm, attach_type::lsm_cgroup, attach_type::lsm_cgroup, true},
             row{program_type::lsm, attach_type::lsm_mac, attach_type::lsm_cgroup, false},
             row{program_type::cgroup_skb, attach_type::cgroup_inet_ingress,
                 attach_type::cgroup_inet_egress, true},
             row{program_type::cgroup_device, attach_type{}, attach_type::cgroup_device, true},
         }) {
        CAPTURE(each.type);
        forget_calls();
        auto const link = bl::hook_traits<bl::hook::cgroup>::create(
            {fd, each.type, each.loaded}, {bl::fd_view{directory}, each.wanted});
        CHECK(link.has_value() == each.taken);
        if (each.taken) continue;
        check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {to_string(each.loaded), to_string(each.wanted)});
        CHECK(system_calls() == 0);
    }
}

TEST_CASE_FIXTURE(with_program, "order and revision of a cgroup go to the kernel") {
    auto const link = bl::attach(skb, bl::hook::cgroup{.cgroup = "/cgroup",
                                                       .attach = egress,
                                                       .order = bl::order::before(bl::link_id{7}),
                                                       .expected_revision = bl::revision{9}});
    REQUIRE(succeeded(link));
    CHECK(last_create.flags == (1U << 3 | 1U << 13 | 1U << 5));
    CHECK(last_create.order.relative == 7);
    CHECK(last_create.order.expected_revision == 9);
}

TEST_CASE_FIXTURE(with_program,
                  "a revision alone asks for the last place, which old kernels refuse") {
    bl::hook::cgroup const where{
        .cgroup = "/cgroup", .attach = egress, .expected_revision = bl::revision{9}};
    CHECK(succeeded(bl::attach(skb, where)));
    CHECK(last_create.flags == 1U << 4);
    CHECK(last_create.order.relative == 0);
    CHECK(last_create.order.expected_revision == 9);

    hook_revision = 0;
    fail(call::link_create, EINVAL);
    check_error(bl::attach(skb, where), EINVAL, bl::operation::link_create, bl::errc::not_supported,
                {"cgroup /cgroup", "neither order nor revision"});
    hook_revision = 4;
    fail(call::link_create, EINVAL);
    auto const other = bl::attach(skb, where);
    REQUIRE_FALSE(other);
    CHECK(other.error() == bl::errc::invalid_argument);
    CHECK(open_descriptors().size() == 1);
}

TEST_CASE_FIXTURE(with_program, "preorder is a flag beside the order's") {
    bl::hook::cgroup const where{.cgroup = "/cgroup", .attach = egress, .preorder = true};
    REQUIRE(succeeded(bl::attach(skb, where)));
    CHECK(last_create.flags == 1U << 6);
    auto first = where;
    first.order = bl::order::first();
    REQUIRE(succeeded(bl::attach(skb, first)));
    CHECK(last_create.flags == ((1U << 6) | (1U << 3)));
    hook_revision = 0; // an older kernel, which knows no flag here
    fail(call::link_create, EINVAL);
    check_error(bl::attach(skb, where), EINVAL, bl::operation::link_create, bl::errc::not_supported,
                {"no preorder"});
}

TEST_CASE_FIXTURE(refused_by_a_cgroup,
                  "an order that a cgroup does not take is refused by its reason") {
    constexpr auto wrong = bl::errc::invalid_argument;
    for (auto const& order : {bl::order::before(skb), bl::order::after(bl::program_id{4})}) {
        where.order = order;
        check(EINVAL, wrong, {"the order names a program: let it name the link"});
    }
    where.order = bl::order::after(bl::link_id{4});
    check(EINVAL, wrong, {"in preorder, and the other is not"});
}

namespace {

/// A program as libbpf lends it, and a cgroup to put it on.
template <bl::program_type Type>
struct lent_to_a_cgroup : machine {
    bl::unique_fd held = open(add_program(Type));

    bl::result<bl::cgroup_link> attach(bl::attach_type loaded, char const* section = "") {
        bpf_program const facts{"prog", Type, loaded, held.get(), section};
        return bl::attach(*bl::program_ref<Type>::from(&facts), bl::hook::cgroup{"/cgroup"});
    }
    bl::result<bl::cgroup_link> attach_by_descriptor() {
        return bl::attach(*bl::program_ref<Type>::from_fd(held), bl::hook::cgroup{"/cgroup"});
    }
    void refused(bl::result<bl::cgroup_link> const& link, std::string_view text) {
        check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"cgroup /cgroup:", text});
        CHECK(calls(call::link_create) == 0);
    }
};
using skb_lent = lent_to_a_cgroup<bl::program_type::cgroup_skb>;

} // namespace

// E10
TEST_CASE_FIXTURE(skb_lent,
                  "without attach, a cgroup takes the type that the program was loaded for") {
    auto const egress = attach(bl::attach_type::cgroup_inet_egress, "cgroup_skb/egress");
    REQUIRE(succeeded(egress));
    CHECK(last_create.attach_type == 1);
    CHECK(egress->details()->attach == bl::attach_type::cgroup_inet_egress);
    REQUIRE(succeeded(attach({}, "cgroup_skb/ingress")));
    CHECK(last_create.attach_type == 0);
}

// E10
TEST_CASE_FIXTURE(skb_lent, "what does not tell its direction is not attached to either") {
    refused(attach({}, "cgroup/skb"), "loaded for is not known: name the attach type");
    refused(attach_by_descriptor(), "loaded for is not known");
    bpf_program const facts{"p", bl::program_type::cgroup_skb, {}, held.get(), "cgroup/skb"};
    auto const prog = *bl::program_ref<bl::program_type::cgroup_skb>::from(&facts);
    REQUIRE(succeeded(
        bl::attach(prog, bl::hook::cgroup{.cgroup = "/cgroup",
                                          .attach = bl::attach_type::cgroup_inet_egress})));
    CHECK(last_create.attach_type == 1);
}

// E10
TEST_CASE_FIXTURE(lent_to_a_cgroup<bl::program_type::lsm>,
                  "a program that was loaded for another hook is refused with both named") {
    refused(attach(bl::attach_type::lsm_mac), "for attach type lsm_mac, and lsm_cgroup is needed");
    REQUIRE(succeeded(attach(bl::attach_type::lsm_cgroup)));
    CHECK(last_create.attach_type == 43);
}

// E10
TEST_CASE_FIXTURE(lent_to_a_cgroup<bl::program_type::cgroup_device>,
                  "the only attach type of a program's type needs no name") {
    REQUIRE(succeeded(attach_by_descriptor()));
    CHECK(last_create.attach_type == 6);
    REQUIRE(succeeded(attach({})));
    CHECK(last_create.attach_type == 6);
}

// E10
TEST_CASE_FIXTURE(lent_to_a_cgroup<bl::program_type::cgroup_sock_addr>,
                  "of several attach types a descriptor tells none") {
    refused(attach_by_descriptor(), "loaded for is not known");
    REQUIRE(succeeded(attach(bl::attach_type::cgroup_inet6_bind)));
    CHECK(last_create.attach_type == 9);
}
