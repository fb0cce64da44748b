// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/missing_place.hpp"

#include "hook/create.hpp"

#include <bpflink/targets.hpp>

#include <cerrno>
#include <string>

namespace bpflink {

bool is_missing(error const& why) {
    if (why.where() == operation::obj_pin || why.where() == operation::obj_get) return false;
    return why == errc::not_supported || why == errc::not_found;
}

std::optional<error> missing(detail::kept_candidate const& its) {
    if (its.is_supported)
        if (auto const has = its.is_supported(); has.is == support::answer::no)
            return error{EOPNOTSUPP, operation::link_create, errc::not_supported,
                         std::string{its.place.hook.name}, has.why};
    if (!its.device) return std::nullopt;
    auto const name = interface_name_of(*its.device);
    return name || !is_missing(name.error()) ? std::nullopt : std::optional{name.error()};
}

std::optional<error> missing_to_nothing(detail::wanted_link const& wanted) {
    auto what = wanted.what;
    switch (wanted.hook.kind) { // of programs that only look on
    case link_type::kprobe_multi:
    case link_type::uprobe_multi:
        if (!what.expected) return std::nullopt; // it takes programs of this attach type alone
        break;
    case link_type::perf_event:
    case link_type::raw_tracepoint: break;
    default: return std::nullopt;
    }
    auto const nothing = load_nothing(what.type, what.expected.value_or(attach_type{}));
    if (!nothing) return std::nullopt;
    what.fd = nothing.view();
    auto const made = wanted.hook.create(what, wanted.where);
    return made || !is_missing(made.error()) ? std::nullopt : std::optional{made.error()};
}

} // namespace bpflink
