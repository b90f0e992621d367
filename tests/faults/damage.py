#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged files: the server opens by itself, says which file and where, and serves the rest."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from random import Random

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, StartError, need_binary  # noqa: E402

REQUESTS = 60
ROWS = 20


def files_of(server, *patterns):
    """Files below the data directory whose name fits one of the patterns, largest first."""
    found = {path for pattern in patterns
             for path in glob.glob(os.path.join(server.data, "**", pattern), recursive=True)
             if os.path.isfile(path)}
    return sorted(found, key=os.path.getsize, reverse=True)


def wal_files(server):
    """Segments of the log that hold something."""
    return [path for path in files_of(server, "*.wal", "wal-*", "WAL-*", os.path.join("wal", "*"))
            if used_bytes(path) > 0]


def used_bytes(path):
    """Bytes up to the last one that is not zero: segments are preallocated."""
    with open(path, "rb") as file:
        return len(file.read().rstrip(b"\0"))


def flip(path, offset, count=4):
    with open(path, "r+b") as file:
        file.seek(offset)
        old = file.read(count)
        file.seek(offset)
        file.write(bytes(byte ^ 0x5A for byte in old))


def fill(server, table, first=0, requests=REQUESTS):
    for request in range(first, first + requests):
        lines = "\n".join("%s,h=h%d v=%di %d" % (table, row % 5, request * ROWS + row,
                                                 request * ROWS + row + 1) for row in range(ROWS))
        answer = server.write("d", lines)
        assert answer.status == 204, answer


def values(server, table):
    return {row[1] for row in server.rows("SELECT v FROM %s" % table, "d", epoch="ns")}


