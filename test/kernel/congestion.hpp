// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/map_ref.hpp>

#include <memory>
#include <string>

struct bpf_link;
struct bpf_map;
struct bpf_object;

/// A TCP congestion control in BPF, attached by a link of struct_ops; without a link where the
/// kernel has none.
class congestion_control {
public:
    enum class attached { by_libbpf, by_nobody };
    /// @param number  tables of one number have one name
    explicit congestion_control(attached how = attached::by_libbpf, unsigned number = 0);

    /// Whether the kernel took the table.
    [[nodiscard]] bool is_loaded() const noexcept { return loaded_; }
    [[nodiscard]] bpflink::map_ref map() const;

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(link_); }

    /// Why it is not attached.
    [[nodiscard]] std::string const& reason() const noexcept { return reason_; }

    [[nodiscard]] bpflink::fd_view link() const;
    [[nodiscard]] bpflink::map_id map_id() const;

    /// Whether a TCP socket can choose it.
    [[nodiscard]] bool available() const;

private:
    void rename(unsigned number);

    struct closer {
        void operator()(::bpf_object* object) const noexcept;
        void operator()(::bpf_link* link) const noexcept;
    };
    bool loaded_ = false;
    std::string reason_;
    std::string name_;
    std::unique_ptr<::bpf_object, closer> object_;
    ::bpf_map* map_ = nullptr;
    std::unique_ptr<::bpf_link, closer> link_;
};
