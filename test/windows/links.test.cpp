// SPDX-License-Identifier: Apache-2.0
#include "driver.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

TEST_SUITE_BEGIN("stand-in");

namespace {

constexpr std::uint32_t xdp_type = 1; // of Windows' numbers, BPF_PROG_TYPE_XDP
constexpr std::uint32_t bind_type = 2;
constexpr std::uint32_t sock_addr_type = 3;
constexpr bl::attach_type of_windows_bind{0x10002};

// Hooks of Linux are names without a definition, and no concept takes them.
template <class T>
concept is_defined = requires { sizeof(T); };
template <class Hook>
concept is_attached_to =
    requires(xdp_program const& program, Hook const& where) { bl::attach(program, where); };
template <class... Hooks>
constexpr bool do_not_compile =
    (... && (!is_defined<Hooks> && !bl::hook_like<Hooks> && !is_attached_to<Hooks>));
static_assert(
    do_not_compile<bl::hook::cgroup, bl::hook::freplace, bl::hook::iter, bl::hook::kprobe,
                   bl::hook::kprobe_multi, bl::hook::lsm, bl::hook::netfilter, bl::hook::netkit,
                   bl::hook::netns, bl::hook::perf_event, bl::hook::raw_tracepoint,
                   bl::hook::sockmap, bl::hook::struct_ops, bl::hook::tcx, bl::hook::tp_btf,
                   bl::hook::tracepoint, bl::hook::tracing, bl::hook::tracing_multi,
                   bl::hook::uprobe, bl::hook::uprobe_multi, bl::hook::usdt>);
static_assert(is_defined<bl::hook::xdp> && is_attached_to<bl::hook::xdp> &&
              !bl::program_for<any_other_program, bl::hook::xdp>);

bl::xdp_link attached(driver const& d, std::uint32_t index = 7) {
    xdp_program const program{d.load(xdp_type)};
    auto made = bl::attach(program, bl::hook::xdp{.ifindex = bl::ifindex{index}});
    REQUIRE(succeeded(made));
    return *std::move(made);
}

} // namespace

TEST_CASE("an XDP link tells its id, its program and its interface") {
    driver const d;
    xdp_program const program{d.load(xdp_type, "a_name_longer_than_fifteen")};
    auto link = bl::attach(program, bl::hook::xdp{.ifindex = bl::ifindex{7}});
    REQUIRE(succeeded(link));
    auto const info = link->info();
    REQUIRE(succeeded(info));
    CHECK(info->type == bl::link_type::xdp);
    CHECK(info->id == bl::link_id{2});
    CHECK(info->program == bl::program_id{1});
    auto const* const details = std::get_if<bl::xdp_details>(&info->details);
    REQUIRE(details);
    CHECK(details->ifindex == bl::ifindex{7});
    CHECK(link->state() == bl::link_state::attached);
    auto const facts = bl::program_info_of(info->program);
    REQUIRE(succeeded(facts));
    CHECK(facts->type == bl::program_type::xdp);
    CHECK(facts->name == "a_name_longer_than_fifteen");
    CHECK(facts->maps == std::vector{bl::map_id{40}, bl::map_id{41}});
    CHECK_FALSE(facts->run_count);
    CHECK_FALSE(facts->recursion_misses);
}

TEST_CASE("a compartment's link is a cgroup's, with the attach type that means the same") {
    driver const d;
    any_other_program const program{d.load(sock_addr_type)};
    auto const link =
        bl::attach(program, bl::hook::raw{.target = bl::ifindex{5},
                                          .attach = bl::attach_type::cgroup_inet6_connect});
    REQUIRE(succeeded(link));
    auto const info = link->info();
    REQUIRE(succeeded(info));
    CHECK(info->type == bl::link_type::cgroup);
    auto const* const details = std::get_if<bl::cgroup_details>(&info->details);
    REQUIRE(details);
    CHECK(details->cgroup_id == bl::cgroup_id{5});
    CHECK(details->attach == bl::attach_type::cgroup_inet6_connect);
    auto const runs = bl::program::from_id(info->program);
    REQUIRE(succeeded(runs));
    CHECK(runs->type() == bl::program_type::cgroup_sock_addr);
}

