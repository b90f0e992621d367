#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 on the real server while it is written to; then every acknowledged row must be there.

  tests/crash/kill.py [ROUNDS] [--seed N] [--writers N]

Several writers send requests over kept-alive connections. A request carries 1 to 200 rows for
several tables and a number of its own, `batch`, as an integer field of every row. The server is
killed at a random moment and started again on the same directory. Then, per table:

  acknowledged request      all its rows are there, with their values
  unacknowledged request    all its rows of that table are there, or none

The data directory is kept over the rounds and memtables are small, so that kills also hit flushes,
compactions and recoveries. Rows of earlier rounds are looked at again at the end.
"""
import argparse
import collections
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, StartError, need_binary, request  # noqa: E402

DATABASE = "crash"
TABLES = ("cpu", "disk", "net", "app")
ROWS_MAX = 200
EPOCH_NS = 1_500_000_000_000_000_000
WEEK_NS = 604_800_000_000_000
BATCHES_AT_ONCE = 2000
# Small, so that a round of a second or two flushes several times.
ENVIRONMENT = {"VARVE__STORAGE__MEMTABLE_BYTES_MAX": "1048576"}


class Journal:
    """What was sent and what was acknowledged. Any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.next_batch = 0
        self.sent = {}       # batch -> {table: rows}
        self.acknowledged = set()
        self.refused = []    # answers other than 204

    def begin(self, counts):
        with self.lock:
            self.next_batch += 1
            self.sent[self.next_batch] = counts
            return self.next_batch

    def acknowledge(self, batch):
        with self.lock:
            self.acknowledged.add(batch)

    def refuse(self, answer):
        with self.lock:
            self.refused.append(repr(answer))


def time_of(batch, row):
    """Unique per (batch, row); some rows lie in other weeks, so that requests span segments."""
    weeks = batch % 3 if row % 5 == 4 else 0
    return EPOCH_NS + weeks * WEEK_NS + batch * 1_000_000 + row


def body_of(batch, counts, chance):
    """Rows of one request, tables mixed. Every (table, batch, row) is a point of its own."""
    lines = []
    for table, rows in counts.items():
        for row in range(rows):
            host = chance.randrange(20)
            lines.append('%s,host=h%d batch=%di,row=%di,value=%d.5,note="b%d r%d" %d' %
                         (table, host, batch, row, batch * 1000 + row, batch, row,
                          time_of(batch, row)))
    chance.shuffle(lines)
    return "\n".join(lines).encode()


def write_until_killed(server, journal, chance):
    connection = server.connect(timeout=30)
    try:
        while True:
            tables = chance.sample(TABLES, chance.randint(1, len(TABLES)))
            total = chance.choice((1, chance.randint(1, 20), chance.randint(1, ROWS_MAX)))
            counts = {table: max(1, total // len(tables)) for table in tables}
            batch = journal.begin(counts)
            answer = request(connection, "POST", "/write", {"db": DATABASE},
                             body_of(batch, counts, chance))
            if answer.status == 204:
                journal.acknowledge(batch)
            elif answer.status == 503:
                time.sleep(0.02)  # Memtables are small here; a flush is awaited. Not acknowledged.
            else:
                journal.refuse(answer)
                return
    except (OSError, ValueError):
        return  # The kill.
    except Exception as error:
        # http.client raises its own kinds when the peer goes away in the middle of an answer.
        if type(error).__module__ != "http.client":
            journal.refuse(error)
    finally:
        connection.close()


def found_rows(server, table, batches):
    """batch -> set of row numbers with correct values, and a list of wrong rows."""
    found, wrong = collections.defaultdict(set), []
    for week in range(3):
        begin = EPOCH_NS + week * WEEK_NS
        rows = server.rows(
            "SELECT batch, row, value, note FROM %s WHERE time >= %d AND time < %d" %
            (table, begin + batches.start * 1_000_000, begin + batches.stop * 1_000_000),
            DATABASE, epoch="ns")
        for time_ns, batch, row, value, note in rows:
            expected = (time_of(batch or 0, row or 0), (batch or 0) * 1000 + (row or 0) + 0.5,
                        "b%s r%s" % (batch, row))
            if (time_ns, value, note) != expected or row in found[batch]:
                wrong.append((time_ns, batch, row, value, note))
            found[batch].add(row)
    return found, wrong


def verify(cases, server, journal, first_batch, when):
    """Looks at every request from first_batch on, some thousands at a time."""
    lost, torn, wrong, unknown = [], [], [], []
    for begin in range(first_batch, journal.next_batch + 1, BATCHES_AT_ONCE):
        batches = range(begin, min(begin + BATCHES_AT_ONCE, journal.next_batch + 1))
        for table in TABLES:
            found, bad = found_rows(server, table, batches)
            wrong += [(table, row) for row in bad]
            unknown += [(table, batch) for batch in found
                        if batch not in batches or table not in journal.sent[batch]]
            for batch in batches:
                whole, here = journal.sent[batch].get(table, 0), len(found.get(batch, ()))
                if batch in journal.acknowledged and here != whole:
                    lost.append("%s batch %d: %d of %d rows" % (table, batch, here, whole))
                elif here not in (0, whole):
                    torn.append("%s batch %d: %d of %d rows" % (table, batch, here, whole))
    cases.expect("%s: every acknowledged row is there" % when, not lost, lost[:5])
    cases.expect("%s: no request is torn" % when, not torn, torn[:5])
    cases.expect("%s: values are those written" % when, not wrong and not unknown,
                 (wrong[:5], unknown[:5]))


def round_of(cases, server, journal, number, writers, chance):
    first_batch = journal.next_batch + 1
    seeds = [chance.random() for _ in range(writers)]
    threads = [threading.Thread(target=write_until_killed,
                                args=(server, journal, random.Random(seed)), daemon=True)
               for seed in seeds]
    for thread in threads:
        thread.start()
    time.sleep(chance.choice((0.05, 0.3, 1.0)) * (0.5 + chance.random()))
    server.kill()
    for thread in threads:
        thread.join(60)
    try:
        began = time.monotonic()
        server.start()
    except StartError as error:
        cases.expect("round %d: the server starts again" % number, False, error)
        return False
    took = time.monotonic() - began
    cases.expect("round %d: the server starts again" % number, True)
    cases.expect("round %d: no request was refused" % number, not journal.refused,
                 journal.refused[:3])
    journal.refused.clear()
    verify(cases, server, journal, first_batch, "round %d" % number)
    print("round %d: %d requests, %d acknowledged, restart %.2f s" %
          (number, journal.next_batch - first_batch + 1,
           sum(1 for b in journal.acknowledged if b >= first_batch), took), flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--writers", type=int, default=6)
    options = parser.parse_args()
    need_binary()
    seed = options.seed if options.seed is not None else random.randrange(1 << 31)
    print("seed %d" % seed, flush=True)
    chance, cases, journal = random.Random(seed), Cases(), Journal()
    with Server(env=ENVIRONMENT) as server:
        server.create(DATABASE)
        for number in range(1, options.rounds + 1):
            if not round_of(cases, server, journal, number, options.writers, chance):
                break
        if server.is_alive():
            verify(cases, server, journal, 1, "after all rounds")
            server.restart()
            verify(cases, server, journal, 1, "after a clean restart")
        rows = sum(sum(journal.sent[batch].values()) for batch in journal.acknowledged)
        print("%d acknowledged requests with %d rows over %d kills" %
              (len(journal.acknowledged), rows, options.rounds))
        if cases.failed:
            print("server log:\n" + server.log_text()[-8000:])
    cases.finish()


if __name__ == "__main__":
    main()
