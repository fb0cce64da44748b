// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_record.hpp>

#include <optional>

namespace bpflink::detail {

/// The three fields that every link has.
struct link_header {
    link_type type;
    link_id id;
    program_id program;
};

/// Which links a walk is about: all, where nothing is set.
struct wanted_links {
    link_type type{};
    program_id program{};
    bool by_type = false;
    bool by_program = false;
    bool none = false;

    bool operator()(link_header const& header) const noexcept {
        return !none && (!by_type || type == header.type) &&
               (!by_program || program == header.program);
    }
    [[nodiscard]] wanted_links and_also(wanted_links const& other) const noexcept;
};

/// Reads what the kernel tells of one link after another. Most kinds take one call. Kinds with
/// names or arrays take two; so does the first link of a kind whose newer fields this kernel may
/// not report. A call is repeated if a name grew meanwhile, or if a cookie could not be told from
/// the mark.
class info_reader {
public:
    explicit info_reader(wanted_links const& wanted = {}) noexcept : wanted_{wanted} {}

    /// Puts an info or an error, or leaves `out` empty: the link is not wanted.
    void read(fd_view link, std::optional<result<link_info>>& out);

    /// Whether the running kernel reports a field, as far as its answers have shown.
    struct reported_fields {
        std::optional<bool> tracing_target;
        std::optional<bool> tracing_cookie;
        std::optional<bool> counter_cookie;
        std::optional<bool> function_cookies;
    };

private:
    [[nodiscard]] int ask_all(fd_view link, struct answer& whole);

    wanted_links wanted_;
    reported_fields reported_;
};

/// All that the kernel tells of a link.
[[nodiscard]] result<link_info> read_info(fd_view link);

/// The header alone: 12 bytes, one call.
[[nodiscard]] result<link_header> read_header(fd_view link);

/// The facts that a record keeps: one call, three for an iterator.
[[nodiscard]] result<link_record> read_record(fd_view link);

/// The state alone: one call.
[[nodiscard]] link_state read_state(fd_view link) noexcept;

} // namespace bpflink::detail
