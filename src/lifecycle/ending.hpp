// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/read_info.hpp>
#include <bpflink/error.hpp>
#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/lifecycle/teardown.hpp>
#include <bpflink/link.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

using moment = std::chrono::steady_clock::time_point;

/// The holders of links, by looks at processes and pins that serve for 100 ms. May be asked side by
/// side.
class holder_looks {
public:
    /// @param only  the one link that is asked about; empty: any
    explicit holder_looks(std::optional<link_id> only = std::nullopt) noexcept : only_{only} {}
    /// The holders beside the handle of an open link, and its pin. A process that looks at links
    /// holds each for a moment, and is not meant.
    [[nodiscard]] result<link_holders> beside(link_id id, std::string const& pin);

private:
    struct look {
        std::map<link_id, link_holders> holders{};
        moment begun{}, done{};
    };
    result<void> look_again();

    std::optional<link_id> only_;
    std::mutex mutex_;
    look before_, last_;
};

/// The teardown of several links, which look at all processes and pins together, and wait together
/// for what the kernel does after each end. `end` may be called side by side.
class joint_end {
public:
    /// Teardown of a link. Where its pin is one of a locked directory, the lock is the caller's.
    /// All links are open by the first call.
    /// @param l  keeps the link where that was not closed yet
    [[nodiscard]] result<teardown_report> end(link& l, moment deadline);
    /// Completes the report of a link that was detached: its end, or the holders of its shell.
    void complete(teardown_report& report);
    /// Waits until the kernel has stopped all programs.
    void settle() const;

    // Of end():

    [[nodiscard]] holder_looks& looks() noexcept { return looks_; }
    void settles_at(moment by);
    /// Its holders are to be looked for by complete().
    void is_left(detail::link_header const& detached, moment deadline);

private:
    holder_looks looks_;
    std::mutex mutex_;
    moment settled_{};
    std::map<link_id, detail::link_header> left_;
    std::optional<result<std::map<link_id, link_holders>>> holders_of_left_;
    moment patience_{}; // of all that are left
};

void pause_until(moment end);

} // namespace bpflink
