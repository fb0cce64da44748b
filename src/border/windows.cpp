// SPDX-License-Identifier: Apache-2.0

// The border on Windows: ebpfapi.dll of eBPF for Windows in the place of bpf(2) and of libbpf. It
// is loaded when it is needed first. Where it is missing, each call answers -ENOSYS.

#include "border/sys.hpp"
#include "border/windows/ebpfapi.hpp"

#include <bpflink/link_type.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <windows.h>

namespace bpflink::ebpfapi {
namespace {

/// The DLL, or what it lacks. It stays loaded: a handle may be closed at exit.
class library {
public:
    library() noexcept : dll_{::LoadLibraryW(L"ebpfapi.dll")} {
        if (!dll_) {
            error_ = ::GetLastError();
            return;
        }
        // clang-format off
        find(all_.bpf_link_detach, "bpf_link_detach");
        find(all_.bpf_link_get_fd_by_id, "bpf_link_get_fd_by_id");
        find(all_.bpf_link_get_next_id, "bpf_link_get_next_id");
        find(all_.bpf_obj_get, "bpf_obj_get");
        find(all_.bpf_obj_pin, "bpf_obj_pin");
        find(all_.bpf_prog_get_fd_by_id, "bpf_prog_get_fd_by_id");
        find(all_.bpf_link__fd, "bpf_link__fd");
        find(all_.bpf_link__disconnect, "bpf_link__disconnect");
        find(all_.bpf_link__destroy, "bpf_link__destroy");
        find(all_.bpf_map__fd, "bpf_map__fd");
        find(all_.bpf_program__fd, "bpf_program__fd");
        find(all_.bpf_program__type, "bpf_program__type");
        find(all_.bpf_program__get_expected_attach_type, "bpf_program__get_expected_attach_type");
        find(all_.bpf_program__name, "bpf_program__name");
        find(all_.bpf_program__section_name, "bpf_program__section_name");
        find(all_.ebpf_canonicalize_pin_path, "ebpf_canonicalize_pin_path");
        find(all_.ebpf_close_fd, "ebpf_close_fd");
        find(all_.ebpf_duplicate_fd, "ebpf_duplicate_fd");
        find(all_.ebpf_get_ebpf_attach_type, "ebpf_get_ebpf_attach_type");
        find(all_.ebpf_get_next_pinned_object_path, "ebpf_get_next_pinned_object_path");
        find(all_.ebpf_object_get_info_by_fd, "ebpf_object_get_info_by_fd");
        find(all_.ebpf_object_unpin, "ebpf_object_unpin");
        find(all_.ebpf_program_attach_by_fds, "ebpf_program_attach_by_fds");
        // clang-format on
    }

    [[nodiscard]] functions const* get() const noexcept {
        return dll_ && !lacking_ ? &all_ : nullptr;
    }
    [[nodiscard]] std::string why_absent() const {
        if (!dll_) return "ebpfapi.dll cannot be loaded: Windows error " + std::to_string(error_);
        return lacking_ ? "ebpfapi.dll is too old: it has no " + std::string{lacking_} : "";
    }

private:
    template <class Function>
    void find(Function& function, char const* name) noexcept {
        auto const found = ::GetProcAddress(dll_, name);
        std::memcpy(&function, &found, sizeof function);
        if (!found && !lacking_) lacking_ = name;
    }

    HMODULE dll_;
    DWORD error_ = 0;
    char const* lacking_ = nullptr;
    functions all_{};
};

library const& loaded() noexcept {
    static library const once;
    return once;
}

} // namespace

std::string why_absent() {
    return loaded().why_absent();
}

} // namespace bpflink::ebpfapi

