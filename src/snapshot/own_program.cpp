// SPDX-License-Identifier: Apache-2.0
#include "snapshot/own_program.hpp"

#include "all_infos.bpf.hpp"
#include "all_links.bpf.hpp"
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/event_link.hpp"
#include "hook/row.hpp"
#include "info/refuse_info.hpp"
#include "link_descriptors.bpf.hpp"
#include "netns_of_link.bpf.hpp"

#include <bpflink/attach_type.hpp>

#include <array>
#include <cerrno>
#include <string>
#include <type_traits>
#include <utility>

namespace bpflink {
namespace {

using detail::attempt;
using detail::capability;
using detail::finding;
using detail::refusal;

constexpr char types_of_kernel[] = "/sys/kernel/btf/vmlinux";

/// The obstacle that kept the program from being loaded.
struct met {
    bool types; // the kernel's, which cannot be read
    char const* needs;
};

finding no_types(attempt const& tried) {
    return yes_if(tried.as<met>().types, types_of_kernel);
}

finding no_kernel_for_it(attempt const& tried) {
    return {match::unknown, tried.as<met>().needs};
}

finding is_seen_to_be_locked_down(attempt const&) {
    return {is_locked_down() == match::yes ? match::yes : match::no};
}

finding no_kernel_for_its_calls(attempt const& tried) {
    std::string const needs = tried.as<met>().needs;
    return {match::unknown,
            is_locked_down() == match::unknown ? needs + ", or it is locked down" : needs};
}

constexpr std::array causes{
    refusal{ENOENT, errc::not_supported,
            "the kernel's types, {}, cannot be read: it has none, or /sys is not mounted", "",
            "btf_vmlinux_init", no_types},
    refusal{EACCES, errc::permission_denied, "the kernel's types, {}, cannot be read", "",
            "sysfs_kf_bin_open", no_types},
    refusal{EPERM, errc::permission_denied, "the kernel's types, {}, cannot be read", "",
            "sysfs_kf_bin_open", no_types},
    refusal{EACCES, errc::permission_denied, "the verifier refuses it", "", "bpf_check"},
    refusal{EINVAL, errc::permission_denied, "kernel lockdown (confidentiality) forbids it", "",
            "bpf_tracing_func_proto", is_seen_to_be_locked_down},
    refusal{EINVAL, errc::not_supported, "the kernel does not have {}", "", "bpf_prog_load",
            no_kernel_for_its_calls},
    refusal{ENOENT, errc::not_supported, "the kernel does not have {}", "", "bpf_prog_load",
            no_kernel_for_it},
    refusal{ESRCH, errc::not_supported, "the kernel does not have {}", "",
            "find_btf_by_prefix_kind", no_kernel_for_it},
};

constexpr detail::hook_row own_row{.needs = {capability::bpf, capability::perfmon}};

sys::opened load_smallest() {
    constexpr std::array<std::uint64_t, 2> code{0x00000000000000b7,
                                                0x0000000000000095}; // r0 = 0; exit
    static constexpr char license[] = "GPL";
    uapi::prog_load_attr attr{};
    attr.prog_type = static_cast<std::uint32_t>(program_type::raw_tracepoint);
    attr.insn_cnt = code.size();
    attr.insns = reinterpret_cast<std::uintptr_t>(code.data());
    attr.license = reinterpret_cast<std::uintptr_t>(license);
    return sys::prog_load(attr);
}

// Of namespaces, not of functions: a thread that forks while another comes by first would leave its
// child a guard that nobody there will open. For the same reason nothing is destroyed at exit.
constinit own_program of_links{{.file = bpf_objects::all_links,
                                .what = "the iterator over links",
                                .type = program_type::tracing,
                                .walks = "bpf_link",
                                .needs = "an iterator over links (5.19)"}};
constinit own_program of_infos{{.file = bpf_objects::all_infos,
                                .what = "the iterator over links",
                                .type = program_type::tracing,
                                .walks = "bpf_link",
                                .needs = "an iterator over links (5.19)"}};
constinit own_program of_namespaces{
    {.file = bpf_objects::netns_of_link,
     .what = "the program that tells a link's network namespace",
     .type = program_type::raw_tracepoint,
     .walks = nullptr,
     .needs = "the kernel's data on a link's network namespace (5.10)"}};
constinit own_program of_descriptors{{.file = bpf_objects::link_descriptors,
                                      .what = "the iterator over descriptors",
                                      .type = program_type::tracing,
                                      .walks = "task_file",
                                      .needs = "an iterator over descriptors (5.8)"}};
static_assert(std::is_trivially_destructible_v<own_program>);

} // namespace

own_program& links_program() noexcept {
    return of_links;
}

own_program& infos_program() noexcept {
    return of_infos;
}

own_program& netns_program() noexcept {
    return of_namespaces;
}

own_program& descriptors_program() noexcept {
    return of_descriptors;
}

result<own_program::loaded> own_program::get() {
    auto const own = kept_.load();
    if (own.id != 0) {
        uapi::object_info_head now{};
        std::uint32_t size = sizeof now;
        int const outcome = sys::obj_get_info(own.fd, &now, size);
        bool const is_ours =
            outcome >= 0 && now.id == own.id && now.type == static_cast<std::uint32_t>(facts_.type);
        if (is_ours) return loaded{fd_view{own.fd}, program_id{own.id}};
        // Neither open (EBADF) nor BPF's (EINVAL), or another object; else it is not known.
        if (outcome < 0 && outcome != -EBADF && outcome != -EINVAL)
            return refuse_info(outcome, operation::prog_get_info, fd_view{own.fd});
        // It is not ours to close.
    }
    if (never_) return refused(-ESRCH);
    if (int const still = still_in_the_way(); still < 0) return refused(still);
    return load(own);
}

result<own_program::loaded> own_program::load(kept instead_of) {
    auto program = sys::load_object(facts_.file());
    if (!program) return refused(find_obstacle(program.outcome()));
    obstacle_ = obstacle::none;
    uapi::object_info_head head{};
    std::uint32_t size = sizeof head;
    if (int const told = sys::obj_get_info(program.outcome(), &head, size); told < 0)
        return refuse_info(told, operation::prog_get_info, program.view());
    kept const own{program.outcome(), head.id};
    // Of another thread that was faster, it is that one's, and this one's is closed.
    if (!kept_.compare_exchange_strong(instead_of, own))
        return loaded{fd_view{instead_of.fd}, program_id{instead_of.id}};
    unique_fd stays = std::move(program);
    return loaded{fd_view{stays.release()}, program_id{own.id}};
}

/// The obstacle of the last attempt if it is still there, by a look that costs little. A negated
/// errno, or 0 where it is worth another attempt.
int own_program::still_in_the_way() const {
    auto const look = [](sys::opened const& there) { return there ? 0 : there.outcome(); };
    switch (obstacle_) {
    case obstacle::types: return look(sys::open_file(types_of_kernel));
    case obstacle::other: return look(load_smallest());
    default: return 0;
    }
}

/// The reason for a failed attempt. libbpf says ESRCH if it cannot read the kernel's types, and of
/// a type that is not among them.
int own_program::find_obstacle(int outcome) {
    obstacle_ = obstacle::other;
    if (outcome != -ESRCH) return outcome;
    if (auto const types = sys::open_file(types_of_kernel); !types) {
        obstacle_ = obstacle::types;
        return types.outcome();
    }
    auto const iterator = static_cast<unsigned>(attach_type::trace_iter);
    if (facts_.walks && sys::kernel_type(facts_.walks, iterator) == -ENOENT) never_ = true;
    return outcome;
}

tl::unexpected<error> own_program::refused(int outcome) const {
    met const what{obstacle_ == obstacle::types, facts_.needs};
    return refuse(outcome, operation::prog_load, facts_.what, {.row = own_row, .request = &what},
                  {causes, usual_causes()});
}

void own_program::unload() noexcept {
    if (auto const own = kept_.exchange({}); own.id != 0) sys::close(own.fd);
    obstacle_ = obstacle::none;
    never_ = false;
}

} // namespace bpflink
