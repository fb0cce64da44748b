// SPDX-License-Identifier: Apache-2.0
#include "operations.hpp"

#include "need.hpp"

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string_view>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

std::uint32_t id_of(int link) {
    ::bpf_link_info info{};
    std::uint32_t size = 12; // type, id and program
    need(::bpf_link_get_info_by_fd(link, &info, &size));
    return info.id;
}

/// By its name in /proc, as a C programmer without bpf_link_get_info_by_fd()'s ambiguity would.
void require_link(int fd) {
    char path[32];
    char name[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    auto const length = ::readlink(path, name, sizeof name);
    std::string_view const told{name, length < 0 ? 0 : static_cast<std::size_t>(length)};
    if (told != "anon_inode:bpf_link" && told != "anon_inode:bpf-link")
        throw std::runtime_error{"not a link"};
}

} // namespace

operations::operations()
    : cgroup_fd_{::open(cgroup_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
      iter_{need(tracing_ref::from(programs_.get("iter_tasks")))},
      first_{need(cgroup_skb_ref::from(programs_.get("egress_a")))},
      second_{need(cgroup_skb_ref::from(programs_.get("egress_b")))},
      link_{need(bl::attach(first_, egress()))} {
    need(::bpf_obj_pin(link_.fd().get(), (bpffs_.path() + "/kept").c_str()));
}

bl::hook::cgroup operations::egress() const {
    return {.cgroup = bl::fd_view{cgroup_fd_}, .attach = bl::attach_type::cgroup_inet_egress};
}

std::uint32_t operations::id() const {
    return id_of(link_.fd().get());
}

std::vector<contest> operations::contests() {
    int const iter = iter_.fd().get();
    int const first = first_.fd().get();
    int const second = second_.fd().get();
    int const cgroup = cgroup_fd_.get();
    int const link = link_.fd().get();
    std::string const path = bpffs_.path() + "/link";
    std::string const kept = bpffs_.path() + "/kept";
    auto const pin_by_hand = [link, path] { need(::bpf_obj_pin(link, path.c_str())); };
    auto const unpin_by_hand = [path] { need(::unlink(path.c_str())); };

    return {
        {"attach + close, iterator",
         repeated([this] { need(bl::attach(iter_, bl::hook::iter{})); }),
         repeated([iter] { ::close(need(::bpf_link_create(iter, 0, BPF_TRACE_ITER, nullptr))); })},
        {"attach + close, cgroup", repeated([this] { need(bl::attach(second_, egress())); }),
         repeated([second, cgroup] {
             ::close(need(::bpf_link_create(second, cgroup, BPF_CGROUP_INET_EGRESS, nullptr)));
         })},
        {"update", repeated([this, turn = 0]() mutable {
             need(link_.update(++turn % 2 == 0 ? first_ : second_));
         }),
         repeated([link, first, second, turn = 0]() mutable {
             need(::bpf_link_update(link, ++turn % 2 == 0 ? first : second, nullptr));
         })},
        // The pin alone: both remove it, and look at nothing.
        {"attach + pin, iterator", repeated([this, path, unpin_by_hand] {
             need(bl::attach(iter_, bl::hook::iter{}) | bl::pin(path));
             unpin_by_hand();
         }),
         repeated([iter, path, unpin_by_hand] {
             int const made = need(::bpf_link_create(iter, 0, BPF_TRACE_ITER, nullptr));
             need(::bpf_obj_pin(made, path.c_str()));
             ::close(made);
             unpin_by_hand();
         })},
        {"pin + unpin", repeated([this, path] {
             need(link_.pin(path));
             need(link_.unpin());
         }),
         repeated([=] {
             pin_by_hand();
             unpin_by_hand();
         })},
        {"load_pinned", repeated([kept] { need(bl::link::load_pinned(kept)); }),
         repeated([kept] { ::close(need(::bpf_obj_get(kept.c_str()))); })},
        // What the library makes sure of, too: it is a link, and not another object.
        {"load_pinned, C checks too", repeated([kept] { need(bl::link::load_pinned(kept)); }),
         repeated([kept] {
             int const there = need(::bpf_obj_get(kept.c_str()));
             require_link(there);
             ::close(there);
         })},
        // Whether the pin is still a link's, and this one's, as unpin() makes sure.
        {"pin + unpin, C checks too", repeated([this, path] {
             need(link_.pin(path));
             need(link_.unpin());
         }),
         repeated([=] {
             pin_by_hand();
             int const there = need(::bpf_obj_get(path.c_str()));
             require_link(there);
             if (id_of(there) != id_of(link)) throw std::runtime_error{"another link's pin"};
             ::close(there);
             unpin_by_hand();
         })},
    };
}
