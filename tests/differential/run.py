#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks InfluxDB and Varve the same random questions about the same random points.

usage: run.py [--seconds N] [--seed N] [--queries N] [--files]

With --files Varve writes its rows out between two halves of the points, and something is deleted.

InfluxDB 1.x is $VARVE_INFLUXD, else `influxd`; without one the script skips. A difference is made small
(fewer points, a shorter query) and printed with its seed.
"""
import argparse
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from answers import difference  # noqa: E402
from influxdb import InfluxDb  # noqa: E402
from points import deletes, points  # noqa: E402
from queries import Writer, smaller, text  # noqa: E402
from server import Cases, Server, need_binary  # noqa: E402

ROUND_QUERIES = 150
WRITTEN_OUT_SECONDS = 2.5
FILES = {"VARVE__STORAGE__MEMTABLE_AGE_MAX": "1s"}


class Pair:
    """Both servers with one database of the same name."""

    def __init__(self, oracle, varve, files):
        self.servers = (oracle, varve)
        self.files = files
        self.count = 0

    def fill(self, lines, deletes=()):
        """A fresh database with these lines in both; gives its name."""
        self.count += 1
        name = "d%d" % self.count
        for server in self.servers:
            server.query('CREATE DATABASE "%s"' % name)
        half = len(lines) // 2 if self.files else len(lines)
        for part in filter(None, (lines[:half], lines[half:])):
            for server in self.servers:
                answer = server.http("POST", "/write", {"db": name}, "\n".join(part).encode())
                assert answer.status == 204, answer
            if self.files:
                time.sleep(WRITTEN_OUT_SECONDS)
        for statement in deletes:
            for server in self.servers:
                server.query(statement, name)
        return name

    def drop(self, name):
        for server in self.servers:
            server.query('DROP DATABASE "%s"' % name)

    def differs(self, name, query):
        """What differs, or an empty text."""
        words = {"db": name, "q": text(query), "epoch": "ns"}
        try:
            wanted = self.servers[0].http("GET", "/query", words)
        except OSError:
            return ""  # InfluxDB takes too long for some.
        try:
            return difference(query, wanted, self.servers[1].http("GET", "/query", words))
        except OSError as error:
            return "  seen   %s" % error


def shrink_query(pair, name, query):
    going = True
    while going:
        going = False
        for less in smaller(query):
            if pair.differs(name, less):
                query, going = less, True
                break
    return query


def shrink_points(pair, lines, query):
    """Halves, quarters … as long as the difference stays."""
    size = max(1, len(lines) // 2)
    while size:
        at = 0
        while at < len(lines):
            less = lines[:at] + lines[at + size:]
            name = pair.fill(less) if less else None
            if name and pair.differs(name, query):
                lines = less
            else:
                at += size
            if name:
                pair.drop(name)
        size //= 2
    return lines


def report(pair, seed, lines, name, query):
    query = shrink_query(pair, name, query)
    lines = shrink_points(pair, lines, query)
    small = pair.fill(lines)
    print("seed %d: %s" % (seed, text(query)))
    print("\n".join("    " + line for line in lines[:12]))
    if len(lines) > 12:
        print("    … %d lines" % len(lines))
    print(pair.differs(small, query), flush=True)
    pair.drop(small)


def one_round(pair, seed, count, shown):
    """Questions about the points of one seed; gives how many agreed and how many did not."""
    chance = random.Random(seed)
    lines = points(chance)
    name = pair.fill(lines, deletes(chance) if pair.files else ())
    writer = Writer(chance)
    agreed = differed = 0
    for _ in range(count):
        query = writer.fair_select(pair.servers[0].version)
        if not pair.differs(name, query):
            agreed += 1
            continue
        differed += 1
        if shown[0] > 0:
            shown[0] -= 1
            report(pair, seed, lines, name, query)
    pair.drop(name)
    return agreed, differed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=ROUND_QUERIES)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--files", action="store_true")
    options = parser.parse_args()
    need_binary()
    cases = Cases()
    binary = os.environ.get("VARVE_INFLUXD") or shutil.which("influxd")
    if not binary:
        cases.skip("there is no influxd to compare with (apt-get install influxdb)")
        cases.finish()
    with InfluxDb(binary) as oracle, Server(env=FILES if options.files else {}) as varve:
        pair, seed, until = Pair(oracle, varve, options.files), options.seed, time.monotonic() + options.seconds
        shown = [options.show]
        while time.monotonic() < until:
            agreed, differed = one_round(pair, seed, options.queries, shown)
            cases.passed += agreed
            cases.failed += differed
            seed += 1
        print("seeds %d to %d against %s" % (options.seed, seed - 1, oracle.version))
    cases.finish()


if __name__ == "__main__":
    main()