namespace bpflink::sys {
namespace {

using ebpfapi::functions;
using ebpfapi::object;

int negated(ebpfapi::outcome told) noexcept {
    using enum ebpfapi::outcome;
    switch (told) {
    case success: return 0;
    case invalid_fd: return -EBADF;
    case invalid_object:
    case invalid_argument: return -EINVAL;
    case object_not_found:
    case file_not_found:
    case not_pinned:
    case key_not_found:
    case no_more_keys:
    case stale_id: return -ENOENT;
    case object_already_exists:
    case key_already_exists: return -EEXIST;
    case no_memory: return -ENOMEM;
    case operation_not_supported: return -EOPNOTSUPP;
    case access_denied: return -EPERM;
    case blocked_by_policy: return -EACCES;
    case extension_failed_to_load: return -ENODEV;
    case insufficient_buffer: return -ENAMETOOLONG;
    case out_of_space: return -ENOSPC;
    case timeout: return -ETIMEDOUT;
    }
    return -EIO; // the DLL has no errno for the rest either
}

/// The answer of a function with libbpf's name: by the same errno as the one above.
int negated(int told) noexcept {
    constexpr int eother = 131; // EOTHER, which not all headers have
    switch (told) {
    case -ENOTSUP: return -EOPNOTSUPP;
    case -ENOBUFS: return -ENAMETOOLONG;
    case -eother: return -EIO;
    default: return told;
    }
}

/// The outcome of a call of the DLL; -ENOSYS without it.
template <class Call>
int ask(Call call) noexcept {
    functions const* const dll = ebpfapi::loaded().get();
    return dll ? negated(call(*dll)) : -ENOSYS;
}

/// The answer of one of libbpf's objects. Without the DLL there are no such objects: `otherwise`.
template <class Call, class Answer>
Answer ask_or(Answer otherwise, Call call) noexcept {
    functions const* const dll = ebpfapi::loaded().get();
    return dll ? call(*dll) : otherwise;
}

/// A number of Linux and the number of Windows that means the same.
struct same {
    std::uint32_t linux_number;
    std::uint32_t windows_number;
};

// Numbers of Windows without a meaning on Linux are told, and taken, with this added.
constexpr std::uint32_t of_windows = 0x10000;

constexpr std::array link_types{same{0, 0}, same{3, 2}, same{6, 3}}; // unspec, cgroup, xdp
constexpr std::array program_types{same{0, 0}, same{6, 1}, same{18, 3},
                                   same{13, 4}}; // unspec, xdp, cgroup_sock_addr, sock_ops
// xdp, cgroup_inet4_connect, cgroup_inet6_connect, cgroup_sock_ops, cgroup_inet4_bind,
// cgroup_inet6_bind
constexpr std::array attach_types{same{37, 1}, same{10, 3}, same{11, 4},
                                  same{3, 7},  same{8, 14}, same{9, 15}};

std::uint32_t to_linux(std::span<same const> all, std::uint32_t number) noexcept {
    auto const found = std::ranges::find(all, number, &same::windows_number);
    return found != all.end() ? found->linux_number : of_windows + number;
}

/// Windows' number; 0, which is unspecified there, where nothing means the same.
std::uint32_t attach_type_of_windows(std::uint32_t number) noexcept {
    if (number >= of_windows) return number - of_windows;
    std::span<same const> const all{attach_types};
    auto const found = std::ranges::find(all, number, &same::linux_number);
    return found != all.end() ? found->windows_number : 0;
}

/// Copies as much as there is room for, and says how much that was.
template <class Info>
int hand_over(Info const& told, void* info, std::uint32_t& size,
              std::size_t length = sizeof(Info)) noexcept {
    size = static_cast<std::uint32_t>(std::min<std::size_t>(size, length));
    std::memcpy(info, &told, size);
    return 0;
}

/// The DLL's answer about an object, whose kind it tells with it.
union answer {
    ebpfapi::program_info program{}; // first: the largest
    ebpfapi::link_info link;
    ebpfapi::map_info map;
};

/// -EBADF; -EINVAL where it is not an object of BPF's.
// Without room for an answer the driver does not tell the kind either.
int look(int fd, object& kind, answer& told) noexcept {
    kind = object::unknown;
    std::uint32_t size = sizeof told;
    int const outcome = ask([&](functions const& dll) {
        return dll.ebpf_object_get_info_by_fd(fd, &told, &size, &kind);
    });
    return outcome == 0 && kind == object::unknown ? -EINVAL : outcome;
}

int kind_of(int fd, object& kind) noexcept {
    answer told;
    return look(fd, kind, told);
}

uapi::link_info translated(ebpfapi::link_info const& told) noexcept {
    uapi::link_info out{};
    out.type = to_linux(link_types, told.type);
    out.id = told.id;
    out.prog_id = told.prog_id;
    switch (static_cast<link_type>(out.type)) {
    case link_type::xdp: out.device.ifindex = told.ifindex; break;
    case link_type::cgroup:
        out.cgroup = {.cgroup_id = told.cgroup_id,
                      .attach_type = to_linux(attach_types, told.attach_type)};
        break;
    default: // the attach type, its GUID, and the bytes that it was attached with
        std::memcpy(out.bytes, &told.attach_type, sizeof told.attach_type);
        std::memcpy(out.bytes + 8, &told.attach_type_uuid, sizeof told.attach_type_uuid);
        std::memcpy(out.bytes + 24, told.attach_data, sizeof told.attach_data);
        break;
    }
    return out;
}

uapi::program_info translated(ebpfapi::program_info const& told) noexcept {
    uapi::program_info out{};
    out.start.type = to_linux(program_types, told.type);
    out.start.id = told.id;
    out.start.nr_map_ids = told.nr_map_ids;
    std::memcpy(out.name, told.name, sizeof out.name - 1); // whole: program_name_in_types()
    return out;
}

uapi::map_info_start translated(ebpfapi::map_info const& told) noexcept {
    uapi::map_info_start out{};
    out.type = told.type;
    out.id = told.id;
    out.key_size = told.key_size;
    out.value_size = told.value_size;
    out.max_entries = told.max_entries;
    out.flags = told.map_flags;
    std::memcpy(out.name, told.name, sizeof out.name - 1);
    return out;
}

/// The DLL takes the C library's EBADF for an error of Windows', and tells it as any failure.
int of_descriptor(int fd, int outcome) noexcept {
    return outcome < 0 && is_open(fd) == -EBADF ? -EBADF : outcome;
}

/// Checks descriptors in the kernel's order. -EINVAL: the first is of another kind. Else the second
/// decides, which has to be a program; -EOPNOTSUPP: it is.
int first_of(object kind, int fd, int program) noexcept {
    object is{};
    if (int const outcome = kind_of(fd, is); outcome < 0) return outcome;
    if (is != kind) return -EINVAL;
    if (int const outcome = kind_of(program, is); outcome < 0) return outcome;
    return is == object::program ? -EOPNOTSUPP : -EINVAL;
}

} // namespace

int close(int fd) noexcept {
    return of_descriptor(fd, ask([&](functions const& dll) { return dll.ebpf_close_fd(fd); }));
}

opened duplicate(int fd, bool) noexcept {
    int copy = -1;
    int const outcome = ask([&](functions const& dll) { return dll.ebpf_duplicate_fd(fd, &copy); });
    return outcome < 0 ? of_descriptor(fd, outcome) : copy;
}

int is_open(int fd) noexcept {
    object kind{};
    return kind_of(fd, kind) == -EBADF ? -EBADF : 0;
}

opened link_create(uapi::link_create_attr const& attr) noexcept {
    if (attr.flags != 0) return -EOPNOTSUPP; // attaching by descriptor takes none
    auto const number = attach_type_of_windows(attr.attach_type);
    ebpfapi::guid name{};
    int const known =
        ask([&](functions const& dll) { return dll.ebpf_get_ebpf_attach_type(number, &name); });
    if (known < 0 || number == 0) return known == -ENOSYS ? known : -EOPNOTSUPP;
    int made = -1;
    std::uint32_t target = attr.target; // an interface, or a compartment; 0: none is given
    int const outcome = ask([&](functions const& dll) {
        return dll.ebpf_program_attach_by_fds(static_cast<int>(attr.prog_fd), &name,
                                              target != 0 ? &target : nullptr,
                                              target != 0 ? sizeof target : 0, &made);
    });
    return outcome < 0 ? outcome : made;
}

// Nothing of Windows' updates a link: its descriptors are told apart, as identify() needs, no more.
int link_update(uapi::link_update_attr const& attr) noexcept {
    return first_of(object::link, static_cast<int>(attr.link_fd), static_cast<int>(attr.new_fd));
}

int prog_bind_map(int program, int) noexcept {
    return first_of(object::program, program, -1);
}

int map_look_up_nothing(int map) noexcept {
    object kind{};
    int const outcome = kind_of(map, kind);
    return outcome < 0 ? outcome : kind == object::map ? -EFAULT : -EINVAL;
}

int descriptor_name(int, std::span<char>) noexcept {
    return -EOPNOTSUPP;
}

int link_detach(int link) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_link_detach(link); });
}

