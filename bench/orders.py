#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the order of rows costs, and what an answer waits for.

  bench/orders.py [--rows 2000000]

The same rows of 1,000 series, ten seconds apart, in the order of their times and in random order. Then
bodies of one row, each beside an fdatasync of 4 KiB appended to a file of our own on the same disk.
"""
import argparse
import os
import random
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests")]
import server as varve  # noqa: E402
from curves import FIELDS, Sender, bodies, settle  # noqa: E402
from end_to_end import cpu_seconds, folder_bytes, machine, rss_mb, send  # noqa: E402

SERIES = 1_000
BATCH_ROWS = 5_000


def shuffled(rows):
    lines = [line for body in bodies(SERIES, rows, BATCH_ROWS) for line in body.split(b"\n")]
    random.Random(1).shuffle(lines)
    return [b"\n".join(lines[at:at + BATCH_ROWS]) for at in range(0, len(lines), BATCH_ROWS)]


def measure(source, rows):
    with varve.Server() as one:
        one.query("CREATE DATABASE bench")
        begin, cpu = time.perf_counter(), cpu_seconds(one.process.pid)
        Sender(one, iter(source), 2).run()
        wall = time.perf_counter() - begin
        settle(one)
        settled = cpu_seconds(one.process.pid) - cpu
        stored = one.rows("SELECT count(a) FROM cpu", "bench")[0][1]
        if stored != rows:
            raise SystemExit("%d rows of %d are there" % (stored, rows))
        return (rows / wall, settled / rows * 1e6, rss_mb(one.process.pid, "VmHWM"),
                folder_bytes(one.data, ".sst") / rows / FIELDS)


def acknowledged(times=300):
    """Median ms of a body of one row, and of an fdatasync, in turn."""
    with varve.Server() as one:
        one.query("CREATE DATABASE bench")
        head = b"POST /write?db=bench HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        own = os.open(os.path.join(one.data, "own"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        answers, syncs = [], []
        with socket.create_connection(("127.0.0.1", one.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for n in range(times):
                begin = time.perf_counter()
                send(connection, head, b"m,h=a v=%d %d" % (n, n))
                answers.append(time.perf_counter() - begin)
                begin = time.perf_counter()
                os.write(own, bytes(4096))
                os.fdatasync(own)
                syncs.append(time.perf_counter() - begin)
        os.close(own)
        return [sorted(each)[times // 2] * 1e3 for each in (answers, syncs)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    options = parser.parse_args()
    print(machine())
    print("| order | rows/s | CPU µs a row until settled | RSS MB peak | disk bytes a value |")
    print("|---|---|---|---|---|")
    for name, source in (("of times", list(bodies(SERIES, options.rows, BATCH_ROWS))),
                         ("random", shuffled(options.rows))):
        rate, *figures = measure(source, options.rows)
        print("| %s | %s | %.3g | %.0f | %.3g |" % (name, "{:,.0f}".format(rate), *figures), flush=True)
    answer, sync = acknowledged()
    print("\nOne row: acknowledged after %.2f ms (median); fdatasync of 4 KiB %.2f ms." % (answer, sync))


if __name__ == "__main__":
    main()
