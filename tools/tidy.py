#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the tree, as a test: which room may include which, and how files look.

  tools/tidy.py [--root DIR] [--count]

Reads the same `varve_room(NAME ROOMS a b LIBS …)` lists that the build reads. Prints one line
`file:line: sentence` per violation and exits with 1 when there was one. --count also prints
`N passed, N failed`, one case per rule, for tools/run_tests.py.
"""
import argparse
import os
import re
import subprocess
import sys

COLUMNS_MAX = 100
LINES_MAX = 700
LINES_WARN = 500

# Third-party headers by the start of their path, and the folders that own them.
OWNERS = [
    (("arrow/", "parquet/"), ("src/engine/sst/",)),
    (("boost/",), ("src/io/", "src/serve/")),
    (("duckdb",), ("src/query/sql/",)),
    (("sqlite3.h",), ("src/catalog/",)),
    (("argon2.h",), ("src/auth/",)),
    (("spdlog/", "fmt/"), ("src/base/",)),
    (("prometheus/",), ("src/telemetry/",)),
    (("CLI/", "toml++/", "toml.hpp"), ("src/varve/",)),
    (("re2/",), ("src/query/", "src/engine/")),
    (("libdeflate.h",), ("src/codec/",)),
    (("histedit.h", "editline/"), ("src/varve/",)),
    (("nlohmann/",), ("src/auth/", "src/catalog/", "src/codec/", "src/engine/backup/", "src/serve/",
                      "src/query/", "src/varve/")),
]

# Written in two parts, so that this file does not refuse itself.
UNFINISHED = ("TO" + "DO", "FIX" + "ME")
PRIVATE_PATHS = re.compile(r"(?<![\w.$}-])/(?:wor" + r"k/|roo" + r"t/|tmp/" + r"b-)")

SPDX = "SPDX-License-Identifier: Apache-2.0"
SOURCE = (".h", ".cc", ".cmake", ".py", ".sh", "CMakeLists.txt", "Makefile", ".md")
CODE = (".h", ".cc", ".cmake", ".py", ".sh", "CMakeLists.txt")
SKIPPED_FOLDERS = {".git", ".deps", "data", "__pycache__"}

RULES = ("includes", "rooms", "format", "words", "features")


class Tree:
    """The files under a root that belong to the project, read once."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(self._list())
        self._texts = {}

    def _list(self):
        try:
            listing = subprocess.run(
                ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others",
                 "--exclude-standard"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                check=True).stdout.decode("utf-8", "surrogateescape").split("\0")
            return {p for p in listing if p and os.path.isfile(os.path.join(self.root, p))}
        except (OSError, subprocess.CalledProcessError):
            return set(self._walk())  # An unpacked archive, or no git.

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders
                          if f not in SKIPPED_FOLDERS and not f.startswith("build")]
            for name in files:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def text(self, path):
        """The file as text, or None when it is not text."""
        if path not in self._texts:
            with open(os.path.join(self.root, path), "rb") as file:
                raw = file.read()
            try:
                self._texts[path] = None if b"\0" in raw else raw.decode("utf-8")
            except UnicodeDecodeError:
                self._texts[path] = None
        return self._texts[path]

    def under(self, folder, *endings):
        return [p for p in self.paths if p.startswith(folder) and p.endswith(endings or "")
                and "/testdata/" not in p]


class Report:
    def __init__(self):
        self.lines = []
        self.rules = set()

    def refuse(self, rule, path, line, sentence):
        self.rules.add(rule)
        self.lines.append("%s:%d: %s" % (path, line, sentence))


def read_rooms(tree):
    """Room -> (set of rooms it may include, path of the list, line of the list)."""
    rooms = {}
    for path in tree.paths:
        if not re.fullmatch(r"src/[^/]+/CMakeLists\.txt", path):
            continue
        text = tree.text(path) or ""
        for match in re.finditer(r"varve_room\(([^)]*)\)", text):
            words = match.group(1).split()
            allowed, list_name = set(), None
            for word in words[1:]:
                if word in ("ROOMS", "LIBS"):
                    list_name = word
                elif list_name == "ROOMS":
                    allowed.add(word)
            rooms[words[0]] = (allowed, path, text.count("\n", 0, match.start()) + 1)
    return rooms


def check_rooms(tree, rooms, report):
    """Every named room exists, and the lists make no circle."""
    for room, (allowed, path, line) in rooms.items():
        for other in sorted(allowed - set(rooms)):
            report.refuse("rooms", path, line, "room %s names %s, which is no room" % (room, other))
    done, on_path = set(), []

    def visit(room):
        if room in on_path:
            circle = on_path[on_path.index(room):] + [room]
            _, path, line = rooms[room]
            report.refuse("rooms", path, line, "the rooms go in a circle: " + " -> ".join(circle))
            return
        if room in done or room not in rooms:
            return
        on_path.append(room)
        for other in sorted(rooms[room][0]):
            visit(other)
        on_path.pop()
        done.add(room)

    for room in sorted(rooms):
        visit(room)


