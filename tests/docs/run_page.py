"""Run what a page of the documentation prints.

    run_page.py ROOT BUILD PAGE [--slow]

Commands are the lines of indented blocks and of ```sh blocks that begin with a
program of ours, and in ```console blocks those behind "$ ", with the output
below them.  They run in a folder made for the page, in which `sluice` is found
and bench/run, docs/ and build/release/ lie as in the tree; `export` and `cd`
hold for the rest of the page.  A command must end with status 0; printed output must have the shape of the real
one: numbers may differ, and a line "..." stands for any lines.  Blocks of C and
Python are compiled and run.

A comment of HTML before a block, which a reader does not see, says more:

    <!-- test: slow [WORD...] -->      with --slow only: the lines with a WORD
    <!-- test: skip [WORD...]: WHY --> never
    <!-- test: status N -->            the block's last command ends with N
    <!-- test: file NAME -->           no commands: the text of a file, which
                                       is there from the start of the page
    <!-- test: with NAME
    TEXT
    -->                                the same of a file that is not shown
    <!-- test: do
    COMMAND
    -->                                commands that are not shown
    <!-- test: model -->               no commands: the text of a network, or
                                       one in each line
    <!-- test: needs MODULE -->        of Python; without it the block is left
                                       out
    <!-- test: object -->              a file of the library: only compiled
    <!-- test: before
    TEXT
    @                                  the place of a block of C or Python that
    TEXT                               is a part of a program
    -->

Exit status 77: there are blocks, and none was run.
"""
import importlib.util
import os
import re
import shutil
import subprocess
import sys

PROGRAMS = re.compile(
    r"(\w+=\S+ )*(sluice|sluice-bench|bench/run|tests/run|cmake|ctest|cc|gcc"
    r"|pkg-config|man|python3|compare\.py|build/\S+|\./\S+|cd|mkdir|cp|export)"
    r"( |$)")
COMMENT = re.compile(r"<!-- test: (.*?)-->\s*$", re.S)
SECONDS = 120  # of a command; of a slow one 20 times that


class Block:
    """kind is "indented" or what stands behind ```; marks is the comment."""

    def __init__(self, kind, line, marks):
        self.kind, self.line, self.marks, self.lines = kind, line, marks, []
        word, _, rest = marks.partition(" ")
        word, _, more = word.partition("\n")
        self.mark, self.rest = word.strip(), rest.strip()
        if word.endswith(":"):
            self.mark, self.rest = word[:-1], ": " + rest
        if more or self.mark == "before":
            self.mark, self.rest = "before", marks.partition("\n")[2]

    def text(self):
        return "\n".join(self.lines) + "\n"


