#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is at the edge: the first and the last time there are, tables of a thousand columns, very
many tables; through flush, merge, delete, restart and kill -9, in every layout.

usage: extremes.py [TABLES]
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary  # noqa: E402

FIRST_NS, LAST_NS = -9223372036854775806, 9223372036854775806  # InfluxDB's.
LAYOUTS = ("packed", "columnar", "hybrid")
COLUMNS = 1_000
TABLES = int(sys.argv[1]) if len(sys.argv) > 1 else 300


def put(server, lines):
    answer = server.write("d", "\n".join(lines))
    assert answer.status == 204, answer


def ends_of_time(cases):
    times = [FIRST_NS, FIRST_NS + 1, -1, 0, 1, LAST_NS - 1, LAST_NS]
    for layout in LAYOUTS:
        env = {"VARVE__STORAGE__SST_LAYOUT": layout, "VARVE__STORAGE__COMPACTION_FILES_MIN": "2"}
        with Server(env=env) as server:
            server.create("d")
            # Several files of each segment: they are merged.
            for turn in range(3):
                put(server, ["t,h=a v=%di %d" % (turn * 10 + i, ns) for i, ns in enumerate(times)])
                server.restart()
            wanted = [[ns, 20 + i] for i, ns in enumerate(times)]
            read = "SELECT v FROM t"

            def check(when, rows):
                cases.equal("%s: %s" % (layout, when), server.rows(read, "d", epoch="ns"), rows)

            check("the ends of time after flushes", wanted)
            cases.equal("%s: backwards" % layout, server.rows(
                read + " ORDER BY time DESC LIMIT 2", "d", epoch="ns"), wanted[:-3:-1])
            cases.equal("%s: a range that ends with time" % layout, server.rows(
                read + " WHERE time >= %d AND time <= %d" % (LAST_NS - 1, LAST_NS), "d",
                epoch="ns"), wanted[-2:])
            cases.equal("%s: a range that begins with time" % layout, server.rows(
                read + " WHERE time >= %d AND time < 0" % FIRST_NS, "d", epoch="ns"), wanted[:3])
            cases.equal("%s: counted" % layout,
                        [row[1] for row in server.rows("SELECT count(v) FROM t", "d", epoch="ns")],
                        [len(times)])
            server.rows("DELETE FROM t WHERE time = %d" % LAST_NS, "d")
            server.rows("DELETE FROM t WHERE time <= %d" % (FIRST_NS + 1), "d")
            check("after deletes at the ends", wanted[2:-1])
            server.restart()
            server.kill()
            server.start()
            check("after a restart and kill -9", wanted[2:-1])
            put(server, ["t,h=a v=99i %d" % LAST_NS])
            check("written again", wanted[2:-1] + [[LAST_NS, 99]])
            for wrong in (FIRST_NS - 1, LAST_NS + 1):
                cases.equal("%s: a time beyond is refused" % layout,
                            server.write("d", "t v=1i %d" % wrong).status, 400)


def wide_line(row):
    cells = []
    for column in range(COLUMNS):
        kind = column % 4
        value = ("%d.5" % (row * column), "%di" % (row + column), "true" if row % 2 else "false",
                 '"text %d"' % (row * column % 7))[kind]
        if (row + column) % 5:  # Some cells are absent.
            cells.append("f%d=%s" % (column, value))
    return "wide,h=h%d %s %d" % (row % 3, ",".join(cells), row)


def wide_tables(cases):
    for layout in LAYOUTS:
        env = {"VARVE__STORAGE__SST_LAYOUT": layout, "VARVE__STORAGE__COMPACTION_FILES_MIN": "2"}
        with Server(env=env) as server:
            server.create("d")
            for first in (0, 40, 80):
                put(server, [wide_line(row) for row in range(first, first + 40)])
                before = server.series("SELECT * FROM wide GROUP BY h", "d", epoch="ns")
                server.restart()
                cases.expect("%s: a thousand columns after a restart" % layout, server.series(
                    "SELECT * FROM wide GROUP BY h", "d", epoch="ns") == before)
            cases.equal("%s: all of them" % layout, len(before[0]["columns"]), COLUMNS + 1)
            cases.equal("%s: all rows" % layout, sum(len(one["values"]) for one in before), 120)
            server.kill()
            server.start()
            cases.expect("%s: and after kill -9" % layout, server.series(
                "SELECT * FROM wide GROUP BY h", "d", epoch="ns") == before)


def resident_mb(server):
    with open("/proc/%d/status" % server.process.pid) as file:
        return max(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def file_count(server):
    return sum(len(names) for _, _, names in os.walk(server.data))


def many_tables(cases):
    with Server() as server:
        server.create("d")
        for turn in range(2):
            for first in range(0, TABLES, 1_000):
                put(server, ["t%d,h=a v=%di %d" % (table, turn, turn + 1)
                             for table in range(first, min(first + 1_000, TABLES))])
            server.stop(60)
            began = time.monotonic()
            server.start()
            took = time.monotonic() - began
        print("     %d tables: ready in %.2f s, %.0f MiB, %d files" % (
            TABLES, took, resident_mb(server), file_count(server)))
        cases.equal("every table is there", len(server.rows("SHOW MEASUREMENTS", "d")), TABLES)
        for table in (0, TABLES // 2, TABLES - 1):
            cases.equal("with its rows", server.rows("SELECT v FROM t%d" % table, "d", epoch="ns"),
                        [[1, 0], [2, 1]])
        cases.expect("a table takes little memory", resident_mb(server) < 100 + TABLES * 0.05,
                     resident_mb(server))
        cases.expect("and few files", file_count(server) < 100 + 3 * TABLES, file_count(server))
        server.rows("DROP DATABASE d")
        until = time.monotonic() + 30
        while file_count(server) > 50 and time.monotonic() < until:
            time.sleep(0.1)
        cases.expect("dropped, their files go", file_count(server) <= 50, file_count(server))


def main():
    need_binary()
    cases = Cases()
    cases.run(ends_of_time, wide_tables, many_tables)
    cases.finish()


if __name__ == "__main__":
    main()
