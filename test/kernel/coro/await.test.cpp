// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <string>
#include <string_view>

#include <sys/stat.h>

namespace bl = bpflink;

namespace {

using xdp_program = programs::xdp_ref;

bl::result<bl::xdp_link> start(xdp_program prog, bl::ifindex device, std::string_view path) {
    bl::xdp_link l = co_await bl::attach(prog, bl::hook::xdp{.ifindex = device});
    co_await l.pin(path);
    co_return std::move(l);
}

bl::result<bl::link_id> start_and_swap(xdp_program prog, xdp_program next, xdp_program expected,
                                       bl::ifindex device, std::string_view path) {
    bl::xdp_link l = co_await bl::attach(prog, bl::hook::xdp{.ifindex = device});
    auto const info = co_await l.info();
    if (!path.empty()) co_await l.pin(path);
    co_await l.update(next, bl::expecting(expected));
    co_return info.id;
}

bl::result<void> swap_pinned(xdp_program next, std::string_view path) {
    auto l = co_await bl::xdp_link::load_pinned(path);
    co_await l.update(next);
    if (l.state() != bl::link_state::attached)
        co_await tl::unexpected{bl::error{ENOLINK, bl::operation::link_update}};
}

bl::result<unsigned> count_links_of(bl::program_id program) {
    unsigned count = 0;
    for (auto&& entry : bl::infos()) {
        auto const info = co_await entry;
        if (info.program == program) ++count;
    }
    co_return count;
}

bool is_there(std::string const& file) {
    struct stat facts;
    return ::lstat(file.c_str(), &facts) == 0;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "co_await goes on with the value of each step") {
    sandbox::network net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    auto const path = fs.path() / "link";
    auto const send = [&] { net.send_to_loopback(3); };
    auto l = must(start(p.xdp("xdp_a"), net.loopback(), path));
    CHECK(p.runs_during("xdp_a", send) == 3);
    CHECK(l.pinned_path() == std::string_view{path});
    CHECK(must(count_links_of(p.program_id("xdp_a"))) == 1);

    must(swap_pinned(p.xdp("xdp_b"), path));
    CHECK(p.runs_during("xdp_b", send) == 3);
    CHECK(must(count_links_of(p.program_id("xdp_a"))) == 0);
    must(l.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "co_await stops at the first error and closes what was built") {
    sandbox::network net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    auto const path = fs.path() / "link";

    check_error(start(p.xdp("xdp_a"), net.loopback(), fs.path() / "a.b"),
                bl::errc::invalid_argument, {"obj_pin", "dot"});
    CHECK(must(count_links_of(p.program_id("xdp_a"))) == 0);
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) == 0);

    check_error(start_and_swap(p.xdp("xdp_a"), p.xdp("xdp_b"), p.xdp("xdp_b"), net.loopback(), ""),
                bl::errc::program_mismatch);
    CHECK(must(count_links_of(p.program_id("xdp_a"))) == 0);

    auto const first = must(start(p.xdp("xdp_a"), net.loopback(), path));
    check_error(start(p.xdp("xdp_b"), net.loopback(), fs.path() / "other"), bl::errc::hook_busy);
    CHECK_FALSE(is_there(fs.path() / "other"));
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) == 3);
    must(must(bl::link::load_pinned(path)).unpin());
}

TEST_CASE_FIXTURE(kernel_case, "co_await undoes nothing that is pinned by then") {
    sandbox::network net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    auto const path = fs.path() / "link";
    check_error(
        start_and_swap(p.xdp("xdp_a"), p.xdp("xdp_b"), p.xdp("xdp_b"), net.loopback(), path),
        bl::errc::program_mismatch);
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) == 3);
    auto l = must(bl::xdp_link::load_pinned(path));
    CHECK(must(l.info()).program == p.program_id("xdp_a"));
    must(l.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "co_await of a failure ends a function without a value") {
    sandbox::network net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    auto const path = fs.path() / "link";
    check_error(swap_pinned(p.xdp("xdp_b"), path), bl::errc::not_found, {path});
    auto l = must(start(p.xdp("xdp_a"), net.loopback(), path));
    must(l.detach());
    check_error(swap_pinned(p.xdp("xdp_b"), path), bl::errc::defunct);
    must(l.unpin());
}
