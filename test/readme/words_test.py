#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds what the rule doc.plain of CONTRIBUTING.md forbids, in pages, comments and messages.

  words_test.py SOURCE-DIRECTORY [FILE...]    prints file:line: sentence: reason, after a test of itself

A sentence is prose: code, quoted names and addresses count as one word. An item of a list, a cell of
a table, a parameter, and in messages, @errors, @kernel and @cost the parts between semicolons stand alone.
"""

import pathlib
import re
import sys

LONGEST = 25

PAGES = ["README.md", "CONTRIBUTING.md", "docs/*.md", "docs/reference/*.md"]
SOURCES = ["include/**/*.hpp", "src/**/*.hpp", "src/**/*.cpp", "tools/**/*.hpp", "tools/**/*.cpp",
           "example/**/*.hpp", "example/**/*.cpp", "example/**/*.c"]

ASKS = r"(?:what|who|whom|whose|whoever|whatever)\b(?! to\b)"
HEADED = rf"(?:^|(?<=[.;:(] )|(?<=\()){ASKS}(?!.*\?$)|^(?:of|to|with|from|by|for|as) {ASKS}|^(?:that|those) of\b"
# The reason, and how it is found.
FORBIDDEN = [(reason, re.compile(pattern, re.I)) for reason, pattern in [
    ('write "is not a"', r"(?<!there )\b(?:is|are|was|were) no\b(?! (?:more|less|longer|later|earlier|other)\b)"),
    ('write "not a", or negate the verb',
     r"\bnone of\b(?! (?:those|these)\b)|\b(?<!there )(?:is|are|was|were) none\b|^(?:of|to|by|with|from) none\b"),
    ('write "a": it is spoken "you"', r"\ban (?:u(?:ret)?probe|usdt|user|unique|uapi|unit|union|utility)"),
    ("a clause headed by a question word has no verb before it", HEADED),
    ("write who owns it", r"\bone's own\b"),
    ("write the contraction out",
     r"\b(?:do|does|did|is|are|was|were|has|have|had|ca|could|wo|would|should|must)n't\b"
     r"|\b(?:it|that|there|what|here|let)'s (?!own\b)|\b(?:I|you|we|they)'(?:re|ve|ll|d|m)\b"),
    ("leave the word out, or write it in English",
     r"\b(?:simply|obviously|of course|please|in order to|utilize|via)\b|\b(?:e\.g\.|i\.e\.|etc\.)|\band/or\b"),
]]
CONDITIONS = ("already_exists|defunct|hook_busy|incompatible|invalid_argument|not_a_link|not_found|not_supported|permission_denied"
              "|program_mismatch|read_only|stale_revision|still_held|timed_out|wrong_kind|E[A-Z0-9]+")


def plain(text):
    """The prose of a piece of markup: code, a name in quotes and a row of such are one word."""
    text = re.sub(r"``.+?``|`[^`]*`", "CODE", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+", "URL", text)
    text = re.sub(r'"[^"]*"', "QUOTE", text)
    text = re.sub(r"\b(CODE|QUOTE|E[A-Z]{3,})(?:(?:,| and| or|, and|, or)\s+\1)+\b", r"\1", text)
    text = re.sub(r"\*\*", "", text)
    return re.sub(r"\s+", " ", text).strip()


def sentences(block, listing=False):
    end = r"(?<=[.!?])(?<!\.\.)[\")]?\s+" + (r"|;\s" if listing else "")
    for sentence in re.split(end, plain(block)):
        if sentence.strip():
            yield sentence.strip()


def faults(sentence):
    words = [word for word in sentence.split() if re.search(r"\w", word)]
    if len(words) > LONGEST:
        yield f"{len(words)} words"
    for reason, pattern in FORBIDDEN:
        if pattern.search(sentence):
            yield reason


def blocks_of_page(text):
    """(line, text, whether it is a list of parts) of each paragraph, item and cell."""
    fence, start, gathered = False, 0, []

    def flush():
        nonlocal gathered
        if gathered:
            yield start, " ".join(gathered), False
        gathered = []

    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith(("```", "~~~")):
            yield from flush()
            fence = not fence
        elif fence:
            continue
        elif not stripped or re.match(r"<[!/\w]|={3,}|-{3,}$", stripped):
            yield from flush()
        elif stripped.startswith("|"):
            yield from flush()
            if not re.fullmatch(r"[|\s:-]+", stripped):
                for cell in re.split(r"(?<!\\)\|", re.sub(r"`[^`]*`", "CODE", stripped.strip("|"))):
                    yield number, cell.strip(), True
        elif re.match(r"#", stripped):
            yield from flush()
        else:
            item = re.match(r"(?:[-*+]|\d+\.) +", stripped)
            if item:
                yield from flush()
                stripped = stripped[item.end():]
            if not gathered:
                start = number
            gathered.append(stripped)
    yield from flush()


LEX = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
TAG = re.compile(r"[@\\](\w+)(?:\[\w+\])?\s*")
LISTS = {"errors", "kernel", "cost", "throws", "threads", "return"}


def blocks_of_comment(first, lines):
    """Paragraphs of a comment of several lines; each @tag begins one."""
    start, gathered, listing, code = first, [], False, False

    def flush():
        nonlocal gathered
        if gathered:
            yield start, " ".join(gathered), listing
        gathered = []

    for number, line in enumerate(lines, first):
        line = line.strip()
        if re.match(r"[@\\]code\b|```", line):
            code = not code if line.startswith("```") else True
            yield from flush()
            continue
        if code:
            code = not re.match(r"[@\\]endcode", line)
            continue
        tag = TAG.match(line)
        item = re.match(r"(?:[-*]|\d+\.)\s+", line)
        named = listing and re.match(rf"(?:{CONDITIONS})\b|and ", line)
        row = not tag and re.search(r"\S {2,}\S", line)
        if not line or tag or item or named or row or line.startswith("|"):
            yield from flush()
            listing = listing and not tag and bool(line)
        if tag:
            listing = tag[1] in LISTS
            line = line[tag.end():]
            if tag[1] in ("param", "tparam", "retval", "copydoc", "ingroup", "defgroup"):
                line = line.partition(" ")[2].strip() if " " in line else ""
        elif item:
            line = line[item.end():]
        line = re.sub(rf"^(?:(?:{CONDITIONS})\b,? *)+", "", line) if listing else line
        if not line or line.startswith("|") or re.match(r"clang-format|NOLINT|SPDX", line):
            continue
        if not gathered:
            start = number
        gathered.append(line)
    yield from flush()


def blocks_of_source(text, messages):
    """Of comments and, where `messages`, of literals with a space in them."""
    comment, first, last, column = [], 0, 0, -1
    literal, where, until = "", 0, 0
    found = []

    def end_comment():
        nonlocal comment
        if comment:
            found.extend(blocks_of_comment(first, comment))
        comment = []

    def end_literal():
        nonlocal literal
        if messages and " " in literal.strip():
            found.extend((where, part, True) for part in re.split(r"\s*\\n\s*", literal) if part)
        literal = ""

    for token in LEX.finditer(text):
        line = text.count("\n", 0, token.start()) + 1
        begin = text.rfind("\n", 0, token.start()) + 1
        alone = not text[begin:token.start()].strip()
        word = token[0]
        if word.startswith("//"):
            kind = re.match(r"///?<?!?", word)[0]
            key = (kind, token.start() - begin)
            if not (comment and alone and line == last + 1 and key == column):
                end_comment()
                first = line
            comment.append(word[len(kind):])
            last, column = line, key
        elif word.startswith("/*"):
            end_comment()
            found.extend(blocks_of_comment(line, [re.sub(r"^\s*\*", "", each) for each in word[2:-2].splitlines()]))
        elif word.startswith('"') and not text[begin:token.start()].lstrip().startswith("#"):
            if text[until:token.start()].strip():
                end_literal()
            if not literal:
                where = line
            literal += word[1:-1].replace('\\"', "'")
            until = token.end()
    end_comment()
    end_literal()
    return found


LONG = "one two three four five six seven eight nine ten eleven twelve " * 2 + "and one more"
FOUND = [  # a kind of file, its text, and the reason that it has to find
    (".md", "The link is no longer there. It is no link.", 'write "is not a"'),
    (".md", "| event | none of them |\n", 'write "not a"'),
    (".md", "1. It stays.\n2. What fails is undone.\n", "a clause headed"),
    (".md", f"Short.\n\n{LONG}:\n\n- an item\n", "27 words"),
    (".md", "Do not write that it's so.", "write the contraction out"),
    (".cpp", 'f("attaches an uprobe");', 'write "a"'),
    (".hpp", "/// What a link is on.\nstruct x {};\n", "a clause headed"),
    (".hpp", "/// Fine.\n/// @errors not_found  no such link; whoever has it\n", "a clause headed"),
    (".hpp", "int x; ///< of none\n", 'write "not a"'),
    (".hpp", "/* A loop of one's own. */", "write who owns it"),
    (".cpp", 'f("the descriptor is "\n  "no link\'s");', 'write "is not a"'),
    (".cpp", '// "text" in a comment, obviously\n', "leave the word out"),
]
PLAIN = [
    (".md", f"```text\n{LONG}\n```\n\n" + "| a | b |\n|---|---|\n" + "| one two three four five | six |\n" * 5),
    (".md", "There is no lock. Is it still there? What is it? It says what to do: `is no`, \"is none\", an XDP link.\n"),
    (".md", "- one two three four five six seven eight nine ten eleven twelve\n" * 3),
    (".hpp", "/// Asks what a link runs.\n/// @errors not_found  no such link\n///         EMFILE     no descriptor is left\n"),
    (".cpp", '#include "what/none of.hpp"\nchar c = \'"\'; auto s = f("it is not a link: look at what it is"); // as sys says\n'),
]


def reasons(kind, text, messages=True):
    """(line, sentence, reason) of each fault."""
    for line, block, listing in blocks_of_page(text) if kind == ".md" else blocks_of_source(text, messages):
        for sentence in sentences(block, listing):
            for reason in faults(sentence):
                yield line, sentence, reason


def faults_of_itself():
    for kind, text, reason in FOUND:
        if not any(found.startswith(reason) for _, _, found in reasons(kind, text)):
            yield f"words_test.py does not find: {text!r}: {reason}"
    for kind, text in PLAIN:
        for _, sentence, reason in reasons(kind, text):
            yield f"words_test.py finds in a plain text: {sentence}: {reason}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    paths = [pathlib.Path(each).resolve() for each in sys.argv[2:]] or sorted(
        {path for pattern in PAGES + SOURCES for path in root.glob(pattern)})
    found = list(faults_of_itself())
    for path in paths:
        name = path.relative_to(root)
        found += [f"{name}:{line}: {sentence}: {reason}" for line, sentence, reason in
                  reasons(path.suffix, path.read_text(encoding="utf-8"), name.parts[0] != "example")]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
