#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the table of scenarios against the headers: each public function that may fail has one.

  functions_test.py SOURCE-DIRECTORY           compares
  functions_test.py SOURCE-DIRECTORY --list    prints the functions that are wanted

A function counts where its declaration is neither noexcept nor constexpr: it may enter the kernel or allocate.
"""

import pathlib
import re
import sys

# They enter no kernel, and no object stays that they could lose: texts, and parts of others in the table.
QUIET = {
    "collect", "error::add_advice", "error::message", "fmt::format", "std::format", "known_refusals", "make_error_condition",
    "record_of", "text_of_pin_name", "text_views", "to_string", "value_or_throw", "where",
}
# Run by attach and is_at, of each hook.
BY_OTHERS = {"hook_traits::create": "attach", "hook_traits::is_at": "is_at"}
# They wait in Asio's loop, by the functions of the table: with real descriptors only.
ELSEWHERE = {name: "test/kernel/coro/asio.test.cpp" for name in
             ("async_defunct", "async_next", "async_read", "async_ready", "async_lines::next")}
TOKEN = re.compile(r"\w+|::|->|\[\[|\]\]|[^\s\w]")


def tokens_of(text):
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    text = re.sub(r'R"\(.*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])+\'', " text ", text, flags=re.S)
    return TOKEN.findall(text)


def closing(tokens, at):
    """The index behind the bracket that closes the one at `at`."""
    depth = 0
    for index in range(at, len(tokens)):
        depth += (tokens[index] in "({[") - (tokens[index] in ")}]") if len(tokens[index]) == 1 else 0
        if depth == 0:
            return index + 1
    raise ValueError("brackets")


def without_template(head):
    """A declaration without template<...> and attributes."""
    out, at = [], 0
    while at < len(head):
        if head[at] == "[[":
            at = head.index("]]", at) + 1
        elif head[at] == "template" and at + 1 < len(head) and head[at + 1] == "<":
            depth, at = 0, at + 1
            while True:
                depth += (head[at] == "<") - (head[at] == ">")
                at = closing(head, at) if head[at] in ("(", "{") else at + 1
                if depth == 0:
                    break
        else:
            out.append(head[at])
            at += 1
    return out


def function_of(head):
    """The name that a declaration declares as a function, or None."""
    head = without_template(head)
    if "requires" in head and "(" in head[:head.index("requires")]:
        head = head[:head.index("requires")]
    elif "requires" in head:  # before the declaration: skip to the last name before brackets
        rest = [at for at, each in enumerate(head) if each in ("result", "auto", "void")]
        head = head[rest[0]:] if rest else head
    if "(" not in head or "operator" in head or head[0] in ("using", "friend", "static_assert", "concept"):
        return None
    at = head.index("(")
    if "=" in head[:at] or at == 0 or not re.fullmatch(r"\w+", head[at - 1]):
        return None
    tail = head[closing(head, at):]
    if {"constexpr", "consteval"} & set(head[:at]) or "noexcept" in tail or "delete" in tail or "default" in tail:
        return None
    if at == 1 or head[at - 2] in ("~", "explicit"):
        return None  # a constructor, or a destructor
    return head[at - 1]


def functions(text):
    tokens, found = tokens_of(text), []

    def walk(at, end, scope, public, kind):
        head, start = [], at
        while at < end:
            token = tokens[at]
            if token == ";":
                add(head, scope, public)
                head = []
            elif token == ":" and head and head[-1] in ("public", "private", "protected"):
                public = head[-1] == "public"
                head = []
            elif token == "(" or token == "[":
                after = closing(tokens, at)
                head += tokens[at:after]
                at = after
                continue
            elif token == "{":
                after = closing(tokens, at)
                plain = without_template(head)
                names = [each for each in plain if re.fullmatch(r"\w+", each)]
                if "namespace" in names and "using" not in names:
                    inner = names[-1] if names[-1] != "namespace" else ""
                    hidden = "detail" in names or inner == ""
                    walk(at + 1, after - 1, scope if not hidden else None, True, "namespace")
                    head = []
                elif plain and plain[0] in ("class", "struct", "union") and "(" not in plain:
                    name = names[1]
                    inner = None if scope is None or not public else scope + [name]
                    walk(at + 1, after - 1, inner, plain[0] != "class", "class")
                    head = []
                elif plain and plain[0] == "enum":
                    head = []
                elif "(" in plain and function_like(plain):
                    add(head, scope, public)
                    head = []
                else:  # an initializer
                    head.append("init")
                at = after
                continue
            else:
                head.append(token)
            at += 1

    def function_like(plain):
        return "=" not in plain[:plain.index("(")]

    def add(head, scope, public):
        if scope is None or not public or not head:
            return
        name = function_of(head)
        if name:
            found.append("::".join(scope + [name]))

    walk(0, len(tokens), [], True, "namespace")
    return found


def wanted(source):
    names = set()
    for header in sorted((source / "include/bpflink").rglob("*.hpp")):
        if "detail" not in header.parts:
            names |= set(functions(header.read_text()))
    return {name for name in names if name not in QUIET and name.split("::")[-1] not in QUIET}


def scenarios(source):
    names = set()
    for table in (source / "test/unit/faults").glob("*.test.cpp"):
        names |= set(re.findall(r'scenario\{\s*"([\w:]+)"', table.read_text()))
    return names


def problems(source):
    needed, there = wanted(source), scenarios(source)
    for name in sorted(needed - there):
        if name in BY_OTHERS:
            if BY_OTHERS[name] not in there:
                yield f"{name}: no scenario of {BY_OTHERS[name]} runs it"
        elif name in ELSEWHERE:
            if name.split("::")[0] not in (source / ELSEWHERE[name]).read_text():
                yield f"{name}: {ELSEWHERE[name]} does not run it"
        else:
            yield f"{name}: no scenario in test/unit/faults: write one, or say in functions_test.py why it needs none"
    for name in sorted(there - needed):
        yield f"{name}: a scenario of what no header declares as a function that may fail"
    for name in sorted((set(BY_OTHERS) | set(ELSEWHERE)) - needed):
        yield f"{name}: functions_test.py names it, and no header declares it"


def check_reader():
    """The reader itself: what counts, and what does not."""
    found = functions("""
        namespace bpflink {
        [[nodiscard]] result<int> first(int a = f(1));
        template <class T> requires(is<T>) [[nodiscard]] result<T> second(T const& x) { return x; }
        constexpr int third(); int fourth() noexcept; int fifth() = delete;
        namespace detail { result<int> hidden(); }
        class box { result<int> own(); public: box(); ~box(); static result<box> open(int x); private: void shut(); };
        inline auto const value = lambda(3);
        using alias = result<int>(*)(int);
        }""")
    assert found == ["first", "second", "box::open"], found


if __name__ == "__main__":
    check_reader()
    root = pathlib.Path(sys.argv[1])
    if "--list" in sys.argv:
        print("\n".join(sorted(wanted(root))))
        sys.exit()
    told = list(problems(root))
    print("\n".join(told) or f"{len(wanted(root))} functions, each in the table of scenarios")
    sys.exit(bool(told))
