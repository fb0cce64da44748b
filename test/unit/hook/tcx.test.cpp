// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/program_ref.hpp>

#include <string>
#include <type_traits>

namespace {

template <class Hook>
struct on_a_device : machine {
    fake::program& own = add_program(bl::program_type::sched_cls);
    typed_program<bl::program_type::sched_cls> held{{open(own)}};
    static constexpr auto types = bl::hook_traits<Hook>::attach_types;

    auto attach(std::optional<bl::attach_type> attach, std::optional<bl::order> order = {}) {
        return bl::attach(held, Hook{.ifindex = bl::ifindex{2}, .attach = attach, .order = order});
    }
    void check_refusal(int number, bl::errc condition,
                       std::initializer_list<std::string_view> texts,
                       std::optional<bl::order> order = {}) {
        CAPTURE(number);
        fail(call::link_create, number);
        auto const link = attach(types.front(), order);
        check_error(link, number, bl::operation::link_create, condition, texts);
        CHECK(link.error().subject() == "interface 2, " + to_string(types.front()));
        CHECK(newest_link() == nullptr);
    }
};

} // namespace

TEST_CASE_TEMPLATE("either side of an interface is attached to in one system call", Hook,
                   bl::hook::tcx, bl::hook::netkit) {
    on_a_device<Hook> here;
    for (auto const attach : here.types) {
        here.forget_calls();
        auto const link = here.attach(attach);
        REQUIRE(succeeded(link));
        static_assert(std::is_same_v<decltype(link), bl::result<bl::typed_link<Hook>> const>);
        CHECK(here.system_calls() == 1);
        CHECK(here.last_create.prog_fd == static_cast<std::uint32_t>(here.held.fd().get()));
        CHECK(here.last_create.target == 2);
        CHECK(here.last_create.attach_type == static_cast<unsigned>(attach));
        CHECK(here.last_create.flags == 0);
        auto const details = link->details();
        REQUIRE(succeeded(details));
        CHECK(details->ifindex == bl::ifindex{2});
        CHECK(details->attach == attach);
    }
    CHECK(here.newest_link() == nullptr); // detached with its handle
}

TEST_CASE_TEMPLATE("a hook on an interface takes no other hook's attach type", Hook, bl::hook::tcx,
                   bl::hook::netkit) {
    on_a_device<Hook> here;
    std::string const name{bl::hook_traits<Hook>::name};
    for (auto const attach :
         {bl::attach_type{}, bl::attach_type::xdp, bl::attach_type::sk_lookup}) {
        check_error(here.attach(attach), EINVAL, bl::operation::link_create,
                    bl::errc::invalid_argument,
                    {"interface 2", to_string(attach) + " is not of " + name});
    }
    CHECK(here.system_calls() == 0);
}

// E10
TEST_CASE_TEMPLATE(
    "without attach, a hook on an interface takes the type the program was loaded for", Hook,
    bl::hook::tcx, bl::hook::netkit) {
    on_a_device<Hook> here;
    auto const attach = [&](bl::attach_type loaded) {
        bpf_program const facts{"prog", bl::program_type::sched_cls, loaded, here.held.fd().get()};
        return bl::attach(*bl::program_ref<bl::program_type::sched_cls>::from(&facts),
                          Hook{.ifindex = bl::ifindex{2}});
    };
    auto const wanted = here.types.back();
    REQUIRE(succeeded(attach(wanted)));
    CHECK(here.last_create.attach_type == static_cast<unsigned>(wanted));
    auto const refused = [&](auto const& link, std::string const& text) {
        check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"interface 2:", text});
    };
    here.forget_calls();
    refused(attach(bl::attach_type::sk_lookup), "for attach type sk_lookup, and " +
                                                    to_string(here.types[0]) + " or " +
                                                    to_string(here.types[1]) + " is needed");
    refused(attach({}), "no attach type: name the attach type"); // SEC("tc")
    refused(here.attach({}), "is not known: name the attach type");
    CHECK(here.system_calls() == 0);
}

TEST_CASE_TEMPLATE("a hook on an interface says what is in the way", Hook, bl::hook::tcx,
                   bl::hook::netkit) {
    on_a_device<Hook> here;
    here.on_hook = {{here.own.id, 7}};
    here.check_refusal(EEXIST, bl::errc::already_exists, {"the program is on the hook"});
    here.on_hook = {{here.own.id + 1, 0}, {here.own.id, 0}};
    here.check_refusal(EEXIST, bl::errc::already_exists,
                       {"program " + std::to_string(here.own.id) + " is there without a link"});
    here.fail(call::prog_query, EPERM);
    here.check_refusal(EEXIST, bl::errc::already_exists, {"one of:", "without a link"});
    here.on_hook.clear();
    here.check_refusal(ERANGE, no_condition, {"63 programs"});
    here.check_refusal(ESTALE, bl::errc::stale_revision, {"query it again"});
    here.interfaces.erase(2);
    here.check_refusal(ENODEV, bl::errc::not_found, {"no such interface"});
}

// E21
TEST_CASE_TEMPLATE(
    "a kernel that has the hook is not said to lack it for a program of another type", Hook,
    bl::hook::tcx, bl::hook::netkit) {
    on_a_device<Hook> here;
    here.held.owned = here.open(here.add_program(bl::program_type::xdp));
    here.check_refusal(EINVAL, bl::errc::invalid_argument,
                       {"of type xdp, and sched_cls is needed"});
    here.held.owned = here.open_file();
    here.check_refusal(EINVAL, bl::errc::invalid_argument, {"is not a BPF program"});
    here.held.owned = here.open(here.add_program(bl::program_type::sched_cls));
    here.check_refusal(EINVAL, bl::errc::invalid_argument, {}); // whatever it is
}
