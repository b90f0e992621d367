#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many writers and readers under a small limit of memory: the limit holds, work goes on, what is
refused is told when to come again, and nothing acknowledged is lost.

usage: memory.py [SECONDS [LIMIT_MIB ...]]
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary, request  # noqa: E402

SECONDS = 4
LIMITS_MB = [256]
WRITERS = 64
READERS = 64
ROWS = 5_000
QUERIES = ["SELECT * FROM m LIMIT 200000",
           "SELECT mean(a), max(b), last(c) FROM m GROUP BY time(1s), host, part",
           "SELECT percentile(a, 99), median(b) FROM m GROUP BY host",
           "SELECT a FROM m ORDER BY time DESC LIMIT 10",
           "SELECT count(a) FROM m"]


# Rows but for their host and time: making them is dearer than writing them.
CHANCE = random.Random(7)
ROW_PARTS = [(',part=p%d a=%r,b=%di,c="%x" ' % (i % 50, CHANCE.random(), CHANCE.getrandbits(30),
                                                CHANCE.getrandbits(160)), i) for i in range(ROWS)]


def body(writer, batch):
    first = (writer * 10_000 + batch) * ROWS
    host = "m,host=h%d" % writer
    return "\n".join(host + part + str(first + i) for part, i in ROW_PARTS).encode()


def high_water_mb(process):
    with open("/proc/%d/status" % process.pid) as file:
        return max(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


class Load:
    """What the clients saw."""

    def __init__(self, server, seconds):
        self.server = server
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.statuses = {}
        self.acknowledged = 0
        self.odd = []

    def note(self, kind, answer):
        with self.lock:
            key = (kind, answer.status)
            self.statuses[key] = self.statuses.get(key, 0) + 1
            patient = answer.status != 503 or "retry-after" in {k.lower() for k in answer.headers}
            if answer.status not in (200, 204, 503) or not patient:
                self.odd.append((kind, answer))

    def write(self, writer):
        connection = self.server.connect()
        batch = 0
        asked = False
        # Once at least, however busy the machine is.
        while not asked or time.monotonic() < self.end:
            asked = True
            try:
                answer = request(connection, "POST", "/write", {"db": "d"}, body(writer, batch))
            except OSError:
                connection = self.server.connect()  # Refused before the whole body was sent.
                continue
            self.note("write", answer)
            if answer.status == 204:
                with self.lock:
                    self.acknowledged += ROWS
                batch += 1
            else:
                connection = self.server.connect()
                time.sleep(0.1)

    def read(self, reader):
        connection = self.server.connect()
        turn = reader
        asked = False
        while not asked or time.monotonic() < self.end:
            asked = True
            try:
                answer = request(connection, "GET", "/query",
                                 {"db": "d", "q": QUERIES[turn % len(QUERIES)]})
            except OSError:
                connection = self.server.connect()
                continue
            self.note("read", answer)
            if answer.status != 200:
                connection = self.server.connect()
                time.sleep(0.1)
            turn += 1

    def run(self):
        threads = [threading.Thread(target=self.write, args=(i,)) for i in range(WRITERS)]
        threads += [threading.Thread(target=self.read, args=(i,)) for i in range(READERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def counts(cases, server, load, when):
    rows = server.rows("SELECT count(b) FROM m", "d")
    # A request that was cut off may be there although nobody was told.
    cases.expect("%s nothing acknowledged is lost" % when,
                 rows and rows[0][1] >= load.acknowledged, (rows, load.acknowledged))


def check(cases, seconds, limit_mb):
    # Nothing but the limit is set: everything else fits itself to it.
    with Server(env={"VARVE__MEMORY__LIMIT": "%dMiB" % limit_mb}) as server:
        server.create("d")
        load = Load(server, seconds)
        load.run()
        peak = high_water_mb(server.process)
        print("     %d rows acknowledged, %s, peak %.0f of %d MiB" % (
            load.acknowledged, dict(sorted(load.statuses.items())), peak, limit_mb))
        cases.expect("memory stays below %d MiB" % limit_mb, peak <= limit_mb, peak)
        cases.expect("writes go through under load", load.acknowledged > 0, load.statuses)
        cases.expect("queries are answered under load", load.statuses.get(("read", 200), 0) > 0,
                     load.statuses)
        cases.equal("refusals are 503 with Retry-After", load.odd[:3], [])
        cases.expect("the server lived through it", server.is_alive(), server.log_text()[-4000:])
        for _ in range(200):
            # Until the memory of the load is given back, this may be refused too.
            document = server.query("SELECT count(b) FROM m", "d")
            if "error" not in document["results"][0]:
                break
            time.sleep(0.1)
        counts(cases, server, load, "after the load")
        server.kill()
        server.start()
        counts(cases, server, load, "after kill -9")
        cases.expect("opening again stays below %d MiB" % limit_mb,
                     high_water_mb(server.process) <= limit_mb, high_water_mb(server.process))
        if cases.failed:
            print("server log:\n" + server.log_text()[-4000:])


def main():
    need_binary()
    cases = Cases()
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    for limit_mb in [int(text) for text in sys.argv[2:]] or LIMITS_MB:
        cases.run(lambda c, limit=limit_mb: check(c, seconds, limit))
    cases.finish()


if __name__ == "__main__":
    main()
