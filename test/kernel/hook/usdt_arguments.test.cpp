// SPDX-License-Identifier: Apache-2.0
// A program that includes libbpf's usdt.bpf.h reads the arguments of probes that hook::usdt
// attaches it to, as it does where libbpf attaches it.
#include "usdt_arguments.h"

#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "own_probe.hpp"
#include "probe_targets.hpp"
#include "usdt_arguments.bpf.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace bl = bpflink;
using bl::program_type;

namespace {

/// usdt_arguments.bpf.c, loaded.
class reader {
public:
    reader() {
        auto const file = bpf_objects::usdt_arguments();
        object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
        if (!object_) throw std::system_error{errno, std::generic_category(), "opening"};
        ::libbpf_set_print(nullptr);
        if (int const outcome = ::bpf_object__load(object_.get()); outcome < 0)
            throw std::system_error{-outcome, std::generic_category(), "loading"};
        note_own_program(id_of_program(bl::fd_view{::bpf_program__fd(program())}).value());
    }

    [[nodiscard]] ::bpf_program* program() const {
        return ::bpf_object__find_program_by_name(object_.get(), "keep");
    }
    [[nodiscard]] auto ref() const {
        return must(bl::program_ref<program_type::kprobe>::from(program()));
    }
    [[nodiscard]] bl::fd_view map(char const* name) const {
        return bl::fd_view{::bpf_object__find_map_fd_by_name(object_.get(), name)};
    }
    [[nodiscard]] ::usdt_seen seen() const {
        ::usdt_seen kept{};
        std::uint32_t const first = 0;
        REQUIRE(::bpf_map_lookup_elem(map("seen").get(), &first, &kept) == 0);
        return kept;
    }
    /// The keys of the map of specs that are in use.
    [[nodiscard]] std::vector<std::uint32_t> keys() const {
        std::vector<std::uint32_t> used;
        for (std::uint32_t key = 0; key != 256; ++key) {
            std::array<char, 512> value{};
            REQUIRE(::bpf_map_lookup_elem(map("__bpf_usdt_specs").get(), &key, value.data()) == 0);
            if (value != std::array<char, 512>{}) used.push_back(key);
        }
        return used;
    }

private:
    struct closer {
        void operator()(::bpf_object* object) const noexcept { ::bpf_object__close(object); }
    };
    std::unique_ptr<::bpf_object, closer> object_;
};

/// Nothing, and a skipped case, where the kernel does not load it.
std::unique_ptr<reader> load_reader() {
    try {
        return std::make_unique<reader>();
    } catch (std::system_error const& e) {
        skip_case("the kernel does not load a program with usdt.bpf.h: " + e.code().message());
        return nullptr;
    }
}

std::vector<long long> values(::usdt_seen const& kept) {
    for (int i = 0; i != USDT_MOST_SEEN; ++i)
        CHECK(kept.outcomes[i] == (i < kept.count ? 0 : -ENOENT));
    return {kept.values, kept.values + kept.count};
}

} // namespace

#if defined(__x86_64__) || defined(__aarch64__)