def check_includes(tree, rooms, report):
    include = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
    for path in tree.under("src/", ".h", ".cc"):
        room = path.split("/")[1]
        for number, line in enumerate((tree.text(path) or "").splitlines(), 1):
            match = include.match(line)
            if not match:
                continue
            quoted, header = match.group(1) == '"', match.group(2)
            if ".." in header.split("/"):
                report.refuse("includes", path, number,
                              "includes upward: %s; write the path from src/" % header)
                continue
            check_owner(path, number, header, report)
            if quoted:
                check_room_include(path, number, room, header, rooms, report)


def check_owner(path, number, header, report):
    for starts, folders in OWNERS:
        if header.startswith(starts) and not path.startswith(folders):
            report.refuse("includes", path, number, "%s belongs to %s only" %
                          (header, " and ".join(f.rstrip("/") for f in folders)))


def check_room_include(path, number, room, header, rooms, report):
    other = header.split("/")[0]
    if other not in rooms:
        # Third-party headers that want quotes are allowed; a path inside a room must start at src/.
        report.refuse("includes", path, number,
                      'includes "%s", which does not start with a room; write the path from src/,'
                      " or <> for a library" % header)
    elif other != room and room in rooms and other not in rooms[room][0]:
        report.refuse("includes", path, number,
                      "room %s may not include room %s: src/%s/CMakeLists.txt does not name it"
                      % (room, other, room))
    elif other != room and "detail" in header.split("/")[:-1]:
        report.refuse("includes", path, number, "%s is private to room %s" % (header, other))


def check_format(tree, report):
    for path in tree.paths:
        text = tree.text(path)
        if text is None or "/testdata/" in path or not path.endswith(SOURCE):
            continue
        lines = text.splitlines()
        if path.endswith(CODE):
            head = lines[:2] if lines and lines[0].startswith("#!") else lines[:1]
            if not any(SPDX in line for line in head):
                report.refuse("format", path, 1, "the first line lacks %s" % SPDX)
            check_lines(path, lines, report)
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                report.refuse("format", path, number, "white space ends the line")
        if text and not text.endswith("\n"):
            report.refuse("format", path, len(lines), "the last line does not end")
        if path.startswith("src/") and path.endswith((".h", ".cc")):
            if len(lines) > LINES_MAX:
                report.refuse("format", path, len(lines), "the file has %d lines, %d are allowed: "
                              "it is two files" % (len(lines), LINES_MAX))
            elif len(lines) > LINES_WARN:
                print("%s:%d: warning: the file has %d lines; above %d it is two files"
                      % (path, len(lines), len(lines), LINES_WARN), file=sys.stderr)


def check_lines(path, lines, report):
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            report.refuse("format", path, number, "a tab; indent by two spaces")
        if path.startswith("src/") and len(line) > COLUMNS_MAX:
            report.refuse("format", path, number, "%d columns, %d are allowed"
                          % (len(line), COLUMNS_MAX))
        for word in UNFINISHED:
            if re.search(r"\b%s\b" % word, line):
                report.refuse("words", path, number, "%s: finish it or write it down elsewhere"
                              % word)


def check_words(tree, report):
    """Paths of one particular machine mean nothing to anybody else."""
    for path in tree.paths:
        text = tree.text(path)
        if text is None:
            continue
        for match in PRIVATE_PATHS.finditer(text):
            report.refuse("words", path, text.count("\n", 0, match.start()) + 1,
                          "names %s, a path of one machine" % match.group(0))


def known_tests(tree):
    """Every `Suite.Name` and `Suite` of the GoogleTest cases under src/ and tests/."""
    case = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M)
    names = set()
    for path in tree.paths:
        if path.endswith("_test.cc"):
            for suite, name in case.findall(tree.text(path) or ""):
                names.update((suite, "%s.%s" % (suite, name)))
    return names


def check_features(tree, report):
    """docs/features.md: `| promise | state | test |`; a promise that works names a test that exists."""
    path = "docs/features.md"
    text = tree.text(path) if path in tree.paths else None
    if text is None:
        return
    tests = known_tests(tree)
    files = set(tree.paths)
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 3 or set(cells[0]) <= set(":- "):
            continue
        named = re.findall(r"`([^`]+)`", cells[2])
        if cells[1] == "works" and not named:
            report.refuse("features", path, number, "a promise that works names no test")
        for name in named:
            known = name in files if "/" in name else name in tests
            if not known:
                report.refuse("features", path, number, "there is no test %s" % name)


def check(root):
    tree = Tree(root)
    report = Report()
    rooms = read_rooms(tree)
    check_rooms(tree, rooms, report)
    check_includes(tree, rooms, report)
    check_format(tree, report)
    check_words(tree, report)
    check_features(tree, report)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root",
                        default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument("--count", action="store_true")
    options = parser.parse_args()
    report = check(options.root)
    for line in report.lines:
        print(line)
    if options.count:
        failed = len(report.rules)
        print("%d passed, %d failed" % (len(RULES) - failed, failed))
    return 1 if report.lines else 0


if __name__ == "__main__":
    sys.exit(main())
