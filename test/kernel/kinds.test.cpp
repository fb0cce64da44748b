// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"

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

// Kinds of link without a hook of their own yet: they are met in every walk, and handled by the
// untyped link. Attached by hook::raw where it can, else by libbpf.

namespace bl = bpflink;

namespace {

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

TEST_CASE_FIXTURE(kernel_case, "a perf event's link only closes") {
    auto const event = open_clock(1'000'000);
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