def read_blocks(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    blocks, marks, at = [], "", 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("<!-- test:"):
            end = at
            while "-->" not in lines[end]:
                end += 1
            marks = COMMENT.match("\n".join(lines[at:end + 1])).group(1)
            at = end + 1
            if marks.startswith("with "):
                name, _, text = marks.partition("\n")
                block = Block("", at, "file " + name[len("with "):])
                block.lines = text.split("\n")[:-1]
                blocks.append(block)
                marks = ""
            elif marks.startswith("do\n"):
                block = Block("sh", at, "")
                block.lines = marks.split("\n")[1:-1]
                blocks.append(block)
                marks = ""
        elif line.startswith("```"):
            block = Block(line[3:].strip(), at + 1, marks)
            marks, at = "", at + 1
            while not lines[at].startswith("```"):
                block.lines.append(lines[at])
                at += 1
            blocks.append(block)
            at += 1
        elif line.startswith("    ") and line.strip() and (
                at == 0 or not lines[at - 1].strip() or marks):
            block = Block("indented", at + 1, marks)
            marks = ""
            while at < len(lines) and (lines[at].startswith("    ")
                                       or not lines[at].strip()):
                block.lines.append(lines[at][4:])
                at += 1
            blocks.append(block)
        else:
            if line.strip() and marks:
                raise SystemExit("%s:%d: the comment before has no block"
                                 % (path, at + 1))
            at += 1
    return blocks


def is_chosen(block, line):
    """Whether the mark's words, if it has any, stand in the line."""
    words = block.rest.partition(":")[0].split() if block.mark == "skip" \
        else block.rest.split()
    return not words or any(word in line for word in words)


def shape(line):
    line = re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def agrees(printed, real):
    """Whether printed lines are the real ones but for numbers and "..."."""
    printed, real = [shape(p) for p in printed], [shape(r) for r in real]
    pattern = "".join(r"(?:.*\n)*?" if p == "..." else re.escape(p) + r"\n"
                      for p in printed)
    return re.fullmatch(pattern, "".join(r + "\n" for r in real)) is not None


class Page:
    def __init__(self, root, build, page, slow):
        self.root, self.build, self.slow = root, build, slow
        self.page, self.seconds = page, SECONDS * (20 if slow else 1)
        self.work = os.path.join(build, "tests", "docs",
                                 page.replace("/", "-") + ".work")
        self.failures, self.n_run, self.prefix = [], 0, ""
        self.environment = dict(
            os.environ, HOME=os.path.join(self.work, "home"),
            PATH=":".join([os.path.join(build, "bench"), os.path.dirname(
                sys.executable), os.environ["PATH"]]),
            PYTHONPATH=os.path.join(root, "docs/examples/python"),
            SLUICE_LIB=os.path.join(build, "src"), PYTHONDONTWRITEBYTECODE="1",
            CC=os.environ.get("CC", "cc"))

    def prepare(self):
        shutil.rmtree(self.work, ignore_errors=True)
        for folder in "home", "bench", "build":
            os.makedirs(os.path.join(self.work, folder))
        for name in "docs", "include", "src":
            os.symlink(os.path.join(self.root, name),
                       os.path.join(self.work, name))
        os.symlink(self.build, os.path.join(self.work, "build/release"))
        with open(os.path.join(self.work, "bench/run"), "w") as file:
            file.write("#!/bin/sh\nexec sluice-bench \"$@\"\n")
        os.chmod(os.path.join(self.work, "bench/run"), 0o755)

    def fail(self, line, text):
        self.failures.append("%s:%d: %s" % (self.page, line, text))

    def shell(self, command):
        try:
            done = subprocess.run(
                ["sh", "-c", command], cwd=self.work, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            return -1, "it took more than %d seconds" % self.seconds
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def leaves_out(self, block, line):
        if block.mark == "skip" and is_chosen(block, line):
            return True
        return block.mark == "slow" and is_chosen(block, line) and not self.slow

    def command(self, block, number, command, printed):
        if self.leaves_out(block, command):
            return
        wanted = int(block.rest) if block.mark == "status" and \
            number == self.last_number else 0
        if command.startswith(("export ", "cd ")):
            self.prefix += command + "\n"
        status, output = self.shell(self.prefix + command)
        self.n_run += 1
        print("%s:%d: %s" % (self.page, number, command))
        if status != wanted:
            self.fail(number, "%s\nends with status %d, not %d:\n%s"
                      % (command, status, wanted, output))
        elif printed and not agrees(printed, output.rstrip("\n").split("\n")):
            self.fail(number, "%s\nprints\n%s\nand the page says\n%s"
                      % (command, output, "\n".join(printed)))

    def commands(self, block):
        """(line, command, printed output) of a block of commands."""
        found = []
        if block.kind == "indented" and re.search(
                r"^ *(\w+ )*(= )?sluice_\w+\(.*;", block.text(), re.M):
            self.fail(block.line, "C in an indented block is not compiled: put "
                      "it between ```c and ```, see run_page.py")
        for i, line in enumerate(block.lines):
            number = block.line + i + (block.kind != "indented")
            if block.kind == "console":
                if line.startswith("$ "):
                    found.append((number, line[2:], []))
                elif found and found[-1][1].endswith("\\"):
                    found[-1] = (found[-1][0],
                                 found[-1][1][:-1] + line.strip(), [])
                elif found:
                    found[-1][2].append(line)
            elif found and found[-1][1].endswith("\\"):
                found[-1] = (found[-1][0], found[-1][1][:-1] + line.strip(), [])
            elif block.kind == "sh" and line.strip() and line[0] != "#" \
                    or PROGRAMS.match(line):
                found.append((number, line, []))
        for _, _, printed in found:
            while printed and not printed[-1].strip():
                printed.pop()
        return found

    def program(self, block):
        """The text of a block of C or Python, as a whole program."""
        if block.mark != "before":
            return block.text()
        before, _, after = block.rest.partition("@\n")
        return before + block.text() + after

    def run_c(self, block, n):
        source, out = "block%d.c" % n, "./block%d" % n
        with open(os.path.join(self.work, source), "w") as file:
            file.write(self.program(block))
        flags = "-std=gnu11 -Wall -Wextra -Werror -Wno-missing-field-initializers"
        if block.mark == "object":
            command = "$CC %s -Isrc -Iinclude -c %s -o %s.o" % (flags, source,
                                                                out)
        else:
            command = "$CC %s -Iinclude %s -o %s -Lbuild/release/src -lsluice " \
                "-lm -Wl,-rpath,%s/src && %s" % (flags, source, out, self.build,
                                                 out)
        self.command(block, block.line, command, [])

    def run_models(self, block):
        """The whole block is a network, or each of its lines is one."""
        lines = [line for line in block.lines if line.strip()]
        whole = lines if ";" not in "".join(lines[1:]) else [" ".join(lines)]
        for text in whole:
            self.command(block, block.line, "%s -c 'import sluice; "
                         "sluice.Model(\"%s\")'" % (sys.executable, text), [])

    def run_python(self, block, n):
        source = "block%d.py" % n
        with open(os.path.join(self.work, source), "w") as file:
            file.write(self.program(block))
        self.command(block, block.line, "%s %s" % (sys.executable, source), [])

    def run(self):
        self.prepare()
        blocks = read_blocks(os.path.join(self.root, self.page))
        for block in blocks:
            if block.mark == "file":
                with open(os.path.join(self.work, block.rest), "w") as file:
                    file.write(block.text().rstrip("\n") + "\n")
        for n, block in enumerate(blocks):
            self.last_number = block.line
            needs = re.search(r"^# needs (\w+)$|^needs (\w+)", block.rest
                              if block.mark == "before" else block.marks, re.M)
            if block.mark == "file" or needs and not importlib.util.find_spec(
                    needs.group(1) or needs.group(2)):
                continue
            if block.mark == "model":
                self.run_models(block)
            elif block.kind == "c":
                self.run_c(block, n)
            elif block.kind == "python":
                self.run_python(block, n)
            else:
                found = self.commands(block)
                self.last_number = found[-1][0] if found else 0
                for number, command, printed in found:
                    self.command(block, number, command, printed)
        print("%d run, %d failed" % (self.n_run, len(self.failures)))
        for failure in self.failures:
            print("\n" + failure)
        return 1 if self.failures else 0 if self.n_run or not blocks else 77


if __name__ == "__main__":
    sys.exit(Page(sys.argv[1], sys.argv[2], sys.argv[3],
                  "--slow" in sys.argv).run())
