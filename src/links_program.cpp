// SPDX-License-Identifier: Apache-2.0
#include "links_program.hpp"

#include "all_links.bpf.hpp"
#include "fail.hpp"
#include "sys.hpp"

#include <cerrno>
#include <utility>

namespace bpflink::detail {
namespace {

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

result<fd_view> links_program::get() {
    std::scoped_lock const lock{guard_};
    if (!loaded_) {
        int const outcome = sys::load_object(bpf_objects::all_links());
        if (is_passing(outcome)) return refused(outcome);
        if (outcome < 0)
            loaded_.emplace(refused(outcome));
        else
            loaded_.emplace(unique_fd{outcome});
    }
    if (!*loaded_) return tl::unexpected{loaded_->error()};
    return fd_view{**loaded_};
}

} // namespace bpflink::detail