TEST_CASE("Windows' own numbers survive a round trip, and are not taken for those of Linux") {
    driver const d;
    any_other_program const program{d.load(bind_type)};
    auto const link = bl::attach(program, bl::hook::raw{.target = {}, .attach = of_windows_bind});
    REQUIRE(succeeded(link));
    auto const info = link->info();
    REQUIRE(succeeded(info));
    CHECK(info->type == bl::link_type{0x10001}); // plain
    CHECK(bl::find_traits(info->type) == nullptr);
    auto const* const details = std::get_if<bl::unknown_details>(&info->details);
    REQUIRE(details);
    std::uint32_t attach = 0;
    std::memcpy(&attach, details->bytes.data(), sizeof attach);
    CHECK(attach == 2);
    CHECK(details->bytes[8 + 4] == std::byte{'a'}); // the attach type's GUID
    auto const runs = bl::program::from_id(info->program);
    REQUIRE(succeeded(runs));
    CHECK(runs->type() == bl::program_type{0x10002});
    CHECK(link->state() == bl::link_state::unknown);
}

TEST_CASE("a link goes with its last descriptor") {
    driver const d;
    auto first = attached(d);
    auto const id = first.info()->id;
    auto second = bl::link::duplicate(first.fd());
    REQUIRE(succeeded(second));
    CHECK(succeeded(first.close()));
    auto third = bl::link::from_id(id);
    REQUIRE(succeeded(third));
    CHECK(third->info()->id == id);
    CHECK(succeeded(second->close()));
    bl::unique_fd kept = third->release();
    CHECK_FALSE(*third);
    CHECK(succeeded(bl::link::from_id(id)));
    kept.reset();
    check_refused(bl::link::from_id(id), ENOENT, bl::errc::not_found, "nothing has this id");
    CHECK(d.open_descriptors() == 0);
}

TEST_CASE("only a link's descriptor becomes a link, and the caller keeps another") {
    driver const d;
    auto link = attached(d);
    auto adopted = bl::link::from_fd(link.release());
    REQUIRE(succeeded(adopted));
    auto map = d.make_map();
    check_refused(bl::link::from_fd(std::move(map)), EINVAL, bl::errc::not_a_link, "a BPF map");
    CHECK(map);
    auto program = d.load(xdp_type);
    check_refused(bl::link::duplicate(program), EINVAL, bl::errc::not_a_link, "a BPF program");
    check_refused(bl::link::duplicate(bl::fd_view{77}), EBADF, bl::errc::invalid_argument,
                  "not open");
}

TEST_CASE("a descriptor that others closed is an error of close") {
    driver d;
    d.bad_closes_meant = 1;
    auto link = attached(d);
    int const number = link.fd().get();
    bl::unique_fd{number}.reset();
    check_refused(link.close(), EBADF, bl::errc::invalid_argument, "not open");
}

TEST_CASE("detach leaves the handle") {
    driver const d;
    auto link = attached(d);
    CHECK(succeeded(link.detach()));
    CHECK(link);
    // The driver's EINVAL has many causes: none is guessed.
    auto const again = link.detach();
    check_refused(again, EINVAL, bl::errc::invalid_argument, "link_detach");
    CHECK(again.error().message().find("5.9") == std::string::npos);
}

TEST_CASE("an update is not supported, and says what to do instead") {
    driver const d;
    auto link = attached(d);
    xdp_program const next{d.load(xdp_type)};
    check_refused(link.update(next), EOPNOTSUPP, bl::errc::not_supported,
                  "attach the new program, then close this link");
    CHECK(link.info()->program == bl::program_id{1});
}

TEST_CASE("walks find every link in the order of ids") {
    driver const d;
    std::vector<bl::xdp_link> held;
    for (std::uint32_t index : {3U, 1U, 2U})
        held.push_back(attached(d, index));
    std::vector<bl::link_id> ids, opened, told, recorded;
    for (auto&& id : bl::link_ids())
        ids.push_back(id.value());
    for (auto&& link : bl::links())
        opened.push_back(link->info()->id);
    for (auto&& info : bl::infos())
        told.push_back(info->id);
    bl::snapshotter taker;
    auto const records = taker.take();
    REQUIRE(succeeded(records));
    for (auto const& record : *records)
        recorded.push_back(record.id);
    CHECK(ids == std::vector{bl::link_id{2}, bl::link_id{4}, bl::link_id{6}});
    CHECK(opened == ids);
    CHECK(told == ids);
    CHECK(recorded == ids);
    CHECK(records->front().target == bl::link_target{bl::ifindex{3}});
    CHECK(taker.source() == bl::snapshot_source::walk);
    REQUIRE(taker.why_walked());
    CHECK(*taker.why_walked() == bl::errc::not_supported);
}

