#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Imports 321,206 real points and compares what the server says per day with what the file says.

The file is nab.lp.gz of $VARVE_SHARED/data, else ../shared/data: cloud metrics, temperatures,
traffic, tweets and taxis of the Numenta Anomaly Benchmark. It has duplicate timestamps; the last
line of a point wins. Compared per measurement, tag set and day: count, mean, min, max, first, last;
floats to 1e-9 relative. Then once more after a restart, from files instead of memory.
"""
import collections
import gzip
import math
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, need_binary, shared_folder  # noqa: E402

DATABASE = "nab"
DAY_NS = 86_400_000_000_000
FUNCTIONS = ("count", "mean", "min", "max", "first", "last")


def read_points(path):
    """{(measurement, ((tag, value), …)): {time_ns: value}}; the file has one field and no escapes."""
    series = collections.defaultdict(dict)
    lines = 0
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            key, field, time_ns = line.rstrip("\n").rsplit(" ", 2)
            measurement, *tags = key.split(",")
            value = field[len("value="):]
            number = int(value[:-1]) if value.endswith("i") else float(value)
            series[measurement, tuple(sorted(tuple(t.split("=", 1)) for t in tags))][
                int(time_ns)] = number
            lines += 1
    return series, lines


def per_day(points):
    """day start -> the six figures of that day."""
    days = collections.defaultdict(list)
    for time_ns in sorted(points):
        days[time_ns - time_ns % DAY_NS].append(points[time_ns])
    return {day: (len(v), math.fsum(v) / len(v), min(v), max(v), v[0], v[-1])
            for day, v in days.items()}


def close(a, b):
    return a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=0.0)


def compare(cases, server, series, when):
    by_measurement = collections.defaultdict(dict)
    for (measurement, tags), points in series.items():
        by_measurement[measurement][tags] = points
    select = ", ".join("%s(value) AS %s" % (f, f) for f in FUNCTIONS)
    for measurement, members in sorted(by_measurement.items()):
        names = sorted({name for tags in members for name, _ in tags})
        first = min(min(points) for points in members.values())
        last = max(max(points) for points in members.values())
        answer = server.series(
            'SELECT %s FROM "%s" WHERE time >= %d AND time <= %d GROUP BY %s, time(1d) fill(none)'
            % (select, measurement, first, last, ", ".join('"%s"' % n for n in names)),
            DATABASE, epoch="ns")
        found = {tuple(sorted((k, v) for k, v in one["tags"].items() if v)):
                 {row[0]: tuple(row[1:]) for row in one["values"]} for one in answer}
        cases.equal("%s: %s has the file's series" % (when, measurement), set(found), set(members))
        for tags, points in sorted(members.items()):
            name = "%s: %s %s" % (when, measurement, dict(tags))
            wanted, seen = per_day(points), found.get(tags, {})
            wrong = [(day, seen.get(day), figures) for day, figures in wanted.items()
                     if day not in seen or seen[day][0] != figures[0]
                     or not all(close(a, b) for a, b in zip(seen[day][1:], figures[1:]))]
            wrong += [(day, seen[day], None) for day in seen if day not in wanted]
            cases.expect("%s has the file's figures on each of %d days" % (name, len(wanted)),
                         not wrong, wrong[:2])


def import_file(cases, server, path):
    began = time.monotonic()
    run = subprocess.run([BINARY, "import", path, "--db", DATABASE, "--host",
                          "127.0.0.1:%d" % server.port],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    print("import took %.2f s" % (time.monotonic() - began), flush=True)
    text = run.stdout.decode("utf-8", "replace")
    return cases.expect("the import succeeds", run.returncode == 0, text[-2000:])


def main():
    need_binary()
    cases = Cases()
    shared = shared_folder()
    path = os.path.join(shared, "data", "nab.lp.gz") if shared else None
    if not path or not os.path.isfile(path):
        if os.environ.get("CI") == "true":
            cases.expect("nab.lp.gz is at hand in CI", False, "set VARVE_SHARED")
        else:
            cases.skip("nab.lp.gz is not at hand (VARVE_SHARED, ../shared)")
        cases.finish()
    series, lines = read_points(path)
    print("%d lines, %d points, %d series" %
          (lines, sum(len(points) for points in series.values()), len(series)), flush=True)
    with Server() as server:
        if import_file(cases, server, path):
            compare(cases, server, series, "imported")
            server.restart()
            compare(cases, server, series, "restarted")
            server.kill()
            server.start()
            compare(cases, server, series, "killed")
    cases.finish()


if __name__ == "__main__":
    main()
