// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <source_location>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// The process can open `left` descriptors more, as long as this lives.
class few_descriptors {
public:
    explicit few_descriptors(unsigned left) {
        // The kernel hands out the lowest free number below the limit. Above the highest number in
        // use there are no holes to count.
        int highest = 0;
        for (int fd = 0; fd != 1024; ++fd)
            if (::fcntl(fd, F_GETFD) >= 0) highest = fd;
        while (true) { // fill the holes
            int const fd = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
            REQUIRE(fd >= 0);
            if (fd > highest) {
                ::close(fd);
                break;
            }
            holes_.emplace_back(fd);
        }
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit const few{static_cast<rlim_t>(highest) + 1 + left, before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    }
    ~few_descriptors() { lift(); }
    few_descriptors(few_descriptors const&) = delete;
    few_descriptors& operator=(few_descriptors const&) = delete;

    void lift() const { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    std::vector<bl::unique_fd> holes_;
    rlimit before_{};
};

struct some_links {
    programs p{"iter_tasks"};
    std::vector<bl::iter_link> links;
    std::vector<bl::link_id> ids;

    some_links() {
        for (int i = 0; i != 4; ++i) {
            links.push_back(must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{})));
            ids.push_back(must(links.back().info()).id);
        }
    }
    [[nodiscard]] bl::link_id before() const { return bl::link_id{ids.front().value() - 1}; }
};

/// EMFILE stands for no condition, and so meets none.
void check_no_descriptor(bl::error const& e) {
    CHECK(e.code().value() == EMFILE);
    CHECK(e.code() == std::errc::too_many_files_open);
    CHECK(e != bl::errc::permission_denied);
    CHECK(e.message().find("EMFILE") != std::string::npos);
}

template <class T>
void check_no_descriptor(bl::result<T> const& r,
                         std::source_location where = std::source_location::current()) {
    if (r)
        FAIL_CHECK("it succeeded at ", place(where));
    else
        check_no_descriptor(r.error());
}

} // namespace

TEST_CASE_FIXTURE(kernel_case,
                  "without a free descriptor every link is an error, and the walk ends") {
    some_links const own;
    std::vector<bl::error> of_links;
    std::vector<bl::error> of_infos;
    std::size_t values = 0;
    {
        few_descriptors const none{0};
        for (auto&& entry : bl::links())
            if (entry)
                ++values;
            else
                of_links.push_back(entry.error());
        for (auto&& entry : bl::infos())
            if (entry)
                ++values;
            else
                of_infos.push_back(entry.error());
    }
    CHECK(values == 0);
    for (auto const* errors : {&of_links, &of_infos}) {
        for (auto const& e : *errors) {
            check_no_descriptor(e);
            CHECK(e.where() == bl::operation::link_get_fd_by_id);
        }
        for (auto const id : own.ids) // each link is named
            CHECK(std::ranges::count(*errors, "link " + std::to_string(id.value()),
                                     [](bl::error const& e) { return e.subject(); }) == 1);
    }
}

TEST_CASE_FIXTURE(kernel_case, "one free descriptor is enough for a walk over all links") {
    some_links const own;
    std::vector<bl::link_id> seen;
    std::size_t errors = 0;
    {
        few_descriptors const one{1};
        for (auto&& entry : bl::links())
            if (auto const info = entry ? entry->info() : tl::unexpected{entry.error()})
                seen.push_back(info->id);
            else
                ++errors;
        for (auto&& entry : bl::infos())
            if (!entry) ++errors;
    }
    CHECK(errors == 0);
    for (auto const id : own.ids)
        CHECK(std::ranges::count(seen, id) == 1);
}

TEST_CASE_FIXTURE(kernel_case, "a walk goes on after an error when descriptors are free again") {
    some_links const own;
    few_descriptors const none{0};
    auto view = bl::links(own.before());
    auto it = view.begin();
    check_no_descriptor(*it);
    none.lift();
    ++it;
    for (auto const id : {own.ids[1], own.ids[2], own.ids[3]}) {
        REQUIRE(it != view.end());
        auto&& entry = *it;
        CHECK(must(must(std::move(entry)).info()).id == id);
        ++it;
    }
}

TEST_CASE_FIXTURE(kernel_case, "what fails for want of a descriptor leaves all as it was") {
    sandbox::bpffs const fs;
    sandbox::network net;
    sandbox::cgroup const group;
    some_links own;
    programs const p{"xdp_a", "egress_a"};
    auto const path = fs.path() / "link";
    auto const next = fs.path() / "next";
    must(own.links[0].pin(path));
    auto const xdp = p.xdp("xdp_a");
    auto const egress = p.skb("egress_a");
    auto const own_program = own.p.program_id("iter_tasks");
    {
        few_descriptors const none{0};
        check_no_descriptor(bl::attach(xdp, bl::hook::xdp{.ifindex = net.loopback()}));
        check_no_descriptor(bl::attach(
            egress, bl::hook::cgroup{group.path(), bl::attach_type::cgroup_inet_egress}));
        check_no_descriptor(bl::link::duplicate(own.links[0].fd()));
        check_no_descriptor(bl::link::from_id(own.ids[0]));
        check_no_descriptor(bl::link::load_pinned(path));
        check_no_descriptor(own.links[0].open());
        check_no_descriptor(bl::program::from_id(own_program));
        check_no_descriptor(own.links[0].pin(next));
        check_no_descriptor(own.links[0].unpin());
        check_no_descriptor(own.links[0].replace_pin(next));
        int elements = 0;
        for (auto&& entry : bl::pins(fs.path())) {
            check_no_descriptor(entry);
            ++elements;
        }
        CHECK(elements == 1);
        check_no_descriptor(bl::attach(xdp, bl::hook::xdp{.ifindex = net.loopback()}) |
                            bl::pin(next));
    }
    CHECK(own.links[0].pinned_path() == std::string_view{path});
    CHECK(must(must(bl::link::load_pinned(path)).info()).id == own.ids[0]);
    check_error(bl::link::load_pinned(next), bl::errc::not_found);
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) == 0);
    must(own.links[0].unpin());
}
