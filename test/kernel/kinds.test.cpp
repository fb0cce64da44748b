// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Kinds of link without a hook of their own yet: they are met in every walk, and handled by the
// untyped link. Attached by hook::raw where it can, else by libbpf.

namespace bl = bpflink;

namespace {

/// Counts how often programs run, while it lives.
class run_statistics {
public:
    run_statistics() : fd_{::bpf_enable_stats(BPF_STATS_RUN_TIME)} { REQUIRE(fd_); }

    [[nodiscard]] static std::uint64_t runs(bl::fd_view program) {
        ::bpf_prog_info info{};
        std::uint32_t size = sizeof info;
        REQUIRE(::bpf_prog_get_info_by_fd(program.get(), &info, &size) == 0);
        return info.run_cnt;
    }

private:
    bl::unique_fd fd_;
};

struct lent {
    bl::fd_view descriptor;
    [[nodiscard]] bl::fd_view fd() const { return descriptor; }
};

/// A program of a type that this kernel may not have: then the case is skipped.
std::optional<bl::unique_fd> load(bl::program_type type, bl::attach_type attach, int value,
                                  bl::btf_id target = {}) {
    try {
        return load_constant(type, attach, value, target);
    } catch (std::system_error const& e) {
        skip_case("the kernel takes no program of " + to_string(type) + ", " + to_string(attach) +
                  ": " + e.code().message());
        return std::nullopt;
    }
}

/// Skips the case when the kernel does not know the kind of link (EINVAL to an attach type).
bool is_unknown(bl::result<bl::link> const& l, char const* kind) {
    if (l || l.error().code().value() != EINVAL) return false;
    skip_case(std::string{"the kernel has no links of "} + kind + ": " + l.error().message());
    return true;
}

template <class Details>
Details details_of(bl::link const& l) {
    auto info = must(l.info());
    REQUIRE(std::holds_alternative<Details>(info.details));
    return std::get<Details>(std::move(info.details));
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a netns link tells its namespace until that is gone") {
    std::optional<sandbox::network> net{std::in_place};
    auto const a =
        load_constant(bl::program_type::flow_dissector, bl::attach_type::flow_dissector, 0);
    auto const b =
        load_constant(bl::program_type::flow_dissector, bl::attach_type::flow_dissector, 0);
    bl::unique_fd name_space{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    struct stat facts{};
    REQUIRE(::fstat(name_space.get(), &facts) == 0);
    auto l = must(bl::attach(lent{a}, bl::hook::raw{.target = bl::fd_view{name_space},
                                                    .attach = bl::attach_type::flow_dissector}));
    CHECK(must(l.info()).type == bl::link_type::netns);
    CHECK(details_of<bl::netns_details>(l).netns_inode == facts.st_ino);
    CHECK(details_of<bl::netns_details>(l).attach == bl::attach_type::flow_dissector);
    CHECK(l.state() == bl::link_state::attached);

    check_error(l.update(lent{a}, bl::expecting(lent{b})), bl::errc::program_mismatch);
    must(l.update(lent{b}, bl::expecting(lent{a})));
    CHECK(must(l.info()).program == id_of_program(b));

    must(name_space.close());
    net.reset(); // the last that was in it
    CHECK(eventually([&] { return l.state() == bl::link_state::defunct; }));
    CHECK(details_of<bl::netns_details>(l).netns_inode == 0);
    check_error(l.update(lent{a}), bl::errc::defunct, {"(netns)", "namespace"});
}

TEST_CASE_FIXTURE(kernel_case, "a tcx link runs, swaps its program and tells its interface") {
    sandbox::network net;
    run_statistics const statistics;
    constexpr int go_on = -1; // TCX_NEXT
    auto const a = load_constant(bl::program_type::sched_cls, bl::attach_type{}, go_on);
    auto const b = load_constant(bl::program_type::sched_cls, bl::attach_type{}, go_on);
    auto const attach = [&](bl::fd_view prog) {
        return bl::attach(lent{prog}, bl::hook::raw{.target = net.loopback(),
                                                    .attach = bl::attach_type::tcx_ingress});
    };
    auto made = attach(a);
    if (is_unknown(made, "tcx")) return;
    auto l = must(std::move(made));
    CHECK(must(l.info()).type == bl::link_type::tcx);
    CHECK(details_of<bl::tcx_details>(l).ifindex == net.loopback());
    CHECK(details_of<bl::tcx_details>(l).attach == bl::attach_type::tcx_ingress);
    net.send_to_loopback(3);
    CHECK(statistics.runs(a) == 3);

    must(l.update(lent{b}, bl::expecting(lent{a})));
    net.send_to_loopback(3);
    CHECK(statistics.runs(a) == 3);
    CHECK(statistics.runs(b) == 3);
    check_error(l.update(lent{a}, bl::expecting(lent{a})), bl::errc::program_mismatch);

    auto const second = must(attach(a));
    check_error(l.update(lent{a}), bl::errc::already_exists, {"(tcx)"}); // once a hook
    CHECK(must(l.info()).program == id_of_program(b));

    must(l.detach());
    net.send_to_loopback(3);
    CHECK(statistics.runs(b) == 3);
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(details_of<bl::tcx_details>(l).ifindex == bl::ifindex{0});
}

TEST_CASE_FIXTURE(kernel_case, "a netfilter link tells its hook and detaches, but has no state") {
    sandbox::network const net;
    run_statistics const statistics;
    constexpr int accept = 1;
    auto const prog = load(bl::program_type::netfilter, bl::attach_type::netfilter, accept);
    if (!prog) return;
    ::bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.netfilter.pf = 2;      // NFPROTO_IPV4
    options.netfilter.hooknum = 3; // NF_INET_LOCAL_OUT
    options.netfilter.priority = -128;
    bl::unique_fd made{::bpf_link_create(
        prog->get(), 0, static_cast<bpf_attach_type>(bl::attach_type::netfilter), &options)};
    if (!made)
        return skip_case(std::string{"the kernel attaches no netfilter program: "} +
                         std::strerror(errno));

    auto l = must(bl::link::from_fd(std::move(made)));
    CHECK(must(l.info()).type == bl::link_type::netfilter);
    CHECK(must(l.info()).program == id_of_program(*prog));
    auto const details = details_of<bl::netfilter_details>(l);
    CHECK(details.protocol_family == 2);
    CHECK(details.hook == 3);
    CHECK(details.priority == -128);
    CHECK(details.flags == 0);
    net.send_to_loopback(3);
    CHECK(statistics.runs(*prog) == 3);
    check_error(l.update(lent{*prog}), bl::errc::not_supported, {"(netfilter)"});

    CHECK(l.state() == bl::link_state::unknown);
    must(l.detach());
    net.send_to_loopback(3);
    CHECK(statistics.runs(*prog) == 3);
    CHECK(l.state() == bl::link_state::unknown); // the kernel does not tell
}

TEST_CASE_FIXTURE(kernel_case, "a sockmap link tells its map until it is detached") {
    auto const prog = load(bl::program_type::sk_skb, bl::attach_type::sk_skb_verdict, 1);
    if (!prog) return;
    bl::unique_fd const map{::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "tiny", 4, 4, 1, nullptr)};
    REQUIRE(map);
    ::bpf_map_info facts{};
    std::uint32_t size = sizeof facts;
    REQUIRE(::bpf_map_get_info_by_fd(map.get(), &facts, &size) == 0);
    auto made = bl::attach(lent{*prog}, bl::hook::raw{.target = bl::fd_view{map},
                                                      .attach = bl::attach_type::sk_skb_verdict});
    if (is_unknown(made, "sockmaps")) return;
    auto l = must(std::move(made));
    CHECK(must(l.info()).type == bl::link_type::sockmap);
    CHECK(details_of<bl::sockmap_details>(l).map == bl::map_id{facts.id});
    CHECK(details_of<bl::sockmap_details>(l).attach == bl::attach_type::sk_skb_verdict);
    CHECK(l.state() == bl::link_state::attached);
    must(l.update(lent{*prog}, bl::expecting(lent{*prog})));
    must(l.detach());
    CHECK(l.state() == bl::link_state::defunct);
    CHECK_FALSE(details_of<bl::sockmap_details>(l).map);
}

TEST_CASE_FIXTURE(kernel_case, "a perf event's link only closes") {
    ::perf_event_attr clock{};
    clock.size = sizeof clock;
    clock.type = PERF_TYPE_SOFTWARE;
    clock.config = PERF_COUNT_SW_CPU_CLOCK;
    clock.sample_period = 1'000'000;
    bl::unique_fd const event{
        static_cast<int>(::syscall(SYS_perf_event_open, &clock, -1, 0, -1, PERF_FLAG_FD_CLOEXEC))};
    if (!event) return skip_case(std::string{"no software event: "} + std::strerror(errno));
    run_statistics const statistics;
    auto const prog = load_constant(bl::program_type::perf_event, bl::attach_type{}, 0);
    auto made = bl::attach(lent{prog}, bl::hook::raw{.target = bl::fd_view{event},
                                                     .attach = bl::attach_type::perf_event});
    if (is_unknown(made, "perf events")) return;
    auto l = must(std::move(made));
    CHECK(eventually([&] { return statistics.runs(prog) > 0; }));

    CHECK(must(l.info()).type == bl::link_type::perf_event);
    CHECK(must(l.info()).program == id_of_program(prog));
    CHECK(l.state() == bl::link_state::attached);
    check_error(l.update(lent{prog}), bl::errc::not_supported, {"(perf_event)"});
    check_error(l.detach(), bl::errc::not_supported, {"(perf_event)"});
    must(l.close());
    auto const runs = statistics.runs(prog);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    CHECK(statistics.runs(prog) == runs);
}

TEST_CASE_FIXTURE(kernel_case, "a fentry link tells its target") {
    constexpr char const* function = "bpf_fentry_test1";
    int const target = ::libbpf_find_vmlinux_btf_id(function, BPF_TRACE_FENTRY);
    if (target < 0)
        return skip_case(std::string{function} +
                         " is not in the kernel's types: " + std::strerror(-target));
    auto const prog =
        load(bl::program_type::tracing, bl::attach_type::trace_fentry, 0, bl::btf_id{target});
    if (!prog) return;
    constexpr bl::cookie cookie{0x1234'5678'9abc'def0ULL};
    ::bpf_link_create_opts with_cookie{};
    with_cookie.sz = sizeof with_cookie;
    with_cookie.tracing.cookie = cookie.value();
    bl::unique_fd made{::bpf_link_create(prog->get(), 0, BPF_TRACE_FENTRY, &with_cookie)};
    bool const has_cookie = static_cast<bool>(made);
    if (!made) {
        skip_part(std::string{"no cookie for fentry: "} + std::strerror(errno));
        made = bl::unique_fd{::bpf_raw_tracepoint_open(nullptr, prog->get())};
        REQUIRE(made);
    }
    auto l = must(bl::link::from_fd(std::move(made)));
    CHECK(must(l.info()).type == bl::link_type::tracing);
    CHECK(must(l.info()).program == id_of_program(*prog));
    auto const details = details_of<bl::tracing_details>(l);
    CHECK(details.attach == bl::attach_type::trace_fentry);
    if (details.target)
        CHECK(*details.target == bl::btf_id{target});
    else
        skip_part("the kernel does not report the target of a tracing link");
    if (details.cookie)
        CHECK(*details.cookie == (has_cookie ? cookie : bl::cookie{0}));
    else
        skip_part("the kernel does not report the cookie of a tracing link");
    CHECK(l.state() == bl::link_state::attached);
    check_error(l.update(lent{*prog}), bl::errc::not_supported, {"(tracing)"});
    check_error(l.detach(), bl::errc::not_supported, {"(tracing)"});
}
