// SPDX-License-Identifier: Apache-2.0
// A set of all programs of an object, as of a skeleton: each runs where its section says, or where
// the code does.
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "sandbox.hpp"
#include "sections.bpf.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include <bpf/libbpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

namespace hook = bl::hook;

/// sections.bpf.c with the ten programs that load by default, and their places.
class skeleton {
public:
    skeleton() {
        ::libbpf_set_print(nullptr);
        auto const file = bpf_objects::sections();
        object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
        if (!object_) throw std::system_error{errno, std::generic_category(), "opening"};
    }

    /// False, and a skipped case, where the kernel does not load them.
    [[nodiscard]] bool load() {
        if (int const outcome = ::bpf_object__load(object_.get()); outcome < 0) {
            skip_case(std::string{"the kernel does not load ten programs of as many kinds: "} +
                      std::strerror(-outcome));
            return false;
        }
        for_each([](::bpf_program const* prog) {
            if (auto const fd = fd_of(prog)) note_own_program(id_of_program(*fd).value());
        });
        return true;
    }

    /// The place of a program, which its section may tell; nothing where this kernel lacks the
    /// hook.
    [[nodiscard]] bl::result<std::optional<bl::any_hook>>
    place_of(::bpf_program const* prog, bl::result<bl::any_hook> const& read) const {
        std::string_view const section = ::bpf_program__section_name(prog);
        bl::result<bl::any_hook> where = read;
        if (section == "xdp")
            where = hook::xdp{.ifindex = net_.loopback(), .mode = bl::xdp_mode::generic};
        if (section == "cgroup_skb/egress") where = hook::cgroup{.cgroup = group_.path()};
        if (!where) return tl::unexpected{where.error()};
        bool const has =
            std::visit([]<class Hook>(Hook const&) { return bool{bl::supports<Hook>()}; }, *where);
        if (!has) return std::nullopt;
        return *where;
    }
    [[nodiscard]] auto places() const {
        return [this](::bpf_program const* prog, bl::result<bl::any_hook> const& read) {
            return place_of(prog, read);
        };
    }

    /// All that the programs wait for, but the iterator's.
    void act() {
        if (bl::supports<hook::kprobe>()) (void)call_traced_functions();
        ::syscall(SYS_getpid);
        call_first(1);
        net_.send_to_loopback(1);
    }

    template <class F>
    void for_each(F f) const {
        ::bpf_program const* prog = nullptr;
        while ((prog = ::bpf_object__next_program(object_.get(), const_cast<::bpf_program*>(prog))))
            f(prog);
    }
    [[nodiscard]] static std::optional<bl::fd_view> fd_of(::bpf_program const* prog) {
        int const fd = ::bpf_program__fd(prog);
        return fd < 0 ? std::nullopt : std::optional{bl::fd_view{fd}};
    }
    [[nodiscard]] ::bpf_object const* get() const { return object_.get(); }

    sandbox::network net_;
    sandbox::cgroup group_;

private:
    struct closer {
        void operator()(::bpf_object* object) const noexcept { ::bpf_object__close(object); }
    };
    std::unique_ptr<::bpf_object, closer> object_;
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a skeleton's ten programs run as one set, and end with it") {
    skeleton skel;
    if (!skel.load()) return;
    run_statistics const statistics;
    skel.group_.enter();
    auto const runs = [&] {
        std::map<std::string, std::uint64_t> all;
        skel.for_each([&](::bpf_program const* prog) {
            if (auto const fd = skeleton::fd_of(prog))
                all[::bpf_program__name(prog)] = statistics.runs(*fd);
        });
        return all;
    };
    {
        bl::link_set set;
        set.want_all(skel.get(), skel.places());
        must(set.apply());
        REQUIRE(set.size() > 1);
        auto const before = runs();
        REQUIRE(before.size() == 10);
        skel.act();
        if (auto const* const member = set.find("on_links")) {
            auto const walk = must(bl::iter_link::duplicate(member->link()->fd()));
            auto output = must(walk.open());
            for (auto&& piece : output.bytes())
                CHECK(piece);
        }
        auto const after = runs();
        for (auto const& [name, count] : after) {
            CAPTURE(name);
            CHECK((count > before.at(name)) == (set.find(name) != nullptr));
        }
        for (auto const& step : must(set.apply()).steps)
            CHECK(step.what == bl::step_kind::keep);
    }
    auto const ended = runs();
    skel.act();
    CHECK(runs() == ended);
}

TEST_CASE_FIXTURE(kernel_case,
                  "a skeleton's programs are kept by a directory, and torn down by it") {
    skeleton skel;
    if (!skel.load()) return;
    sandbox::bpffs const fs;
    std::string const directory = fs.path() + "/skeleton";
    std::size_t wanted = 0;
    {
        auto set = must(bl::link_set::open(directory));
        set.want_all(skel.get(), skel.places());
        must(set.apply());
        wanted = set.size();
    }
    REQUIRE(wanted > 1);
    CHECK(sandbox::names_in(directory).size() == wanted);
    {
        auto set = must(bl::link_set::open(directory));
        set.want_all(skel.get(), skel.places());
        auto const again = set.apply();
        bool const is_told = again || again.error() != bl::errc::already_exists;
        if (is_told)
            for (auto const& step : must(again).steps)
                CHECK(step.what == bl::step_kind::keep);
        else // before 6.6
            skip_case("the kernel does not tell the place of a probe that an earlier set made");
        CHECK(must(set.teardown()).size() == wanted);
    }
    CHECK(sandbox::names_in(directory).empty());
}

TEST_CASE_FIXTURE(kernel_case,
                  "a section that does not say where fails the set, which leaves nothing") {
    skeleton skel;
    if (!skel.load()) return;
    sandbox::bpffs const fs;
    auto set = must(bl::link_set::open(fs.path() + "/skeleton"));
    set.want_all(skel.get());
    check_error(set.apply(), bl::errc::invalid_argument, {"on_packet", "does not say"});
    CHECK_FALSE(std::filesystem::exists(fs.path() + "/skeleton/on_tracepoint"));
}
