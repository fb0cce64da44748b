// SPDX-License-Identifier: Apache-2.0
#include "tc.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/operation.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace tool::on {
namespace {

namespace bl = bpflink;
using bytes = std::span<std::byte const>;

/// The number or struct at the start; zeros where that is too short.
template <class T>
T read_as(bytes from) {
    T value{};
    if (from.size() >= sizeof value) std::memcpy(&value, from.data(), sizeof value);
    return value;
}

std::string_view text_of(bytes from) {
    std::string_view const text{reinterpret_cast<char const*>(from.data()), from.size()};
    return text.substr(0, text.find('\0'));
}

/// Calls `visit` with the head of each part, and with what follows.
template <class Head, class Visit>
void each_part(bytes all, auto Head::* length, Visit visit) {
    constexpr std::size_t aligned = 4; // NLMSG_ALIGNTO and RTA_ALIGNTO
    while (all.size() >= sizeof(Head)) {
        auto const head = read_as<Head>(all);
        std::size_t const size = head.*length;
        if (size < sizeof(Head) || size > all.size()) return;
        visit(head, all.subspan(sizeof(Head), size - sizeof(Head)));
        all = all.subspan(std::min((size + aligned - 1) / aligned * aligned, all.size()));
    }
}

template <class Visit>
void each_attribute(bytes all, Visit visit) {
    each_part(all, &rtattr::rta_len, [&](rtattr const& head, bytes value) {
        visit(head.rta_type & NLA_TYPE_MASK, value);
    });
}

/// Asks rtnetlink for all objects of a kind: `visit` gets the head of each, and its attributes.
/// Returns 0, or a negated errno.
template <class Visit>
int dump(unsigned short kind, tcmsg const& about, Visit visit) {
    bl::unique_fd const socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (!socket) return -errno;
    struct {
        nlmsghdr head;
        tcmsg about;
    } question{{}, about};
    question.head.nlmsg_len = sizeof question;
    question.head.nlmsg_type = kind;
    question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    if (::send(socket.get(), &question, sizeof question, 0) < 0) return -errno;
    std::array<std::byte, 32768> answer; // the most that the kernel puts into one
    std::optional<int> outcome;
    while (!outcome) {
        auto const size = ::recv(socket.get(), answer.data(), answer.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return size < 0 ? -errno : -EIO;
        each_part(bytes{answer}.first(static_cast<std::size_t>(size)), &nlmsghdr::nlmsg_len,
                  [&](nlmsghdr const& head, bytes message) {
                      if (head.nlmsg_type == NLMSG_DONE)
                          outcome = 0;
                      else if (head.nlmsg_type == NLMSG_ERROR)
                          outcome = read_as<int>(message);
                      else if (message.size() >= sizeof(tcmsg))
                          visit(read_as<tcmsg>(message), message.subspan(sizeof(tcmsg)));
                  });
    }
    return *outcome;
}

/// "clsact", "ingress", or nothing where neither is there.
int find_qdisc(int index, std::string& kind) {
    return dump(RTM_GETQDISC, {}, [&](tcmsg const& head, bytes attributes) {
        if (head.tcm_ifindex != index || head.tcm_parent != TC_H_INGRESS) return;
        each_attribute(attributes, [&](int type, bytes value) {
            if (type == TCA_KIND) kind = text_of(value);
        });
    });
}

std::optional<tc_filter> read_filter(tcmsg const& head, bytes attributes) {
    tc_filter found;
    found.priority = TC_H_MAJ(head.tcm_info) >> 16;
    found.handle = head.tcm_handle;
    bool is_bpf = false;
    each_attribute(attributes, [&](int type, bytes value) {
        if (type == TCA_KIND) is_bpf = text_of(value) == "bpf";
        if (type == TCA_CHAIN) found.chain = read_as<std::uint32_t>(value);
        if (type != TCA_OPTIONS) return;
        each_attribute(value, [&](int inner, bytes of_bpf) {
            if (inner == TCA_BPF_ID) found.program = bl::program_id{read_as<std::uint32_t>(of_bpf)};
            if (inner == TCA_BPF_FLAGS)
                found.is_direct = (read_as<std::uint32_t>(of_bpf) & TCA_BPF_FLAG_ACT_DIRECT) != 0;
        });
    });
    // The kernel lists the filters of each kind, and classic BPF, which has no id.
    if (!is_bpf || found.program == bl::program_id{}) return std::nullopt;
    return found;
}

/// Of a chain, the kernel's order is that of running: by priority, and then the last one first
/// (net/sched/cls_api.c, tc_dump_tfilter(); cls_bpf.c, cls_bpf_walk(); read at v6.18).
int find_filters(int index, unsigned side, std::vector<tc_filter>& into) {
    tcmsg about{};
    about.tcm_ifindex = index;
    about.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
    return dump(RTM_GETTFILTER, about, [&](tcmsg const& head, bytes attributes) {
        auto const found = read_filter(head, attributes);
        if (!found) return;
        auto const behind = std::ranges::upper_bound(into, found->chain, {}, &tc_filter::chain);
        into.insert(behind, *found);
    });
}

} // namespace

bl::result<tc_filters> tc_filters_of(bl::ifindex index) {
    auto const number = static_cast<int>(index.value());
    tc_filters found;
    std::string kind;
    int outcome = find_qdisc(number, kind);
    if (outcome == 0 && !kind.empty())
        outcome = find_filters(number, TC_H_MIN_INGRESS, found.ingress);
    // The qdisc named ingress would answer with the same ones.
    if (outcome == 0 && kind == "clsact")
        outcome = find_filters(number, TC_H_MIN_EGRESS, found.egress);
    if (outcome == 0) return found;
    return tl::unexpected{bl::error{-outcome, bl::operation::prog_query, "filters of tc"}};
}

} // namespace tool::on
