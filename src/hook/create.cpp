// SPDX-License-Identifier: Apache-2.0
#include "create.hpp"

#include <algorithm>
#include <cerrno>

namespace bpflink {

result<void> check_expected(detail::borrowed_program const& prog,
                            std::span<attach_type const> wanted, std::string const& subject) {
    if (!prog.expected || std::ranges::find(wanted, *prog.expected) != wanted.end()) return {};
    std::string names;
    for (attach_type const each : wanted)
        names += (names.empty() ? "" : each == wanted.back() ? " or " : ", ") + to_string(each);
    return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                "the program was loaded for attach type " + to_string(*prog.expected) + ", and " +
                    names + " is needed");
}

} // namespace bpflink
