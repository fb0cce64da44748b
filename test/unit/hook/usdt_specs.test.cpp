// SPDX-License-Identifier: Apache-2.0
#include "hook/usdt_specs.hpp"

#include "machine.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using bl::errc;
using bl::operation;
using bl::program_type;

constexpr std::uint32_t array_map = 2; // BPF_MAP_TYPE_ARRAY

// As usdt.bpf.h has them, up to libbpf 1.6 and since.
struct old_argument {
    std::uint64_t val_off;
    unsigned arg_type;
    short reg_off;
    bool arg_signed;
    char arg_bitshift;
};
struct new_argument {
    std::uint64_t val_off;
    unsigned arg_type : 8;
    std::uint16_t idx_reg_off : 12;
    std::uint16_t scale_bitshift : 4;
    std::uint8_t reserved : 8;
    short reg_off;
    bool arg_signed;
    char arg_bitshift;
};
template <class Argument>
struct spec {
    Argument args[12];
    std::uint64_t usdt_cookie;
    short arg_cnt;
};
static_assert(sizeof(spec<old_argument>) == bl::spec_size);
static_assert(sizeof(spec<new_argument>) == bl::spec_size_with_index);

template <class Argument>
spec<Argument> written(std::string_view text, std::uint64_t cookie = 0) {
    auto const arguments = bl::read_arguments(text, EM_X86_64, "a:b");
    REQUIRE(succeeded(arguments));
    auto const bytes = bl::spec_of(*arguments, bl::cookie{cookie}, sizeof(spec<Argument>), "a:b");
    REQUIRE(succeeded(bytes));
    spec<Argument> read;
    REQUIRE(bytes->size() == sizeof read);
    std::memcpy(static_cast<void*>(&read), bytes->data(), sizeof read);
    return read;
}

struct specs : machine {
    fake::program& p = add_program(program_type::kprobe, bl::attach_type::trace_uprobe_multi);
    bl::unique_fd fd = open(p);
    fake::map& map = add_map();
    bl::fd_view lent;

    specs() {
        auto& other = add_map();
        other.name = "counts";
        map.name = "__bpf_usdt_specs";
        resize(4);
        p.maps = {other.id, map.id};
    }
    void resize(std::size_t entries, std::uint32_t size = bl::spec_size) {
        map.type = array_map;
        map.value_size = size;
        map.values.assign(entries, std::string(size, '\0'));
    }
    bl::result<std::vector<bl::cookie>> keys(std::vector<std::string> const& arguments,
                                             std::uint64_t own = 0) {
        std::vector<bl::usdt_place> places;
        for (auto const& each : arguments)
            places.push_back({0x10, 0, each});
        return bl::cookies_of({fd, lent}, places, EM_X86_64, bl::cookie{own}, "app:start");
    }
    void are(bl::result<std::vector<bl::cookie>> const& got, std::vector<std::uint64_t> wanted) {
        REQUIRE(succeeded(got));
        std::vector<std::uint64_t> numbers;
        for (auto const each : *got)
            numbers.push_back(each.value());
        CHECK(numbers == wanted);
    }
    bool is_free(std::size_t key) { return map.values[key] == std::string(map.value_size, '\0'); }
};

} // namespace

TEST_CASE_TEMPLATE("a spec has what usdt.bpf.h reads in the layout of its map", Argument,
                   old_argument, new_argument) {
    auto const all = written<Argument>("-4@$-9 8@%rdi -2@-16(%rbp) 1@%al", 77);
    CHECK(all.arg_cnt == 4);
    CHECK(all.usdt_cookie == 77);
    auto const is = [](Argument const& one, std::uint64_t value, unsigned type, int reg,
                       bool is_signed, int shift) {
        CHECK(one.val_off == value);
        CHECK(one.arg_type == type);
        CHECK(one.reg_off == reg);
        CHECK(one.arg_signed == is_signed);
        CHECK(one.arg_bitshift == shift);
    };
    is(all.args[0], std::uint64_t{0} - 9, 0, 0, true, 32);
    is(all.args[1], 0, 1, 112, false, 0);
    is(all.args[2], std::uint64_t{0} - 16, 2, 32, true, 48);
    is(all.args[3], 0, 1, 80, false, 56);
    is(all.args[4], 0, 0, 0, false, 0);
    CHECK(written<Argument>("").arg_cnt == 0);
}

TEST_CASE("an index register has a place in the newer layout only") {
    auto const one = written<new_argument>("8@8(%rax,%rcx,4)").args[0];
    CHECK(one.val_off == 8);
    CHECK(one.arg_type == 3);
    CHECK(one.reg_off == 80);
    CHECK(one.idx_reg_off == 88);
    CHECK(one.scale_bitshift == 2);
    CHECK(one.reserved == 0);
    auto const arguments = bl::read_arguments("1@%al 8@8(%rax,%rcx,4)", EM_X86_64, "a:b");
    auto const older = bl::spec_of(*arguments, {}, bl::spec_size, "a:b");
    check_error(older, EOPNOTSUPP, operation::resolve_symbol, errc::not_supported,
                {"a:b", "argument 2 is found by an index register", "libbpf 1.7"});
}

