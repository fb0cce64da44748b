// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fault injection: a table of scenarios, and one loop that lets each of their system calls fail by
// each errno of its row, and each of their allocations fail.

#include "stage.hpp"

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

/// The end of an act: done, or the message of its error.
struct answer {
    std::optional<std::string> refused;

    answer(bool done) { // of a function that gives no error
        if (!done) refused = "it says no more";
    }
    template <class T>
    answer(bl::result<T> const& r) {
        if (!r) refused = r.error().message();
    }
};

/// One public function in one situation.
struct scenario {
    std::string_view function;       // as functions_test.py finds it in the headers: "link::pin"
    std::string_view situation = {}; // what tells it from others of the function
    answer (*act)(stage&) = nullptr;
    void (*prepare)(stage&) = nullptr; // before any fault
    /// The function is documented to do its work by parts: each may be done or not.
    bool by_parts = false;
    std::optional<any_call> spared = std::nullopt; // what has to end the process where it fails

    template <class Act>
    scenario(std::string_view name, std::string_view when, Act)
        : function{name}, situation{when}, act{[](stage& s) { return answer{Act{}(s)}; }} {}
    template <class Act, class Prepare>
    scenario(std::string_view name, std::string_view when, Act of, Prepare before)
        : scenario(name, when, of) {
        prepare = before;
    }

    [[nodiscard]] scenario by_part() const {
        auto one = *this;
        one.by_parts = true;
        return one;
    }
    [[nodiscard]] scenario spare(any_call what) const {
        auto one = *this;
        one.spared = what;
        return one;
    }
};

/// Runs each with every fault. Checked each time: a success leaves what an undisturbed run leaves,
/// and a failure what was there before.
void check_faults(std::span<scenario const> all);
