// SPDX-License-Identifier: Apache-2.0

// A stand-in for ebpfapi.dll: its documented exports over a table of objects. Structs are written
// by the offsets that the public headers of eBPF for Windows have (ebpf_structs.h at 0be2d1c3f),
// and not by the declarations of the border, which this proves.

#include "stand_in.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#define EXPORTED extern "C" __declspec(dllexport)

namespace {

using stand_in::result;

struct thing {
    stand_in::kind kind{};
    std::uint32_t id = 0;
    std::uint32_t type = 0;
    std::uint32_t attach = 0;
    std::uint32_t program = 0; // of a link
    std::string name;          // of a program
    std::string parameters;    // of a link
    bool detached = false;
};

struct state {
    std::map<std::uint32_t, thing> things; // by a number of their own
    std::map<int, std::uint32_t> descriptors;
    std::map<std::string, std::uint32_t, std::less<>> pins;
    std::uint32_t last = 0;
    std::uint32_t last_id = 0;
    int lowest = 3; // the descriptor: one without standard streams begins with 0
    int bad_closes = 0;
    result next_attach = stand_in::success;
};

state& all() {
    static state one;
    return one;
}

/// Windows counts references: of descriptors, pins, and links to their program.
void drop_unheld() {
    for (auto it = all().things.begin(); it != all().things.end();) {
        auto const is_it = [&](auto const& pair) { return pair.second == it->first; };
        bool const is_run = std::ranges::any_of(all().things, [&](auto const& other) {
            return other.second.kind == stand_in::link && other.second.program == it->first;
        });
        bool const is_held = is_run || std::ranges::any_of(all().descriptors, is_it) ||
                             std::ranges::any_of(all().pins, is_it);
        if (is_held) {
            ++it;
            continue;
        }
        all().things.erase(it);
        it = all().things.begin();
    }
}

int open(std::uint32_t number) {
    int fd = all().lowest; // the C library's: the lowest that is free
    while (all().descriptors.contains(fd))
        ++fd;
    all().descriptors.emplace(fd, number);
    return fd;
}

thing* find(int fd) {
    auto const found = all().descriptors.find(fd);
    return found == all().descriptors.end() ? nullptr : &all().things.at(found->second);
}

std::uint32_t make(thing made) {
    auto const number = ++all().last;
    made.id = ++all().last_id;
    all().things.emplace(number, std::move(made));
    return number;
}

int open_by_id(stand_in::kind kind, std::uint32_t id) {
    for (auto const& [number, each] : all().things)
        if (each.kind == kind && each.id == id) return open(number);
    return -ENOENT;
}

/// As docs/PinPaths.md says: BPF:\NAME\NAME. Without the rest of its rules.
bool canonical(std::string_view path, std::string& real) {
    if (path.starts_with("BPF:")) path.remove_prefix(4);
    real = path.starts_with('/') || path.starts_with('\\') ? "BPF:" : "BPF:\\";
    real += path;
    std::ranges::replace(real, '/', '\\');
    return real.find(':', 4) == real.npos;
}

class writer {
public:
    explicit writer(std::size_t size) : bytes_(size, '\0') {}
    void put(std::size_t offset, std::uint32_t value) {
        std::memcpy(bytes_.data() + offset, &value, sizeof value);
    }
    void put(std::size_t offset, std::string_view text) {
        std::memcpy(bytes_.data() + offset, text.data(), text.size());
    }
    result into(void* info, std::uint32_t* size) const {
        *size = std::min(*size, static_cast<std::uint32_t>(bytes_.size()));
        std::memcpy(info, bytes_.data(), *size);
        return stand_in::success;
    }

private:
    std::string bytes_;
};

/// GUIDs of the stand-in's own: the number, and what it is of.
std::string guid_of(char what, std::uint32_t number) {
    std::string guid(16, what);
    std::memcpy(guid.data(), &number, sizeof number);
    return guid;
}

} // namespace

// What tests ask of the machine.

EXPORTED int stand_in_load(std::uint32_t type, char const* name) {
    return open(make({.kind = stand_in::program, .type = type, .name = name}));
}

