// SPDX-License-Identifier: Apache-2.0
#include "hook/many_places.hpp"

#include <bpflink/supports.hpp>

#include <cerrno>

namespace bpflink {

using detail::attempt;
using detail::finding;

std::string several(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string{what} + (count == 1 ? "" : "s");
}

finding not_loaded_for(attempt const& tried, attach_type wanted) {
    auto const& prog = *tried.prog;
    if (prog.expected ? *prog.expected == wanted : !prog.loaded_for_none) return {match::no};
    return {match::yes, (prog.expected ? "attach type " + to_string(*prog.expected)
                                       : std::string{"no attach type"}) +
                            ", and " + to_string(wanted) + " is needed"};
}

finding without_sessions(attempt const& tried, attach_type session) {
    if (attach_to_nothing(tried.prog->fd, session) != EINVAL) return {match::no};
    if (detail::cached_support(tried.row).is == support::answer::no) return {match::no};
    if (tried.prog->expected == session) return {match::yes};
    // It may be loaded for something else: one that is not tells of the kernel.
    auto const trial = load_nothing(program_type::kprobe, session);
    if (!trial) return {};
    return {attach_to_nothing(trial.view(), session) == EINVAL ? match::yes : match::no};
}

finding counts_differ(std::size_t count, std::string_view what, std::size_t places,
                      std::string_view of) {
    if (count == 0 || count == places) return {match::no};
    return {match::yes, several(count, what) + " for " + several(places, of)};
}

} // namespace bpflink
