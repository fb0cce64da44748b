// SPDX-License-Identifier: Apache-2.0
#include "error/fail.hpp"
#include "symbol/binary.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>

namespace bpflink {
namespace {

// Where a distribution of Debian's kind keeps the libraries of this architecture.
#if defined(__x86_64__) && !defined(__ILP32__)
#define BPFLINK_MULTIARCH "x86_64-linux-gnu"
#elif defined(__i386__)
#define BPFLINK_MULTIARCH "i386-linux-gnu"
#elif defined(__aarch64__)
#define BPFLINK_MULTIARCH "aarch64-linux-gnu"
#elif defined(__arm__) && defined(__ARM_PCS_VFP)
#define BPFLINK_MULTIARCH "arm-linux-gnueabihf"
#elif defined(__riscv) && __riscv_xlen == 64
#define BPFLINK_MULTIARCH "riscv64-linux-gnu"
#elif defined(__s390x__)
#define BPFLINK_MULTIARCH "s390x-linux-gnu"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define BPFLINK_MULTIARCH "powerpc64le-linux-gnu"
#elif defined(__loongarch64)
#define BPFLINK_MULTIARCH "loongarch64-linux-gnu"
#endif

constexpr std::string_view library_directories =
#ifdef BPFLINK_MULTIARCH
    "/lib/" BPFLINK_MULTIARCH ":/usr/lib/" BPFLINK_MULTIARCH ":"
#endif
    "/lib64:/usr/lib64:/lib:/usr/lib:"
#ifdef BPFLINK_MULTIARCH
    "/usr/local/lib/" BPFLINK_MULTIARCH ":"
#endif
    "/usr/local/lib64:/usr/local/lib";

constexpr std::string_view program_directories = "/usr/bin:/usr/sbin:/bin:/sbin";

bool is_library(std::string_view name) {
    return name.ends_with(".so") || name.find(".so.") != name.npos;
}

std::string directories_for(std::string_view name) {
    if (is_library(name)) return std::string{library_directories};
    char const* const path = ::secure_getenv("PATH");
    return (path ? std::string{path} + ":" : std::string{}).append(program_directories);
}

/// An ELF file: scripts and linker scripts have such names, too.
result<binary_file> elf_file_at(std::string path) {
    return binary_file::open(std::move(path))
        .and_then([](binary_file&& file) -> result<binary_file> {
            if (file.is_elf()) return std::move(file);
            return fail(-ENOEXEC, operation::resolve_symbol, errc::invalid_argument, file.path(),
                        "it is not an ELF file");
        });
}

result<binary_file> search(std::string_view root, std::string_view name) {
    std::string const directories = directories_for(name);
    std::optional<error> refusal; // the first file that is not a binary, or cannot be read
    for (std::string_view left = directories; !left.empty();) {
        auto const end = std::min(left.find(':'), left.size());
        auto const directory = left.substr(0, end);
        left.remove_prefix(std::min(end + 1, left.size()));
        if (!directory.starts_with('/')) continue;
        auto opened = elf_file_at(std::string{root}.append(directory).append("/").append(name));
        if (opened) return opened;
        auto& e = opened.error();
        if (e != errc::not_found && e.code() != std::errc::not_a_directory && !refusal)
            refusal = std::move(e);
    }
    if (refusal) return tl::unexpected{*std::move(refusal)};
    return fail(-ENOENT, operation::open, errc::not_found, std::string{name},
                "it is not in " + directories);
}

} // namespace

result<binary_file> find_binary(std::string_view binary) {
    if (binary.find('/') == binary.npos) return search({}, binary);
    return binary_file::open(std::string{binary});
}

result<binary_file> find_binary_below(std::string_view root, std::string_view name) {
    return search(root, name);
}

} // namespace bpflink
