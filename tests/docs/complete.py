"""What the programs list stands in the documents, and what those name exists.

    complete.py ROOT BUILD

- Each generator has a heading in docs/schedules.md, a picture there, and its
  place in docs/gallery.md.
- Each layer, preset, loss, optimizer and learning-rate rule stands in
  docs/networks.md with all of its options.
- Each command of the programs stands in a page.
- Each commit that a page names belongs to the history of the tree; this is left
  out where git or the whole history is missing.
"""
import pathlib
import re
import subprocess
import sys

LISTS = ["--model", "--loss", "--optimizer", "--learning-rate-rule"]
HASH = re.compile(r"\b(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,40}\b")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL,
                          universal_newlines=True).stdout


def generators(sluice, schedules, gallery):
    headings = re.findall(r"[\w-]+", " ".join(
        re.findall(r"^### (.*)$", schedules, re.M)))
    for line in output(sluice, "schedule", "--list").splitlines():
        name = line.split()[0]
        if name == "forward":  # of evaluations, it trains nothing
            continue
        if name not in headings:
            yield "docs/schedules.md has no heading for " + name
        for page, text in (("schedules", schedules), ("gallery", gallery)):
            if "(schedules/%s.svg)" % name not in text:
                yield "docs/%s.md has no picture of %s" % (page, name)


def rows(text):
    """(name, its options) of a list that --model help and others print."""
    found = []
    for line in text.splitlines():
        row = re.match(r"  (\w[\w-]*)  ", line + "  ")
        option = re.match(r"    (\w[\w-]*)(=| |$)", line)
        if row:
            found.append((row.group(1), []))
        elif option:
            found[-1][1].append((option.group(1), line))
    return found


def signature(networks, name):
    """All that stands in backquotes with the name at its start."""
    spans = re.findall(r"`(%s(?![\w-])[^`]*)`" % re.escape(name), networks)
    block = re.findall(r"^    (%s\(.*)$" % re.escape(name), networks, re.M)
    return " ".join(spans + block)


def options(sluice, networks):
    for flag in LISTS:
        for name, wanted in rows(output(sluice, "train", flag, "help")):
            text = signature(networks, name)
            if not text:
                yield "docs/networks.md does not tell of %s" % name
            for option, line in wanted:
                short = re.search(r"short: (\w+)", line)
                words = [option] + ([short.group(1)] if short else [])
                if "(...)" not in text and not any(
                        re.search(r"(?<![\w-])%s(?![\w-])" % word, text)
                        for word in words):
                    yield ("docs/networks.md does not tell of the option %s "
                           "of %s" % (option, name))


def commands(bench, pages):
    for program in "sluice", "sluice-bench":
        text = output(str(bench / program), "--help")
        listed = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.M).group(1)
        for name in re.findall(r"^  (\w+)", listed, re.M):
            if not re.search(r"\b%s %s\b" % (program, name), pages):
                yield "no page tells of `%s %s`" % (program, name)


def commits(root, pages):
    git = ["git", "-C", str(root)]
    try:
        if output(*git, "rev-parse", "--is-shallow-repository",
                  "--show-prefix").split() != ["false"]:
            return
    except (OSError, subprocess.CalledProcessError):
        return
    for name in sorted(set(HASH.findall(pages))):
        if subprocess.run(git + ["merge-base", "--is-ancestor", name, "HEAD"],
                          stderr=subprocess.DEVNULL).returncode:
            yield "%s is no commit of the history of HEAD" % name


def main(root, build):
    root, bench = pathlib.Path(root), pathlib.Path(build) / "bench"
    sluice = str(bench / "sluice")
    docs = root / "docs"
    pages = "\n".join(page.read_text() for page in [root / "README.md"] +
                      sorted(docs.glob("*.md")) + sorted(docs.glob("*/*.md")))
    networks = (docs / "networks.md").read_text()
    wrong = [*generators(sluice, (docs / "schedules.md").read_text(),
                         (docs / "gallery.md").read_text()),
             *options(sluice, networks), *commands(bench, pages),
             *commits(root, pages)]
    print("\n".join(wrong) or "complete")
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
