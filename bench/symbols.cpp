// SPDX-License-Identifier: Apache-2.0
// The cost of finding functions by name, beside libbpf's own resolver: in a file of 300,000
// functions that is made here, in libLLVM, and among the symbols of the kernel. Both take turns in
// one process; the memory is that of a separate process. Prints a table.
#include "need.hpp"

#include <bpflink/symbols.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <unistd.h>

extern "C" { // of libbpf.a: what bpf_program__attach_uprobe_opts() and its like resolve names by
long elf_find_func_offset_from_file(char const* binary_path, char const* name);
int elf_resolve_syms_offsets(char const* binary_path, int count, char const** symbols,
                             unsigned long** offsets, int type);
int elf_resolve_pattern_offsets(char const* binary_path, char const* pattern,
                                unsigned long** offsets, std::size_t* count);
int libbpf_kallsyms_parse(int (*look)(unsigned long long, char, char const*, void*), void* context);
bool glob_match(char const* text, char const* pattern);
}

namespace {

namespace bl = bpflink;
using clock = std::chrono::steady_clock;

constexpr int functions = 300'000;
constexpr int exported_every = 10;
constexpr int many = 1'000;
constexpr int rounds = 21;

std::string name_of(int number) {
    auto const digits = std::to_string(number);
    return "subsystem_" + std::to_string(number % 97) + "_handle_request_" +
           std::string(6 - digits.size(), '0') + digits;
}

/// A directory with a library of so many functions, made by the toolchain.
class generated {
public:
    generated() {
        std::string pattern = std::filesystem::temp_directory_path() / "bpflink-bench-XXXXXX";
        if (!::mkdtemp(pattern.data())) std::abort();
        directory_ = pattern;
        {
            std::ofstream source{directory_ / "many.s"};
            source << ".text\n";
            for (int i = 0; i != functions; ++i) {
                auto const name = name_of(i);
                if (i % exported_every == 0) source << ".globl " << name << '\n';
                source << ".type " << name << ", @function\n"
                       << name << ": nop\n.size " << name << ", .-" << name << '\n';
            }
        }
        auto const command = "cc -shared -nostdlib -o " + library() + " " +
                             (directory_ / "many.s").string() + " 2>&1";
        if (std::system(command.c_str()) != 0) std::abort();
    }
    ~generated() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    generated(generated const&) = delete;
    generated& operator=(generated const&) = delete;

    /// Another name for a file, beside which others can be put.
    [[nodiscard]] std::string link_to(std::string const& file) const {
        auto const name = directory_ / std::filesystem::path{file}.filename();
        std::filesystem::create_symlink(file, name);
        return name;
    }
    [[nodiscard]] std::string library() const { return directory_ / "many.so"; }

private:
    std::filesystem::path directory_;
};

struct freed {
    void operator()(void* memory) const noexcept { std::free(memory); }
};
using offsets = std::vector<std::uint64_t>;

offsets by_libbpf(std::string const& file, std::vector<std::string> const& names) {
    if (names.size() == 1)
        return {static_cast<std::uint64_t>(
            elf_find_func_offset_from_file(file.c_str(), names.front().c_str()))};
    std::vector<char const*> texts;
    for (auto const& name : names)
        texts.push_back(name.c_str());
    unsigned long* found = nullptr;
    int const outcome = elf_resolve_syms_offsets(file.c_str(), static_cast<int>(texts.size()),
                                                 texts.data(), &found, STT_FUNC);
    if (outcome < 0) throw std::system_error{-outcome, std::generic_category(), "libbpf"};
    std::unique_ptr<unsigned long, freed> const owned{found};
    return {found, found + names.size()};
}

offsets by_bpflink(std::string const& file, std::vector<std::string> const& names) {
    std::vector<std::string_view> const texts{names.begin(), names.end()};
    return need(bl::resolve_symbols(file, texts));
}

std::size_t matching_by_libbpf(std::string const& file, char const* pattern) {
    unsigned long* found = nullptr;
    std::size_t count = 0;
    int const outcome = elf_resolve_pattern_offsets(file.c_str(), pattern, &found, &count);
    if (outcome < 0) throw std::system_error{-outcome, std::generic_category(), "libbpf"};
    std::unique_ptr<unsigned long, freed> const owned{found};
    return count;
}

/// The addresses of what matches: what libbpf does for kprobe_multi by a pattern, before it drops
/// what ftrace does not trace.
std::size_t kernel_by_libbpf(char const* pattern) {
    struct wanted {
        char const* pattern;
        std::vector<std::string> names;
    } context{pattern, {}};
    int const outcome = libbpf_kallsyms_parse(
        [](unsigned long long, char type, char const* name, void* all) {
            auto& wants = *static_cast<wanted*>(all);
            bool const is_text = type == 't' || type == 'T' || type == 'w' || type == 'W';
            if (is_text && glob_match(name, wants.pattern)) wants.names.emplace_back(name);
            return 0;
        },
        &context);
    if (outcome < 0) throw std::system_error{-outcome, std::generic_category(), "libbpf"};
    return context.names.size();
}

/// In milliseconds, of as many calls as take 2 ms.
template <class Work>
double time_of(Work const& work) {
    int calls = 0;
    auto const begin = clock::now();
    auto now = begin;
    do {
        work();
        ++calls;
        now = clock::now();
    } while (now - begin < std::chrono::milliseconds{2});
    return std::chrono::duration<double, std::milli>{now - begin}.count() / calls;
}

long kilobytes(std::string_view field) {
    std::ifstream status{"/proc/self/status"};
    for (std::string name; status >> name;)
        if (long number = 0; name == field && status >> number) return number;
    return 0;
}

/// The memory in MiB that a separate process takes for a work, above its memory before it. Files
/// that it maps count.
double peak_of(std::string const& work, std::string const& file,
               std::vector<std::string> const& names) {
    auto const list = file + ".names";
    {
        std::ofstream to{list};
        for (auto const& name : names)
            to << name << '\n';
    }
    auto const command = "/proc/" + std::to_string(::getpid()) + "/exe --peak " + work + ' ' + file;
    std::unique_ptr<FILE, int (*)(FILE*)> const pipe{::popen(command.c_str(), "r"), &::pclose};
    long kilobytes = 0;
    if (!pipe || std::fscanf(pipe.get(), "%ld", &kilobytes) != 1) std::abort();
    return static_cast<double>(kilobytes) / 1'024;
}

double median(std::vector<double> all) {
    std::ranges::sort(all);
    return all[all.size() / 2];
}

template <class Ours, class Theirs>
void compare(std::string_view what, std::string_view wanted, Ours ours, Theirs theirs,
             std::string const& memory = "— | —") {
    std::vector<double> own, other, ratios;
    for (int round = 0; round != rounds; ++round) {
        double mine = 0, its = 0;
        if (round % 2 == 0) mine = time_of(ours);
        its = time_of(theirs);
        if (round % 2 != 0) mine = time_of(ours);
        own.push_back(mine);
        other.push_back(its);
        ratios.push_back(its / mine);
    }
    std::cout << "| " << what << std::fixed << " | " << std::setprecision(3) << median(own) << " | "
              << median(other) << " | " << std::setprecision(1) << median(ratios) << " (" << wanted
              << ") | " << memory << " |\n"
              << std::flush;
}

void resolve(std::string_view what, std::string_view wanted, std::string const& file,
             std::vector<std::string> const& names) {
    if (by_bpflink(file, names) != by_libbpf(file, names)) {
        std::cerr << what << ": the answers differ\n";
        std::exit(1);
    }
    std::ostringstream memory;
    memory << std::fixed << std::setprecision(2) << peak_of("bpflink", file, names) << " | "
           << peak_of("libbpf", file, names);
    compare(
        what, wanted, [&] { (void)by_bpflink(file, names); }, [&] { (void)by_libbpf(file, names); },
        memory.str());
}

std::vector<std::string> every(std::vector<std::string> const& all, std::size_t count) {
    std::vector<std::string> some;
    for (std::size_t i = 0; i != count; ++i)
        some.push_back(all[i * all.size() / count]);
    return some;
}

} // namespace