EXPORTED int stand_in_make_map() {
    return open(make({.kind = stand_in::map, .type = 2}));
}

EXPORTED void stand_in_refuse_attach(result how) {
    all().next_attach = how;
}

EXPORTED void stand_in_begin_at(std::uint32_t last_id, int lowest_descriptor) {
    all().last_id = last_id;
    all().lowest = lowest_descriptor;
}

EXPORTED int stand_in_open_descriptors() {
    return static_cast<int>(all().descriptors.size());
}

EXPORTED int stand_in_bad_closes() {
    return all().bad_closes;
}

EXPORTED void stand_in_reset() {
    all() = {};
}

// What ebpfapi.dll exports.

EXPORTED result ebpf_close_fd(int fd) {
    if (all().descriptors.erase(fd) == 0) {
        ++all().bad_closes;
        return stand_in::failed; // the C library's EBADF, taken for an error of Windows'
    }
    drop_unheld();
    return stand_in::success;
}

EXPORTED result ebpf_duplicate_fd(int fd, int* copy) {
    *copy = -1;
    auto const found = all().descriptors.find(fd);
    if (found == all().descriptors.end()) return stand_in::failed; // likewise
    *copy = open(found->second);
    return stand_in::success;
}

EXPORTED result ebpf_object_get_info_by_fd(int fd, void* info, std::uint32_t* size, int* type) {
    thing const* const it = find(fd);
    if (!it) return stand_in::invalid_fd;
    if (type) *type = it->kind;
    if (!info) return stand_in::insufficient_buffer; // as ebpf_link_get_info()
    if (it->kind == stand_in::link) {
        writer out{56};
        out.put(0, it->id);
        out.put(4, all().things.at(it->program).id);
        out.put(8, it->type);
        out.put(12, it->attach);
        out.put(16, guid_of('a', it->attach));
        out.put(32, guid_of('p', 0));
        out.put(48, std::string_view{it->parameters});
        return out.into(info, size);
    }
    if (it->kind == stand_in::program) {
        writer out{128};
        out.put(0, it->id);
        out.put(4, it->type);
        std::uint32_t room = 0;
        std::uint64_t address = 0;
        std::memcpy(&room, static_cast<char*>(info) + 8, sizeof room);
        std::memcpy(&address, static_cast<char*>(info) + 16, sizeof address);
        auto* const ids = reinterpret_cast<std::uint32_t*>(address);
        out.put(8, 2);
        for (std::uint32_t i = 0; ids && i != std::min(room, 2U); ++i)
            ids[i] = 40 + i; // the ids of its maps
        out.put(24, std::string_view{it->name});
        out.put(88, guid_of('p', it->type));
        out.put(124, 1);
        return out.into(info, size);
    }
    writer out{96};
    out.put(0, it->id);
    out.put(4, it->type);
    out.put(8, 4);
    out.put(12, 8);
    out.put(16, 1);
    return out.into(info, size);
}

EXPORTED result ebpf_get_ebpf_attach_type(unsigned number, char* guid) {
    if (number == 0 || number > 17 || number == 9) return stand_in::invalid_argument;
    std::memcpy(guid, guid_of('a', number).data(), 16);
    return stand_in::success;
}

EXPORTED result ebpf_program_attach_by_fds(int program, char const* guid, void* parameters,
                                           std::size_t size, int* link) {
    auto const found = all().descriptors.find(program);
    if (found == all().descriptors.end()) return stand_in::invalid_fd;
    if (all().things.at(found->second).kind != stand_in::program) return stand_in::invalid_object;
    if (auto const how = all().next_attach; how != stand_in::success) return how;
    std::uint32_t attach = 0;
    std::memcpy(&attach, guid, sizeof attach);
    if (guid_of('a', attach) != std::string_view{guid, 16}) return stand_in::invalid_argument;
    thing made{.kind = stand_in::link};
    made.type = attach == 1 ? 3U : attach == 3 || attach == 4 ? 2U : 1U; // xdp, cgroup, plain
    made.attach = attach;
    made.program = found->second;
    made.parameters.assign(static_cast<char const*>(parameters), parameters ? size : 0);
    *link = open(make(std::move(made)));
    return stand_in::success;
}

