#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens what the server flushed with another reader of Parquet, when pyarrow is at hand, and checks
keys, time ranges and statistics against the rows that were written.

  tests/program/packed.py

Without pyarrow (`pip install pyarrow`, or its folder in PYTHONPATH) the cases are skipped.
"""
import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary, use_readers_of_parquet  # noqa: E402

use_readers_of_parquet()

try:
    import pyarrow.parquet
except ImportError:
    pyarrow = None

ROWS = 9000
SECOND_NS = 1_000_000_000
BEGIN_NS = 1_500_000_000 * SECOND_NS


def usage(host, row):
    return (row * 7 + host) % 101 / 4


def fill(server):
    for host in range(2):
        for begin in range(0, ROWS, 3000):
            lines = "\n".join(
                "cpu,host=h%d,zone=z usage=%r,count=%di,up=%s,note=\"n%d\" %d" %
                (host, usage(host, row), row - 5, "true" if row % 2 else "false", row % 3,
                 BEGIN_NS + row * SECOND_NS)
                for row in range(begin, begin + 3000))
            answer = server.write("d", lines)
            assert answer.status == 204, answer
    for host in range(2, 30):
        answer = server.write("d", "cpu,host=h%d,zone=z usage=1.5 %d" % (host, BEGIN_NS))
        assert answer.status == 204, answer


def values_of(rows, host, column):
    return [row[column] for row in rows if row["host"] == host]


def statistics(cases):
    with Server(env={"VARVE__STORAGE__SST_LAYOUT": "packed"}) as server:
        server.create("d")
        fill(server)
        server.stop()
        paths = glob.glob(os.path.join(server.data, "**", "*.sst"), recursive=True)
        cases.equal("there is one file", len(paths), 1)
        table = pyarrow.parquet.read_table(paths[0])
        for name in ("time_first", "time_last"):  # As Python's datetime they would lose digits.
            place = table.schema.get_field_index(name)
            cases.equal("%s is a time" % name, str(table.schema.field(name).type),
                        "timestamp[ns, tz=UTC]")
            table = table.set_column(place, name, table.column(name).cast("int64"))
        rows = table.to_pylist()
        cases.equal("every point stands in some row", sum(row["row_count"] for row in rows),
                    2 * ROWS + 28)
        cases.equal("every series has rows", {row["host"] for row in rows},
                    {"h%d" % host for host in range(30)})
        for host in range(2):
            name = "h%d" % host
            wanted = [usage(host, row) for row in range(ROWS)]
            cases.equal("%s: points" % name, sum(values_of(rows, name, "row_count")), ROWS)
            cases.equal("%s: count" % name, sum(values_of(rows, name, "usage.count")), ROWS)
            cases.equal("%s: least" % name, min(values_of(rows, name, "usage.min")), min(wanted))
            cases.equal("%s: most" % name, max(values_of(rows, name, "usage.max")), max(wanted))
            cases.equal("%s: sum" % name, sum(values_of(rows, name, "usage.sum")), sum(wanted))
            cases.equal("%s: first" % name, values_of(rows, name, "count.first")[0], -5)
            cases.equal("%s: last" % name, values_of(rows, name, "count.last")[-1], ROWS - 6)
            first = min(values_of(rows, name, "time_first"))
            last = max(values_of(rows, name, "time_last"))
            cases.equal("%s: its time begins" % name, first, BEGIN_NS)
            cases.equal("%s: its time ends" % name, last, BEGIN_NS + (ROWS - 1) * SECOND_NS)
            cases.equal("%s: one hash" % name, len(set(values_of(rows, name, "series_hash"))), 1)
        short = [row for row in rows if row["row_count"] < 64]
        cases.equal("short series carry no statistics",
                    {(row["usage.sum"], row["series_hash"]) for row in short}, {(None, None)})
        pages = [row["usage.page"] for row in rows if row["usage.page"] is not None]
        cases.expect("pages are bytes of format 1", all(page[0] >> 4 == 1 for page in pages))
        cases.equal("times and fields have the same pages", len(pages),
                    sum(row["time.page"] is not None for row in rows))
        server.start()
        cases.equal("the server says the same",
                    server.rows("SELECT sum(usage) FROM cpu WHERE host = 'h1'", "d", epoch="ns"),
                    [[0, sum(usage(1, row) for row in range(ROWS))]])


def main():
    need_binary()
    cases = Cases()
    if pyarrow is None:
        cases.skip("there is no pyarrow in this Python")
    else:
        cases.run(statistics)
    cases.finish()


if __name__ == "__main__":
    main()
