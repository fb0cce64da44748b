// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "info/answer.hpp"
#include "info/refuse_info.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_record.hpp>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace bpflink {
namespace {

constexpr std::size_t header_size = offsetof(uapi::link_info, padding);

int ask(fd_view link, uapi::link_info& raw, std::uint32_t& size) noexcept {
    size = sizeof raw;
    return sys::obj_get_info(link.get(), &raw, size);
}

detail::link_header header_of(uapi::link_info const& raw) noexcept {
    return {static_cast<link_type>(raw.type), link_id{raw.id}, program_id{raw.prog_id}};
}

link_info told(detail::answer&& whole) {
    auto const& raw = whole.raw;
    return {static_cast<link_type>(raw.type), link_id{raw.id}, program_id{raw.prog_id},
            detail::decode(std::move(whole))};
}

/// Becomes an info where that is constructed: moving one costs more than making it.
struct in_place_answer {
    detail::answer& whole;
    operator link_info() const { return told(std::move(whole)); }
};

} // namespace

namespace detail {

result<link_header> read_header(fd_view link) {
    uapi::link_info raw{};
    std::uint32_t size = header_size;
    if (int const outcome = sys::obj_get_info(link.get(), &raw, size); outcome < 0)
        return refuse_info(outcome, operation::link_get_info, link);
    return header_of(raw);
}

link_state read_state(fd_view link) noexcept {
    answer first;
    std::uint32_t size;
    if (ask(link, first.raw, size) < 0) return link_state::unknown;
    return state_of(told(std::move(first)));
}

wanted_links wanted_links::and_also(wanted_links const& other) const noexcept {
    bool const differ = (by_type && other.by_type && type != other.type) ||
                        (by_program && other.by_program && program != other.program);
    return {by_type ? type : other.type, by_program ? program : other.program,
            by_type || other.by_type, by_program || other.by_program, none || other.none || differ};
}

constexpr int unwanted = 1;

/// Nothing but marks in the array for cookies, which the first question had not.
inline bool cookies_may_be_marks(answer const& a) noexcept {
    return static_cast<link_type>(a.raw.type) == link_type::kprobe_multi &&
           a.raw.kprobe_multi.cookies != 0 && !has_function_cookies(a);
}

inline int info_reader::ask_all(fd_view link, answer& whole) {
    // The first question has no address and no mark in it. The kinds overlay each other's fields,
    // and the kernel would write to an address that was meant for another kind's.
    uapi::link_info first{};
    std::uint32_t known;
    if (int const outcome = ask(link, first, known); outcome < 0) return outcome;
    if (!wanted_(header_of(first))) return unwanted;
    if (!ask_for_more(first, known, reported_, whole)) return 0;
    int outcome = ask(link, whole.raw, known);
    if (outcome < 0) return outcome;
    if (cookies_may_be_marks(whole)) {
        auto const mark = other_than(whole.mark);
        whole = {};
        whole.mark = mark;
        if (!ask_for_more(first, known, reported_, whole)) return 0;
        outcome = ask(link, whole.raw, known);
        if (outcome < 0) return outcome;
    }
    if (shows_reported_fields(whole.raw)) learn(whole, reported_);
    return wanted_(header_of(whole.raw)) ? outcome : unwanted; // updated in between
}

void info_reader::read(fd_view link, std::optional<result<link_info>>& out) {
    // A file that a link is on may be renamed between the two questions. With too little room the
    // kernel does not tell how much it would take, so both are asked again.
    constexpr int enough = 5;
    for (int round = 1;; ++round) {
        answer whole;
        int const outcome = ask_all(link, whole);
        if (outcome == unwanted) return;
        if (outcome >= 0) {
            out.emplace(tl::in_place, in_place_answer{whole});
            return;
        }
        bool const too_small = outcome == -ENOSPC || outcome == -ENAMETOOLONG;
        if (too_small && round != enough) continue;
        out.emplace(refuse_info(outcome, operation::link_get_info, link));
        return;
    }
}

result<link_info> read_info(fd_view link) {
    std::optional<result<link_info>> info;
    info_reader{}.read(link, info);
    return *std::move(info);
}

result<link_record> read_record(fd_view link) {
    answer first;
    std::uint32_t size;
    if (int const outcome = ask(link, first.raw, size); outcome < 0)
        return refuse_info(outcome, operation::link_get_info, link);
    // The name says what an iterator's numbers mean.
    if (static_cast<link_type>(first.raw.type) == link_type::iter)
        return read_info(link).map(record_of);
    return record_of(told(std::move(first)));
}

} // namespace detail

} // namespace bpflink
