#!/usr/bin/env python3
"""Each error sentence of the library is asserted by some test.

    sentences.py ROOT

A sentence is the format string of a call that sets a diagnosis in src/.  A
test asserts it if three words of it that follow each other stand in tests/,
be it in a program, a golden file or a regular expression.  Sentences about
memory that runs out are made by one function, which the tests of failed
allocations run through, and are not counted.

Those that no test asserts yet stand in tests/package/sentences.txt, by file and
first words.  A sentence that is asserted must leave that list, and no new one
may join it.
"""
import pathlib
import re
import sys

CALLS = r"\b(sluice_diag_set|sl_format_error|\w*refuse\w*|fail\w*)\s*\("
LITERAL = r'"((?:[^"\\]|\\.)*)"'
N_WORDS = 3


def words(text):
    text = re.sub(r"%[-+ #0]*[0-9*]*(?:\.[0-9*]+)?[a-z]*", " \0 ", text)
    text = re.sub(r"\\n", " ", text)
    return re.findall(r"[A-Za-z]+|\0", text.replace("'", ""))


def grams(text):
    found = set()
    run = []
    for word in words(text) + ["\0"]:
        if word == "\0":
            run = []
            continue
        run.append(word.lower())
        if len(run) >= N_WORDS:
            found.add(tuple(run[-N_WORDS:]))
    return found


def end_of_call(text, at):
    depth, quoted = 0, False
    while at < len(text):
        c = text[at]
        if quoted:
            if c == "\\":
                at += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return at


def sentences(root):
    for path in sorted((root / "src").rglob("*.c")):
        text = path.read_text()
        for call in re.finditer(CALLS, text):
            body = text[call.end() - 1:end_of_call(text, call.end() - 1)]
            joined = re.sub(r'"\s*(?:PRI[a-zA-Z0-9]+\s*)?"', "", body)
            for literal in re.findall(LITERAL, joined):
                if grams(literal) and not re.search(r"out of memory|->| \? ",
                                                    literal):
                    yield str(path.relative_to(root)), literal


def asserted(root):
    found = set()
    for path in sorted((root / "tests").rglob("*")):
        if path.suffix not in (".c", ".h", ".txt", ".cmake", ".sh", ".py"):
            continue
        if path.name in ("sentences.txt", "sentences.py"):
            continue
        text = path.read_text(errors="replace")
        found |= grams(re.sub(r'"\s*(?:PRI[a-zA-Z0-9]+\s*)?"', "", text))
    return found


def main():
    root = pathlib.Path(sys.argv[1])
    listed = set((root / "tests/package/sentences.txt").read_text().splitlines())
    known = asserted(root)
    missing, n = {}, 0
    for path, sentence in sentences(root):
        n += 1
        if not grams(sentence) & known:
            missing[f"{path}: {sentence[:60]}"] = True
    new = [s for s in missing if s not in listed]
    stale = [s for s in sorted(listed) if s and s not in missing]
    for s in new:
        print("no test asserts", s)
    for s in stale:
        print("asserted or gone, take it from sentences.txt:", s)
    print(f"{n} sentences, {len(missing)} asserted by no test")
    return 1 if new or stale or n < 300 else 0


sys.exit(main())
