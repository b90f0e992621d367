#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queries with millions of groups and windows under a small limit of memory: each is answered or
refused by a sentence that names the limit, the limit holds, and /ping is answered meanwhile.

usage: many_groups.py [SERIES [LIMIT_MIB]]
"""
import http.client
import os
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary, request  # noqa: E402

SERIES = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
LIMIT_MB = int(sys.argv[2]) if len(sys.argv) > 2 else 512
NAMES_OF_LIMITS = ("memory.limit", "max-select-buckets", "max-select-series", "query-timeout")
QUERIES = [
    "SELECT mean(v) FROM m GROUP BY host, time(1s) fill(none)",
    "SELECT mean(v), max(v), stddev(w) FROM m GROUP BY *, time(10s) fill(none)",
    "SELECT count(v) FROM m WHERE time >= 0 AND time < 500000s GROUP BY time(10ms)",
    "SELECT count(v) FROM m WHERE time >= 0 AND time < 2000000000s GROUP BY time(1s)",
    "SELECT first(v), w FROM m GROUP BY host, time(1s) fill(none)",
    "SELECT * FROM m GROUP BY *",
    "SELECT distinct(v) FROM m",
    "SELECT distinct(v) FROM m GROUP BY host",
    "SELECT top(v, host, 100000) FROM m",
    "SELECT top(v, 100000) FROM m GROUP BY time(1s)",
    "SELECT percentile(v, 90), median(w), mode(w) FROM m",
    "SELECT v FROM (SELECT mean(v) AS v FROM m GROUP BY host, time(10s) fill(none)) "
    "ORDER BY time DESC LIMIT 5",
    "SELECT sum(s) FROM (SELECT sum(v) AS s FROM m GROUP BY host)",
    "SELECT derivative(mean(v), 1s) FROM m GROUP BY host, time(10s) fill(none)",
    "SELECT * FROM m",
    "SHOW SERIES",
    "SHOW TAG VALUES WITH KEY = host",
    "SHOW SERIES EXACT CARDINALITY",
]


def fill(server):
    server.create("d")
    for point in range(3):
        for first in range(0, SERIES, 20_000):
            lines = ["m,host=host_%07d,dc=d%d v=%d.5,w=%di %d" % (
                i, i % 50, i * 3 + point, i * 7919 % 100003, point * 7 + i % 5)
                for i in range(first, min(first + 20_000, SERIES))]
            while (answer := server.write("d", "\n".join(lines), precision="s")).status == 503:
                time.sleep(0.2)
            assert answer.status == 204, answer


def status_mb(server, key):
    with open("/proc/%d/status" % server.process.pid) as file:
        return max(int(line.split()[1]) for line in file if line.startswith(key)) / 1024


class Pings:
    """Asks for /ping all the time, and keeps how long each took."""

    def __init__(self, server):
        self.server, self.took, self.stopping = server, [], False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        connection = self.server.connect()
        while not self.stopping:
            begun = time.monotonic()
            request(connection, "GET", "/ping")
            self.took.append(time.monotonic() - begun)
            time.sleep(0.01)


def ask(server, text):
    """The status, how many bytes came and the end of the answer, which is not kept as a whole."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("POST", "/query?" + urllib.parse.urlencode({"db": "d", "q": text}))
    answer = connection.getresponse()
    size, end = 0, b""
    while piece := answer.read(1 << 20):
        size += len(piece)
        end = (end + piece)[-600:]
    connection.close()
    return answer.status, size, end.decode("utf-8", "replace")


def check(cases):
    flags = ["--set", "server.query_timeout_secs=20"]
    with Server(env={"VARVE__MEMORY__LIMIT": "%dMiB" % LIMIT_MB}, flags=flags) as server:
        fill(server)
        for text in QUERIES:
            pings = Pings(server)
            begun = time.monotonic()
            try:
                status, size, end = ask(server, text)
            except http.client.IncompleteRead:
                status, size, end = 0, 0, "broken off"
            took = time.monotonic() - begun
            pings.stopping = True
            pings.thread.join()
            error = end[end.find('"error"'):].strip() if '"error"' in end else ""
            print("     %-66.66s %5.1f s %5d MB, now %4d MiB, ping at most %5.1f ms %s" % (
                text, took, size >> 20, status_mb(server, "VmRSS"),
                max(pings.took, default=0) * 1e3, error[:160]), flush=True)
            cases.equal("%s is answered" % text, status, 200)
            if error:
                cases.expect("%s is refused by the name of a limit" % text,
                             any(name in error for name in NAMES_OF_LIMITS), error)
        peak = status_mb(server, "VmHWM")
        cases.expect("memory stays below %d MiB" % LIMIT_MB, peak <= LIMIT_MB, peak)
        cases.equal("the server still answers", server.query("SHOW DATABASES")["results"][0]
                    ["series"][0]["name"], "databases")
        if cases.failed:
            print("server log:\n" + server.log_text()[-2000:])


def main():
    need_binary()
    cases = Cases()
    cases.run(check)
    cases.finish()


if __name__ == "__main__":
    main()