int main(int count, char** arguments) try {
    if (count == 4 && arguments[1] == std::string_view{"--peak"}) {
        std::vector<std::string> names;
        std::ifstream list{arguments[3] + std::string{".names"}};
        for (std::string name; std::getline(list, name);)
            names.push_back(name);
        auto const before = kilobytes("VmRSS:");
        (void)(arguments[2] == std::string_view{"bpflink"} ? by_bpflink : by_libbpf)(arguments[3],
                                                                                     names);
        std::cout << kilobytes("VmHWM:") - before << '\n';
        return 0;
    }
    if (count > 2) {
        std::cerr << "usage: " << arguments[0] << " [LIBRARY]; without it, libLLVM-19.so\n";
        return 2;
    }
    generated const made;
    auto const file = made.library();
    std::cout
        << "| | bpflink, ms | libbpf, ms | times cheaper (wanted) | bpflink, MiB | libbpf, MiB "
           "|\n|---|---|---|---|---|---|\n";
    std::vector<std::string> local, exported;
    for (int i = 0; i != functions; ++i)
        (i % exported_every == 0 ? exported : local).push_back(name_of(i));
    resolve("300,000 functions: 1 exported", "20", file, {exported[exported.size() * 3 / 4]});
    resolve("300,000 functions: 1 local", "1", file, {local[local.size() * 3 / 4]});
    resolve("300,000 functions: 1,000 local", "3", file, every(local, many));
    resolve("300,000 functions: 1,000 exported", "3", file, every(exported, many));
    compare(
        "300,000 functions: 3,000 by pattern", "—",
        [&] { (void)need(bl::matching_symbols(file, "subsystem_31_*")); },
        [&] { (void)matching_by_libbpf(file, "subsystem_31_*"); });

    std::string const name = count == 2 ? arguments[1] : "libLLVM-19.so";
    auto const functions_of_it = bl::matching_symbols(name, "_ZN4llvm*");
    if (functions_of_it && functions_of_it->size() >= many) {
        // libbpf wants a path.
        auto const path =
            made.link_to(name.find('/') != name.npos ? name : "/usr/lib/x86_64-linux-gnu/" + name);
        auto const& all = *functions_of_it;
        resolve(name + ": 1 exported", "20", path, {all[all.size() / 2]});
        try {
            resolve(name + ": 1,000 exported", "3", path, every(all, many));
        } catch (std::system_error const& e) { // of libbpf's: there is nothing to compare with
            std::cerr << name << ": 1,000 exported: " << e.what() << '\n';
            auto const some = every(all, many);
            std::cout << "| " << name << ": 1,000 exported | " << std::setprecision(3)
                      << time_of([&] { (void)by_bpflink(path, some); }) << " | refused | — | "
                      << std::setprecision(2) << peak_of("bpflink", path, some) << " | — |\n"
                      << std::flush;
        }
    } else {
        std::cerr << "no " << name << ": "
                  << (functions_of_it ? "it has too few functions"
                                      : functions_of_it.error().message())
                  << '\n';
    }
    for (char const* const pattern : {"tcp_*", "vfs_read", "*"})
        compare(
            std::string{"kernel functions by pattern `"} + pattern + "`", "1",
            [&] { (void)need(bl::matching_kernel_functions(pattern)); },
            [&] { (void)kernel_by_libbpf(pattern); });
    return 0;
} catch (std::exception const& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
