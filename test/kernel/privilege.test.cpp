// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <grp.h>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// Runs `job` in a child process without any privilege. Each step that it is given and that does
/// not hold is an exit code.
class steps {
public:
    void operator()(bool holds, char const* what) {
        ++number_;
        if (holds || failed_ != 0) return;
        failed_ = number_;
        std::fprintf(stderr, "step %d as nobody: %s\n", number_, what);
    }
    [[nodiscard]] int failed() const noexcept { return failed_; }

private:
    int number_ = 0;
    int failed_ = 0;
};

/// The number of the step that failed first; 0 when none did.
int as_nobody(std::function<void(steps&)> const& job) {
    constexpr unsigned nobody = 65534;
    std::fflush(nullptr);
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (::setgroups(0, nullptr) < 0 || ::setresgid(nobody, nobody, nobody) < 0 ||
            ::setresuid(nobody, nobody, nobody) < 0)
            ::_exit(255);
        steps s;
        job(s);
        ::_exit(s.failed());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

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
