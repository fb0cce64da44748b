// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "hook/section.hpp"

#include <bpflink/hook/any_hook.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::hook_row;
using detail::refusal;
using detail::section;

finding other_program_type(attempt const& tried) {
    auto const is = tried.prog->type;
    auto const taken = tried.row.program_types;
    if (is == program_type::unspec || std::ranges::find(taken, is) != taken.end())
        return {match::no};
    return {match::yes,
            to_string(is) + ", and " + (taken.empty() ? "a map" : either_of(taken)) + " is needed"};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "the program is of type {}", "",
            "bpf_prog_attach_check_attach_type", other_program_type},
};

constexpr refusal null_pointer{EINVAL, errc::invalid_argument, "the program is a null pointer", "",
                               "bpf_program__section_name"};
constexpr refusal says_too_little{EINVAL, errc::invalid_argument, "its section does not say {}", "",
                                  "bpf_program__attach"};
constexpr refusal makes_no_link{EOPNOTSUPP, errc::not_supported,
                                "no link is made of this section: {}", "", "bpf_program__attach"};
constexpr refusal not_libbpfs{ESRCH, errc::invalid_argument, "libbpf has no section of this name",
                              "attach it to a hook that the code names",
                              "libbpf_find_prog_sec_def"};

/// Sections that are for no hook.
constexpr std::array others{
    section{.kind = "socket", .no_link = "attach_socket_filter() attaches it to a socket"},
    section{.kind = "sk_reuseport", .no_link = "setsockopt(2) attaches it to sockets"},
    section{.kind = "sk_reuseport/migrate", .no_link = "setsockopt(2) attaches it to sockets"},
    section{.kind = "action", .no_link = "tc(8) attaches it"},
    section{.kind = "syscall", .no_link = "BPF_PROG_TEST_RUN runs it"},
    section{.kind = "lwt_in", .no_link = "ip-route(8) attaches it to a route"},
    section{.kind = "lwt_out", .no_link = "ip-route(8) attaches it to a route"},
    section{.kind = "lwt_xmit", .no_link = "ip-route(8) attaches it to a route"},
    section{.kind = "lwt_seg6local", .no_link = "ip-route(8) attaches it to a route"},
    section{.kind = "lirc_mode2", .no_link = "BPF_PROG_ATTACH attaches it to an infrared device"},
};

struct known_section {
    section const* is = nullptr;
    std::string_view hook;
};

bool is_named(section const& known, std::string_view name) {
    if (!name.starts_with(known.kind)) return false;
    if (name.size() == known.kind.size()) return true;
    return !known.rest.empty() && name[known.kind.size()] == '/';
}

/// One that has all of the name comes before one that has its beginning.
known_section find_section(std::string_view name) {
    known_section found;
    auto const look_in = [&](std::span<section const> sections, std::string_view hook) {
        for (auto const& each : sections)
            if (is_named(each, name) && (!found.is || each.kind.size() > found.is->kind.size()))
                found = {&each, hook};
    };
    each_row([&](hook_row const& row) { look_in(row.sections, row.name); });
    look_in(others, {});
    return found;
}

/// "which function, as SEC("kprobe/FUNCTION") does"
std::string what_is_missing(section const& known) {
    std::string text{known.lacks};
    if (!known.read) return text;
    return text.append(", as SEC(\"")
        .append(known.kind)
        .append("/")
        .append(known.rest)
        .append("\") does");
}

} // namespace

result<any_hook> hook_of(::bpf_program const* prog) {
    if (!prog) return refuse_by(null_pointer, {}, operation::read_section, {});
    std::string_view const name = sys::program_section(prog);
    auto const [known, hook] = find_section(name);
    if (known && known->read) {
        auto const rest = name.substr(std::min(name.size(), known->kind.size() + 1));
        if (auto where = known->read(known->kind, rest)) return *std::move(where);
    }
    auto const refused = [&](refusal const& why, std::string what = {}) {
        std::string subject = std::string{"program '"} + sys::program_name(prog) + "' of SEC(\"";
        return refuse_by(why, {match::yes, std::move(what)}, operation::read_section,
                         subject.append(name).append("\")"));
    };
    if (!known) return refused(not_libbpfs);
    if (!known->no_link.empty()) return refused(makes_no_link, std::string{known->no_link});
    auto const remedy = "attach it to hook::" + std::string{hook} + ", which does";
    auto why = says_too_little;
    why.remedy = remedy;
    return refused(why, what_is_missing(*known));
}

result<void> detail::check_type(borrowed_program const& prog, any_hook const& where) {
    return std::visit(
        [&]<class Hook>(Hook const& hook) {
            attempt const tried{.row = hook_traits<Hook>::row(), .prog = &prog, .request = &hook};
            return check(tried, mistakes, operation::link_create,
                         [] { return std::string{hook_traits<Hook>::name}; });
        },
        where);
}

result<unique_fd> detail::create(borrowed_program const& prog, any_hook const& where) {
    if (auto takes = check_type(prog, where); !takes)
        return tl::unexpected{std::move(takes).error()};
    return std::visit(
        [&]<class Hook>(Hook const& hook) { return hook_traits<Hook>::create(prog, hook); }, where);
}

result<link> attach(::bpf_program const* prog, any_hook const& where) {
    return detail::inspect(prog)
        .and_then([&](detail::borrowed_program const& lent) { return detail::create(lent, where); })
        .map([](unique_fd&& fd) { return detail::access::make_link(std::move(fd)); });
}

} // namespace bpflink
