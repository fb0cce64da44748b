// SPDX-License-Identifier: Apache-2.0
#include "links_program.hpp"

#include "all_links.bpf.hpp"
#include "fail.hpp"
#include "identify.hpp"
#include "sys.hpp"

#include <bpflink/program_type.hpp>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace bpflink::detail {
namespace {

/// libbpf 1.3 says ESRCH of whatever keeps it from reading the kernel's types.
int why_not_loaded(int outcome) {
    if (outcome != -ESRCH) return outcome;
    auto const types = sys::open_file("/sys/kernel/btf/vmlinux");
    return !types && types.outcome() != -ENOENT ? types.outcome() : outcome;
}

/// Another thread, or this one a moment later, may be answered otherwise.
bool is_passing(int outcome) {
    switch (-outcome) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EPERM:
    case EACCES: return true;
    default: return false;
    }
}

tl::unexpected<error> refused(int outcome) {
    std::string const subject = "the iterator over links";
    switch (-outcome) {
    case EPERM:
        return fail(outcome, operation::prog_load, errc::permission_denied, subject,
                    "CAP_BPF or CAP_PERFMON is missing");
    case EACCES:
        return fail(outcome, operation::prog_load, errc::permission_denied, subject,
                    "the verifier or a security module refuses it");
    case EINVAL:
    case ENOENT:
    case ESRCH:
        return fail(outcome, operation::prog_load, errc::not_supported, subject,
                    "the kernel has no iterator over links (5.19) or no BTF, or it is locked down");
    default: return fail(outcome, operation::prog_load, subject);
    }
}

} // namespace

links_program& links_program::of_process() {
    static auto* const shared = new links_program;
    return *shared;
}

result<links_program::loaded> links_program::get() {
    std::scoped_lock const lock{guard_};
    if (fd_) {
        uapi::object_info_head now{};
        std::uint32_t size = sizeof now;
        int const outcome = sys::obj_get_info(fd_.get(), &now, size);
        bool const is_ours = outcome >= 0 && now.id == id_.value() &&
                             now.type == static_cast<std::uint32_t>(program_type::tracing);
        if (is_ours) return loaded{fd_, id_};
        // Neither open (EBADFD) nor BPF's (EINVAL), or another object; else it is not known.
        if (outcome < 0 && outcome != -EBADFD && outcome != -EINVAL)
            return fail(outcome, operation::program_get_info, describe(fd_));
        static_cast<void>(fd_.release()); // not ours to close
    }
    if (never_) return tl::unexpected{*never_};
    return load().map([&] { return loaded{fd_, id_}; });
}

result<void> links_program::load() {
    auto program = sys::load_object(bpf_objects::all_links());
    if (!program) {
        int const reason = why_not_loaded(program.outcome());
        auto why = refused(reason);
        if (!is_passing(reason)) never_ = why.value();
        return why;
    }
    unique_fd fd{std::move(program)};
    uapi::object_info_head head{};
    std::uint32_t size = sizeof head;
    if (int const told = sys::obj_get_info(fd.get(), &head, size); told < 0)
        return fail(told, operation::program_get_info, describe(fd));
    fd_ = std::move(fd);
    id_ = program_id{head.id};
    return {};
}

} // namespace bpflink::detail
