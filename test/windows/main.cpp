// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT
#include "driver.hpp"

#include <cstdio>
#include <cstring>
#include <string>
#include <windows.h>

namespace {

HMODULE dll = nullptr;

template <class Function>
Function* find(char const* name) {
    Function* found = nullptr;
    auto const address = ::GetProcAddress(dll, name);
    std::memcpy(&found, &address, sizeof found);
    return found;
}

} // namespace

bool has_dll() {
    return ::LoadLibraryW(L"ebpfapi.dll") != nullptr;
}

driver::driver() {
    REQUIRE(dll);
    find<void()>("stand_in_reset")();
}

driver::~driver() {
    CHECK_MESSAGE(open_descriptors() == 0, "descriptors were left open");
    CHECK_MESSAGE(bad_closes() == bad_closes_meant, "descriptors were closed twice");
}

bl::unique_fd driver::load(std::uint32_t type, char const* name) const {
    return bl::unique_fd{find<int(std::uint32_t, char const*)>("stand_in_load")(type, name)};
}

bl::unique_fd driver::make_map() const {
    return bl::unique_fd{find<int()>("stand_in_make_map")()};
}

void driver::refuse_attach(stand_in::result how) const {
    find<void(stand_in::result)>("stand_in_refuse_attach")(how);
}

void driver::begin_at(std::uint32_t last_id, int lowest_descriptor) const {
    find<void(std::uint32_t, int)>("stand_in_begin_at")(last_id, lowest_descriptor);
}

int driver::bad_closes() const {
    return find<int()>("stand_in_bad_closes")();
}

int driver::open_descriptors() const {
    return find<int()>("stand_in_open_descriptors")();
}

// --stand-in=PATH loads the stand-in, under the name by which the border looks for the DLL.
int main(int argc, char** argv) {
    constexpr std::string_view option = "--stand-in=";
    for (std::string_view const argument : std::span{argv, static_cast<std::size_t>(argc)})
        if (argument.starts_with(option)) {
            std::string const path{argument.substr(option.size())};
            dll = ::LoadLibraryA(path.c_str());
            if (!dll) {
                std::fprintf(stderr, "%s cannot be loaded\n", path.c_str());
                return 1;
            }
        }
    return doctest::Context{argc, argv}.run();
}
