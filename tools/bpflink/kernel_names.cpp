// SPDX-License-Identifier: Apache-2.0
#include "kernel_names.hpp"

#include <bpflink/fd.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct symbol {
    std::uint64_t address;
    function_name function;
};

/// "ffffffff81000000 T name\t[module]"; empty for data, and where the address is hidden.
std::optional<symbol> read_symbol(std::string_view line) {
    std::uint64_t address = 0;
    auto const [end, problem] =
        std::from_chars(line.data(), line.data() + line.size(), address, 16);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (problem != std::errc{} || address == 0 || line.size() < 4) return std::nullopt;
    if (std::string_view{"tTwW"}.find(line[1]) == std::string_view::npos) return std::nullopt;
    line.remove_prefix(3);
    auto const name = line.substr(0, line.find('\t'));
    line.remove_prefix(name.size());
    auto const begin = line.find('[');
    auto const module = begin == std::string_view::npos
                            ? std::string_view{}
                            : line.substr(begin + 1, line.find(']') - begin - 1);
    return symbol{address, {std::string{name}, std::string{module}}};
}

/// By address, the first name of each.
std::unordered_map<std::uint64_t, function_name> all_functions() {
    std::unordered_map<std::uint64_t, function_name> all;
    std::ifstream file{"/proc/kallsyms"};
    for (std::string line; std::getline(file, line);)
        if (auto found = read_symbol(line))
            all.try_emplace(found->address, std::move(found->function));
    return all;
}

using types = std::shared_ptr<::btf const>;

types owned(::btf* opened) {
    return {opened, [](::btf* each) { ::btf__free(each); }};
}

/// The types of the kernel itself, which those of modules go on from.
types const& types_of_kernel() {
    static types const all = owned(::btf__load_vmlinux_btf());
    return all;
}

/// Types, and the place that they are of.
struct btf_object {
    types all = nullptr;
    bool is_of_kernel = false; // or of a module
    std::string module{};
};

btf_object open_btf(std::uint32_t id) {
    bl::unique_fd const fd{::bpf_btf_get_fd_by_id(id)};
    if (!fd) return {};
    std::array<char, 64> name{}; // a module's has at most 55 characters
    ::bpf_btf_info info{};
    info.name = reinterpret_cast<std::uintptr_t>(name.data());
    info.name_len = name.size();
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(fd.get(), &info, &size) < 0) return {};
    if (info.kernel_btf == 0) return {owned(::btf__load_from_kernel_by_id(id))};
    if (std::string_view{name.data()} == "vmlinux") return {types_of_kernel(), true};
    if (!types_of_kernel()) return {nullptr, true};
    // libbpf's function takes a base that it does not change.
    auto* const base = const_cast<::btf*>(types_of_kernel().get());
    return {owned(::btf__load_from_kernel_by_id_split(id, base)), true, name.data()};
}

btf_object const& btf_of(std::uint32_t id) {
    static std::map<std::uint32_t, btf_object> known;
    auto const [entry, is_new] = known.try_emplace(id);
    if (is_new) entry->second = open_btf(id);
    return entry->second;
}

/// The types of a program, and those of the functions that it may be attached to.
struct program_types {
    std::uint32_t own = 0;
    std::optional<std::uint32_t> target = std::nullopt; // 0: not the kernel's
};

/// Empty where it is gone.
std::optional<program_types> types_of(bl::program_id program) {
    bl::unique_fd const fd{::bpf_prog_get_fd_by_id(program.value())};
    if (!fd) return std::nullopt;
    ::bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(fd.get(), &info, &size) < 0) return std::nullopt;
    program_types found{.own = info.btf_id};
    if (size >= offsetof(::bpf_prog_info, attach_btf_id) + sizeof info.attach_btf_id)
        found.target = info.attach_btf_obj_id;
    return found;
}

std::optional<std::string> function_in(btf_object const& object, std::uint32_t type) {
    if (!object.all) return std::nullopt;
    auto const* const found = ::btf__type_by_id(object.all.get(), type);
    if (!found || !::btf_is_func(found)) return std::nullopt;
    auto const* const name = ::btf__name_by_offset(object.all.get(), found->name_off);
    return name ? std::optional<std::string>{name} : std::nullopt;
}

std::optional<traced_function> find_traced(bl::program_id program, std::uint32_t object,
                                           std::uint32_t type) {
    auto const told = types_of(program);
    if (!told || !told->target) return std::nullopt;
    if (told->target == object && btf_of(object).is_of_kernel) {
        auto name = function_in(btf_of(object), type);
        if (!name) return std::nullopt;
        return traced_function{{*std::move(name), btf_of(object).module}};
    }
    auto const target = types_of(bl::program_id{object});
    if (!target || target->own == 0) return std::nullopt;
    auto name = function_in(btf_of(target->own), type);
    if (!name) return std::nullopt;
    return traced_function{{*std::move(name)}, true};
}

} // namespace

std::string function_name::text() const {
    return module.empty() ? name : fmt::format("{} [{}]", name, module);
}

std::optional<function_name> function_at(std::uint64_t address) {
    constexpr std::uint64_t mark = 4; // ENDBR64, BTI
    if (address == 0) return std::nullopt;
    static auto const all = all_functions();
    for (auto const begin : {address, address - mark})
        if (auto const found = all.find(begin); found != all.end()) return found->second;
    return std::nullopt;
}

std::optional<traced_function> traced_by(bl::program_id program, std::uint32_t object,
                                         std::uint32_t type) {
    static std::map<std::tuple<bl::program_id, std::uint32_t, std::uint32_t>,
                    std::optional<traced_function>>
        known;
    auto const [entry, is_new] = known.try_emplace({program, object, type});
    if (is_new) entry->second = find_traced(program, object, type);
    return entry->second;
}

} // namespace tool
