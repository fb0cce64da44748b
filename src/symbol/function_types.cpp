// SPDX-License-Identifier: Apache-2.0
#include "symbol/function_types.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "symbol/kallsyms.hpp"

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

namespace bpflink {
namespace {

struct types_closer {
    void operator()(void* types) const noexcept { sys::close_types(types); }
};
using open_types = std::unique_ptr<void, types_closer>;

result<open_types> types_of_module(std::string const& module) {
    void* types = nullptr;
    int const outcome = sys::open_types(module.empty() ? nullptr : module.c_str(), types);
    if (outcome == 0) return open_types{types};
    auto const subject =
        "/sys/kernel/btf/" + (module.empty() ? std::string{kernel_itself} : module);
    if (outcome != -ENOENT) return fail(outcome, operation::open, subject);
    if (module.empty())
        return fail(outcome, operation::open, errc::not_supported, subject,
                    "the kernel shows no BTF (CONFIG_DEBUG_INFO_BTF, and /sys mounted)");
    if (is_loaded(module) == match::no)
        return fail(outcome, operation::open, errc::not_found, subject,
                    "module '" + module + "' is not loaded");
    return fail(outcome, operation::open, errc::not_supported, subject,
                "the module, or the kernel, has no BTF (CONFIG_DEBUG_INFO_BTF_MODULES)");
}

} // namespace

result<std::vector<std::vector<typed_function>>> types_of(std::string_view module,
                                                          std::span<std::string_view const> names) {
    auto const types = types_of_module(std::string{module});
    if (!types) return tl::unexpected{types.error()};
    std::unordered_multimap<std::string_view, std::size_t> wanted;
    for (std::size_t i = 0; i != names.size(); ++i)
        wanted.emplace(names[i], i);
    std::vector<std::vector<typed_function>> found(names.size());
    for (sys::function_type each{}; sys::next_function(types->get(), each) == 1;) {
        auto const [begin, end] = wanted.equal_range(each.name);
        for (auto at = begin; at != end; ++at)
            found[at->second].push_back({each.id, each.can_be_traced});
    }
    return found;
}

} // namespace bpflink
