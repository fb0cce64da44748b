// SPDX-License-Identifier: Apache-2.0
// Output of an iterator, in pieces of any length and with errnos between, read as lines, records
// and bytes by turns.
#include "fuzz.hpp"

#include <bpflink/iter_output.hpp>

#include <array>
#include <cerrno>
#include <string>

namespace bl = bpflink;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    auto const choice = in.number<std::uint8_t>();
    std::string whole; // up to the first errno
    fuzz::kernel machine;
    auto& prog = machine.add_program(bl::program_type::tracing, bl::attach_type::trace_iter);
    auto& link = machine.add_link({.type = bl::link_type::iter, .prog = &prog, .name = "task"});
    bool failed = false;
    while (!in.rest().empty()) {
        auto const length = in.number<std::uint8_t>();
        if (length == 0xff) {
            link.output.emplace_back(E2BIG);
            failed = true;
            continue;
        }
        // Long ones too, as a line may be longer than the buffer.
        auto piece = std::string{in.take(length % 16)};
        if (piece.empty()) continue; // the end, to whoever reads
        if (length >= 0xf0) piece.insert(0, 20'000, '.');
        if (!failed) whole += piece;
        link.output.emplace_back(std::move(piece));
    }
    auto const fd = machine.open(link);
    auto output = bl::iter_output::open(fd);
    fuzz::require(output.has_value(), "an iterator is opened");
    std::string seen;
    bool ended_with_error = false;
    switch (choice % 4) {
    case 0:
        for (auto&& line : output->lines()) {
            fuzz::check(line);
            if (!line) {
                ended_with_error = true;
                break;
            }
            fuzz::require(line->find('\n') == line->npos, "a line has no end in it");
            seen.append(*line).append("\n");
        }
        // Nobody tells whether the last line had an end, nor is an unfinished one of a failed run
        // told.
        if (!ended_with_error && (whole.empty() || whole.back() != '\n') && !seen.empty())
            seen.pop_back();
        fuzz::require(ended_with_error ? whole.starts_with(seen) : seen == whole,
                      "lines are the whole output");
        break;
    case 1:
        for (auto&& record : output->records<std::array<char, 3>>()) {
            fuzz::check(record);
            if (!record) {
                ended_with_error = true;
                break;
            }
            seen.append(record->data(), record->size());
        }
        fuzz::require(whole.starts_with(seen), "records are the output's bytes");
        fuzz::require(failed || ended_with_error == (whole.size() % 3 != 0),
                      "an output that ends inside a record is an error");
        break;
    case 2:
        for (auto&& piece : output->bytes()) {
            fuzz::check(piece);
            if (!piece) break;
            seen.append(reinterpret_cast<char const*>(piece->data()), piece->size());
        }
        fuzz::require(seen == whole, "bytes are the whole output");
        break;
    default: {
        // By turns: nothing is lost between a range and the next.
        bool more = true;
        while (more) {
            more = false;
            for (auto&& line : output->lines()) {
                if (line) seen.append(*line);
                more = line.has_value();
                break;
            }
            if (!more) break;
            for (auto&& record : output->records<char>()) {
                if (record) seen += *record;
                more = record.has_value();
                break;
            }
        }
        std::string plain;
        std::string without_ends;
        for (char const each : seen)
            if (each != '\n') plain += each;
        for (char const each : whole)
            if (each != '\n') without_ends += each;
        fuzz::require(failed ? without_ends.starts_with(plain) : plain == without_ends,
                      "what is read by turns is the output");
    }
    }
    return 0;
}
