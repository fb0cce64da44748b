// SPDX-License-Identifier: Apache-2.0
#include "serve.hpp"

#include <bpflink/fd.hpp>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

// bpftool as a script uses it: a process for each listing. The time is from its start to its end,
// with what it prints going into memory, and the parsing of that not counted.

namespace {

int need(int outcome, char const* what) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), what};
    return outcome;
}

/// A program to run once and again, and the memory that it prints to.
class command {
public:
    explicit command(std::initializer_list<char const*> words) : words_{words} {
        words_.push_back(nullptr);
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_adddup2(&actions_, output_.get(), STDOUT_FILENO);
    }
    ~command() { ::posix_spawn_file_actions_destroy(&actions_); }
    command(command const&) = delete;
    command& operator=(command const&) = delete;

    tally run() {
        need(::ftruncate(output_.get(), 0), "ftruncate");
        ::lseek(output_.get(), 0, SEEK_SET);
        ::pid_t child = 0;
        // posix_spawn takes the words as non-const, and leaves them alone.
        int const failure = ::posix_spawnp(&child, words_[0], &actions_, nullptr,
                                           const_cast<char* const*>(words_.data()), environ);
        if (failure != 0) throw std::system_error{failure, std::generic_category(), words_[0]};
        int status = 0;
        need(::waitpid(child, &status, 0), "waitpid");
        if (status != 0) throw std::runtime_error{std::string{words_[0]} + " failed"};
        return {.seen = 1};
    }

    /// What the last run printed.
    [[nodiscard]] std::string printed() const {
        std::string text(static_cast<std::size_t>(::lseek(output_.get(), 0, SEEK_END)), '\0');
        need(static_cast<int>(::pread(output_.get(), text.data(), text.size(), 0)), "pread");
        return text;
    }

private:
    std::vector<char const*> words_;
    ::posix_spawn_file_actions_t actions_;
    bpflink::unique_fd output_{need(::memfd_create("output", MFD_CLOEXEC), "memfd_create")};
};

/// Calls `look` with what follows each `key` in the text.
void after_each(std::string_view text, std::string_view key, auto look) {
    for (auto at = text.find(key); at != text.npos; at = text.find(key, at + 1))
        look(text.substr(at + key.size()));
}

tally counted(std::string const& json) {
    tally all;
    after_each(json, "\"prog_id\":", [&](std::string_view number) {
        std::uint64_t program = 0;
        std::from_chars(number.data(), number.data() + number.size(), program);
        all.numbers += program;
        ++all.seen;
    });
    for (auto const* const key : {"\"tp_name\":\"", "\"target_name\":\""})
        after_each(json, key, [&](std::string_view name) {
            all.letters += static_cast<unsigned char>(name[0]);
        });
    return all;
}

} // namespace

int main(int argc, char** argv) try {
    (void)place_from(argc, argv); // takes what every peer does, and needs none of it
    command list{"bpftool", "link", "show", "--json"};
    command version{"bpftool", "version"};
    version.run();
    serve({{"infos", {[&] { return list.run(); }, [&] { return counted(list.printed()); }}},
           {"start", {[&] { return version.run(); }}}});
} catch (std::exception const& e) {
    std::printf("error %s\n", e.what());
    return 1;
}
