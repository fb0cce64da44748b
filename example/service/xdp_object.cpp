// SPDX-License-Identifier: Apache-2.0
#include "xdp_object.hpp"

#include <cerrno>
#include <string>

#include <bpf/libbpf.h>

namespace service {
namespace bl = bpflink;

void xdp_object::closer::operator()(::bpf_object* object) const noexcept {
    ::bpf_object__close(object);
}

bl::result<xdp_object> xdp_object::load(configuration const& from, maps which) {
    ::bpf_object_open_opts options{};
    options.sz = sizeof options;
    options.pin_root_path = from.pins.c_str();
    handle object{::bpf_object__open_file(from.object.c_str(), &options)};
    if (!object) return tl::unexpected{bl::error{errno, bl::operation::open, from.object}};
    auto const lacks = [&](std::string const& what) {
        return tl::unexpected{bl::error{ENOENT, bl::operation::open, bl::errc::not_found,
                                        from.object, "it has no " + what}};
    };

    ::bpf_program* each = nullptr;
    bpf_object__for_each_program(each, object.get())::bpf_program__set_autoload(
        each, from.program == ::bpf_program__name(each));
    auto* const chosen = ::bpf_object__find_program_by_name(object.get(), from.program.c_str());
    if (!chosen) return lacks("program " + from.program);
    ::bpf_map* counters = nullptr;
    if (!from.counters.empty()) {
        counters = ::bpf_object__find_map_by_name(object.get(), from.counters.c_str());
        if (!counters || ::bpf_map__type(counters) != BPF_MAP_TYPE_ARRAY ||
            ::bpf_map__value_size(counters) != sizeof(std::uint64_t))
            return lacks("array " + from.counters + " of counters of 64 bits");
    }
    if (which == maps::own) {
        ::bpf_map* map = nullptr;
        bpf_object__for_each_map(map, object.get())::bpf_map__set_pin_path(map, nullptr);
    }
    if (int const outcome = ::bpf_object__load(object.get()); outcome < 0) {
        // EACCES is the verifier's, for what the program does.
        auto const why =
            outcome == -EPERM ? bl::errc::permission_denied : bl::errc::invalid_argument;
        return tl::unexpected{bl::error{-outcome, bl::operation::prog_load, why, from.object,
                                        "--verbose shows what the kernel says"}};
    }
    return xdp_program::from(chosen).map(
        [&](xdp_program program) { return xdp_object{std::move(object), program, counters}; });
}

std::vector<std::uint64_t> xdp_object::counts() const {
    std::vector<std::uint64_t> all(counters_ ? ::bpf_map__max_entries(counters_) : 0);
    for (std::uint32_t key = 0; key != all.size(); ++key)
        ::bpf_map__lookup_elem(counters_, &key, sizeof key, &all[key], sizeof all[key], 0);
    return all;
}

} // namespace service
