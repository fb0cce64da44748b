// SPDX-License-Identifier: Apache-2.0
#include "hook/cgroup.hpp"
#include "hook/create.hpp"
#include "hook/netkit.hpp"
#include "hook/netns.hpp"
#include "hook/sockmap.hpp"
#include "hook/tcx.hpp"

#include <bpflink/query.hpp>

#include <algorithm>
#include <cerrno>

namespace bpflink {
namespace {

/// The most programs that a hook takes; a query of lsm_cgroup has several hooks' programs.
constexpr std::size_t usual_room = 64;
constexpr int attempts = 16;

// What is not asked for stays 0: kernels that do not know a field refuse another number in it.
struct wanted {
    std::uint32_t target;
    attach_type attach;
    bool links = false;        // only for hooks that write them, since 6.6
    bool attach_flags = false; // only where the kernel insists, since 6.0
};

/// A negated errno, or 0 and the answer.
int ask(wanted const& what, hook_query& answer) {
    auto const address = [](std::vector<std::uint32_t> const& array) {
        return array.empty() ? 0 : reinterpret_cast<std::uintptr_t>(array.data());
    };
    std::size_t room = usual_room;
    for (int attempt = 0; attempt != attempts; ++attempt) {
        std::vector<std::uint32_t> programs(room);
        std::vector<std::uint32_t> links(what.links ? room : 0);
        std::vector<std::uint32_t> flags(what.attach_flags ? room : 0);
        uapi::prog_query_attr attr{};
        attr.target = what.target;
        attr.attach_type = static_cast<std::uint32_t>(what.attach);
        attr.prog_ids = address(programs);
        attr.count = static_cast<std::uint32_t>(room);
        attr.prog_attach_flags = address(flags);
        attr.link_ids = address(links);
        int const outcome = sys::prog_query(attr);
        if (outcome < 0 && outcome != -ENOSPC) return outcome;
        if (outcome == -ENOSPC || attr.count > room) {
            room = std::max<std::size_t>(attr.count, room + 1);
            continue;
        }
        answer.flags = attr.attach_flags;
        if (attr.revision != 0) answer.revision = revision{attr.revision};
        for (std::size_t i = 0; i != attr.count; ++i) {
            if (programs[i] == 0) continue; // it went while the kernel counted
            hook_query::entry each{program_id{programs[i]}, std::nullopt};
            if (what.links && links[i] != 0) each.link = link_id{links[i]};
            answer.entries.push_back(each);
        }
        return 0;
    }
    return -ENOSPC;
}

tl::unexpected<error> refused(int outcome, errc condition, std::string subject,
                              std::string advice) {
    return fail(outcome, operation::prog_query, condition, std::move(subject), std::move(advice));
}

tl::unexpected<error> refused(int outcome, std::string subject) {
    auto const advice = [&]() -> char const* {
        if (outcome == -EPERM) return "CAP_NET_ADMIN is needed";
        if (outcome == -ENOSPC) return "the hook grew each time it was asked about";
        return "";
    };
    return refused(outcome, usual_condition(-outcome), std::move(subject), advice());
}

/// The attach type that is asked about: a query has no program that could tell.
result<attach_type> named(std::optional<attach_type> attach, std::string const& subject) {
    if (attach) return *attach;
    return refused(-EINVAL, errc::invalid_argument, subject, "name the attach type to ask about");
}

result<hook_query> query_device(on_device const& where) {
    auto subject = describe(where);
    auto const attach = named(where.attach, subject);
    if (!attach) return tl::unexpected{attach.error()};
    if (auto const right =
            check_attach_type(*attach, where.takes, where.hook, operation::prog_query, subject);
        !right)
        return tl::unexpected{right.error()};
    hook_query answer;
    int const outcome = ask({where.ifindex.value(), *attach, true}, answer);
    if (outcome == 0) return answer;
    if (outcome == -EPERM || outcome == -ENOSPC) return refused(outcome, std::move(subject));
    return fail_on_device(outcome, operation::prog_query, where, std::move(subject));
}

/// The same, of those that a hook has.
result<attach_type> named(std::optional<attach_type> attach, attach_types_of_hook takes,
                          std::string_view hook, std::string const& subject) {
    return named(attach, subject).and_then([&](attach_type known) -> result<attach_type> {
        auto const taken = takes(known);
        if (taken != program_type::unspec) return known;
        return refused(-EINVAL, errc::invalid_argument, subject,
                       mismatch(taken, taken, known, hook));
    });
}

} // namespace

result<hook_query> query(hook::tcx const& where) {
    return query_device(place_of(where));
}

result<hook_query> query(hook::netkit const& where) {
    return query_device(place_of(where));
}

result<hook_query> query(hook::cgroup const& where) {
    auto subject = describe(where);
    auto const attach = named(where.attach, type_on<hook::cgroup>, "a cgroup", subject);
    if (!attach) return tl::unexpected{attach.error()};
    auto const opened = open_cgroup(where);
    if (!opened) return tl::unexpected{opened.error()};
    hook_query answer;
    bool const lsm = *attach == attach_type::lsm_cgroup;
    int const outcome = ask({raw_fd(opened->directory), *attach, false, lsm}, answer);
    switch (-outcome) {
    case 0: return answer;
    case EBADF:
        return refused(outcome, errc::invalid_argument, std::move(subject),
                       "the directory is not a version 2 cgroup, or a descriptor is not open");
    case EINVAL:
        return refused(outcome, errc::not_supported, std::move(subject),
                       "this kernel does not have attach type " + to_string(*attach));
    default: return refused(outcome, std::move(subject));
    }
}

result<hook_query> query(hook::netns const& where) {
    auto subject = describe(where);
    auto const attach = named(where.attach, type_on<hook::netns>, "a network namespace", subject);
    if (!attach) return tl::unexpected{attach.error()};
    hook_query answer;
    int const outcome = ask({raw_fd(where.netns), *attach}, answer);
    if (outcome == 0) return answer;
    if (outcome == -EINVAL)
        return refused(outcome, errc::invalid_argument, std::move(subject),
                       "the descriptor is not a network namespace's");
    return refused(outcome, std::move(subject));
}

result<hook_query> query(hook::sockmap const& where) {
    auto subject = describe(where);
    auto const attach = named(where.attach, type_on<hook::sockmap>, "a sockmap", subject);
    if (!attach) return tl::unexpected{attach.error()};
    hook_query answer;
    int const outcome = ask({raw_fd(where.map.fd()), *attach}, answer);
    if (outcome == 0) return answer;
    if (outcome != -EINVAL && outcome != -EOPNOTSUPP) return refused(outcome, std::move(subject));
    if (!is_sockmap(where.map.fd()))
        return refused(outcome, errc::invalid_argument, std::move(subject),
                       "the map is neither a sockmap nor a sockhash");
    return refused(outcome, errc::not_supported, std::move(subject),
                   "this kernel does not tell what is on a sockmap");
}

} // namespace bpflink
