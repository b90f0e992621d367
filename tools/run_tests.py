#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs everything that `make test` promises and ends with `N passed, N failed`.

The parts: one unit test binary per room, the rules of tools/tidy.py and their own test, and the
scripts under tests/ that talk to the built server. One line per part; what a part says is shown
only when it fails. Exit status 1 when anything failed, or when no test ran at all.

A script under tests/ is run when it is named in SCRIPTS below. It prints, as its last line,
`N passed, N failed` with `, N skipped` after it where it had to leave something out; a line
`skipped: reason` says why.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Script, arguments of the short run, arguments of the long run (None: only runs long).
SCRIPTS = [
    ("tests/faults/bad_input.py", [], []),
    ("tests/faults/cancel.py", [], ["300000"]),
    ("tests/faults/many_groups.py", ["60000"], []),
    ("tests/faults/life.py", [], []),
    ("tests/faults/damage.py", [], []),
    ("tests/faults/disk_full.py", [], []),
    ("tests/object_store/s3.py", [], []),
    ("tests/object_store/faults.py", [], []),
    ("tests/object_store/toxiproxy.py", [], []),
    ("tests/faults/extremes.py", [], ["3000"]),
    ("tests/faults/memory.py", [], ["8", "256", "512"]),
    ("tests/program/backup.py", [], []),
    ("tests/program/cardinality.py", [], []),
    ("tests/program/cli.py", [], []),
    ("tests/program/exports.py", [], []),
    ("tests/program/imports.py", [], []),
    ("tests/program/layouts.py", [], []),
    ("tests/program/packed.py", [], []),
    ("tests/program/readme.py", [], []),
    ("tests/program/retention.py", [], []),
    ("tests/program/shell.py", [], []),
    ("tests/program/deletes.py", [], []),
    ("tests/program/definitions.py", [], []),
    ("tests/corpus/run.py", [], ["--all"]),
    ("tests/differential/writes.py", ["--seconds", "5"], ["--seconds", "300"]),
    ("tests/differential/statements.py", ["--seconds", "5"], ["--seconds", "300"]),
    ("tests/differential/run.py", ["--seconds", "8"], ["--seconds", "600"]),
    ("tests/differential/run.py", ["--seconds", "8", "--seed", "500", "--files"],
     ["--seconds", "600", "--seed", "500", "--files"]),
    ("tests/wire/auth.py", [], []),
    ("tests/wire/tls.py", [], []),
    ("tests/wire/clients.py", [], []),
    ("tests/wire/telegraf.py", [], []),
    ("tests/wire/prometheus.py", [], []),
    ("tests/wire/write_formats.py", [], []),
    ("tests/data/nab.py", [], []),
    ("tests/crash/kill.py", ["10"], ["50"]),
]
# A part that hangs is stopped and fails.
PART_SECONDS_MAX = 900

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)


class Tally:
    """What the parts report, added up. Any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped


def count_gtest(output):
    """Counts single cases, also of a run that crashed in the middle."""
    passed = len(re.findall(r"^\[       OK \] ", output, re.M))
    # Each failed case is named once where it ends, with its time, and once more in the closing list.
    failed = len(re.findall(r"^\[  FAILED  \] \S+(?:, where .*)? \(\d+ ms\)$", output, re.M))
    skipped = len(re.findall(r"^\[  SKIPPED \] \S+ \(\d+ ms\)$", output, re.M))
    return passed, failed, skipped


def count_script(output):
    found = SUMMARY.findall(output)
    if not found:
        return 0, 0, 0
    passed, failed, skipped = found[-1]
    return int(passed), int(failed), int(skipped or 0)


def run_part(tally, name, command, count):
    """Runs one part, prints its line, adds its counts."""
    began = time.monotonic()
    try:
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=PART_SECONDS_MAX)
        output, status = run.stdout.decode("utf-8", "replace"), run.returncode
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode("utf-8", "replace")
        output += "\nstopped after %d s\n" % PART_SECONDS_MAX
        status = -1
    except OSError as error:
        output, status = "%s\n" % error, -1
    passed, failed, skipped = count(output)
    if status != 0 and failed == 0:
        failed = 1  # It crashed, or it failed outside any single case.
    if status == 0 and passed + failed + skipped == 0:
        output += "\nexit status 0, yet no test ran\n"
        failed = 1
    tally.add(passed, failed, skipped)
    word = "ok  " if failed == 0 else "FAIL"
    line = "%s %-28s %5d passed" % (word, name, passed)
    if failed:
        line += ", %d failed" % failed
    if skipped:
        line += ", %d skipped" % skipped
    line += "  %.1f s" % (time.monotonic() - began)
    reasons = re.findall(r"^skipped: .*$", output, re.M)
    if skipped and not reasons:
        reasons = ["skipped: see %s" % " ".join(command)]
    with tally.lock:
        print(line)
        for reason in dict.fromkeys(reasons):
            print("     " + reason)
        if failed:
            print("\n".join("     | " + text for text in output.rstrip().splitlines()[-400:]))
        sys.stdout.flush()


def ninja_tests(build, rooms):
    """Names of the unit test targets of a build folder, those of `rooms` when given."""
    text = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    found = set(re.findall(r"^((?!cmake_)[a-z_]+_test): ", text, re.M))
    if rooms:
        found &= {room + "_test" for room in rooms}
    return sorted(found)


def compile_targets(build, targets, jobs):
    print("== compile %d test binaries in %s" % (len(targets), build), flush=True)
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    command = ["ninja", *quiet, "-j", str(jobs), "-C", build, *targets]
    return subprocess.run(command, cwd=ROOT).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="build folder")
    parser.add_argument("--jobs", type=int, default=2, help="parts at the same time")
    parser.add_argument("--long", action="store_true", help="also what takes minutes")
    parser.add_argument("--unit-only", action="store_true", help="only the unit test binaries")
    parser.add_argument("--rooms", nargs="*", help="only the unit tests of these rooms")
    parser.add_argument("--compile", action="store_true", help="compile the unit tests first")
    options = parser.parse_args()

    os.environ["VARVE_BUILD"] = os.path.abspath(os.path.join(ROOT, options.build))
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    tests = ninja_tests(options.build, options.rooms)
    if options.compile and not compile_targets(options.build, tests, options.jobs):
        print("0 passed, 1 failed")
        return 1

    parts = []
    if not options.unit_only:
        parts.append(("tidy", ["tools/tidy.py", "--count"], count_script))
        parts.append(("tidy_test", ["tools/tidy_test.py"], count_script))
        parts.append(("run_tests_test", ["tools/run_tests_test.py"], count_script))
    for test in tests:
        binary = os.path.join(options.build, test)
        parts.append((test, [os.path.join(ROOT, binary), "--gtest_color=no"], count_gtest))
    if not options.unit_only:
        for script, short, long in SCRIPTS:
            arguments = long if options.long else short
            if arguments is not None:
                name = script[len("tests/"):-len(".py")]
                parts.append((name, [sys.executable, script, *arguments], count_script))

    tally = Tally()
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for part in [pool.submit(run_part, tally, *part) for part in parts]:
            part.result()
    print("%.0f s" % (time.monotonic() - began))
    print("%d passed, %d failed" % (tally.passed, tally.failed) +
          (", %d skipped" % tally.skipped if tally.skipped else ""))
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
