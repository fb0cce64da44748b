// SPDX-License-Identifier: Apache-2.0
#include "info/netns_of.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/identify.hpp"
#include "snapshot/netns_answer.h"

#include <bpflink/targets.hpp>

#include <cerrno>
#include <cstdint>
#include <string>

namespace bpflink {

result<netns_inode> netns_reader::of(fd_view link) {
    return ask(link, "it is not in a network namespace, or the kernel does not tell in which")
        .map([](std::uint32_t answer) { return netns_inode{answer == netns_gone ? 0 : answer}; });
}

result<std::uint32_t> netns_reader::process_of(fd_view link) {
    return ask(link, "the kernel does not tell the process that it is for");
}

result<bool> netns_reader::is_in(fd_view link, fd_view file) {
    return ask(link, "the kernel does not tell the file that it is in", file)
        .map([](std::uint32_t answer) { return answer == file_same; });
}

result<std::uint32_t> netns_reader::ask(fd_view link, char const* untold, fd_view other) {
    constexpr auto where = operation::resolve_netns;
    if (!program_) program_ = by_.get();
    if (!*program_) return tl::unexpected{program_->error()};
    std::uint32_t answer = netns_untold;
    int const outcome = sys::prog_test_run((*program_)->fd.get(), link.get(), answer, other.get());
    auto const subject = [&] { return link ? describe(link) : std::string{"this thread"}; };
    if (outcome < 0) return fail(outcome, where, subject());
    if (answer == netns_untold)
        return fail(-EOPNOTSUPP, where, errc::not_supported, subject(), untold);
    return answer;
}

result<netns_inode> own_netns() {
    auto told = netns_inode_of("/proc/thread-self/ns/net");
    if (told) return told;
    // There may be no /proc.
    auto asked = netns_reader{}.of(fd_view{});
    return asked ? asked : told;
}

} // namespace bpflink
