// SPDX-License-Identifier: Apache-2.0
#include "xdp_object.hpp"

#include <cerrno>

#include <bpf/libbpf.h>
#include <sys/resource.h>

namespace service {
namespace bl = bpflink;

void xdp_object::closer::operator()(::bpf_object* object) const noexcept {
    ::bpf_object__close(object);
}

bl::result<xdp_object> xdp_object::load(configuration const& from) {
    ::rlimit const no_limit{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_MEMLOCK, &no_limit); // kernels before 5.11 account BPF memory to it

    ::bpf_object_open_opts options{};
    options.sz = sizeof options;
    options.pin_root_path = from.bpffs.c_str();
    handle object{::bpf_object__open_file(from.object.c_str(), &options)};
    if (!object) return tl::unexpected{bl::error{errno, bl::operation::open, from.object}};

    ::bpf_program* each = nullptr;
    bpf_object__for_each_program(each, object.get())::bpf_program__set_autoload(
        each, from.program == ::bpf_program__name(each));
    auto* const chosen = ::bpf_object__find_program_by_name(object.get(), from.program.c_str());
    if (!chosen)
        return tl::unexpected{bl::error{ENOENT, bl::operation::prog_load, bl::errc::not_found,
                                        from.program + " of " + from.object}};
    if (int const outcome = ::bpf_object__load(object.get()); outcome < 0)
        return tl::unexpected{bl::error{-outcome, bl::operation::prog_load, from.object}};
    return xdp_program::from(chosen).map(
        [&](xdp_program program) { return xdp_object{std::move(object), program}; });
}

} // namespace service
