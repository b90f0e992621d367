#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads what the server flushed in the layouts columnar and hybrid with another reader of Parquet,
when pyarrow is at hand, and compares it with the server's own answers.

  tests/program/layouts.py

Without pyarrow (`pip install pyarrow`, or its folder in PYTHONPATH) the cases are skipped. DuckDB
is asked too when its module is there.
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
try:
    import duckdb
except ImportError:
    duckdb = None

HOSTS = 20
ROWS = 2_000
BEGIN_NS = 1_500_000_000_000_000_000
FIELDS = ("usage", "count", "up", "note")


def fill(server):
    for host in range(HOSTS):
        lines = []
        for row in range(ROWS):
            cells = ["usage=%r" % ((row * 7 + host) % 101 / 4)]
            if row % 3:
                cells.append("count=%di" % (row - 5))
            if row % 5:
                cells.append("up=%s" % ("true" if row % 2 else "false"))
            if row % 7 == 0:
                cells.append('note="n%d"' % (row % 4))
            lines.append("cpu,host=h%02d,zone=z%d %s %d" %
                         (host, host % 2, ",".join(cells), BEGIN_NS + row * 10_000_000_001))
        answer = server.write("d", "\n".join(lines))
        assert answer.status == 204, answer


def answers(server):
    """(host, zone, time, cells…) of every row, as the server tells them."""
    rows = []
    columns = ", ".join(FIELDS)
    for series in server.series("SELECT %s FROM cpu GROUP BY host, zone" % columns, "d",
                                epoch="ns"):
        tags = (series["tags"]["host"], series["tags"]["zone"])
        rows += [tags + tuple(values) for values in series["values"]]
    return sorted(rows, key=lambda row: (row[0], row[2]))


def numbers(column):
    """Times as integers: as Python's datetime they would lose digits."""
    kind = column.type
    if pyarrow.types.is_list(kind):
        return [None if cells is None else pyarrow.array(cells).cast("int64").to_pylist()
                for cells in (scalar.values for scalar in column)]
    return column.cast("int64").to_pylist()


def rows_of_columnar(table):
    columns = [table.column("host").to_pylist(), table.column("zone").to_pylist(),
               numbers(table.column("time"))]
    columns += [table.column(name).to_pylist() for name in FIELDS]
    return list(zip(*columns))


def rows_of_hybrid(cases, table):
    rows = []
    times = numbers(table.column("time"))
    first, last = numbers(table.column("minTime")), numbers(table.column("maxTime"))
    cases.equal("minTime and maxTime are the ends of the lists",
                [(own[0], own[-1]) for own in times], list(zip(first, last)))
    cells = [table.column(name).to_pylist() for name in FIELDS]
    for index, (host, zone) in enumerate(zip(table.column("host").to_pylist(),
                                             table.column("zone").to_pylist())):
        for place, time in enumerate(times[index]):
            rows.append((host, zone, time) + tuple(column[index][place] for column in cells))
    return rows


def with_duckdb(cases, path, layout, wanted):
    if duckdb is None:
        cases.skip("duckdb is not installed")
        return
    # The files do not end in .parquet, so the reader is named.
    flat = "SELECT host, usage FROM read_parquet('%s')" if layout == "columnar" else \
        "SELECT host, unnest(usage) AS usage FROM read_parquet('%s')"
    by_host = "SELECT host, count(*), sum(usage) FROM (%s) GROUP BY host ORDER BY host"
    seen = duckdb.sql(by_host % (flat % path)).fetchall()
    hosts = sorted({row[0] for row in wanted})
    cases.equal("DuckDB reads a %s file" % layout, seen, [
        (host, sum(row[0] == host for row in wanted), sum(row[3] for row in wanted if row[0] == host))
        for host in hosts])


def layout_of(layout):
    def check(cases):
        with Server(env={"VARVE__STORAGE__SST_LAYOUT": layout}) as server:
            server.create("d")
            fill(server)
            before = answers(server)
            cases.equal("the server has every row", len(before), HOSTS * ROWS)
            server.stop()
            paths = glob.glob(os.path.join(server.data, "**", "*.sst"), recursive=True)
            cases.equal("%s: there is one file" % layout, len(paths), 1)
            table = pyarrow.parquet.read_table(paths[0])
            rows = rows_of_columnar(table) if layout == "columnar" else rows_of_hybrid(cases,
                                                                                      table)
            rows.sort(key=lambda row: (row[0], row[2]))
            cases.expect("%s: pyarrow reads the server's own answers" % layout, rows == before,
                         [pair for pair in zip(rows, before) if pair[0] != pair[1]][:1])
            with_duckdb(cases, paths[0], layout, before)
            server.start()
            cases.expect("%s: the server answers the same from the file" % layout,
                         answers(server) == before)
    check.__name__ = layout
    return check


def main():
    need_binary()
    cases = Cases()
    if pyarrow is None:
        cases.skip("pyarrow is not installed", 2)
    else:
        cases.run(layout_of("columnar"), layout_of("hybrid"))
    cases.finish()


if __name__ == "__main__":
    main()
