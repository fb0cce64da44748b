// SPDX-License-Identifier: Apache-2.0
// Wherever ensure_attached is killed, the next call leaves one link, attached, and pinned by one
// name; and where the kernel can update, a link that was there never left its place.
#include "kill.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::attach_type;
using bl::program_type;

template <class T>
T must(bl::result<T> made) {
    if (!made) throw std::runtime_error{made.error().message()};
    if constexpr (!std::is_void_v<T>) return *std::move(made);
}

/// A program that returns a number; without a descriptor where the kernel loads none.
template <program_type Type>
struct tiny {
    static constexpr program_type type = Type;
    bl::unique_fd owned;

    attach_type expected{};

    explicit tiny(int value, attach_type loaded_for = {}, char const* function = nullptr)
        : expected{loaded_for} {
        std::array<bpf_insn, 2> const code{
            bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K,
                     .dst_reg = 0,
                     .src_reg = 0,
                     .off = 0,
                     .imm = value},
            bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
        bpf_prog_load_opts options{};
        options.sz = sizeof options;
        options.expected_attach_type = static_cast<bpf_attach_type>(expected);
        if (function) {
            int const id = ::libbpf_find_vmlinux_btf_id(function, options.expected_attach_type);
            if (id < 0) {
                MESSAGE("libbpf says ", id);
                return;
            }
            options.attach_btf_id = static_cast<__u32>(id);
        }
        int const fd = ::bpf_prog_load(static_cast<bpf_prog_type>(Type), "tiny", "GPL", code.data(),
                                       code.size(), &options);
        if (fd >= 0)
            owned = bl::unique_fd{fd};
        else
            MESSAGE("the kernel says ", fd);
    }
    [[nodiscard]] bl::fd_view fd() const { return owned; }
    [[nodiscard]] std::optional<attach_type> expected_attach_type() const {
        return expected == attach_type{} ? std::nullopt : std::optional{expected};
    }
    [[nodiscard]] bl::program_id id() const {
        bpf_prog_info info{};
        __u32 size = sizeof info;
        if (::bpf_prog_get_info_by_fd(owned.get(), &info, &size) < 0)
            throw std::runtime_error{"no info of a program"};
        return bl::program_id{info.id};
    }
};

template <class P, class H>
class killed {
public:
    killed(P const& before, P const& wanted, H const& where)
        : before_{before}, wanted_{wanted}, where_{where} {}

    /// At every system call, where nothing is, where another program's link is, and where it is
    /// all as it should be.
    void everywhere() {
        if (!before_.owned || !wanted_.owned) {
            MESSAGE("skipped: the kernel loads no such program");
            return;
        }
        auto tried = bl::attach(before_, where_);
        if (!tried &&
            (tried.error() == bl::errc::not_supported || tried.error() == bl::errc::not_found)) {
            MESSAGE("skipped: ", tried.error().message());
            return;
        }
        auto probe = must(std::move(tried));
        if (must(bl::is_at(before_, where_, probe)) != bl::match::yes) {
            MESSAGE("skipped: the kernel does not tell the place of such a link");
            return;
        }
        must(probe.close());
        for (auto const* const start : {"nothing", "another program", "this program"}) {
            CAPTURE(start);
            int const kills = kill_at_every_call({
                .prepare = [&] { begin(start); },
                .act = [&] { must(ensure(wanted_)); },
                .check = [&] { check(start); },
            });
            CHECK(kills > 8);
            MESSAGE(std::string{start}, ": ", kills, " kills");
        }
        end();
    }

private:
    auto ensure(P const& prog) { return bl::ensure_attached(prog, where_, path_); }

    void end() {
        for (auto const& name : names())
            std::filesystem::remove(fs_.path() + "/" + name);
        // The kernel lets go a moment later.
        for (int i = 0; i != 2'000 && !ours().empty(); ++i)
            ::usleep(1'000);
    }

    void begin(std::string const& start) {
        end();
        first_ = {};
        if (start == "nothing") return;
        auto const made = must(ensure(start == "another program" ? before_ : wanted_));
        first_ = must(made.link.info()).id;
    }

    std::set<std::string> names() const {
        std::set<std::string> found;
        for (auto const& entry : std::filesystem::directory_iterator{fs_.path()})
            if (auto const name = entry.path().filename().string(); !name.ends_with(".debug"))
                found.insert(name);
        return found;
    }

    /// The links that run one of the two programs.
    std::vector<bl::link_id> ours() const {
        std::vector<bl::link_id> found;
        for (auto&& each : bl::infos())
            if (each && (each->program == before_.id() || each->program == wanted_.id()))
                found.push_back(each->id);
        return found;
    }

    void check(std::string const& start) {
        for (auto const& name : names())
            CHECK((name == "x" || name == "x%tmp"));
        if (first_ != bl::link_id{} && bl::updatable<H>) {
            auto const there = must(bl::typed_link<H>::load_pinned(path_));
            CHECK(must(there.info()).id == first_);
            CHECK(there.state() != bl::link_state::defunct);
        }
        if (first_ != bl::link_id{} && start == "this program")
            CHECK(must(must(bl::link::load_pinned(path_)).info()).id == first_);
        {
            auto const again = must(ensure(wanted_));
            CHECK(must(again.link.info()).program == wanted_.id());
            CHECK(must(bl::is_at(wanted_, where_, again.link)) == bl::match::yes);
        }
        CHECK(names() == std::set<std::string>{"x"});
        CHECK(ours().size() == 1);
    }

    P const& before_;
    P const& wanted_;
    H where_;
    sandbox::bpffs fs_;
    std::string path_ = fs_.path() + "/x";
    bl::link_id first_{};
};

template <program_type Type, class H>
void kill_everywhere(H const& where, int value, attach_type expected = {},
                     char const* function = nullptr) {
    tiny<Type> const before{value, expected, function}, wanted{value, expected, function};
    killed{before, wanted, where}.everywhere();
}

} // namespace

TEST_CASE("ensure_attached killed anywhere, on an interface by xdp") {
    sandbox::network const net;
    kill_everywhere<program_type::xdp>(bl::hook::xdp{.ifindex = net.loopback()}, 2);
}

TEST_CASE("ensure_attached killed anywhere, on an interface by tcx") {
    sandbox::network const net;
    kill_everywhere<program_type::sched_cls>(
        bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress}, -1,
        attach_type::tcx_ingress);
}

TEST_CASE("ensure_attached killed anywhere, on a cgroup") {
    sandbox::cgroup const group;
    kill_everywhere<program_type::cgroup_sock_addr>(
        bl::hook::cgroup{.cgroup = group.path(), .attach = attach_type::cgroup_inet4_connect}, 1,
        attach_type::cgroup_inet4_connect);
}

TEST_CASE("ensure_attached killed anywhere, on netfilter, which takes no update") {
    sandbox::network const net;
    kill_everywhere<program_type::netfilter>(
        bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                            .hook = bl::netfilter_hook::local_in,
                            .priority = 7},
        1, attach_type::netfilter);
}

TEST_CASE("ensure_attached killed anywhere, on a tracepoint by a perf event") {
    kill_everywhere<program_type::tracepoint>(
        bl::hook::tracepoint{.group = "syscalls", .name = "sys_enter_getpgid"}, 0);
}

TEST_CASE("ensure_attached killed anywhere, on a function of the kernel's by fentry") {
    kill_everywhere<program_type::tracing>(bl::hook::tracing{}, 0, attach_type::trace_fentry,
                                           "bpf_fentry_test1");
}
