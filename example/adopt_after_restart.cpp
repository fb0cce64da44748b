// SPDX-License-Identifier: Apache-2.0
// A service that starts again takes over the link that it pinned before, after a look at it.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace bl = bpflink;
using xdp = bl::program_ref<bl::program_type::xdp>;

bl::result<bl::xdp_link> adopt_or_attach(xdp prog, bl::ifindex device, std::string_view path) {
    auto found = bl::xdp_link::load_pinned(path);
    if (found) {
        // An index alone does not tell: another network namespace may have it, too.
        auto const id = (co_await found->info()).id;
        auto const here = co_await bl::find_links(device);
        if (std::ranges::find(here, id, &bl::link_record::id) != here.end()) {
            co_await found->update(prog);
            std::cout << "adopted, with the new program\n";
            co_return *std::move(found);
        }
        if (found->state() != bl::link_state::defunct)
            co_return tl::unexpected{bl::error{EEXIST, bl::operation::obj_pin,
                                               bl::errc::already_exists, std::string{path},
                                               "another interface's link is pinned there"}};
        auto const on = co_await found->details();
        co_await found->unpin();
        std::cout << "unpinned one that was on interface " << on.ifindex << '\n'; // 0: it is gone
    } else if (found.error() != bl::errc::not_found)
        co_return tl::unexpected{found.error()};
    auto link = co_await bl::attach(prog, bl::hook::xdp{.ifindex = device});
    co_await link.pin(path);
    std::cout << "attached and pinned\n";
    co_return std::move(link);
}

bl::result<void> adopt_after_restart() {
    sandbox::enter_private_mounts();
    sandbox::bpffs const bpffs;
    sandbox::network network;
    auto const path = bpffs.path() + "/filter";
    test_programs const old_version{"xdp_a"};
    test_programs const new_version{"xdp_b"};
    auto const old_filter = co_await xdp::from(old_version.get("xdp_a"));
    auto const new_filter = co_await xdp::from(new_version.get("xdp_b"));
    auto const veth = network.add_veth();

    co_await adopt_or_attach(old_filter, veth.here, path); // the handle closes: the service is gone
    co_await adopt_or_attach(new_filter, veth.here, path); // and is there again, in a new version
    network.remove(veth.here);
    co_await adopt_or_attach(new_filter, network.loopback(), path);
    auto const before = new_version.runs("xdp_b"); // veth devices have packets of their own
    network.send_to_loopback(3);
    std::cout << "it saw " << new_version.runs("xdp_b") - before << " packets\n";
}

int main() {
    return run(adopt_after_restart);
}