def whole_requests_only(found):
    """The numbers of the requests found; None when one of them is torn."""
    requests = {value // ROWS for value in found}
    return requests if len(found) == len(requests) * ROWS else None


def starts(cases, server, what):
    try:
        server.start()
        return cases.expect("%s: the server starts by itself" % what, True)
    except StartError as error:
        return cases.expect("%s: the server starts by itself" % what, False, error)


def names_file(cases, server, path, what):
    log = server.log_text()
    cases.expect("%s: the log names the file" % what, os.path.basename(path) in log, log[-1500:])


def lives_on(cases, server, what):
    fill(server, "later", requests=2)
    server.kill()
    if starts(cases, server, what + ", then kill -9"):
        cases.equal("%s: new rows are kept" % what, len(values(server, "later")), 2 * ROWS)


def wal_tail(cases):
    what = "a torn tail of the WAL"
    with Server() as server:
        server.create("d")
        fill(server, "m")
        server.kill()
        path = max(wal_files(server), key=os.path.getmtime)
        end = used_bytes(path)
        flip(path, end - 6)
        if not starts(cases, server, what):
            return
        requests = whole_requests_only(values(server, "m"))
        cases.expect("%s: all requests but the last are there, whole" % what,
                     requests is not None and requests >= set(range(REQUESTS - 1)), requests)
        names_file(cases, server, path, what)
        lives_on(cases, server, what)


def wal_middle(cases):
    what = "damage in the middle of the WAL"
    with Server() as server:
        server.create("d")
        fill(server, "m")
        server.kill()
        path = max(wal_files(server), key=used_bytes)
        flip(path, used_bytes(path) // 2)
        if not starts(cases, server, what):
            return
        requests = whole_requests_only(values(server, "m"))
        cases.expect("%s: at most two requests are lost, the others are whole" % what,
                     requests is not None and len(requests) >= REQUESTS - 2, requests)
        names_file(cases, server, path, what)
        lives_on(cases, server, what)


def two_tables_in_files(server):
    """Fills two tables, and stops cleanly: everything is in SSTs then."""
    server.create("d")
    fill(server, "left")
    fill(server, "right")
    server.stop()


def manifest_middle(cases):
    what = "damage in the manifest"
    with Server() as server:
        two_tables_in_files(server)
        server.start()
        fill(server, "left", REQUESTS)
        server.stop()
        path = files_of(server, "MANIFEST*")[0]
        flip(path, used_bytes(path) // 2)
        if not starts(cases, server, what):
            return
        names_file(cases, server, path, what)
        cases.equal("%s: every row is served, and no file set aside" % what,
                    (len(values(server, "left")) + len(values(server, "right")),
                     files_of(server, "*.orphan")), (3 * REQUESTS * ROWS, []))
        lives_on(cases, server, what)


def manifest_gone(cases):
    what = "a manifest that is gone"
    with Server() as server:
        two_tables_in_files(server)
        for path in files_of(server, "MANIFEST*", "CURRENT"):
            os.remove(path)
        if not starts(cases, server, what):
            return
        cases.equal("%s: every row is served" % what,
                    (len(values(server, "left")), len(values(server, "right"))),
                    (REQUESTS * ROWS, REQUESTS * ROWS))
        cases.expect("%s: said that deletes may be lost" % what,
                     "rows may be back whose delete" in json.dumps(server.query("SHOW DIAGNOSTICS")))
        lives_on(cases, server, what)


def last_page_end(path):
    """Whatever the layout: the last column's bytes end where the series directory, a zstd frame,
    begins; its index begins where the footer says."""
    with open(path, "rb") as file:
        content = file.read()
    index = int(re.search(rb"varve\.directory[^0-9]*(\d+) \d+ \d+ \d+", content).group(1))
    return content.rindex(b"\x28\xb5\x2f\xfd", 0, index)


def sst_damage(cases):
    for what, damage in (
            ("a flipped page of an SST", lambda path: flip(path, last_page_end(path) - 6)),
            ("a flipped footer of an SST", lambda path: flip(path, os.path.getsize(path) - 12)),
            ("an SST cut in half", lambda path: os.truncate(path, os.path.getsize(path) // 2)),
            ("an SST that is gone", os.remove)):
        with Server() as server:
            two_tables_in_files(server)
            ssts = files_of(server, "*.sst", "*.parquet")
            if not cases.expect("%s: there is a file per table" % what, len(ssts) == 2, ssts):
                return
            damage(ssts[0])
            if not starts(cases, server, what):
                continue
            found = {}
            for table in ("left", "right"):
                document = server.query("SELECT v FROM %s" % table, "d", epoch="ns")
                result = document["results"][0]
                found[table] = len(result["series"][0]["values"]) if "series" in result else 0
            cases.equal("%s: the other table is served whole" % what, max(found.values()),
                        REQUESTS * ROWS)
            cases.expect("%s: no row of the damaged one is made up" % what,
                         min(found.values()) <= REQUESTS * ROWS, found)
            names_file(cases, server, ssts[0], what)
            fill(server, "left", REQUESTS)
            fill(server, "right", REQUESTS)
            new = {value for table in ("left", "right") for value in values(server, table)
                   if value >= REQUESTS * ROWS}
            cases.equal("%s: both tables take new rows" % what, len(new), REQUESTS * ROWS)


def strays(cases):
    with Server() as server:
        two_tables_in_files(server)
        folders = {os.path.dirname(path) for path in files_of(server, "*")}
        for folder in folders - {server.data}:
            with open(os.path.join(folder, "000999.sst.tmp"), "wb") as file:
                file.write(b"half a file")
        copy = files_of(server, "*.sst", "*.parquet")[0]
        shutil.copy(copy, copy.replace(os.path.basename(copy), "99999999.sst"))
        if starts(cases, server, "stray files"):
            cases.equal("stray files change no answer",
                        (len(values(server, "left")), len(values(server, "right"))),
                        (REQUESTS * ROWS, REQUESTS * ROWS))


def catalog_content(server):
    """What a catalog is asked for, and a count of rows."""
    return [sorted(server.rows("SHOW DATABASES")), server.rows("SHOW USERS"),
            server.query("SHOW CONTINUOUS QUERIES"), server.rows("SHOW MEASUREMENTS", "d"),
            server.query("SHOW FIELD KEYS", "d"), server.query("SHOW TAG KEYS", "d"),
            server.rows("SHOW RETENTION POLICIES", "d"),
            [len(values(server, table)) for table in ("left", "right", "third")]]


def fill_catalog(server):
    two_tables_in_files(server)
    server.start()
    for text in ("CREATE USER ann WITH PASSWORD 'x' WITH ALL PRIVILEGES", "CREATE DATABASE gone",
                 "CREATE RETENTION POLICY short ON d DURATION 2d REPLICATION 1",
                 "CREATE CONTINUOUS QUERY cq ON d BEGIN SELECT mean(v) INTO m FROM left "
                 "GROUP BY time(1h) END", "DROP DATABASE gone"):
        server.query(text)
    fill(server, "third")
    fill(server, "dropped")
    server.query("DROP MEASUREMENT dropped", "d")
    return catalog_content(server)


def change_bytes(path, how, random):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    at = random.randrange(len(content))
    if how == "flipped":
        content[at] ^= 1 << random.randrange(8)
    elif how == "cut":
        del content[at:]
    elif how == "zeroed":
        content[at:at + 5000] = bytes(len(content[at:at + 5000]))
    elif how == "garbage at its head":
        content[:100] = random.randbytes(100)
    if how == "gone":
        os.remove(path)
    else:
        with open(path, "wb") as file:
            file.write(content)


def catalog_damage(cases):
    """One of the catalog's files, whichever and however: nothing is lost, nothing comes back."""
    random = Random(7)
    with Server() as server, tempfile.TemporaryDirectory(prefix="varve-damage-") as folder:
        wanted = fill_catalog(server)
        server.kill()
        names = ["catalog.db", "catalog.db-wal", "catalog.log"]
        cases.expect("the catalog has these files", all(
            os.path.getsize(os.path.join(server.data, name)) > 0 for name in names))
        for name in names:
            for how in ("flipped",) * 5 + ("cut", "zeroed", "garbage at its head", "gone"):
                what = "%s %s" % (name, how)
                data = os.path.join(folder, "data")
                shutil.copytree(server.data, data)
                damaged = Server(data=data)
                try:
                    change_bytes(os.path.join(data, name), how, random)
                    if not starts(cases, damaged, what):
                        continue
                    cases.equal("%s: all is as before" % what, catalog_content(damaged), wanted)
                    shown = damaged.http("GET", "/metrics").text
                    cases.expect("%s: no entry is lost by /metrics" % what,
                                 "varve_catalog_damage 2" not in shown)
                    if how == "gone" and name != "catalog.db-wal":
                        cases.expect("%s: /metrics shows it" % what,
                                     "varve_catalog_damage 1\n" in shown)
                        for place in (damaged.http("GET", "/health").text, damaged.log_text(),
                                      repr(damaged.rows("SHOW DIAGNOSTICS FOR 'damage'"))):
                            cases.expect("%s: said with the file's name" % what, name in place,
                                         place)
                    fill(damaged, "later", requests=1)
                    damaged.restart()
                    cases.equal("%s: new rows are kept" % what, len(values(damaged, "later")),
                                ROWS)
                    cases.expect("%s: mended" % what,
                                 "varve_catalog_damage 0\n" in damaged.http("GET", "/metrics").text)
                finally:
                    damaged.kill()
                    shutil.rmtree(data)


def catalog_lost(cases):
    """Both files: no row is lost, no id is used again, and a person is told."""
    for how in ("gone", "garbage at its head"):
        what = "a catalog of which both files are %s" % how
        with Server() as server:
            fill_catalog(server)
            server.kill()
            for path in files_of(server, "catalog.*"):
                change_bytes(path, how, Random(1))
            if not starts(cases, server, what):
                continue
            found = {}
            for (database,) in server.rows("SHOW DATABASES"):
                for (table,) in server.rows("SHOW MEASUREMENTS", database):
                    # Names of columns that no file had yet are lost.
                    found[table] = len(server.rows('SELECT * FROM "%s"' % table, database))
            cases.expect("%s: every row is there" % what,
                         sorted(found.values()) == [REQUESTS * ROWS] * 3 or how != "gone", found)
            cases.expect("%s: their tables are found by name" % what,
                         {"left", "right"} <= set(found), found)
            cases.expect("%s: /metrics says so" % what,
                         "varve_catalog_damage " in server.http("GET", "/metrics").text)
            health = server.http("GET", "/health").text
            cases.expect("%s: /health says so" % what, "catalog" in health, health)
            server.create("d")
            fill(server, "left")
            cases.equal("%s: a new table has its own rows alone" % what,
                        len(values(server, "left")), REQUESTS * ROWS)
            server.restart()
            cases.expect("%s: found rows stay" % what, {"left", "right"} <= {
                table for (database,) in server.rows("SHOW DATABASES")
                for (table,) in server.rows("SHOW MEASUREMENTS", database)})
            status, out = verify_stopped(server)
            cases.expect("%s: verify is content" % what, status == 0, out)


def catalog_put_back(cases):
    """Both files, by older ones: the rows of tables that were made since stay, under their ids."""
    what = "older files of the catalog"
    with Server() as server, tempfile.TemporaryDirectory(prefix="varve-damage-") as folder:
        server.create("d")
        fill(server, "old")
        server.stop()
        for name in ("catalog.db", "catalog.log"):
            shutil.copy(os.path.join(server.data, name), folder)
        server.start()
        for table in ("in a file", "in another"):
            fill(server, table.replace(" ", "\\ "))
        server.restart()
        fill(server, "in_the_log")
        server.kill()
        for path in files_of(server, "catalog.*"):
            os.remove(path)
        for name in ("catalog.db", "catalog.log"):
            shutil.copy(os.path.join(folder, name), server.data)
        if not starts(cases, server, what):
            return
        for turn in ("first", "second"):
            found = {table: len(server.rows('SELECT * FROM "%s"' % table, database))
                     for (database,) in server.rows("SHOW DATABASES")
                     for (table,) in server.rows("SHOW MEASUREMENTS", database)}
            cases.equal("%s: every row is there at the %s start" % (what, turn),
                        sorted(found.values()), [REQUESTS * ROWS] * (4 if turn == "first" else 5))
            cases.expect("%s: tables are found by name" % what,
                         {"old", "in a file", "in another"} <= set(found), found)
            if turn == "first":
                cases.expect("%s: /metrics says so" % what,
                             "varve_catalog_damage 2\n" in server.http("GET", "/metrics").text)
                fill(server, "later")
                cases.equal("%s: a new table has its own rows alone" % what,
                            len(values(server, "later")), REQUESTS * ROWS)
                server.restart()
        cases.expect("%s: mended" % what,
                     "varve_catalog_damage 0\n" in server.http("GET", "/metrics").text)


def columns_put_back(cases):
    """The same when a column is all that was made since: its values go under no other name."""
    what = "a catalog of before a column"
    with Server() as server, tempfile.TemporaryDirectory(prefix="varve-damage-") as folder:
        server.create("d")
        server.write("d", "m a=1i 1")
        server.stop()
        for name in ("catalog.db", "catalog.log"):
            shutil.copy(os.path.join(server.data, name), folder)
        server.start()
        server.write("d", "m b=7i 2")
        server.stop()
        for name in ("catalog.db", "catalog.log"):
            shutil.copy(os.path.join(folder, name), server.data)
        if not starts(cases, server, what):
            return
        cases.equal("%s: its values are there" % what,
                    server.rows("SELECT a, b FROM m", "d", epoch="ns"), [[1, 1, None], [2, None, 7]])
        cases.equal("%s: a new one is another" % what, server.write("d", "m c=2.5 3").status, 204)
        cases.equal("%s: and has its own" % what, server.rows("SELECT c FROM m", "d", epoch="ns"),
                    [[3, 2.5]])


def verify_stopped(server):
    server.stop()
    return verify("--data-dir", server.data)


SERIES = 10_000  # So many get a snapshot of their own.


def verify(*arguments):
    """(status, output) of `varve verify`."""
    run = subprocess.run([BINARY, "verify", *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120)
    return run.returncode, run.stdout.decode("utf-8", "replace")


def damages(layout):
    """Kind of file, its pattern, where to flip, and whether it takes rows away from answers."""
    def middle(path):
        return used_bytes(path) // 2
    return [("an SST (%s)" % layout, "*.sst", lambda path: last_page_end(path) - 6, True),
            # A log that is used again ends with what it held before; so the first record.
            ("a log", "*.wal", lambda path: 100, True),
            ("CURRENT", "CURRENT", lambda path: 2, False),
            ("SHARDS", "SHARDS", lambda path: 0, False),
            ("a series snapshot", "*.series", middle, False)]


def one_kind(cases, whole, env, kind, pattern, place, takes_rows):
    with tempfile.TemporaryDirectory(prefix="varve-damage-") as folder:
        data = os.path.join(folder, "data")
        shutil.copytree(whole, data)
        server = Server(data=data, env=env)
        try:
            found = files_of(server, pattern)
            if not cases.expect("%s: there is one" % kind, bool(found), files_of(server, "*")):
                return
            path = max(found) if pattern == "*.wal" else max(found, key=used_bytes)
            flip(path, place(path), 1)
            name = os.path.basename(path)
            status, out = verify("--data-dir", data)
            cases.expect("%s: verify names it" % kind, status == 1 and name in out, out)
            cases.expect("%s: verify names nothing else" % kind,
                         all(name in line for line in out.splitlines() if "missing" in line), out)
            if not starts(cases, server, kind):
                return
            server.query("SELECT v FROM many", "d")
            counts = [len(values(server, table)) for table in ("left", "right")]
            wanted = 2 * REQUESTS * ROWS
            cases.expect("%s: the rest is served" % kind, max(counts) == wanted, counts)
            if not takes_rows:
                cases.equal("%s: nothing is lost" % kind, counts, [wanted, wanted])
            names_file(cases, server, path, kind)
            if pattern == "*.series":
                return  # Made again: nothing is damaged any more.
            shown = server.http("GET", "/health").text
            cases.expect("%s: /health shows it" % kind, name in shown, shown)
            shown = repr(server.rows("SHOW DIAGNOSTICS FOR 'damage'"))
            cases.expect("%s: SHOW DIAGNOSTICS shows it" % kind, name in shown, shown)
            if pattern == "*.sst":
                cases.equal("one file is quarantined by /health",
                            server.http("GET", "/health").json()["quarantined_files"], 1)
                cases.equal("and by SHOW DIAGNOSTICS",
                            server.rows("SHOW DIAGNOSTICS FOR 'storage'"), [[True, 1, 0]])
                cases.expect("and by SHOW STATS", [1.0] in server.rows(
                    "SHOW STATS FOR 'quarantined'") or "1" in repr(server.rows(
                        "SHOW STATS FOR 'quarantined'")))
                shown = server.http("GET", "/metrics").text
                cases.expect("and by /metrics", "varve_quarantined_files 1\n" in shown,
                             [line for line in shown.splitlines() if "quarantine" in line])
        finally:
            server.kill()


def every_kind(cases):
    for layout in ("packed", "columnar", "hybrid"):
        env = {"VARVE__STORAGE__SST_LAYOUT": layout}
        with Server(env=env) as server:
            two_tables_in_files(server)
            server.start()
            answer = server.write("d", "\n".join("many,s=s%05d v=%d 1" % (i, i)
                                                 for i in range(SERIES)))
            assert answer.status == 204, answer
            server.stop()
            server.start()
            fill(server, "left", REQUESTS)
            fill(server, "right", REQUESTS)
            server.kill()
            status, out = verify("--data-dir", server.data)
            cases.expect("%s: verify finds nothing in a sound folder" % layout, status == 0, out)
            kinds = damages(layout)
            # What is not of a layout is tried with one of them.
            for kind in kinds if layout == "packed" else kinds[:1]:
                one_kind(cases, server.data, env, *kind)


def sums(server):
    """Of each table how many rows, and what they add up to."""
    found = {}
    for table in ("left", "right", "many"):
        rows = server.rows("SELECT v FROM %s" % table, "d")
        found[table] = (len(rows), sum(row[1] for row in rows))
    return found


def any_file(cases):
    """A bit of any file: a loss is never silent, and concerns one table."""
    random = Random(11)
    with Server() as server, tempfile.TemporaryDirectory(prefix="varve-damage-") as folder:
        two_tables_in_files(server)
        server.start()
        server.write("d", "\n".join("many,s=s%05d v=%d 1" % (i, i) for i in range(SERIES)))
        server.query("CREATE USER ann WITH PASSWORD 'x' WITH ALL PRIVILEGES")
        server.restart()
        fill(server, "left", REQUESTS)
        server.query("DELETE FROM left WHERE time < 10", "d")
        server.restart()
        fill(server, "right", REQUESTS)
        server.query("DELETE FROM right WHERE time < 10", "d")
        wanted = sums(server)
        server.kill()
        for path in files_of(server, "*"):
            name = os.path.relpath(path, server.data)
            for _ in range(4 if used_bytes(path) else 0):
                place = random.randrange(used_bytes(path))
                what = "a bit at byte %d of %s" % (place, name)
                data = os.path.join(folder, "data")
                shutil.copytree(server.data, data)
                damaged = Server(data=data)
                try:
                    damaged_path = os.path.join(data, name)
                    with open(damaged_path, "r+b") as file:
                        file.seek(place)
                        old = file.read(1)[0]
                        file.seek(place)
                        file.write(bytes([old ^ 1 << random.randrange(8)]))
                    if not starts(cases, damaged, what):
                        continue
                    found = sums(damaged)
                    others = [table for table in wanted if found[table] != wanted[table]]
                    cases.expect("%s: at most one table lacks rows" % what, len(others) <= 1,
                                 found)
                    cases.expect("%s: no deleted row is back" % what, all(
                        found[table][0] <= wanted[table][0] for table in wanted), found)
                    health = damaged.http("GET", "/health").text
                    cases.expect("%s: a loss is told" % what,
                                 not others or os.path.basename(name) in health, health)
                finally:
                    damaged.kill()
                    shutil.rmtree(data)


def mark_damage(cases):
    with Server() as server:
        two_tables_in_files(server)
        for place in (2, 7, 8, 16):
            what = "VARVE damaged at byte %d" % place
            flip(os.path.join(server.data, "VARVE"), place, 1)
            status, out = verify("--data-dir", server.data)
            cases.expect("%s: verify names it" % what, status == 1 and "VARVE" in out, out)
            if not starts(cases, server, what):
                return
            cases.expect("%s: /health shows it" % what,
                         "VARVE" in server.http("GET", "/health").text)
            cases.equal("%s: every row is there" % what,
                        [len(values(server, table)) for table in ("left", "right")],
                        [REQUESTS * ROWS] * 2)
            server.stop()
            status, out = verify("--data-dir", server.data)
            cases.expect("%s: it was mended" % what, status == 0, out)


def backup_damage(cases):
    with Server() as server, tempfile.TemporaryDirectory(prefix="varve-damage-") as folder:
        two_tables_in_files(server)
        server.start()
        backup = os.path.join(folder, "b")
        subprocess.run([BINARY, "backup", "--to", backup, "--url", server.url], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        paths = [path for path in glob.glob(os.path.join(backup, "**", "*"), recursive=True)
                 if os.path.isfile(path) and os.path.basename(path) not in ("LOCK", "VARVE-BACKUP")]
        cases.expect("the backup has files of every kind", len(paths) >= 7, paths)
        for path in paths:
            name = os.path.relpath(path, backup)
            place = os.path.getsize(path) // 2
            flip(path, place, 1)
            status, out = verify("--backup", backup)
            cases.expect("verify names a damaged %s" % name, status == 1 and name in out, out)
            restored = os.path.join(folder, "r")
            run = subprocess.run([BINARY, "restore", "--from", backup, "--data-dir", restored],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            out = run.stdout.decode("utf-8", "replace")
            cases.expect("a restore refuses a damaged %s" % name,
                         run.returncode == 1 and os.path.basename(path) in out, out)
            shutil.rmtree(restored, ignore_errors=True)
            flip(path, place, 1)
        status, out = verify("--backup", backup)
        cases.expect("and nothing in a sound backup", status == 0, out)


def main():
    need_binary()
    cases = Cases()
    cases.run(wal_tail, wal_middle, manifest_middle, manifest_gone, sst_damage, strays,
              catalog_damage, catalog_lost, catalog_put_back, columns_put_back, every_kind, any_file,
              mark_damage, backup_damage)
    cases.finish()


if __name__ == "__main__":
    main()
