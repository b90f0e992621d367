# SPDX-License-Identifier: Apache-2.0
"""Rounds of random comparison of InfluxDB with Varve, one a seed, until the time is over."""
import argparse
import os
import shutil
import time

from influxdb import InfluxDb
from server import Cases, Server, need_binary


def in_rounds(about, one_round, make_pair):
    """The whole script: `one_round(pair, seed, shown)` gives how many agreed and how many did not;
    shown[0] is how many differences may still be printed. Skips without an InfluxDB that words
    refusals as 1.12 and later do."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    need_binary()
    cases = Cases()
    binary = os.environ.get("VARVE_INFLUXD") or shutil.which("influxd")
    if not binary:
        cases.skip("there is no influxd to compare with (apt-get install influxdb)")
        cases.finish()
    with InfluxDb(binary) as oracle, Server() as varve:
        if not oracle.is_newer_than(11):
            cases.skip("InfluxDB %s words refusals in an older way; 1.12 or later is asked" % oracle.version)
            cases.finish()
        pair, seed, until = make_pair(oracle, varve), options.seed, time.monotonic() + options.seconds
        shown = [options.show]
        while time.monotonic() < until:
            agreed, differed = one_round(pair, seed, shown)
            cases.passed += agreed
            cases.failed += differed
            seed += 1
        print("seeds %d to %d against %s" % (options.seed, seed - 1, oracle.version))
    cases.finish()
