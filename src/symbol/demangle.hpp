// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Whether a name is one of C++ as people write it: it has "::" or "(".
[[nodiscard]] bool is_readable_name(std::string_view name) noexcept;

/// Without its spaces, which people and compilers put in different places.
[[nodiscard]] std::string without_spaces(std::string_view text);

/// Makes names of C++ readable. A file may be made on purpose to make that take for ever. So it
/// refuses names that grow without bounds, and gives up after 64 MiB in all.
class demangler {
public:
    /// "ns::f(int,char)", without spaces; empty for what is not such a name, or is refused.
    [[nodiscard]] std::string operator()(std::string_view mangled);

private:
    struct freed {
        void operator()(char* text) const noexcept { std::free(text); }
    };
    std::unique_ptr<char, freed> room_;
    std::size_t size_ = 0;
    std::size_t spent_ = 0;
};

/// One readable name that is asked for.
class readable_name {
public:
    explicit readable_name(std::string_view asked);

    /// Whether a mangled name can be it, at no cost.
    [[nodiscard]] bool may_be(std::string_view mangled) const noexcept;
    /// @param demangled  as a demangler gives it: the same, or the same before its parameters
    [[nodiscard]] bool is(std::string_view demangled) const noexcept;

private:
    std::string asked_;
    std::string word_; // that any mangled form of it has, or empty
};

} // namespace bpflink
