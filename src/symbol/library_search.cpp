// SPDX-License-Identifier: Apache-2.0
#include "symbol/library_search.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace bpflink {
namespace {

constexpr std::string_view cache_file = "/etc/ld.so.cache";
constexpr std::size_t first_cache_bytes = std::size_t{1} << 16U; // most machines' have fewer
constexpr std::size_t most_cache_bytes = std::size_t{1} << 24U;

// As ldconfig(8) writes it since glibc 2.2: a header, entries, and texts counted from its begin.
constexpr std::string_view cache_magic = "glibc-ld.so.cache1.1";
constexpr std::size_t cache_head = 48;
struct cache_entry {
    std::uint32_t flags, name, path, version;
    std::uint64_t capabilities;
};

std::string_view text_at(std::string_view bytes, std::size_t at) {
    if (at >= bytes.size()) return {};
    auto const text = bytes.substr(at);
    return text.substr(0, std::min(text.find('\0'), text.size()));
}

/// Calls `take` with each path that a cache has for a name, until it answers true.
template <class Take>
void for_each_cached(std::string_view cache, std::string_view name, Take take) {
    if (!cache.starts_with(cache_magic) || cache.size() < cache_head) return;
    std::uint32_t count = 0;
    std::memcpy(&count, cache.data() + cache_magic.size(), sizeof count);
    for (std::size_t at = cache_head; count != 0 && cache.size() - at >= sizeof(cache_entry);
         --count, at += sizeof(cache_entry)) {
        cache_entry entry;
        std::memcpy(&entry, cache.data() + at, sizeof entry);
        if (text_at(cache, entry.name) == name && take(text_at(cache, entry.path))) return;
    }
}

std::string contents_of(std::string path) {
    auto const file = binary_file::open(std::move(path));
    if (!file) return {};
    std::string bytes;
    for (std::size_t at = 0, room = first_cache_bytes; room <= most_cache_bytes; room *= 2) {
        bytes.resize(room);
        auto const read = file->read(std::as_writable_bytes(std::span{bytes}.subspan(at)), at);
        at += read ? *read : 0;
        if (at == room) continue;
        bytes.resize(read ? at : 0);
        break;
    }
    return bytes;
}

/// With the origin in it; empty where it is not an absolute path.
std::string expanded(std::string directory, std::string const& origin) {
    for (std::string_view const word : {"$ORIGIN", "${ORIGIN}"})
        if (directory.starts_with(word)) directory.replace(0, word.size(), origin);
    bool const is_usable = directory.starts_with('/') && directory.find('$') == directory.npos;
    return is_usable ? directory : std::string{};
}

} // namespace

library_search::library_search(elf_file const& file, std::vector<std::string> const& directories)
    : file_{file}, cache_{contents_of(file.file().root_link() + std::string{cache_file})} {
    if (directories.empty()) return;
    auto const origin = file.file().directory_in_root();
    for (auto const& each : directories)
        if (auto directory = expanded(each, origin); !directory.empty())
            directories_.push_back(std::move(directory));
}

std::optional<binary_file> library_search::at(std::string const& path) const {
    auto opened = binary_file::open(file_.file().root_link() + path);
    if (!opened) return std::nullopt;
    auto const elf = elf_file::open(*opened);
    if (!elf || elf->machine() != file_.machine() || elf->is_64_bit() != file_.is_64_bit())
        return std::nullopt;
    return *std::move(opened);
}

result<binary_file> library_search::find(std::string_view name) const {
    std::optional<binary_file> found;
    for (auto const& directory : directories_) {
        found = at(std::string{directory}.append("/").append(name));
        if (found) return *std::move(found);
    }
    for_each_cached(cache_, name, [&](std::string_view path) {
        if (path.starts_with('/')) found = at(std::string{path});
        return found.has_value();
    });
    if (found) return *std::move(found);
    return find_binary_below(file_.file().root_link(), name);
}

} // namespace bpflink
