// SPDX-License-Identifier: Apache-2.0
#include "hook/typed.hpp"

#include <bpflink/query.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::refusal;

/// The most programs that a hook takes; a query of lsm_cgroup has several hooks' programs.
constexpr std::size_t usual_room = 64;
constexpr int attempts = 16;

// Unused fields stay 0: kernels that do not know a field refuse another number in it.
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

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument,
            "the attach type is missing, which no program tells to a query",
            "name the attach type to ask about", "bpf_prog_query", attach_type_is_missing},
    refusal{EINVAL, errc::invalid_argument, "attach type {}", "", "bpf_prog_query",
            attach_type_of_another_hook},
};

constexpr std::array causes{
    refusal{ENOSPC, errc{}, "the hook grew each time it was asked about", "ask again",
            "bpf_mprog_query", always},
    refusal{EPERM, errc::permission_denied, "{} is missing", "run with it", "bpf_net_capable",
            lacks_net_admin},
    refusal{EPERM, errc::permission_denied, in_own_user_namespace, "use the first user namespace",
            "bpf_net_capable", net_admin_does_not_count},
};

/// @param links  whether the kernel tells them, since 6.6
template <class Hook>
result<hook_query> query_typed(Hook const& where, bool links) {
    auto const& row = hook_traits<Hook>::row();
    auto request = request_of(where);
    detail::attempt const tried{.row = row, .request = &request};
    auto const subject = [&] { return describe(where); };
    if (auto clear = check(tried, mistakes, operation::prog_query, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const place = open_place(where);
    if (!place) return tl::unexpected{place.error()};
    request.target = place->number;
    hook_query answer;
    bool const lsm = *where.attach == attach_type::lsm_cgroup;
    int const outcome = ask({request.target, *where.attach, links, lsm}, answer);
    if (outcome == 0) return answer;
    return refuse(outcome, operation::prog_query, subject(), tried,
                  {row.query_causes, causes, usual_causes()});
}

} // namespace

result<hook_query> query(hook::tcx const& where) {
    return query_typed(where, true);
}

result<hook_query> query(hook::netkit const& where) {
    return query_typed(where, true);
}

result<hook_query> query(hook::cgroup const& where) {
    return query_typed(where, false);
}

result<hook_query> query(hook::netns const& where) {
    return query_typed(where, false);
}

result<hook_query> query(hook::sockmap const& where) {
    return query_typed(where, false);
}

} // namespace bpflink
