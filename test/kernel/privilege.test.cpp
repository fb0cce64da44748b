// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

bool refused(bl::error const& e) {
    return e == bl::errc::permission_denied &&
           (e.code().value() == EPERM || e.code().value() == EACCES);
}

template <class T>
bool refused(bl::result<T> const& r) {
    return !r && refused(r.error());
}

/// One element, and that is the refusal.
template <class View>
bool only_refused(View view) {
    int elements = 0;
    bool all_refused = true;
    for (auto&& entry : view) {
        ++elements;
        all_refused = all_refused && refused(entry) &&
                      entry.error().message().find("CAP_SYS_ADMIN") != std::string::npos;
    }
    return elements == 1 && all_refused;
}

/// A snapshot that has the link, by the iterator.
bool has_by_iterator(bl::snapshotter& by, bl::link_id id) {
    auto const all = by.take();
    return all && by.source() == bl::snapshot_source::iterator &&
           std::ranges::find(*all, id, &bl::link_record::id) != all->end();
}

/// Neither by the iterator nor by the walk.
bool is_refused_both_ways() {
    bl::snapshotter by;
    return refused(by.take()) && by.source() == bl::snapshot_source::walk && by.why_walked() &&
           refused(*by.why_walked()) && refused(bl::snapshot()) &&
           refused(bl::find_links(bl::link_type::iter));
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "without privilege a walk is one element: the refusal") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const again = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    CHECK(as_nobody([&](steps& step) {
              step(only_refused(bl::links()), "links()");
              step(only_refused(bl::infos()), "infos()");
              step(only_refused(bl::link_ids()), "link_ids()");
              step(only_refused(bl::links(bl::link_id{1})), "links(1)");
              step(refused(bl::links() | bl::collect), "collect");
          }) == 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "without privilege nothing opens by id or pin, and nothing attaches") {
    sandbox::bpffs const fs;
    sandbox::cgroup const group;
    programs const p{"iter_tasks", "egress_a"};
    auto l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const id = must(l.info()).id;
    auto const path = fs.path() / "link";
    must(l.pin(path));
    auto const egress = p.skb("egress_a");
    auto const program = p.program_id("iter_tasks");
    bl::unique_fd const directory{::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

    CHECK(
        as_nobody([&](steps& step) {
            step(refused(bl::link::from_id(id)), "link::from_id");
            step(refused(bl::program::from_id(program)), "program::from_id");
            step(refused(bl::link::load_pinned(path)), "load_pinned");
            step(refused(bl::attach(egress, bl::hook::cgroup{bl::fd_view{directory},
                                                             bl::attach_type::cgroup_inet_egress})),
                 "attach");
            step(refused(l.unpin()), "unpin");
            step(l.is_pinned(), "a refused unpin forgets nothing");
            int seen = 0;
            for (auto&& entry : bl::pins(fs.path()))
                seen += refused(entry) ? 1 : 0;
            step(seen >= 1, "pins()");
        }) == 0);
    must(must(bl::link::load_pinned(path)).unpin());
}

TEST_CASE_FIXTURE(kernel_case, "without privilege a descriptor that was handed on still works") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const id = must(l.info()).id;
    auto const map = make_map();
    bool const tells = as_nobody([&](steps& step) {
                           step(!refused(l.info()), "whether the kernel tells anything");
                       }) == 0;
    if (!tells) skip_part("the kernel tells a process without privilege nothing of a link");
    CHECK(as_nobody([&](steps& step) {
              auto const copy = bl::link::duplicate(l.fd());
              step(copy.has_value(), "duplicate");
              if (tells) step(copy && copy->info() && copy->info()->id == id, "info");
              auto const not_link = bl::link::duplicate(bl::fd_view{map});
              step(!not_link && not_link.error() == bl::errc::not_a_link, "a map");
              auto const closed = bl::link::duplicate(bl::fd_view{987'654});
              step(!closed && closed.error() == bl::errc::invalid_argument, "not open");
          }) == 0);
}

// E23
TEST_CASE_FIXTURE(kernel_case,
                  "without /proc links, programs and maps of every sort are told apart") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    struct sort {
        ::bpf_map_type type;
        std::uint32_t key, value, entries, flags;
    };
    std::vector<bl::unique_fd> maps;
    for (sort const& each : {
             sort{BPF_MAP_TYPE_HASH, 4, 8, 4, 0},
             sort{BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0},
             sort{BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4, 0},
             sort{BPF_MAP_TYPE_LRU_HASH, 4, 8, 4, 0},
             sort{BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4, BPF_F_NO_PREALLOC},
             sort{BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0},
             sort{BPF_MAP_TYPE_STACK, 0, 8, 4, 0},
             sort{BPF_MAP_TYPE_RINGBUF, 0, 0, 4'096, 0},
             sort{BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0},
             sort{BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0},
             sort{BPF_MAP_TYPE_STACK_TRACE, 4, 8, 4, 0},
             sort{BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0},
             sort{BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0},
             sort{BPF_MAP_TYPE_SOCKMAP, 4, 4, 4, 0},
             sort{BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 4, 0},
         }) {
        ::bpf_map_create_opts options{};
        options.sz = sizeof options;
        options.map_flags = each.flags;
        bl::unique_fd map{
            ::bpf_map_create(each.type, "sort", each.key, each.value, each.entries, &options)};
        if (map) maps.push_back(std::move(map)); // else not this kernel's
    }
    CHECK(maps.size() >= 10);
    bl::unique_fd const file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    CHECK(in_child([&](steps& step) {
              step(::chroot("/dev") == 0 && ::access("/proc/self/fd", F_OK) < 0, "no /proc");
              for (auto const& map : maps)
                  step(bl::map_ref::from_fd(map).has_value(), "a map");
              auto const program = bl::fd_view{p.fd("iter_tasks")};
              step(!bl::map_ref::from_fd(program), "a program is no map");
              step(!bl::map_ref::from_fd(l.fd()), "a link is no map");
              step(!bl::map_ref::from_fd(file), "a file is no map");
              step(bl::link::duplicate(l.fd()).has_value(), "a link");
              auto const no_link = bl::link::duplicate(maps.front());
              step(!no_link && no_link.error() == bl::errc::not_a_link, "a map is no link");
          }) == 0);
}

// E23
TEST_CASE_FIXTURE(kernel_case, "without /proc a cgroup is not said to be gone") {
    sandbox::cgroup const group;
    auto const id = must(bl::cgroup_id_of(group.path()));
    CHECK(must(bl::cgroup_path_of(id)) == group.path());
    CHECK(in_child([&](steps& step) {
              step(::chroot("/dev") == 0, "no /proc");
              auto const path = bl::cgroup_path_of(id);
              step(!path && path.error() == bl::errc::not_supported, "its path");
          }) == 0);
}

// E23
TEST_CASE_FIXTURE(kernel_case, "without /proc and privilege, a link is not said to be none") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    CHECK(in_child([&](steps& step) {
              step(::chroot("/dev") == 0, "no /proc");
              step(::setresuid(65'534, 65'534, 65'534) == 0, "no privilege");
              auto const copy = bl::link::duplicate(l.fd());
              step(copy || copy.error() == bl::errc::permission_denied, "duplicate");
          }) == 0);
}

// E20
TEST_CASE_FIXTURE(kernel_case,
                  "what a process without descriptors asks for is unknown, not missing") {
    CHECK(in_child([&](steps& step) {
              ::rlimit before{};
              ::getrlimit(RLIMIT_NOFILE, &before);
              ::rlimit const none{0, before.rlim_max};
              ::setrlimit(RLIMIT_NOFILE, &none);
              for (char const* const hook : {"xdp", "cgroup", "iter", "tracing", "kprobe", "tcx"})
                  step(bl::detail::probe_support(hook).is == bl::support::answer::unknown, hook);
              ::setrlimit(RLIMIT_NOFILE, &before);
              step(bl::detail::probe_support("xdp").is == bl::support::answer::yes, "xdp again");
          }) == 0);
}

// E20
TEST_CASE_FIXTURE(kernel_case, "what cannot be asked for without /sys is unknown, not missing") {
    CHECK(in_child([&](steps& step) {
              step(::chroot("/dev") == 0, "no /sys");
              for (char const* const hook : {"iter", "tracing", "kprobe", "uprobe", "lsm"})
                  step(bl::detail::probe_support(hook).is == bl::support::answer::unknown, hook);
          }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a snapshot takes CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const id = must(l.info()).id;
    bl::snapshotter by;
    must(by.take());
    bool const has_iterator = by.source() == bl::snapshot_source::iterator;
    if (!has_iterator) skip_part("the kernel has no iterator over links");

    CHECK(with_capabilities({}, [&](steps& step) {
              bl::snapshotter walk{bl::snapshot_source::walk};
              step(refused(walk.take()), "the walk");
              if (has_iterator) step(is_refused_both_ways(), "without any capability");
          }) == 0);
    CHECK(with_capabilities({CAP_SYS_ADMIN}, [&](steps& step) {
              auto const all = bl::snapshot();
              step(all && std::ranges::find(*all, id, &bl::link_record::id) != all->end(),
                   "snapshot");
              auto const found = bl::find_links(bl::link_type::iter);
              step(found && std::ranges::find(*found, id, &bl::link_record::id) != found->end(),
                   "find_links");
              bl::snapshotter walk{bl::snapshot_source::walk};
              step(walk.take().has_value(), "the walk");
              bl::snapshotter any;
              if (has_iterator) step(has_by_iterator(any, id), "the iterator");
          }) == 0);
    if (!has_iterator) return;
    CHECK(with_capabilities({CAP_BPF, CAP_PERFMON}, [&](steps& step) {
              bl::snapshotter any;
              step(has_by_iterator(any, id), "the iterator");
              step(!any.why_walked(), "why_walked");
              auto const found = bl::find_links(bl::link_type::iter);
              step(found && std::ranges::find(*found, id, &bl::link_record::id) != found->end(),
                   "find_links");
              bl::snapshotter walk{bl::snapshot_source::walk};
              step(refused(walk.take()), "the walk");
          }) == 0);
    for (auto const alone : {CAP_BPF, CAP_PERFMON}) {
        CAPTURE(alone);
        CHECK(with_capabilities({static_cast<unsigned>(alone)}, [&](steps& step) {
                  step(is_refused_both_ways(), "one of the two");
              }) == 0);
    }
}

TEST_CASE_FIXTURE(kernel_case, "a program that was loaded with privilege serves without") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const id = must(l.info()).id;
    bl::snapshotter by;
    must(by.take());
    if (by.source() != bl::snapshot_source::iterator)
        return skip_case("the kernel has no iterator over links");
    bool const tells = as_nobody([&](steps& step) {
                           step(!refused(l.info()), "whether the kernel tells anything");
                       }) == 0;
    if (!tells) return skip_case("the kernel tells a process without privilege nothing of a link");
    CHECK(as_nobody([&](steps& step) { step(has_by_iterator(by, id), "the iterator"); }) == 0);
}
