#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the server's costs grow with series, points and the size of a batch: tables and one SVG each.

  bench/curves.py [series] [points] [batch] [--most N] [--out FOLDER]

`--most` bounds the rows of one measurement (default 20 million). CPU is the server's own, from the
first request until it is idle. Bodies are put together while the server works on the one before.
"""
import argparse
import os
import signal
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests")]
import server as varve  # noqa: E402
from chart import svg  # noqa: E402
from end_to_end import cpu_seconds, folder_bytes, machine, rss_mb, send, timed_query  # noqa: E402

BEGIN_NS = 1_600_000_000 * 10**9
FIELDS = 5
BATCH_ROWS = 5_000
IDLE_SECONDS = 8  # Longer than what a server waits before it writes few rows out.


def bodies(series, rows, batch):
    """Lines of five fields, all series in turn, ten seconds apart."""
    pieces = [("cpu,host=h%d,dc=d%d " % (i, i % 10)) for i in range(min(series, 100_000))]
    values = ["a=%di,b=%d.5,c=%di,d=%d.25,e=%di " % (i % 7, i % 100, i * 31 % 1000, i % 13, i)
              for i in range(997)]
    lines = []
    for row in range(rows):
        which = row % series
        key = pieces[which] if which < len(pieces) else "cpu,host=h%d,dc=d%d " % (which, which % 10)
        lines.append(key + values[row % 997] + str(BEGIN_NS + row // series * 10 * 10**9))
        if len(lines) == batch:
            yield "\n".join(lines).encode()
            lines = []
    if lines:
        yield "\n".join(lines).encode()


def settle(one):
    """Waits until the server needs no CPU for a while."""
    while True:
        before = cpu_seconds(one.process.pid)
        time.sleep(IDLE_SECONDS)
        if cpu_seconds(one.process.pid) - before < 0.02 * IDLE_SECONDS:
            return


class Sender:
    """Connections that send what they are given, one body each at a time."""

    def __init__(self, one, source, connections):
        self.one, self.source, self.lock, self.latencies = one, source, threading.Lock(), []
        self.refusal = None
        self.threads = [threading.Thread(target=self.watched) for _ in range(connections)]

    def watched(self):
        try:
            self.work()
        except SystemExit as refusal:  # It would end this thread alone, and rows would be missing.
            self.refusal = refusal

    def work(self):
        with socket.create_connection(("127.0.0.1", self.one.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            head = b"POST /write?db=bench HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
            while True:
                with self.lock:
                    body = next(self.source, None)
                if body is None:
                    return
                begin = time.perf_counter()
                send(connection, head, body)
                self.latencies.append(time.perf_counter() - begin)

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        if self.refusal:
            raise self.refusal
        return sorted(self.latencies)


def measure(series, rows, batch, connections=2):
    """One server from empty to settled; a dictionary of figures."""
    with varve.Server() as one:
        one.query("CREATE DATABASE bench")
        begin, cpu = time.perf_counter(), cpu_seconds(one.process.pid)
        latencies = Sender(one, bodies(series, rows, batch), connections).run()
        wall, acked = time.perf_counter() - begin, cpu_seconds(one.process.pid) - cpu
        loaded = rss_mb(one.process.pid)
        settle(one)
        settled = cpu_seconds(one.process.pid) - cpu
        query, query_cpu, _ = timed_query(one, "SELECT max(b) FROM cpu WHERE host = 'h7' GROUP BY time(1h)")
        peak = rss_mb(one.process.pid, "VmHWM")
        one.process.send_signal(signal.SIGKILL)
        one.process.wait()
        one.process = None
        begin = time.perf_counter()
        one.start()
        ready = time.perf_counter() - begin
        one.stop(60)
        disk = folder_bytes(one.data)
    return {"series": series, "rows": rows, "batch": batch, "rows/s": rows / wall,
            "CPU µs a row until acknowledged": acked / rows * 1e6,
            "CPU µs a row until settled": settled / rows * 1e6, "ack p50 ms": latencies[len(latencies) // 2] * 1e3,
            "RSS MB after load": loaded, "RSS MB peak": peak, "disk bytes a value": disk / rows / FIELDS,
            "ready after kill -9, ms": ready * 1e3, "one series, CPU ms": max(query_cpu, 0.01)}


def powers(low, high):
    return [10 ** exponent for exponent in range(low, high + 1)]


CURVES = {
    "series": lambda most: [(n, min(most, max(2 * n, 2_000_000)), BATCH_ROWS, 2)
                            for n in powers(3, 7) if 2 * n <= most],
    "points": lambda most: [(1000, n // FIELDS, BATCH_ROWS, 2) for n in powers(6, 9) if n // FIELDS <= most],
    "batch": lambda most: [(1000, min(most, max(5_000, 200 * n), 4_000_000), n, 8 if n < 1000 else 2)
                           for n in powers(0, 5)],
}
AXES = {"series": "series", "points": "rows", "batch": "batch"}
SHOWN = {"series": ["CPU µs a row until settled", "RSS MB after load", "disk bytes a value"],
         "points": ["CPU µs a row until settled", "RSS MB after load", "disk bytes a value", "one series, CPU ms"],
         "batch": ["CPU µs a row until acknowledged", "ack p50 ms"]}


def number(value):
    return "{:,}".format(value) if isinstance(value, int) else ("%.3g" % value if value < 1000 else "{:,.0f}".format(value))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("curves", nargs="*")
    parser.add_argument("--most", type=int, default=20_000_000)
    parser.add_argument("--out", default=os.path.join(HERE, "curves"))
    options = parser.parse_args()
    varve.need_binary()
    os.makedirs(options.out, exist_ok=True)
    print("# Scale\n\n%s\n" % machine())
    for name in options.curves or CURVES:
        figures = []
        for series, rows, batch, connections in CURVES[name](options.most):
            print("%s: %d series, %d rows, %d a batch…" % (name, series, rows, batch), file=sys.stderr, flush=True)
            figures.append(measure(series, rows, batch, connections))
        columns = list(figures[0])
        print("| %s |\n|%s" % (" | ".join(columns), "---|" * len(columns)))
        for one in figures:
            print("| %s |" % " | ".join(number(one[column]) for column in columns))
        print(flush=True)
        lines = {line: [(one[AXES[name]], one[line]) for one in figures] for line in SHOWN[name]}
        with open(os.path.join(options.out, name + ".svg"), "w") as file:
            file.write(svg("Costs by " + name, AXES[name], lines))


if __name__ == "__main__":
    main()
