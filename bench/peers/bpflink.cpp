// SPDX-License-Identifier: Apache-2.0
#include "need.hpp"
#include "serve.hpp"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>

namespace bl = bpflink;

namespace {

/// The operations on one link, and what they need.
class one_link {
public:
    explicit one_link(place const& where)
        : cgroup_{::open(where.cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
          iter_{need(bl::program::load_pinned(where.bpffs + "/iter"))},
          first_{need(bl::program::load_pinned(where.bpffs + "/first"))},
          second_{need(bl::program::load_pinned(where.bpffs + "/second"))},
          pinned_{where.bpffs + "/link"}, pin_{where.bpffs + "/bpflink"},
          link_{need(bl::attach(egress(first_), hook()))} {}

    tally attach_iter() {
        need(bl::attach(need(iter_.as<bl::program_type::tracing>()), bl::hook::iter{}));
        return {.seen = 1};
    }
    tally attach_cgroup() {
        need(bl::attach(egress(second_), hook()));
        return {.seen = 1};
    }
    tally update() {
        need(link_.update(egress(++turn_ % 2 == 0 ? first_ : second_)));
        return {.seen = 1};
    }
    tally pin() {
        need(link_.pin(pin_));
        need(link_.unpin());
        return {.seen = 1};
    }
    tally load_pinned() {
        need(bl::link::load_pinned(pinned_));
        return {.seen = 1};
    }

private:
    static bl::program_ref<bl::program_type::cgroup_skb> egress(bl::program const& loaded) {
        return need(loaded.as<bl::program_type::cgroup_skb>());
    }
    [[nodiscard]] bl::hook::cgroup hook() const {
        return {.cgroup = bl::fd_view{cgroup_}, .attach = bl::attach_type::cgroup_inet_egress};
    }

    bl::unique_fd cgroup_;
    bl::program iter_, first_, second_;
    std::string pinned_, pin_;
    bl::cgroup_link link_; // what is updated and pinned
    unsigned turn_ = 0;
};

} // namespace

int main(int argc, char** argv) try {
    one_link one{place_from(argc, argv)};
    serve({{"ids", {by_bpflink::link_ids}},
           {"handles", {by_bpflink::links}},
           {"infos", {by_bpflink::infos}},
           {"snapshot", {by_bpflink::snapshot}},
           {"attach_iter", {[&] { return one.attach_iter(); }}},
           {"attach_cgroup", {[&] { return one.attach_cgroup(); }}},
           {"update", {[&] { return one.update(); }}},
           {"pin", {[&] { return one.pin(); }}},
           {"load_pinned", {[&] { return one.load_pinned(); }}}});
} catch (std::exception const& e) {
    std::printf("error %s\n", e.what());
    return 1;
}