TEST_CASE("without links every walk is empty") {
    driver const d;
    CHECK(length_of(bl::link_ids()) == 0);
    CHECK(length_of(bl::links()) == 0);
    CHECK(bl::snapshot()->empty());
}

TEST_CASE("what the driver refuses has its own cause") {
    driver const d;
    xdp_program const program{d.load(xdp_type)};
    bl::hook::xdp const where{.ifindex = bl::ifindex{7}};
    d.refuse_attach(stand_in::access_denied);
    check_refused(bl::attach(program, where), EPERM, bl::errc::permission_denied, "administrator");
    d.refuse_attach(stand_in::blocked_by_policy);
    check_refused(bl::attach(program, where), EACCES, bl::errc::permission_denied, "policy");
    d.refuse_attach(stand_in::extension_failed_to_load);
    check_refused(bl::attach(program, where), ENODEV, bl::errc{}, "extension");
    d.refuse_attach(stand_in::operation_not_supported);
    check_refused(bl::attach(program, where), EOPNOTSUPP, bl::errc::not_supported, "attach type");
    d.refuse_attach(stand_in::no_memory);
    check_refused(bl::attach(program, where), ENOMEM, bl::errc{}, "interface 7");
    d.refuse_attach(stand_in::failed);
    check_refused(bl::attach(program, where), EIO, bl::errc{}, "tells no cause");
}

TEST_CASE("what Windows does not have is refused before the driver is asked") {
    driver const d;
    xdp_program const program{d.load(xdp_type)};
    d.refuse_attach(stand_in::no_memory); // what it would say
    check_refused(bl::attach(program, bl::hook::xdp{.ifindex = bl::ifindex{7},
                                                    .mode = bl::xdp_mode::generic}),
                  EOPNOTSUPP, bl::errc::not_supported, "modes");
    using bl::attach_type;
    auto const refused = [&](bl::hook::raw const& where, int number, bl::errc condition,
                             std::string_view words) {
        check_refused(bl::attach(program, where), number, condition, words);
    };
    refused({.target = {}}, EINVAL, bl::errc::invalid_argument, "name the attach type");
    refused({.target = program.fd(), .attach = attach_type::xdp}, EOPNOTSUPP,
            bl::errc::not_supported, "no descriptor");
    refused({.target = {}, .attach = attach_type::xdp, .btf = bl::btf_id{1}}, EOPNOTSUPP,
            bl::errc::not_supported, "replaces no function");
    refused({.target = {}, .attach = attach_type::xdp, .flags = 1}, EOPNOTSUPP,
            bl::errc::not_supported, "flags");
    refused({.target = {}, .attach = attach_type::tcx_ingress}, EOPNOTSUPP, bl::errc::not_supported,
            "attach type");
    refused({.target = {}, .attach = attach_type{0x10009}}, EOPNOTSUPP, bl::errc::not_supported,
            "attach type");
}

TEST_CASE("libbpf's objects of the DLL are taken, and a link is not detached with its own") {
    driver const d;
    auto owned = d.load(xdp_type);
    stand_in::libbpf_program const theirs{owned.get(), xdp_type, 1, "count"};
    auto const program = bl::program_ref<bl::program_type::xdp>::from(
        reinterpret_cast<::bpf_program const*>(&theirs));
    REQUIRE(succeeded(program));
    auto made = bl::attach(*program, bl::hook::xdp{.ifindex = bl::ifindex{7}});
    REQUIRE(succeeded(made));
    stand_in::libbpf_program const unloaded{-1, xdp_type, 1, "count"};
    check_refused(bl::program_ref<bl::program_type::xdp>::from(
                      reinterpret_cast<::bpf_program const*>(&unloaded)),
                  ENOENT, bl::errc::invalid_argument, "load its bpf_object first");
    stand_in::libbpf_link old{std::move(*made).release().release(), false};
    auto taken = bl::link::take_over(reinterpret_cast<::bpf_link*>(&old));
    REQUIRE(succeeded(taken));
    CHECK(old.fd == -1);
    CHECK(succeeded(taken->detach())); // it was attached still
}

TEST_SUITE_END();