EXPORTED int bpf_link_detach(int fd) {
    thing* const it = find(fd);
    if (!it) return -EBADF;
    if (it->kind != stand_in::link || it->detached) return -EINVAL;
    it->detached = true;
    return 0;
}

EXPORTED int bpf_link_get_next_id(std::uint32_t after, std::uint32_t* next) {
    std::uint32_t least = 0;
    for (auto const& [number, each] : all().things)
        if (each.kind == stand_in::link && each.id > after && (least == 0 || each.id < least))
            least = each.id;
    if (least == 0) return -ENOENT;
    *next = least;
    return 0;
}

EXPORTED int bpf_link_get_fd_by_id(std::uint32_t id) {
    return open_by_id(stand_in::link, id);
}

EXPORTED int bpf_prog_get_fd_by_id(std::uint32_t id) {
    return open_by_id(stand_in::program, id);
}

EXPORTED result ebpf_canonicalize_pin_path(char* into, std::size_t size, char const* path) {
    std::string real;
    if (!canonical(path, real)) return stand_in::invalid_argument;
    if (real.size() >= size) return stand_in::insufficient_buffer;
    std::memcpy(into, real.c_str(), real.size() + 1);
    return stand_in::success;
}

EXPORTED int bpf_obj_pin(int fd, char const* path) {
    auto const found = all().descriptors.find(fd);
    std::string real;
    if (found == all().descriptors.end()) return -EBADF;
    if (!canonical(path, real)) return -EINVAL;
    return all().pins.emplace(real, found->second).second ? 0 : -EEXIST;
}

EXPORTED int bpf_obj_get(char const* path) {
    std::string real;
    if (!canonical(path, real)) return -EINVAL;
    auto const found = all().pins.find(real);
    return found == all().pins.end() ? -ENOENT : open(found->second);
}

EXPORTED result ebpf_object_unpin(char const* path) {
    std::string real;
    if (!canonical(path, real)) return stand_in::invalid_argument;
    if (all().pins.erase(real) == 0) return stand_in::object_not_found;
    drop_unheld();
    return stand_in::success;
}

EXPORTED result ebpf_get_next_pinned_object_path(char const* after, char* path, std::size_t size,
                                                 int* type) {
    std::string real;
    if (!canonical(after, real)) return stand_in::invalid_argument;
    for (auto it = all().pins.upper_bound(real); it != all().pins.end(); ++it) {
        if (all().things.at(it->second).kind != *type) continue;
        if (it->first.size() >= size) return stand_in::insufficient_buffer;
        std::memcpy(path, it->first.c_str(), it->first.size() + 1);
        return stand_in::success;
    }
    return stand_in::no_more_keys;
}

// libbpf's objects: a program is what has a descriptor, and the pointer is to it.

EXPORTED int bpf_program__fd(stand_in::libbpf_program const* program) {
    return program->fd;
}
EXPORTED unsigned bpf_program__type(stand_in::libbpf_program const* program) {
    return program->type;
}
EXPORTED unsigned bpf_program__get_expected_attach_type(stand_in::libbpf_program const* program) {
    return program->attach;
}
EXPORTED char const* bpf_program__name(stand_in::libbpf_program const* program) {
    return program->name;
}
EXPORTED char const* bpf_program__section_name(stand_in::libbpf_program const*) {
    return "xdp";
}
EXPORTED int bpf_map__fd(int const* map) {
    return *map;
}
EXPORTED int bpf_link__fd(stand_in::libbpf_link const* link) {
    return link->fd;
}
EXPORTED void bpf_link__disconnect(stand_in::libbpf_link* link) {
    link->disconnected = true;
}
EXPORTED int bpf_link__destroy(stand_in::libbpf_link* link) {
    if (!link->disconnected) bpf_link_detach(link->fd);
    ebpf_close_fd(link->fd);
    link->fd = -1;
    return 0;
}
