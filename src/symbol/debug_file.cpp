// SPDX-License-Identifier: Apache-2.0
#include "symbol/debug_file.hpp"

#include "symbol/linkage.hpp"
#include "symbol/mini_debug_info.hpp"

#include <vector>

namespace bpflink {
namespace {

constexpr std::string_view system_directory = "/usr/lib/debug";

/// Whether a debug file may be elsewhere after such a refusal.
bool is_absent(error const& e) {
    return e == errc::not_found || e == errc::permission_denied || e == errc::invalid_argument ||
           e.code() == std::errc::not_a_directory || e.code() == std::errc::filename_too_long;
}

class search {
public:
    search(elf_file const& executable, std::string id)
        : executable_{executable}, id_{std::move(id)} {}

    /// Takes the file at a path if it is the executable's debug file.
    /// @param sum  that it has to have; or empty
    result<void> look_at(std::string path, std::optional<std::uint32_t> sum) {
        auto taken = open(std::move(path), sum);
        if (!taken && !is_absent(taken.error())) return tl::unexpected{taken.error()};
        if (taken) outcome_.found = *std::move(taken);
        return {};
    }

    [[nodiscard]] bool is_done() const noexcept { return outcome_.found.has_value(); }
    [[nodiscard]] debug_search take() { return std::move(outcome_); }

private:
    void note(std::string const& path, char const* what) {
        if (outcome_.note.empty()) outcome_.note = path + " " + what;
    }

    result<std::optional<debug_file>> open(std::string path, std::optional<std::uint32_t> sum) {
        auto opened = binary_file::open(path);
        if (!opened) return tl::unexpected{opened.error()};
        auto file = std::make_unique<binary_file>(*std::move(opened));
        auto elf = elf_file::open(*file);
        if (!elf) return tl::unexpected{elf.error()};
        auto const id = build_id_of(*elf);
        if (!id) return tl::unexpected{id.error()};
        if (elf->machine() != executable_.machine() ||
            elf->is_64_bit() != executable_.is_64_bit() || *id != id_) {
            note(path, "is of another build");
            return std::nullopt;
        }
        if (sum) {
            auto const its = sum_of(*file);
            if (!its) return tl::unexpected{its.error()};
            if (*its != *sum) {
                note(path, "does not have the sum that .gnu_debuglink states");
                return std::nullopt;
            }
        }
        return debug_file{std::move(file), *std::move(elf), executable_};
    }

    elf_file const& executable_;
    std::string id_;
    debug_search outcome_;
};

/// Roots of trees of debug files, in their order.
std::vector<std::string> roots(binary_file const& executable,
                               std::span<std::string_view const> directories) {
    std::vector<std::string> all{directories.begin(), directories.end()};
    if (!executable.root_link().empty())
        all.push_back(executable.root_link() + std::string{system_directory});
    all.emplace_back(system_directory);
    return all;
}

result<debug_search> find_file(elf_file const& executable,
                               std::span<std::string_view const> directories) {
    auto id = build_id_of(executable);
    if (!id) return tl::unexpected{id.error()};
    search looking{executable, *id};
    auto const trees = roots(executable.file(), directories);
    if (!id->empty())
        for (auto const& tree : trees) {
            auto const looked = looking.look_at(
                tree + "/.build-id/" + id->substr(0, 2) + "/" + id->substr(2) + ".debug", {});
            if (!looked) return tl::unexpected{looked.error()};
            if (looking.is_done()) return looking.take();
        }

    auto const link = debug_link_of(executable);
    if (!link) return tl::unexpected{link.error()};
    if (!*link) return looking.take();
    auto const path = executable.file().lasting_path();
    if (!path) return tl::unexpected{path.error()};
    if (path->empty()) return looking.take(); // it is nowhere
    auto const directory = path->substr(0, path->rfind('/') + 1);
    std::vector<std::string> places{directory, directory + ".debug/"};
    auto const& root = executable.file().root_link();
    auto const within =
        !root.empty() && directory.starts_with(root) ? directory.substr(root.size()) : directory;
    for (auto const& tree : trees) {
        auto& below = places.emplace_back(tree);
        if (!within.starts_with('/')) below += '/';
        below += within;
    }
    for (auto const& place : places) {
        auto const candidate = place + (*link)->name;
        auto const is_itself = executable.file().is_at(candidate);
        if (is_itself && *is_itself == match::yes) continue;
        auto const looked = looking.look_at(candidate, (*link)->sum);
        if (!looked) return tl::unexpected{looked.error()};
        if (looking.is_done()) break;
    }
    return looking.take();
}

} // namespace

debug_file::debug_file(std::unique_ptr<binary_file> opened, elf_file its,
                       elf_file const& executable)
    : file{std::move(opened)}, elf{std::move(its)} {
    auto const& own = executable.segments();
    auto const& other = elf.segments();
    if (!own.empty() && !other.empty()) shift = own.front().address - other.front().address;
}

result<debug_search> find_debug_file(elf_file const& executable,
                                     std::span<std::string_view const> directories) {
    return find_file(executable, directories)
        .and_then([&](debug_search&& outcome) -> result<debug_search> {
            if (outcome.found) return std::move(outcome);
            return unpack_mini_debug_info(executable).map([&](debug_search&& unpacked) {
                if (outcome.note.empty() || unpacked.found) return std::move(unpacked);
                return std::move(outcome);
            });
        });
}

} // namespace bpflink
