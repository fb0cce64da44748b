// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"

#include <bpflink/hook/any_hook.hpp>
#include <bpflink/lifecycle/candidate.hpp>
#include <bpflink/lifecycle/link_set.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>

namespace bpflink {
namespace {

using detail::refusal;

constexpr refusal null_pointer{EINVAL, errc::invalid_argument, "the object is a null pointer", "",
                               "bpf_object__next_program"};
constexpr refusal without_place{EINVAL, errc::invalid_argument,
                                "nothing tells where links of {} are, so that no set can keep them",
                                "attach, and hold the link", "bpf_perf_link_fill_link_info"};

} // namespace

detail::kept_candidate* detail::keep(result<borrowed_program> const& prog, any_hook const& where) {
    if (!prog) return new kept_candidate(prog.error());
    if (auto takes = check_type(*prog, where); !takes) return new kept_candidate(takes.error());
    return std::visit(
        [&]<class Hook>(Hook const& hook) {
            if constexpr (has_place<Hook>)
                return new kept_candidate(*prog, hook);
            else
                return new kept_candidate(
                    refuse_by(without_place, {match::yes, std::string{hook_traits<Hook>::name}},
                              operation::link_create, {})
                        .value());
        },
        where);
}

set_candidate candidate(::bpf_program const* prog, any_hook const& where) {
    return detail::make_candidate::of(detail::keep(detail::inspect(prog), where));
}

link_set& link_set::want_each(::bpf_object const* object, detail::hook_callback const& hooks) {
    if (!object) {
        if (!failed_) failed_ = refuse_by(null_pointer, {}, operation::read_section, {}).value();
        return *this;
    }
    struct guard { // of exceptions of the callback
        link_set* set;
        std::size_t size = set->members_.size();
        std::optional<error> failed = set->failed_;
        ~guard() {
            if (!set) return;
            set->members_.erase(set->members_.begin() + static_cast<std::ptrdiff_t>(size),
                                set->members_.end());
            set->failed_.swap(failed);
        }
    } unless_done{this};
    for (auto const* prog = sys::next_program(object, nullptr); prog;
         prog = sys::next_program(object, prog)) {
        if (!sys::program_autoload(prog) || !sys::program_autoattach(prog)) continue;
        auto const read = hook_of(prog);
        bool const makes_no_link = !read && read.error() == errc::not_supported;
        if (makes_no_link && !hooks.about_every) continue;
        bool const is_asked = hooks.about_every || (hooks.callback && !read);
        auto const said = is_asked ? hooks.ask(hooks.callback, prog, read) : detail::as_said(read);
        if (!said)
            add(sys::program_name(prog), {set_candidate{new detail::kept_candidate(said.error())}},
                false);
        else if (*said)
            add(sys::program_name(prog), {candidate(prog, **said)}, false);
    }
    unless_done.set = nullptr;
    return *this;
}

} // namespace bpflink
