// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/match.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A place that a name stands for.
struct symbol_place {
    std::uint64_t address = 0; // 0 where the kernel hides it
    bool is_function = false;
    std::string module = {}; // empty: the kernel itself
};

/// The places of each name, in their order: "name", or "module:name" for those of one module. It
/// reads the kernel's symbols once, and needs no addresses.
[[nodiscard]] result<std::vector<std::vector<symbol_place>>>
places_of(std::span<std::string_view const> names);

/// The names that stand for several functions of the kernel and its modules, with their number ("f
/// (2)").
/// @param places  of each name
[[nodiscard]] std::vector<std::string>
ambiguous_among(std::span<std::string_view const> names,
                std::span<std::vector<symbol_place> const> places);

/// "0xffffffff81000010, 0xffffffffc0000000 [module]"
[[nodiscard]] std::string enumerated(std::span<symbol_place const> places, std::size_t most);

/// The names that the compiler gave to copies of a function, as "f.isra.0".
[[nodiscard]] result<std::vector<std::string>> copies_of(std::string_view function);

/// Whether a module is loaded that has symbols.
[[nodiscard]] match is_loaded(std::string_view module);

/// The names that ftrace does not trace; nothing where that cannot be told.
[[nodiscard]] std::optional<std::vector<std::string>>
untraceable_among(std::span<std::string_view const> names);

/// Whether the kernel keeps kprobes off a function.
[[nodiscard]] match is_on_blacklist(std::string_view function);

/// Names that may have been meant by that of a function that is not there: the same of another
/// module, or names that are near. Empty where there is nothing to tell.
[[nodiscard]] std::string hint_for(std::string_view function);

/// How a name calls the kernel itself, which is not a module.
inline constexpr std::string_view kernel_itself = "vmlinux";

/// "module" of "module:name"; empty without one.
[[nodiscard]] std::string_view module_of(std::string_view name) noexcept;

} // namespace bpflink
