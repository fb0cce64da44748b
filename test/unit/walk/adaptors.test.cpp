// SPDX-License-Identifier: Apache-2.0
#include "views/many_links.hpp"

#include <bpflink/hook/xdp.hpp>
#include <bpflink/typed_link.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>

#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace views = bl::views;

template <class Range>
std::vector<bl::link_id> info_ids(Range&& range) {
    std::vector<bl::link_id> ids;
    for (auto&& info : range) {
        REQUIRE(info.has_value());
        ids.push_back(info->id);
    }
    return ids;
}

} // namespace

TEST_CASE_FIXTURE(many_links, "of_type passes the links of one kind") {
    CHECK(ids_of(bl::links() | views::of_type(bl::link_type::xdp)) == xdp_ids);
    CHECK(ids_of(bl::links() | views::of_type(bl::link_type::raw_tracepoint)) == tracepoint_ids);
    CHECK(ids_of(bl::links() | views::of_type(bl::link_type::tcx)).empty());
    CHECK(open_descriptors().empty());
    CHECK(most_open() == 1);
}

TEST_CASE_FIXTURE(many_links, "of_program passes the links that run one program") {
    CHECK(ids_of(bl::links() | views::of_program(bl::program_id{xdp_prog.id})) == xdp_ids);
    CHECK(ids_of(bl::links() | views::of_program(bl::program_id{7})).empty());
}

TEST_CASE_FIXTURE(many_links, "infos are filtered with fewer system calls") {
    CHECK(info_ids(bl::infos() | views::of_type(bl::link_type::xdp)) == xdp_ids);
    CHECK(info_ids(bl::infos() | views::of_program(bl::program_id{tracepoint_prog.id})) ==
          tracepoint_ids);
    forget_calls();
    for (auto&& info : bl::infos())
        REQUIRE(succeeded(info));
    int const plain = system_calls();
    forget_calls();
    CHECK(info_ids(bl::infos() | views::of_type(bl::link_type::xdp)) == xdp_ids);
    CHECK(system_calls() < plain); // the others are not asked for their names
}

TEST_CASE_FIXTURE(many_links, "each link is asked once, with one small call") {
    for (auto&& link : bl::links() | views::of_type(bl::link_type::xdp))
        REQUIRE(succeeded(link));
    CHECK(system_calls() == 4 * count + 1);
    forget_calls();
    auto view = bl::links() | views::of_type(bl::link_type::xdp);
    auto it = view.begin();
    (void)*it;
    (void)*it;
    CHECK(calls(call::obj_get_info) == 1);
}

TEST_CASE_FIXTURE(many_links, "adaptors are lazy") {
    auto view = bl::links() | views::of_type(bl::link_type::raw_tracepoint);
    CHECK(system_calls() == 0);
    auto it = view.begin();
    CHECK(system_calls() == 0);
    CHECK(id_of(**it) == tracepoint_ids[0]);
    CHECK(opened() == 2); // no further than the first that passes
}

TEST_CASE_FIXTURE(many_links, "errors pass") {
    fail(call::link_get_fd_by_id, EMFILE, 2);
    fail(call::link_get_next_id, EPERM, 8);
    std::vector<bl::link_id> seen;
    std::vector<int> numbers;
    for (auto&& link : bl::links() | views::of_type(bl::link_type::xdp))
        if (link)
            seen.push_back(id_of(*link));
        else
            numbers.push_back(link.error().code().value());
    CHECK(seen == std::vector{ids[0], ids[2], ids[4], ids[6]});
    CHECK(numbers == std::vector{EMFILE, EPERM});
}

TEST_CASE_FIXTURE(many_links, "a link that cannot be asked for its kind is that error") {
    fail(call::obj_get_info, EACCES, 3); // asked for the first, by the loop, for the second
    std::vector<bl::link_id> seen;
    int errors = 0;
    for (auto&& link : bl::links() | views::of_type(bl::link_type::xdp)) {
        if (link) {
            seen.push_back(bl::detail::read_header(link->fd())->id);
            continue;
        }
        ++errors;
        CHECK(seen.size() == 1);
        check_error(link.error(), EACCES, bl::operation::link_get_info,
                    bl::errc::permission_denied);
        CHECK(open_descriptors().empty()); // the link was closed
    }
    CHECK(errors == 1);
    CHECK(seen == xdp_ids);
}

