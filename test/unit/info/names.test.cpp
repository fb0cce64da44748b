// SPDX-License-Identifier: Apache-2.0
// The names and numbers of link, program and attach types, next to libbpf's.
#include <bpflink/attach_type.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/operation.hpp>
#include <bpflink/program_type.hpp>

#include <array>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include <bpf/libbpf.h>

namespace bl = bpflink;

namespace {

/// Compares with all the names that libbpf knows; at least `least` of them, so that an old libbpf
/// does not make the test empty.
template <class Enum, class LibbpfEnum>
void check_names(char const* (*libbpf_name)(LibbpfEnum), unsigned end, unsigned least) {
    unsigned known = 0;
    std::set<std::string> seen;
    for (unsigned number = 0; number != end; ++number) {
        auto const name = to_string(static_cast<Enum>(number));
        CAPTURE(number);
        CHECK(name.find("unknown") == std::string::npos);
        CHECK(seen.insert(name).second);
        if (char const* const theirs = libbpf_name(static_cast<LibbpfEnum>(number))) {
            CHECK(name == theirs);
            ++known;
        }
    }
    CHECK(known >= least);
}

/// What is not listed keeps its number and prints it.
template <class Enum>
void check_unknown(unsigned first) {
    for (unsigned const number : {first, first + 1, 4'000'000'000U}) {
        auto const unknown = static_cast<Enum>(number);
        CHECK(static_cast<unsigned>(unknown) == number);
        CHECK(to_string(unknown) == "unknown(" + std::to_string(number) + ")");
    }
}

template <class T>
std::string printed(T value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

} // namespace

TEST_CASE("link types are named as the kernel names them, and unknown ones keep their number") {
    check_names<bl::link_type>(&libbpf_bpf_link_type_str, 16, 12);
    check_unknown<bl::link_type>(16);
    CHECK(printed(bl::link_type::perf_event) == "perf_event");
}

TEST_CASE("program types are named as the kernel names them, and unknown ones keep their number") {
    check_names<bl::program_type>(&libbpf_bpf_prog_type_str, 33, 33);
    check_unknown<bl::program_type>(33);
    CHECK(printed(bl::program_type::sched_cls) == "sched_cls");
}

TEST_CASE("attach types are named as the kernel names them, and unknown ones keep their number") {
    check_names<bl::attach_type>(&libbpf_bpf_attach_type_str, 62, 49);
    check_unknown<bl::attach_type>(62);
    CHECK(printed(bl::attach_type::tcx_egress) == "tcx_egress");
}

TEST_CASE("a link type is found by its name, and nothing by another text") {
    for (unsigned number = 0; number != 16; ++number) {
        auto const type = static_cast<bl::link_type>(number);
        CHECK(bl::parse_link_type(to_string(type)) == type);
    }
    for (auto const* const text : {"", "XDP", "xdp ", "unknown(16)", "kprobe"})
        CHECK_FALSE(bl::parse_link_type(text).has_value());
}

TEST_CASE("the newest numbers are those of the kernel's header") {
    CHECK(static_cast<int>(bl::link_type::sockmap) == 14);
    CHECK(static_cast<int>(bl::link_type::tracing_multi) == 15);
    CHECK(static_cast<int>(bl::program_type::netfilter) == 32);
    CHECK(static_cast<int>(bl::attach_type::tcx_ingress) == 46);
    CHECK(static_cast<int>(bl::attach_type::trace_kprobe_session) == 56);
    CHECK(static_cast<int>(bl::attach_type::trace_fsession_multi) == 61);
}

TEST_CASE("operations and states print as they are spelt") {
    std::map<bl::operation, std::string> const operations{
        {bl::operation::link_create, "link_create"},
        {bl::operation::link_update, "link_update"},
        {bl::operation::link_detach, "link_detach"},
        {bl::operation::link_get_fd_by_id, "link_get_fd_by_id"},
        {bl::operation::link_get_next_id, "link_get_next_id"},
        {bl::operation::link_get_info, "link_get_info"},
        {bl::operation::raw_tracepoint_open, "raw_tracepoint_open"},
        {bl::operation::iter_create, "iter_create"},
        {bl::operation::obj_pin, "obj_pin"},
        {bl::operation::obj_get, "obj_get"},
        {bl::operation::prog_get_fd_by_id, "prog_get_fd_by_id"},
        {bl::operation::prog_get_info, "prog_get_info"},
        {bl::operation::map_get_info, "map_get_info"},
        {bl::operation::identify, "identify"},
        {bl::operation::rename, "rename"},
        {bl::operation::unlink, "unlink"},
        {bl::operation::open, "open"},
        {bl::operation::read, "read"},
        {bl::operation::close, "close"},
        {bl::operation::duplicate, "duplicate"},
        {bl::operation::poll, "poll"},
        {bl::operation::stat, "stat"},
        {bl::operation::chown, "chown"},
        {bl::operation::chmod, "chmod"},
        {bl::operation::flock, "flock"},
        {bl::operation::mkdir, "mkdir"},
        {bl::operation::setns, "setns"},
    };
    for (auto const& [operation, name] : operations) {
        CHECK(to_string(operation) == name);
        CHECK(printed(operation) == name);
    }
    CHECK(printed(bl::link_state::attached) == "attached");
    CHECK(printed(bl::link_state::defunct) == "defunct");
    CHECK(printed(bl::link_state::unknown) == "unknown");
    CHECK(printed(bl::cgroup_iter_order::self_only) == "self_only");
    CHECK(printed(bl::cgroup_iter_order::children) == "children");
    CHECK(printed(static_cast<bl::cgroup_iter_order>(6)) == "unknown(6)");
}