int link_get_next_id(std::uint32_t after, std::uint32_t& next) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_link_get_next_id(after, &next); });
}

opened link_get_fd_by_id(std::uint32_t id) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_link_get_fd_by_id(id); });
}

opened prog_get_fd_by_id(std::uint32_t id) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_prog_get_fd_by_id(id); });
}

int obj_pin(int fd, char const* path) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_obj_pin(fd, path); });
}

opened obj_get(char const* path) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_obj_get(path); });
}

int unlink(char const* path) noexcept {
    return ask([&](functions const& dll) { return dll.ebpf_object_unpin(path); });
}

int obj_get_info(int fd, void* info, std::uint32_t& size) noexcept {
    answer told;
    if (size == sizeof(uapi::program_info)) { // there may be room for the ids of maps
        auto const& asked = *static_cast<uapi::program_info const*>(info);
        told.program.nr_map_ids = asked.start.nr_map_ids;
        told.program.map_ids = asked.map_ids;
    }
    object kind{};
    if (int const outcome = look(fd, kind, told); outcome < 0) return outcome;
    switch (kind) {
    case object::link: return hand_over(translated(told.link), info, size);
    // Windows counts no runs: the answer ends before them.
    case object::program:
        return hand_over(translated(told.program), info, size,
                         offsetof(uapi::program_info, ifindex));
    default: return hand_over(translated(told.map), info, size);
    }
}

