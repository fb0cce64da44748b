// SPDX-License-Identifier: Apache-2.0
#pragma once

// libelf, which reads the descriptor that it is given by itself: the one exception to sys.hpp.

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <cstddef>
#include <cstdint>
#include <gelf.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

enum class symbol_table { dynamic, whole };
enum class symbol_binding { global, weak, local };

/// A function that a file defines. The texts are the file's: good as long as it is open.
struct elf_function {
    std::string_view name = {};
    std::string_view version = {}; // empty: it has none
    bool is_hidden = false;        // not the version that new programs are linked to
    symbol_binding binding = symbol_binding::global;
    std::uint64_t address = 0;
};

class elf_file {
public:
    /// @errors not_found, permission_denied  the file (operation::open)
    ///         invalid_argument  a directory, no ELF file, or a damaged one
    [[nodiscard]] static result<elf_file> open(std::string path);

    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    [[nodiscard]] bool is_stripped() const noexcept { return !symtab_; }

    /// Calls `look` with each function of a table, if there is such a table.
    /// @errors invalid_argument  damaged; `look` may have been called by then
    template <class Look>
    result<void> for_each_function(symbol_table which, Look look) const {
        return open_table(which).and_then([&](table const& in) -> result<void> {
            elf_function function;
            for (std::size_t i = 0; i != in.size; ++i) {
                auto const is_one = read_function(in, i, function);
                if (!is_one) return tl::unexpected{is_one.error()};
                if (*is_one) look(std::as_const(function));
            }
            return {};
        });
    }

    /// Where in the file an address is, when that is loaded from it.
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const noexcept;

private:
    struct closer {
        void operator()(Elf* elf) const noexcept { ::elf_end(elf); }
    };
    struct segment {
        std::uint64_t address, offset, size;
    };
    struct table {
        Elf_Data* symbols = nullptr;
        Elf_Data* versions = nullptr;
        std::size_t strings = 0; // the section with the names
        std::size_t size = 0;
        std::vector<std::string_view> version_names;
    };

    elf_file(std::string path, unique_fd file) noexcept
        : path_{std::move(path)}, file_{std::move(file)} {}
    [[nodiscard]] tl::unexpected<error> damaged() const;
    [[nodiscard]] result<table> open_table(symbol_table which) const;
    [[nodiscard]] result<bool> read_function(table const& in, std::size_t index,
                                             elf_function& into) const;

    std::string path_;
    unique_fd file_;
    std::unique_ptr<Elf, closer> elf_;
    std::vector<segment> segments_;
    Elf_Scn* symtab_ = nullptr;
    Elf_Scn* dynsym_ = nullptr;
    Elf_Scn* versym_ = nullptr;
    Elf_Scn* verdef_ = nullptr;
};

/// Opens `binary` as resolve_symbols() finds it.
[[nodiscard]] result<elf_file> find_binary(std::string_view binary);

/// Only its path; one with a slash in it is taken as it is.
[[nodiscard]] result<std::string> path_of_binary(std::string_view binary);

} // namespace bpflink
