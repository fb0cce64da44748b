// SPDX-License-Identifier: Apache-2.0
#include "expected.hpp"

#include <bpflink/ids.hpp>

#include <cerrno>
#include <string>

#include <fmt/format.h>

namespace tool {
namespace bl = bpflink;

void add_expected(parameters const& takes, std::optional<program_argument>& into) {
    takes
        .word(
            "--expect-program", [&into](std::string const& word) { into = parse_program(word); },
            "Only where the link runs this program now")
        .shown_as("PROGRAM");
}

bl::result<void> check_expected(bl::link const& link,
                                std::optional<program_argument> const& expected) {
    if (!expected) return {};
    auto const wanted = id_of(*expected);
    if (!wanted) return tl::unexpected{wanted.error()};
    auto const info = link.info();
    if (!info) return tl::unexpected{info.error()};
    if (info->program == *wanted) return {};
    return tl::unexpected{bl::error{
        EPERM, bl::operation::link_get_info, bl::errc::program_mismatch,
        fmt::format("link {}", info->id.value()),
        fmt::format("it runs program {} and not {}: nothing was changed; look whether it is the "
                    "link that is meant",
                    info->program.value(), wanted->value())}};
}

} // namespace tool
