// SPDX-License-Identifier: Apache-2.0
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"

#include <bpflink/hook/tracing.hpp>

#include <array>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

finding cookie_without_attach_type(attempt const& tried) {
    bool const is_so = tried.as<cookie>() != cookie{} && !tried.prog->expected;
    return {is_so ? match::yes : match::no};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
            "bpf_tracing_prog_attach", not_loaded_for_it},
    refusal{EINVAL, errc::invalid_argument,
            "a cookie needs the attach type that the program was loaded for, which a descriptor "
            "does not tell",
            "attach program_ref::from, or expected_program", "link_create",
            cookie_without_attach_type},
};

constexpr std::array sections{
    detail::section{.kind = "fentry", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
    detail::section{.kind = "fentry.s", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
    detail::section{.kind = "fexit", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
    detail::section{.kind = "fexit.s", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
    detail::section{.kind = "fmod_ret", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
    detail::section{.kind = "fmod_ret.s", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
    detail::section{.kind = "fsession", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
    detail::section{.kind = "fsession.s", .rest = "FUNCTION", .read = as_loaded<hook::tracing>},
};

} // namespace

match hook_traits<hook::tracing>::matches(link_info const& info) noexcept {
    return matches_attach_type(info, attach_types);
}

detail::hook_row const& hook_traits<hook::tracing>::row() noexcept {
    static constexpr auto facts = row_for<hook::tracing>({
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_fentry,
                                  .target = "bpf_fentry_test1",
                                  .for_real = true},
        .mistakes = mistakes,
        .causes = trampoline_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::tracing>::create(detail::borrowed_program prog,
                                                     hook::tracing const& where) {
    return attach_where_loaded({.row = row(), .prog = &prog, .request = &where.cookie}, [&] {
        return prog.expected ? to_string(*prog.expected) + " program"
                             : std::string{"tracing program"};
    });
}

result<match> hook_traits<hook::tracing>::is_at(hook::tracing const&, located_link const& l) {
    return is_at_function(l, attach_types);
}

} // namespace bpflink