int program_name_in_types(int program, std::span<char> into) noexcept {
    answer told;
    object kind{};
    if (int const outcome = look(program, kind, told); outcome < 0) return outcome;
    auto const& name = told.program.name;
    auto const length = std::min(::strnlen(name, sizeof name), into.size());
    std::copy_n(name, length, into.begin());
    return static_cast<int>(length);
}

// A pin is not a file, and the driver moves none. pin_memory makes the new one, then, and removes
// the old one.
int rename_no_replace(char const*, char const*) noexcept {
    return -EXDEV;
}

int rename(char const*, char const*) noexcept {
    return -EOPNOTSUPP;
}

/// Pins have neither mode nor owner.
int facts_of_name(char const* path, file_facts& out) noexcept {
    auto const there = obj_get(path);
    if (!there) return there.outcome();
    out = {.kind = file_kind::regular, .device = 0, .inode = 0};
    return 0;
}

int change_mode(char const*, unsigned) noexcept {
    return -EOPNOTSUPP;
}

int change_owner(char const*, unsigned, unsigned) noexcept {
    return -EOPNOTSUPP;
}

void back_off(int attempt) noexcept {
    ::Sleep(attempt > 10 ? 1 : 0);
}

// A libbpf object of the DLL's.

int program_fd(::bpf_program const* prog) noexcept {
    int const fd = ask([&](functions const& dll) { return dll.bpf_program__fd(prog); });
    return fd == -1 ? -ENOENT : fd; // not loaded
}

unsigned program_type(::bpf_program const* prog) noexcept {
    return ask_or(0U, [&](functions const& dll) {
        return to_linux(program_types, dll.bpf_program__type(prog));
    });
}

unsigned program_expected_attach_type(::bpf_program const* prog) noexcept {
    return ask_or(0U, [&](functions const& dll) {
        auto const number = dll.bpf_program__get_expected_attach_type(prog);
        return number == 0 ? 0U : to_linux(attach_types, number);
    });
}

char const* program_name(::bpf_program const* prog) noexcept {
    return ask_or("", [&](functions const& dll) { return dll.bpf_program__name(prog); });
}

char const* program_section(::bpf_program const* prog) noexcept {
    return ask_or("", [&](functions const& dll) { return dll.bpf_program__section_name(prog); });
}

int map_fd(::bpf_map const* map) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_map__fd(map); });
}

int link_fd(::bpf_link const* link) noexcept {
    return ask([&](functions const& dll) { return dll.bpf_link__fd(link); });
}

/// Without the first, the second would detach the link.
void destroy(::bpf_link* link) noexcept {
    ask_or(0, [&](functions const& dll) {
        dll.bpf_link__disconnect(link);
        return dll.bpf_link__destroy(link);
    });
}

} // namespace bpflink::sys

namespace bpflink::ebpfapi {

int canonical(char const* path, std::span<char, longest_path> into) noexcept {
    return sys::ask([&](functions const& dll) {
        return dll.ebpf_canonicalize_pin_path(into.data(), into.size(), path);
    });
}

int next_pinned_link(char const* after, std::span<char, longest_path> path) noexcept {
    auto kind = object::link;
    int const outcome = sys::ask([&](functions const& dll) {
        return dll.ebpf_get_next_pinned_object_path(after, path.data(), path.size(), &kind);
    });
    return outcome == 0 ? 1 : outcome == -ENOENT ? 0 : outcome;
}

} // namespace bpflink::ebpfapi
