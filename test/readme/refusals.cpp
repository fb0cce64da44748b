// SPDX-License-Identifier: Apache-2.0
// Prints every row of every hook's refusals, for refusals_test.py: fields between tabs.
#include "hook/row.hpp"

#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace bl = bpflink;

namespace {

std::string_view name_of(int number) {
    char const* const name = ::strerrorname_np(number);
    return name ? name : "ENOTSUPP"; // the kernel's own, 524
}

void print(std::string_view hook, char const* when, bl::refusals rows) {
    for (auto const& row : rows) {
        auto const condition = row.condition == bl::errc{} ? "none" : to_string(row.condition);
        for (std::string_view const field :
             {hook, std::string_view{when}, name_of(row.number), std::string_view{condition},
              row.cause, row.remedy, row.source})
            std::printf("%.*s\t", static_cast<int>(field.size()), field.data());
        std::printf("%s\n", row.look ? "told" : "left");
    }
}

} // namespace

int main() {
    print("", "refused", bl::program_causes());
    print("", "refused", bl::usual_causes());
    print("command", "refused", bl::command_causes());
    bl::each_row([](bl::detail::hook_row const& row) {
        print(row.name, "mistake", row.mistakes);
        print(row.name, "refused", row.opening);
        print(row.name, "refused", row.causes);
        print(row.name, "updated", row.update_causes);
        print(row.name, "asked", row.query_causes);
    });
}
