// SPDX-License-Identifier: Apache-2.0
#include "walks.hpp"

#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/snapshot.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

namespace bl = bpflink;

namespace by_bpflink {
namespace {

template <class T>
T& need(bl::result<T>& r) {
    if (!r) throw std::runtime_error{r.error().message()};
    return *r;
}

std::uint64_t first_letter(std::string const& name) {
    return static_cast<unsigned char>(name[0]);
}

} // namespace

tally link_ids() {
    tally all;
    for (auto&& entry : bl::link_ids()) {
        all.numbers += need(entry).value();
        ++all.seen;
    }
    return all;
}

tally links() {
    tally all;
    for (auto&& entry : bl::links()) {
        int fd = need(entry).fd().get();
        benchmark::DoNotOptimize(fd);
        ++all.seen;
    }
    return all;
}

tally infos() {
    tally all;
    for (auto&& entry : bl::infos()) {
        auto const& info = need(entry);
        all.numbers += info.program.value();
        if (auto const* const tp = std::get_if<bl::raw_tracepoint_details>(&info.details))
            all.letters += first_letter(tp->name);
        else if (auto const* const iter = std::get_if<bl::iter_details>(&info.details))
            all.letters += first_letter(iter->target_name);
        ++all.seen;
    }
    return all;
}

tally snapshot() {
    static bl::snapshotter by;
    static std::vector<bl::link_record> records;
    if (auto const taken = by.take(records); !taken)
        throw std::runtime_error{taken.error().message()};
    tally all;
    for (auto const& record : records) {
        all.numbers += record.program.value();
        ++all.seen;
    }
    return all;
}

} // namespace by_bpflink