TEST_CASE_FIXTURE(many_links, "what passes can be moved out") {
    std::vector<bl::xdp_link> kept;
    for (auto&& link : bl::links() | views::of_type(bl::link_type::xdp)) {
        REQUIRE(succeeded(link));
        auto typed = std::move(*link).as<bl::xdp_link>();
        REQUIRE(succeeded(typed));
        kept.push_back(*std::move(typed));
    }
    CHECK(kept.size() == xdp_ids.size());
    CHECK(open_descriptors().size() == kept.size());
    auto all = bl::links() | views::of_type(bl::link_type::xdp) | bl::collect;
    REQUIRE(succeeded(all));
    static_assert(std::is_same_v<decltype(all), bl::result<std::vector<bl::link>>>);
    CHECK(all->size() == xdp_ids.size());
}

TEST_CASE_FIXTURE(many_links, "adaptors follow each other") {
    auto const by_both = [&](bl::program_id program) {
        return ids_of(bl::links() | views::of_type(bl::link_type::xdp) |
                      views::of_program(program));
    };
    CHECK(by_both(bl::program_id{xdp_prog.id}) == xdp_ids);
    CHECK(by_both(bl::program_id{tracepoint_prog.id}).empty());
}

TEST_CASE_FIXTURE(many_links, "adaptors stand before and after those of std") {
    CHECK(ids_of(bl::links() | views::of_type(bl::link_type::xdp) | std::views::take(2)) ==
          std::vector{ids[0], ids[2]});
    CHECK(ids_of(bl::links() | std::views::drop(3) | views::of_type(bl::link_type::xdp)) ==
          std::vector{ids[4], ids[6], ids[8]});
    CHECK(ids_of(bl::links() | std::views::filter(bl::has_value) |
                 views::of_type(bl::link_type::xdp) | std::views::filter(bl::has_value)) ==
          xdp_ids);
    CHECK(info_ids(bl::infos() | std::views::take(3) | views::of_type(bl::link_type::xdp)) ==
          std::vector{ids[0], ids[2]});
}

TEST_CASE_FIXTURE(many_links, "a named view is copied, and starts anew each time") {
    auto all = bl::links();
    CHECK(ids_of(all | views::of_type(bl::link_type::xdp)) == xdp_ids);
    CHECK(ids_of(all | views::of_type(bl::link_type::xdp)) == xdp_ids);
    auto filtered = all | views::of_type(bl::link_type::raw_tracepoint);
    auto copy = filtered;
    CHECK(ids_of(filtered) == tracepoint_ids);
    CHECK(ids_of(copy) == tracepoint_ids);
    CHECK(ids_of(filtered) == tracepoint_ids);
}

// E7
TEST_CASE_FIXTURE(many_links, "a loop over a named pipeline that is left early holds no link") {
    auto const leave = [this](auto&& named) {
        for (auto&& link : named) {
            REQUIRE(succeeded(link));
            CHECK(open_descriptors().size() == 1);
            break;
        }
        CHECK(open_descriptors().empty());
    };
    leave(bl::links() | views::of_type(bl::link_type::raw_tracepoint));
    leave(bl::links() | views::of_type(bl::link_type::xdp) |
          views::of_program(bl::program_id{xdp_prog.id}));
    leave(bl::links() | views::of_type(bl::link_type::xdp) | std::views::take(2));
    leave(bl::links() | std::views::filter(bl::has_value) |
          views::of_type(bl::link_type::raw_tracepoint));
    auto all = bl::links();
    leave(all | views::of_type(bl::link_type::raw_tracepoint));
}

TEST_CASE_FIXTURE(many_links, "infos that were kept can be filtered too") {
    std::vector<bl::result<bl::link_info>> kept;
    for (auto&& info : bl::infos())
        kept.push_back(std::move(info));
    forget_calls();
    CHECK(info_ids(kept | views::of_type(bl::link_type::xdp)) == xdp_ids);
    CHECK(info_ids(kept | views::of_type(bl::link_type::xdp)) == xdp_ids); // copied, not moved out
    CHECK(system_calls() == 0);
}