TEST_CASE_FIXTURE(specs, "a program without the map has the cookie itself at each place") {
    map.name = "__bpf_usdt_ip_to_spec_id";
    are(keys({"8@%rdi", "what is not read"}, 7), {7, 7});
    p.maps.clear();
    forget_calls();
    are(keys({"8@%rdi"}, 7), {7});
    CHECK(system_calls() == 1);
}

TEST_CASE_FIXTURE(specs, "specs take keys from the highest one down, and equal ones share one") {
    are(keys({"8@%rdi", "8@%rsi", "8@%rdi"}, 7), {3, 2, 3});
    are(keys({"8@%rsi"}, 7), {2});
    CHECK(is_free(1));
    are(keys({"8@%rsi"}, 8), {1});
    spec<old_argument> first;
    std::memcpy(static_cast<void*>(&first), map.values[3].data(), sizeof first);
    CHECK(first.arg_cnt == 1);
    CHECK(first.usdt_cookie == 7);
    CHECK(first.args[0].reg_off == 112);
    CHECK(calls(call::map_update) == 3);
}

TEST_CASE_FIXTURE(specs, "a spec that has nothing keeps its key") {
    are(keys({""}), {3});
    are(keys({"8@%rdi"}), {2});
    are(keys({"", "8@%rdi"}), {3, 2});
}

TEST_CASE_FIXTURE(specs, "what libbpf wrote is passed over, also where it is equal") {
    are(keys({"8@%rdi"}), {3});
    auto theirs = map.values[3];
    theirs[202] = '\0'; // the mark
    resize(4);
    map.values[3] = theirs;
    map.values[1] = theirs;
    are(keys({"8@%rdi", "8@%rsi"}), {2, 0});
    CHECK(map.values[3] == theirs);
    CHECK(map.values[1] == theirs);
}

TEST_CASE_FIXTURE(specs, "a map that is full is told, and what to do") {
    are(keys({"1@%al", "2@%ax", "4@%eax", "8@%rax"}), {3, 2, 1, 0});
    auto const full = keys({"8@%rdi"});
    check_error(full, ENOSPC, operation::map_update_elem, no_condition,
                {"app:start", "full, with 4", "BPF_USDT_MAX_SPEC_CNT"});
    are(keys({"8@%rax"}), {0});
}

TEST_CASE_FIXTURE(specs, "arguments that no program reads leave the map as it is") {
    for (auto const* const text : {"8f@%xmm0", "8@8(%rax,%rcx,4)"}) {
        auto const refused = keys({"8@%rdi", text});
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == errc::not_supported);
    }
    std::string many;
    for (int i = 0; i != 13; ++i)
        many += "8@%rdi ";
    auto const refused = keys({many});
    check_error(refused, EOPNOTSUPP, operation::resolve_symbol, errc::not_supported,
                {"13 arguments are more than the 12"});
    CHECK(calls(call::map_update) == 0);
    resize(2, bl::spec_size_with_index);
    are(keys({"8@8(%rax,%rcx,4)"}), {1});
}

TEST_CASE_FIXTURE(specs, "specs of an unknown layout are refused, and not filled in blindly") {
    auto const is_unknown = [&] {
        auto const refused = keys({"8@%rdi"});
        check_error(refused, EOPNOTSUPP, operation::map_get_info, errc::not_supported,
                    {"app:start", "a layout that is not known here"});
    };
    resize(4, 312);
    is_unknown();
    resize(4);
    map.type = 1;
    is_unknown();
}

TEST_CASE_FIXTURE(specs, "maps that may not be looked at are told, and not taken for none") {
    fail(call::map_get_fd_by_id, EPERM);
    auto const refused = keys({"8@%rdi"});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::permission_denied);
    for (auto const step : any_calls{call::map_look_up, call::map_update}) {
        fail(step, ENOMEM);
        auto const failed = keys({"8@%rsi"});
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code().value() == ENOMEM);
    }
    are(keys({"8@%rdi"}), {3});
}

TEST_CASE_FIXTURE(specs, "a map that is lent needs no look for it, and has to be the program's") {
    fail_always(call::map_get_fd_by_id, EPERM);
    auto const refused = keys({"8@%rdi"});
    check_error(refused, EPERM, operation::map_get_info, errc::permission_denied,
                {"app:start", "CAP_SYS_ADMIN", ".specs", "hook::uprobe_multi"});
    auto const held = open(map);
    lent = held;
    are(keys({"8@%rdi"}), {3});
    CHECK(calls(call::map_get_fd_by_id) == 1);
    auto const is_refused = [&] {
        auto const other = keys({"8@%rdi"});
        check_error(other, EINVAL, operation::map_get_info, errc::invalid_argument,
                    {"not the program's __bpf_usdt_specs"});
    };
    p.maps = {};
    is_refused();
    p.maps = {map.id};
    map.name = "counts";
    is_refused();
}

TEST_CASE_FIXTURE(specs, "what is not a program is left for the attach to say") {
    fd = open(map);
    std::vector<bl::usdt_place> const places(1);
    are(bl::cookies_of({bl::fd_view{4'000}}, places, EM_X86_64, bl::cookie{7}, "a:b"), {7});
}
