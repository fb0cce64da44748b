// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bpflink {

/// Makes any text a name that a bpffs takes: `eth0.100` is `eth0%2E100`. Two texts never get the
/// same name. A dot, a slash, a percent sign, and the bytes below 0x20 and 0x7f become %XX in upper
/// case. The empty text is `%`; everything else stays.
/// @param text  may get longer than a name can be (255 bytes): pinning says ENAMETOOLONG then
/// @cost no system call; allocates the name
[[nodiscard]] std::string pin_name(std::string_view text);

/// The text that pin_name() makes this name of; empty where it makes this name of no text.
/// @param name  a name, without the directory
/// @cost no system call; allocates the text
[[nodiscard]] std::optional<std::string> text_of_pin_name(std::string_view name);

} // namespace bpflink
