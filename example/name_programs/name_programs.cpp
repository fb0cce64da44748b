// SPDX-License-Identifier: Apache-2.0
// Names the program of each link, with its tag and how often it ran, where the kernel counts that.
#include <bpflink/bpflink.hpp>

#include <iomanip>
#include <iostream>

namespace bl = bpflink;

bl::result<void> name_programs() {
    int number = 0;
    for (auto const& each : bl::infos()) {
        if (!each || each->program == bl::program_id{}) continue; // struct_ops has none
        auto const program = bl::program_info_of(each->program);
        if (!program && program.error() == bl::errc::not_found) continue; // gone meanwhile
        if (!program) co_await tl::unexpected{program.error()};
        std::cout << each->type << " link " << each->id << ": " << program->name << ", tag ";
        for (auto const byte : program->tag)
            std::cout << std::hex << std::setw(2) << std::setfill('0')
                      << std::to_integer<unsigned>(byte) << std::dec;
        if (program->run_count) std::cout << ", ran " << *program->run_count << " times";
        std::cout << '\n';
        ++number;
    }
    std::cout << "named the programs of " << number << " links\n";
}

int main() {
    auto const done = name_programs();
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
