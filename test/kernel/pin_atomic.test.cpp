// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bl = bpflink;

TEST_CASE_FIXTURE(kernel_case, "whoever looks while a pin is replaced sees a link, always") {
    constexpr unsigned replacements = 1'000;
    sandbox::bpffs const fs;
    programs const p{"iter_tasks"};
    std::array links{must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{})),
                     must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}))};
    auto const path = fs.path() / "link";
    must(links[0].pin(path));

    std::array const ids{must(links[0].info()).id, must(links[1].info()).id};
    std::array<std::atomic<unsigned>, 2> met{};
    std::atomic<unsigned> looks = 0;
    std::atomic<bool> ended = false; // by either
    std::optional<bl::error> failure;
    std::thread looker{[&] {
        while (!ended) {
            auto const seen =
                bl::link::load_pinned(path).and_then([](bl::link&& l) { return l.info(); });
            if (seen)
                ++met[seen->id == ids[0] ? 0 : 1];
            else
                failure = seen.error();
            ++looks;
            if (failure) ended = true;
        }
    }};

    bl::result<void> replaced;
    unsigned count = 0;
    auto const deadline = std::chrono::steady_clock::now() + 3 * sandbox::patience;
    // As many looks as replacements at least, so that neither thread sleeps through the other's.
    auto const is_enough = [&] {
        return count >= replacements && looks >= replacements && met[0] > 0 && met[1] > 0;
    };
    for (; replaced && !is_enough() && !ended && std::chrono::steady_clock::now() < deadline;
         ++count)
        replaced = links[(count + 1) % 2].replace_pin(path);
    ended = true;
    looker.join();

    if (!replaced) FAIL(replaced.error().message());
    if (failure) FAIL(failure->message());
    CHECK(count >= replacements);
    CHECK(looks >= replacements);
    CHECK(met[0].load() > 0);
    CHECK(met[1].load() > 0);
    MESSAGE(count, " replacements, seen ", met[0].load(), " and ", met[1].load(), " times");
    must(must(bl::link::load_pinned(path)).unpin());
}

TEST_CASE_FIXTURE(kernel_case,
                  "two threads that replace each other's pin leave one pin, and no more") {
    constexpr unsigned replacements = 1'000; // E2
    sandbox::bpffs const fs;
    programs const p{"iter_tasks"};
    auto const path = fs.path() / "link";
    std::array links{must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{})),
                     must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}))};
    std::array<bl::result<void>, 2> outcomes;
    std::array<std::thread, 2> threads;
    for (std::size_t i = 0; i != threads.size(); ++i)
        threads[i] = std::thread{[&, i] {
            for (unsigned n = 0; n != replacements && outcomes[i]; ++n)
                outcomes[i] = links[i].replace_pin(path);
        }};
    for (auto& each : threads)
        each.join();
    for (auto const& each : outcomes)
        must(each);
    std::vector<std::string> names;
    for (auto&& entry : bl::pins(fs.path()))
        if (auto const name = must(std::move(entry)).path; !name.ends_with(".debug"))
            names.push_back(name);
    CHECK(names == std::vector{path});
    must(must(bl::link::load_pinned(path)).unpin());
}
