// SPDX-License-Identifier: Apache-2.0
// Prints every row of every hook's refusals, for refusals_test.py: fields between tabs.
#include "hook/row.hpp"

#include <cstdio>
#include <cstring>
#include <string>

namespace bl = bpflink;

namespace {

void print(std::string_view hook, char const* when, bl::refusals rows) {
    for (auto const& row : rows) {
        auto const condition = row.condition == bl::errc{} ? "none" : to_string(row.condition);
        char const* const number = ::strerrorname_np(row.number);
        for (std::string_view const field :
             {hook, std::string_view{when}, std::string_view{number ? number : "ENOTSUPP"},
              std::string_view{condition}, row.cause, row.remedy, row.source})
            std::printf("%.*s\t", static_cast<int>(field.size()), field.data());
        std::printf("%s\n", row.look ? "told" : "left");
    }
}

} // namespace

int main() {
    print("", "refused", bl::usual_causes());
    bl::each_row([](bl::detail::hook_row const& row) {
        print(row.name, "mistake", row.mistakes);
        print(row.name, "opening", row.opening);
        print(row.name, "refused", row.causes);
    });
}
