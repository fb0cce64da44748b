// SPDX-License-Identifier: Apache-2.0
// libbpf: what its objects say, types, and the library's own programs.
#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace bpflink::sys {

int program_fd(::bpf_program const* prog) noexcept {
    return prog->fd;
}

unsigned program_type(::bpf_program const* prog) noexcept {
    return static_cast<unsigned>(prog->type);
}

unsigned program_expected_attach_type(::bpf_program const* prog) noexcept {
    return static_cast<unsigned>(prog->expected);
}

char const* program_name(::bpf_program const* prog) noexcept {
    return prog->name.c_str();
}

char const* program_section(::bpf_program const* prog) noexcept {
    return prog->section.c_str();
}

bool program_autoload(::bpf_program const* prog) noexcept {
    return prog->autoload;
}

bool program_autoattach(::bpf_program const* prog) noexcept {
    return prog->autoattach;
}

::bpf_program const* next_program(::bpf_object const* object, ::bpf_program const* prog) noexcept {
    auto const& all = object->programs;
    auto const after = prog ? std::next(std::ranges::find(all, prog)) : all.begin();
    return after == all.end() ? nullptr : *after;
}

int kernel_type(char const*, unsigned) noexcept {
    return entered(kernel_type, [](kernel&) { return 77; });
}

int program_function(int program, char const* name) noexcept {
    return entered(program_function, [&](kernel& k) {
        k.get<fake::program>(program);
        return std::string_view{name} == "replaceable" ? 17 : -ENOENT;
    });
}

int program_name_in_types(int program, std::span<char> into) noexcept {
    return entered(program_name_in_types, [&](kernel& k) {
        auto const prog = k.get<fake::program>(program);
        return prog->own_types == 0 ? -ENOENT : copy_text(prog->name, into);
    });
}

int open_types(char const* module, void*& types) noexcept {
    return entered(open_types, [&](kernel& k) {
        auto const found = k.function_types.find(module ? std::string_view{module} : "vmlinux");
        if (found == k.function_types.end()) return -ENOENT;
        types = &found->second;
        ++k.open_function_types;
        return 0;
    });
}

int next_function(void* types, function_type& at) noexcept {
    return entered(next_function, [&](kernel&) {
        auto const& all = *static_cast<std::vector<typed_function> const*>(types);
        auto const next = std::ranges::upper_bound(all, at.id, {}, &typed_function::id);
        if (next == all.end()) return 0;
        at = {next->name.c_str(), next->id, next->can_be_traced};
        return 1;
    });
}

void close_types(void*) noexcept {
    --kernel::current().open_function_types;
}

int table_name(std::uint32_t value_type, std::uint32_t& offset, std::uint32_t& length) noexcept {
    return entered(table_name, [&](kernel&) {
        offset = 8;
        length = 16;
        return value_type == 0 ? -ENOENT : 0;
    });
}

opened load_object(std::span<std::byte const> file) noexcept {
    return entered(load_object, [&](kernel& k) {
        if (file.empty()) return -EINVAL;
        // What the process keeps, it keeps from one fake kernel to the next: never the same number.
        static std::uint32_t newest_id = 1'000'000;
        auto loaded = std::make_shared<program>();
        loaded->id = ++newest_id;
        loaded->type = bl::program_type::raw_tracepoint;
        std::string_view const bytes{reinterpret_cast<char const*>(file.data()), file.size()};
        if (bytes.find("bpflink_infos") != bytes.npos) return -ENOENT; // the kernel's tests have it
        if (bytes.find("bpflink_words") != bytes.npos) {
            loaded->listens = true;
            loaded->heard = k.says_to_xdp.value_or("");
        } else if (bytes.find("bpflink_netns") != bytes.npos) {
            loaded->tells_netns = true;
        } else {
            loaded->type = bl::program_type::tracing;
            loaded->expected = bl::attach_type::trace_iter;
            bool const walks_descriptors = bytes.find("bpflink_descriptors") != bytes.npos;
            (walks_descriptors ? loaded->walks_descriptors : loaded->walks_links) = true;
        }
        return k.install(loaded, opened_program_name);
    });
}

int link_fd(::bpf_link const* link) noexcept {
    return link->fd;
}

void destroy(::bpf_link* link) noexcept {
    close(link->fd);
    link->destroyed = true;
}

int map_fd(::bpf_map const* map) noexcept {
    return map->fd;
}

} // namespace bpflink::sys