namespace {

#if defined(__x86_64__)

/// Every operand that libbpf 1.3 reads, too.
[[gnu::noinline]] void pass_all(long number, long const* memory) {
    OWN_PROBE("bpflink", "all", "0",
              "-8@%%rdi 8@%%rdi -4@%%edi 4@%%edi -2@%%di 2@%%di -1@%%dil 1@%%dil"
              " -4@$-9 8@(%%rsi) -4@8(%%rsi) 2@-2(%%rsi)",
              "D"(number), "S"(memory));
}

[[gnu::noinline]] void pass_twice(long number) {
    OWN_PROBE("bpflink", "twice", "0", "-8@%%rdi", "D"(number));
    OWN_PROBE("bpflink", "twice", "0", "-8@%%rsi -4@$2", "S"(number + 1));
    OWN_PROBE("bpflink", "twice", "0", "-8@%%rdi", "D"(number + 2));
}

[[gnu::noinline]] void pass_indexed(long const* memory, long index) {
    OWN_PROBE("bpflink", "indexed", "0", "-8@8(%%rsi,%%rdi,8)", "S"(memory), "D"(index));
}
[[gnu::noinline]] void pass_float() {
    OWN_PROBE("bpflink", "float", "0", "8f@%%xmm0");
}
constexpr std::string_view argument_of_float = "'8f@%xmm0'";

#else

[[gnu::noinline]] void pass_all(long number, long const* memory) {
    OWN_PROBE("bpflink", "all", "0",
              "-8@%0 8@%0 -4@%0 4@%0 -2@%0 2@%0 -1@%0 1@%0 -4@-9 8@[%1] -4@[%1, 8] 2@[%1, -2]",
              "r"(number), "r"(memory));
}

[[gnu::noinline]] void pass_twice(long number) {
    register long first asm("x0") = number;
    OWN_PROBE("bpflink", "twice", "0", "-8@x0", "r"(first));
    register long second asm("x1") = number + 1;
    OWN_PROBE("bpflink", "twice", "0", "-8@x1 -4@2", "r"(second));
    first = number + 2;
    OWN_PROBE("bpflink", "twice", "0", "-8@x0", "r"(first));
}

[[gnu::noinline]] void pass_float() {
    OWN_PROBE("bpflink", "float", "0", "8@d0");
}
constexpr std::string_view argument_of_float = "'8@d0'";

#endif

[[gnu::noinline]] void pass_nothing() {
    OWN_PROBE("bpflink", "nothing", "0", "");
}

bl::hook::usdt at(char const* name, std::uint64_t cookie = 0) {
    return {.binary = own_binary,
            .provider = "bpflink",
            .name = name,
            .pid = 0,
            .cookie = bl::cookie{cookie}};
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "usdt.bpf.h reads each argument as where libbpf attaches") {
    auto const r = load_reader();
    if (!r) return;
    constexpr long number = -2;
    constexpr std::array<long, 3> memory{-1, 0x1122'3344'5566'7788, -7};
    auto const pass = [&] { pass_all(number, &memory[1]); };
    std::vector<long long> const wanted{-2, -2,   -2, 0xffff'fffe,           -2, 0xfffe,
                                        -2, 0xfe, -9, 0x1122'3344'5566'7788, -7, 0xffff};
    {
        auto made = bl::attach(r->ref(), at("all", 1'234));
        if (is_unsupported(made)) return;
        auto const l = must(std::move(made));
        pass();
        CHECK(r->seen().runs == 1);
        CHECK(r->seen().cookie == 1'234);
        CHECK(values(r->seen()) == wanted);
    }
    ::bpf_usdt_opts options{};
    options.sz = sizeof options;
    options.usdt_cookie = 4'321;
    auto* const theirs =
        ::bpf_program__attach_usdt(r->program(), 0, own_binary.data(), "bpflink", "all", &options);
    REQUIRE(theirs);
    pass();
    CHECK(r->seen().runs == 2);
    CHECK(r->seen().cookie == 4'321);
    CHECK(values(r->seen()) == wanted);
    ::bpf_link__destroy(theirs);
}

TEST_CASE_FIXTURE(kernel_case, "places of a probe have arguments of their own, equal ones a key") {
    auto const r = load_reader();
    if (!r) return;
    auto made = bl::attach(r->ref(), at("twice", 5));
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    CHECK(r->keys() == std::vector<std::uint32_t>{254, 255});
    pass_twice(40);
    CHECK(r->seen().runs == 3);
    CHECK(values(r->seen()) == std::vector<long long>{42});
    auto const again = must(bl::attach(r->ref(), at("twice", 5)));
    CHECK(r->keys() == std::vector<std::uint32_t>{254, 255});
    auto const otherwise = must(bl::attach(r->ref(), at("twice", 6)));
    CHECK(r->keys() == std::vector<std::uint32_t>{252, 253, 254, 255});
    // Neither arguments nor a cookie, which leaves nothing but zeros to tell.
    auto const nothing = must(bl::attach(r->ref(), at("nothing")));
    auto const all = must(bl::attach(r->ref(), at("all")));
    CHECK(r->keys().size() == 6);
    pass_nothing();
    CHECK(r->seen().count == 0);
    CHECK(r->seen().cookie == 0);
}

TEST_CASE_FIXTURE(kernel_case, "libbpf's links of the same object keep their arguments") {
    auto const r = load_reader();
    if (!r) return;
    auto* const theirs =
        ::bpf_program__attach_usdt(r->program(), 0, own_binary.data(), "bpflink", "all", nullptr);
    if (!theirs) return skip_case(std::string{"libbpf attaches no USDT: "} + std::strerror(errno));
    auto made = bl::attach(r->ref(), at("twice", 5));
    bool const lacks_it = is_unsupported(made);
    if (!lacks_it) {
        CHECK(r->keys() == std::vector<std::uint32_t>{0, 254, 255});
        constexpr std::array<long, 3> memory{1, 2, 3};
        pass_all(7, &memory[1]);
        CHECK(values(r->seen()).front() == 7);
        pass_twice(40);
        CHECK(values(r->seen()).front() == 42);
    }
    ::bpf_link__destroy(theirs);
}

TEST_CASE_FIXTURE(kernel_case, "an argument that cannot be read is refused before anything is") {
    auto const r = load_reader();
    if (!r) return;
    if (!bl::supports<bl::hook::usdt>()) return skip_case("the kernel has no links of usdt");
    check_error(bl::attach(r->ref(), at("float")), bl::errc::not_supported,
                {"bpflink:float", "argument 1 of ", argument_of_float});
    CHECK(r->keys().empty());
    pass_float();
    CHECK(r->seen().runs == 0);
#if defined(__x86_64__)
    // By an index register: where the program was built with libbpf 1.7 or later.
    auto const made = bl::attach(r->ref(), at("indexed"));
    constexpr std::array<long, 3> memory{1, 2, 3};
    pass_indexed(memory.data(), 1);
    if (made)
        CHECK(values(r->seen()) == std::vector<long long>{3});
    else
        check_error(made, bl::errc::not_supported, {"argument 1", "an index register", "1.7"});
#endif
}

TEST_CASE_FIXTURE(kernel_case, "with CAP_BPF and CAP_PERFMON alone the map of specs is lent") {
    if (!bl::supports<bl::hook::usdt>()) return skip_case("the kernel has no links of usdt");
    constexpr unsigned perfmon = 38, bpf = 39;
    int const outcome = with_capabilities({perfmon, bpf}, [](steps& step) {
        reader const r;
        auto where = at("all", 5);
        auto const refused = bl::attach(r.ref(), where);
        step(!refused && refused.error() == bl::errc::permission_denied &&
                 refused.error().message().find(".specs") != std::string::npos,
             "without the map");
        where.specs = r.map("__bpf_usdt_specs");
        auto const made = bl::attach(r.ref(), where);
        step(made.has_value(), made ? "" : made.error().message().c_str());
        constexpr std::array<long, 3> memory{1, 2, 3};
        pass_all(7, &memory[1]);
        step(r.seen().runs == 1 && r.seen().cookie == 5 && r.seen().values[0] == 7, "runs");
        where.specs = r.map("seen");
        step(!bl::attach(r.ref(), where), "another map");
    });
    if (outcome == -1) return skip_case("the kernel does not know CAP_BPF");
    CHECK(outcome == 0);
}

TEST_CASE_FIXTURE(kernel_case, "the arguments of the probe tell a throw of the C++ library") {
    auto const r = load_reader();
    if (!r) return;
    bool const is_own = !must(bl::matching_usdt(own_binary, "libstdcxx:throw")).empty();
    auto made =
        bl::attach(r->ref(), bl::hook::usdt{.binary = is_own ? own_binary : "libstdc++.so.6",
                                            .provider = "libstdcxx",
                                            .name = "throw",
                                            .pid = 0});
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    void const* thrown = nullptr;
    try {
        throw std::runtime_error{"thrown to be seen"};
    } catch (std::runtime_error const& e) {
        thrown = &e;
    }
    CHECK(r->seen().runs == 1);
    auto const told = values(r->seen());
    REQUIRE(told.size() == 2);
    CHECK(reinterpret_cast<void const*>(told[0]) == thrown);
    CHECK(reinterpret_cast<void const*>(told[1]) == &typeid(std::runtime_error));
}

namespace {

/// Operands that nothing passes, but for their forms: each register in each of its sizes, and
/// memory by each sort of base.
[[gnu::noinline, gnu::used]] void have_every_operand() {
#if defined(__x86_64__)
    OWN_PROBE("bpflink", "registers_1", "0",
              "8@%%rax -8@%%rbx 8@%%rcx -8@%%rdx 8@%%rsi -8@%%rdi 8@%%rbp -8@%%rsp 8@%%r8 -8@%%r9"
              " 8@%%r10 -8@%%r11");
    OWN_PROBE("bpflink", "registers_2", "0",
              "8@%%r12 -8@%%r13 8@%%r14 -8@%%r15 4@%%eax -4@%%ebx 4@%%ecx -4@%%edx 4@%%esi -4@%%edi"
              " 4@%%ebp -4@%%esp");
    OWN_PROBE("bpflink", "registers_3", "0",
              "4@%%r8d -4@%%r9d 4@%%r10d -4@%%r11d 4@%%r12d -4@%%r13d 4@%%r14d -4@%%r15d 2@%%ax"
              " -2@%%bx 2@%%cx -2@%%dx");
    OWN_PROBE("bpflink", "registers_4", "0",
              "2@%%si -2@%%di 2@%%bp -2@%%sp 2@%%r8w -2@%%r9w 2@%%r10w -2@%%r11w 2@%%r12w -2@%%r13w"
              " 2@%%r14w -2@%%r15w");
    OWN_PROBE("bpflink", "registers_5", "0",
              "1@%%al -1@%%bl 1@%%cl -1@%%dl 1@%%sil -1@%%dil 1@%%bpl -1@%%spl 1@%%r8b -1@%%r9b"
              " 1@%%r14b -1@%%r15b");
    OWN_PROBE("bpflink", "memory", "0",
              "1@(%%rax) -1@1(%%rbx) 2@-2(%%rbp) -2@2147483647(%%rsp) 4@-2147483648(%%r8)"
              " -4@4(%%r15) 8@8(%%rip) -8@-8(%%rdi)");
    OWN_PROBE("bpflink", "constants", "0",
              "1@$0 -1@$-1 2@$65535 -2@$-32768 4@$4294967295 -4@$-2147483648"
              " 8@$9223372036854775807 -8@$-9223372036854775808");
    OWN_PROBE("bpflink", "thirteen", "0",
              "1@$1 1@$2 1@$3 1@$4 1@$5 1@$6 1@$7 1@$8 1@$9 1@$10 1@$11 1@$12 1@$13");
    OWN_PROBE("bpflink", "vector", "0", "16@%%xmm0");
    OWN_PROBE("bpflink", "segment", "0", "8@%%fs:0(%%rax)");
    OWN_PROBE("bpflink", "symbol", "0", "8@some_variable(%%rip)");
#else
    OWN_PROBE("bpflink", "registers_1", "0",
              "8@x0 -8@x1 4@x2 -4@x3 2@x4 -2@x5 1@x6 -1@x7 8@x8 -8@x9 8@x10 -8@x11");
    OWN_PROBE("bpflink", "registers_2", "0",
              "8@x12 -8@x13 8@x14 -8@x15 8@x16 -8@x17 8@x18 -8@x19 8@x20 -8@x21 8@x22 -8@x23");
    OWN_PROBE("bpflink", "registers_3", "0",
              "8@x24 -8@x25 8@x26 -8@x27 8@x28 -8@x29 8@x30 -8@sp 4@sp -2@sp 1@sp");
    OWN_PROBE("bpflink", "memory", "0",
              "1@[x0] -1@[x1, 1] 2@[x29, -2] -2@[sp, 2147483647] 4@[x8, -2147483648] -4@[sp]"
              " 8@[sp, 8] -8@[x30, -8]");
    OWN_PROBE("bpflink", "constants", "0",
              "1@0 -1@-1 2@65535 -2@-32768 4@4294967295 -4@-2147483648 8@9223372036854775807"
              " -8@-9223372036854775808");
    OWN_PROBE("bpflink", "thirteen", "0",
              "1@1 1@2 1@3 1@4 1@5 1@6 1@7 1@8 1@9 1@10 1@11 1@12 1@13");
    OWN_PROBE("bpflink", "vector", "0", "16@q0");
    OWN_PROBE("bpflink", "index", "0", "8@[x0, x1]");
#endif
}

using spec_bytes = std::vector<char>;

/// The specs that a program's map has, whatever their keys are. What pads one at its end is left
/// out: no program reads it.
std::set<spec_bytes> specs_of(reader const& r) {
    ::bpf_map_info about{};
    std::uint32_t size = sizeof about;
    auto const map = r.map("__bpf_usdt_specs").get();
    REQUIRE(::bpf_obj_get_info_by_fd(map, &about, &size) == 0);
    std::set<spec_bytes> specs;
    for (std::uint32_t key = 0; key != about.max_entries; ++key) {
        spec_bytes value(about.value_size);
        REQUIRE(::bpf_map_lookup_elem(map, &key, value.data()) == 0);
        if (value == spec_bytes(about.value_size)) continue;
        constexpr std::size_t padding = 6; // behind a number of 2 bytes
        value.resize(value.size() - padding);
        specs.insert(std::move(value));
    }
    return specs;
}

/// Attaches a program to a probe by libbpf and another by this library, and compares their maps.
/// True: by both.
bool compare_specs(std::string const& binary, bl::usdt_probe const& probe) {
    CAPTURE(binary);
    CAPTURE(probe.provider);
    CAPTURE(probe.name);
    reader const mine, its;
    ::bpf_usdt_opts options{};
    options.sz = sizeof options;
    options.usdt_cookie = 0x1122'3344'5566'7788;
    auto* const theirs = ::bpf_program__attach_usdt(
        its.program(), 0, binary.c_str(), probe.provider.c_str(), probe.name.c_str(), &options);
    auto const made =
        bl::attach(mine.ref(), bl::hook::usdt{.binary = binary,
                                              .provider = probe.provider,
                                              .name = probe.name,
                                              .pid = 0,
                                              .cookie = bl::cookie{options.usdt_cookie}});
    CHECK_MESSAGE(made.has_value() == (theirs != nullptr),
                  (made ? "libbpf refuses it" : made.error().message()));
    if (made && theirs) CHECK(specs_of(mine) == specs_of(its));
    if (!made) CHECK(specs_of(mine).empty());
    ::bpf_link__destroy(theirs);
    return made && theirs;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "the map of specs has the bytes that libbpf's own attach leaves") {
    if (!load_reader()) return;
    if (!bl::supports<bl::hook::usdt>()) return skip_case("the kernel has no links of usdt");
    std::array<std::string, 5> const binaries{
        std::string{own_binary}, "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
        "/usr/lib/aarch64-linux-gnu/libstdc++.so.6", "/usr/bin/python3", "/usr/bin/node"};
    for (auto const& binary : binaries) {
        auto const probes = bl::matching_usdt(binary, "*:*");
        if (!probes || probes->empty()) {
            std::string const why = probes ? " has no probes" : " is not there";
            MESSAGE("left out: ", binary, why);
            continue;
        }
        int taken = 0;
        for (auto const& probe : *probes)
            taken += compare_specs(binary, probe);
        CHECK(taken != 0);
    }
}

#endif
