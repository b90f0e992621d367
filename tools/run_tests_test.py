#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The runner counts what happened: cases that pass, fail, are skipped, crash, or never ran."""
import contextlib
import io
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_tests  # noqa: E402

GTEST = """[==========] Running 4 tests from 2 test suites.
[ RUN      ] Log.WritesALine
[       OK ] Log.WritesALine (0 ms)
[ RUN      ] Log.Rotates
log_test.cc:7: Failure
[  FAILED  ] Log.Rotates (1 ms)
[ RUN      ] All/Sizes.Fit/0
[  FAILED  ] All/Sizes.Fit/0, where GetParam() = 3 (0 ms)
[ RUN      ] Disk.IsFull
[  SKIPPED ] Disk.IsFull (0 ms)
[  PASSED  ] 1 test.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Disk.IsFull
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] Log.Rotates
[  FAILED  ] All/Sizes.Fit/0, where GetParam() = 3
"""


def tally_of(code, count):
    """(passed, failed, skipped, what was printed) of a part that runs a line of Python."""
    tally, out = run_tests.Tally(), io.StringIO()
    with contextlib.redirect_stdout(out):
        run_tests.run_part(tally, "part", [sys.executable, "-c", code], count)
    return tally.passed, tally.failed, tally.skipped, out.getvalue()


def main():
    passed = failed = 0

    def equal(what, seen, wanted):
        nonlocal passed, failed
        if seen == wanted:
            passed += 1
        else:
            failed += 1
            print("FAIL: %s: got %r, wanted %r" % (what, seen, wanted))

    equal("every case is counted once", run_tests.count_gtest(GTEST), (1, 2, 1))
    equal("a script's last line counts", run_tests.count_script(
        "1 passed, 0 failed\nmore\n7 passed, 2 failed, 3 skipped\n"), (7, 2, 3))
    equal("a script without a skip", run_tests.count_script("7 passed, 2 failed\n"), (7, 2, 0))

    script, gtest = run_tests.count_script, run_tests.count_gtest
    seen = tally_of("print('3 passed, 0 failed')", script)
    equal("a part that passes is one line", (seen[:3], seen[3].count("\n")), ((3, 0, 0), 1))
    seen = tally_of("print('it broke'); print('3 passed, 1 failed'); exit(1)", script)
    equal("a part that fails shows what it said", (seen[:3], "it broke" in seen[3]),
          ((3, 1, 0), True))
    seen = tally_of("print('skipped: no disk'); print('1 passed, 0 failed, 2 skipped')", script)
    equal("a skip shows its reason", (seen[:3], "skipped: no disk" in seen[3]), ((1, 0, 2), True))
    equal("a crash after a good case is a failure",
          tally_of("import os; print('[       OK ] A.B (0 ms)', flush=True); os.abort()",
                   gtest)[:3], (1, 1, 0))
    equal("a part in which nothing ran is a failure", tally_of("pass", gtest)[:3], (0, 1, 0))
    equal("a status without a failed case is a failure",
          tally_of("print('1 passed, 0 failed'); exit(3)", script)[:3], (1, 1, 0))
    tally, out = run_tests.Tally(), io.StringIO()
    with contextlib.redirect_stdout(out):
        run_tests.run_part(tally, "part", ["./there-is-no-such-program"], script)
    equal("a program that is not there is a failure", (tally.passed, tally.failed), (0, 1))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
