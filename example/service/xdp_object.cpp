// SPDX-License-Identifier: Apache-2.0
#include "xdp_object.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include <bpf/libbpf.h>

namespace service {
namespace bl = bpflink;

void xdp_object::closer::operator()(::bpf_object* of) const noexcept {
    ::bpf_object__close(of);
}

bl::result<xdp_object> load_object(configuration const& from, bool shares) {
    ::bpf_object_open_opts options{};
    options.sz = sizeof options;
    options.pin_root_path = from.pins.c_str();
    std::unique_ptr<::bpf_object, xdp_object::closer> object{
        ::bpf_object__open_file(from.object.c_str(), &options)};
    if (!object) return tl::unexpected{bl::error{errno, bl::operation::open, from.object}};
    auto const lacks = [&](std::string const& what) {
        return tl::unexpected{bl::error{ENOENT, bl::operation::open, bl::errc::not_found,
                                        from.object, "it has no " + what}};
    };

    ::bpf_program* each = nullptr;
    bpf_object__for_each_program(each, object.get())::bpf_program__set_autoload(
        each, from.program == ::bpf_program__name(each));
    auto* const chosen = ::bpf_object__find_program_by_name(object.get(), from.program.c_str());
    if (!chosen || ::bpf_program__type(chosen) != BPF_PROG_TYPE_XDP)
        return lacks("program " + from.program + " of XDP");
    ::bpf_map* counters = nullptr;
    if (!from.counters.empty()) {
        counters = ::bpf_object__find_map_by_name(object.get(), from.counters.c_str());
        if (!counters || ::bpf_map__type(counters) != BPF_MAP_TYPE_ARRAY ||
            ::bpf_map__value_size(counters) != sizeof(std::uint64_t))
            return lacks("array " + from.counters + " of counters of 64 bits");
    }
    ::bpf_map* map = nullptr;
    if (!shares) bpf_object__for_each_map(map, object.get())::bpf_map__set_pin_path(map, nullptr);
    if (int const outcome = ::bpf_object__load(object.get()); outcome < 0) {
        // EACCES is the verifier's, for what the program does.
        auto const why =
            outcome == -EPERM ? bl::errc::permission_denied : bl::errc::invalid_argument;
        return tl::unexpected{bl::error{-outcome, bl::operation::prog_load, why, from.object,
                                        "--verbose shows what the kernel says"}};
    }
    return bl::program_ref<bl::program_type::xdp>::from(chosen).map(
        [&](auto program) { return xdp_object{std::move(object), program, counters}; });
}

std::vector<std::uint64_t> counts_of(xdp_object const& of) {
    std::vector<std::uint64_t> all(of.counters ? ::bpf_map__max_entries(of.counters) : 0);
    for (std::uint32_t key = 0; key != all.size(); ++key)
        ::bpf_map__lookup_elem(of.counters, &key, sizeof key, &all[key], sizeof all[key], 0);
    return all;
}

} // namespace service
