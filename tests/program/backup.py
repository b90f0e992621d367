#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Backup, restore and verify of the real program: under writers, after kill -9, with flipped bytes."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, need_binary  # noqa: E402

# Small memtables: many sorted files, and merges while a backup is made.
BUSY = ("--set", "storage.memtable_bytes_max=1MiB", "--set", "storage.compaction_files_min=4",
        "--wal-sync", "off")


def varve(*arguments):
    """Runs the program; gives (status, stdout, stderr)."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VARVE__")}
    run = subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=environment, timeout=120, stdin=subprocess.DEVNULL)
    return (run.returncode, run.stdout.decode("utf-8", "replace"),
            run.stderr.decode("utf-8", "replace"))


def write(server, lines, **parameters):
    """Writes until the server takes it: small memtables are full at times."""
    until = time.monotonic() + 30
    while True:
        answer = server.write("plant", lines, **parameters)
        if answer.status == 204:
            return
        if answer.status != 503 or time.monotonic() > until:
            raise AssertionError(answer)
        time.sleep(0.02)


class Folder:
    """A temporary folder."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="varve-backup-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def __truediv__(self, name):
        return os.path.join(self.path, name)


class Writers:
    """Threads that write numbered rows, and know which were acknowledged."""

    def __init__(self, server, threads=2):
        self.acknowledged = [0] * threads
        self.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(server, i))
                        for i in range(threads)]

    def run(self, server, number):
        next_row = 0
        while not self.stopping:
            lines = "\n".join("live,writer=w%d n=%di %d" % (number, i, i * 1_000_000_000)
                              for i in range(next_row, next_row + 500))
            try:
                if server.write("plant", lines).status != 204:
                    continue
            except OSError:
                return
            next_row += 500
            self.acknowledged[number] = next_row

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def make_plant(server):
    """A database with every type, two types of one field, several policies and tables."""
    server.rows('CREATE DATABASE "plant" WITH DURATION INF SHARD DURATION 1d NAME "main"')
    server.rows('CREATE RETENTION POLICY "long" ON "plant" DURATION 5000w REPLICATION 1 '
                'SHARD DURATION 30d')
    day = 86_400_000_000_000
    lines = ["every,host=a f=0.1,i=-9223372036854775808i,u=18446744073709551615u,b=true,s=\"x\" 1",
             "every,host=b f=1.7976931348623157e308,i=9223372036854775807i,b=false,"
             "s=\"quoted \\\" text\" 2",
             "every f=5e-324 3",
             "odd\\ name,tag\\ key=tag\\,value field\\ key=1i %d" % day,
             "variant v=1.5 %d" % day, "variant v=2i %d" % (3 * day), "variant v=\"t\" %d" % (5 * day)]
    write(server, "\n".join(lines))
    many = "\n".join("many,series=s%03d v=%d %d" % (i % 300, i, i * 1_000_000_000)
                     for i in range(20_000))
    write(server, many)
    write(server, "yearly v=1 %d\nyearly v=2 %d" % (day, 400 * day), rp="long")


QUESTIONS = ['SELECT * FROM %s GROUP BY *' % table for table in
             ('"every"', '"odd name"', '"variant"', '"many"', '"long"."yearly"')] + [
                 "SHOW TAG VALUES WITH KEY = \"series\"", 'SHOW FIELD KEYS FROM "every", variant']


def picture(server, database, questions=None):
    """All answers about a database as text."""
    return [json.dumps(server.series(question, database), sort_keys=True)
            for question in (questions or QUESTIONS)]


def same(cases, sentence, seen, wanted):
    """As Cases.equal, but says briefly where long answers part."""
    for one, other in zip(seen, wanted):
        if one != other:
            place = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b),
                         min(len(one), len(other)))
            begin = max(0, place - 60)
            return cases.expect(sentence, False, "got …%s…, wanted …%s…" % (
                one[begin:place + 60], other[begin:place + 60]))
    return cases.equal(sentence, len(seen), len(wanted))


def policies(server, database):
    return server.rows('SHOW RETENTION POLICIES ON "%s"' % database)


def backup_under_writers(cases):
    with Folder() as folder, Server(flags=BUSY) as server:
        make_plant(server)
        wanted = picture(server, "plant")
        with Writers(server) as writers:
            for turn in range(4):
                time.sleep(0.5)
                before = list(writers.acknowledged)
                status, out, err = varve("backup", "--to", folder / "b", "--url", server.url)
                cases.expect("backup %d of a busy server ends well" % turn, status == 0, out + err)
        status, out, err = varve("verify", "--backup", folder / "b")
        cases.expect("the backup is sound", status == 0 and "all is well" in out, out + err)
        status, out, err = varve("verify", "--url", server.url)
        cases.expect("the running server is sound", status == 0 and "all is well" in out, out + err)
        status, out, err = varve("restore", "--from", folder / "b", "--data-dir", folder / "new")
        cases.expect("all of it is restored", status == 0, out + err)
        status, out, err = varve("verify", "--data-dir", folder / "new")
        cases.expect("what was restored is sound", status == 0, out + err)
        with Server(data=folder / "new") as restored:
            same(cases, "every row of before is restored", picture(restored, "plant"), wanted)
            cases.equal("policies are restored", policies(restored, "plant"),
                        policies(server, "plant"))
            for number, count in enumerate(before):
                rows = restored.rows("SELECT n FROM live WHERE writer = 'w%d'" % number, "plant")
                numbers = [row[1] for row in rows]
                cases.expect("what was acknowledged before the last backup is in it",
                             len(numbers) >= count, (len(numbers), count))
                cases.expect("no acknowledged row is missing in between",
                             numbers == list(range(len(numbers))) and len(numbers) % 500 == 0)
            cases.equal("the restored server takes writes",
                        restored.write("plant", "every,host=a f=2 1").status, 204)
        status, out, err = varve("restore", "--from", folder / "b", "--data-dir", folder / "new")
        cases.expect("a folder that is not empty is refused",
                     status == 1 and "is not empty" in err, out + err)


def restore_of_a_part(cases):
    with Folder() as folder, Server() as server:
        make_plant(server)
        wanted = picture(server, "plant")
        status, out, err = varve("backup", "--to", folder / "b", "--url", server.url)
        cases.expect("the backup ends well", status == 0, out + err)
        restore = ("restore", "--from", folder / "b", "--db", "plant", "--url", server.url)
        status, out, err = varve(*restore)
        cases.expect("an existing database is refused", status == 1 and "exists already" in err,
                     out + err)
        status, out, err = varve(*restore, "--as", "copy")
        cases.expect("a database is restored under another name", status == 0, out + err)
        same(cases, "every row of it", picture(server, "copy"), wanted)
        cases.equal("its policies", policies(server, "copy"), policies(server, "plant"))
        server.rows('DROP DATABASE "plant"')
        status, out, err = varve(*restore, "--table", "many")
        cases.expect("one table is restored", status == 0, out + err)
        cases.equal("only that table", server.rows("SHOW MEASUREMENTS", "plant"), [["many"]])
        same(cases, "its rows", picture(server, "plant", QUESTIONS[3:4]), wanted[3:4])
        status, out, err = varve(*restore, "--table", "many")
        cases.expect("an existing table is refused", status == 1 and "exists already" in err,
                     out + err)
        server.write("plant", "every,host=a f=9,more=1 1\nevery,host=z f=1 1")
        status, out, err = varve(*restore, "--merge")
        cases.expect("rows are merged into what exists", status == 0, out + err)
        cases.equal("restored rows win, fields of others stay",
                    server.rows("SELECT f, more FROM \"every\" WHERE host = 'a'", "plant"),
                    [["1970-01-01T00:00:00.000000001Z", 0.1, 1]])
        cases.equal("other series stay",
                    server.rows("SELECT f FROM \"every\" WHERE host = 'z'", "plant"),
                    [["1970-01-01T00:00:00.000000001Z", 1]])
        same(cases, "the other tables are as they were",
             picture(server, "plant", QUESTIONS[1:5]), wanted[1:5])
        for wrong, why in ((("--db", "nowhere"), "holds no database"),
                           (("--db", "plant", "--table", "nothing"), "holds no table")):
            status, out, err = varve("restore", "--from", folder / "b", *wrong, "--as", "other",
                                     "--url", server.url)
            cases.expect("what the backup does not hold is refused", status == 1 and why in err,
                         out + err)
        before = picture(server, "plant", QUESTIONS[1:5])
        server.restart()
        same(cases, "all of it is there after a restart",
             picture(server, "plant", QUESTIONS[1:5]), before)


def restores_that_are_refused(cases):
    with Folder() as folder, Server() as server:
        server.create("plant")
        day = 86_400_000_000_000
        write(server, "m,h=a v=1.5,w=1i 1\nm,h=a w=2i %d" % (30 * day))
        status, out, err = varve("backup", "--to", folder / "b", "--url", server.url)
        cases.expect("the backup ends well", status == 0, out + err)
        restore = ("restore", "--from", folder / "b", "--db", "plant", "--url", server.url)
        status, out, err = varve(*restore, "--as", "_internal")
        cases.expect("the name _internal is refused", status == 1 and "_internal" in err, out + err)
        for target in (folder / "b/new", folder.path):
            status, out, err = varve("restore", "--from", folder / "b", "--data-dir", target)
            cases.expect("a folder that is in the backup, or around it, is refused",
                         status == 1 and "must not lie in each other" in err, out + err)
        cases.expect("and is not made", not os.path.exists(folder / "b/new"))
        server.rows('DROP DATABASE "plant"')
        server.create("plant")
        write(server, "m,h=a v=1i 2\nm,h=a w=3i 2")
        status, out, err = varve(*restore, "--merge")
        cases.expect("a field of another type is named", status == 1 and 'field "v" of table "m" is '
                     in err and "nothing was written" in err, out + err)
        cases.equal("and nothing was written", server.rows("SELECT v, w FROM m", "plant",
                                                           epoch="ns"), [[2, 1, 3]])
        server.rows("DELETE FROM m", "plant")
        write(server, "m,h=a v=1i %d" % (90 * day))
        status, out, err = varve(*restore, "--merge")
        cases.expect("in another segment the type may be another", status == 0, out + err)
        cases.equal("then all rows are there",
                    server.rows("SELECT count(w) FROM m", "plant", epoch="ns"), [[0, 2]])


def killed_in_between(cases):
    """kill -9 at many moments of a backup; the folder always holds a whole one."""
    with Folder() as folder, Server(flags=BUSY) as server:
        make_plant(server)
        wanted = picture(server, "plant")
        status, out, err = varve("backup", "--to", folder / "b", "--url", server.url, "--copy")
        cases.expect("the first backup ends well", status == 0, out + err)
        for turn in range(8):
            for i in range(10):
                lines = "\n".join("more,turn=t%d n=%di %d" % (turn, j, j * 1_000_000_000)
                                  for j in range(i * 2_000, i * 2_000 + 2_000))
                write(server, lines)
            asked = subprocess.Popen([BINARY, "backup", "--to", folder / "b", "--url", server.url,
                                      "--copy"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(0.004 * turn * turn)
            server.kill()
            out, err = asked.communicate(timeout=60)
            cases.expect("who asked hears of it", asked.returncode == 0 or b"varve: " in err,
                         out + err)
            status, out, err = varve("verify", "--backup", folder / "b")
            cases.expect("the backup is whole after kill -9", status == 0, out + err)
            server.start()
        status, out, err = varve("restore", "--from", folder / "b", "--data-dir", folder / "new")
        cases.expect("it is restored", status == 0, out + err)
        with Server(data=folder / "new") as restored:
            same(cases, "with every row", picture(restored, "plant"), wanted)
        status, out, err = varve("backup", "--to", folder / "b", "--url", server.url)
        cases.expect("the next backup ends well", status == 0, out + err)
        listed = {file["stored"] for file in json.load(open(folder / "b/backup.json"))["files"]}
        found = {os.path.relpath(os.path.join(where, name), folder / "b")
                 for where, _, names in os.walk(folder / "b") for name in names}
        cases.equal("nothing is left of the interrupted ones",
                    found - {"LOCK", "VARVE-BACKUP", "backup.json"}, listed)


def restore_that_is_killed(cases):
    with Folder() as folder, Server(flags=BUSY) as server:
        server.create("plant")
        lines = ["wide,series=s%d %s %d" % (i % 100, ",".join("f%d=%d" % (j, i * j)
                                                             for j in range(20)), i * 1_000_000)
                 for i in range(60_000)]
        for i in range(0, len(lines), 5_000):
            write(server, "\n".join(lines[i:i + 5_000]))
        varve("backup", "--to", folder / "b", "--url", server.url)
        asked = subprocess.Popen([BINARY, "restore", "--from", folder / "b", "--db", "plant",
                                  "--as", "copy", "--url", server.url],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = os.path.join(server.data, "RESTORE")
        until = time.monotonic() + 10
        while not os.path.exists(journal) and time.monotonic() < until:
            time.sleep(0.001)
        server.kill()
        asked.wait(60)
        cases.expect("the restore was under way", os.path.exists(journal))
        server.start()
        cases.equal("what was restored in part is gone after kill -9",
                    [row for row in server.rows("SHOW DATABASES") if row == ["copy"]], [])
        cases.expect("and forgotten", not os.path.exists(journal))
        cases.equal("the rest stays", server.rows("SELECT count(f1) FROM wide", "plant"),
                    [["1970-01-01T00:00:00Z", 60_000]])
        status, out, err = varve("restore", "--from", folder / "b", "--db", "plant", "--as",
                                 "copy", "--url", server.url)
        cases.expect("the same restore works then", status == 0, out + err)
        cases.equal("with every row", server.rows("SELECT count(f1) FROM copy.autogen.wide"),
                    [["1970-01-01T00:00:00Z", 60_000]])


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x20]))


def files_named(folder, ending):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(folder)
                  for name in names if name.endswith(ending) or ending in name)


def damage_is_named(cases):
    with Folder() as folder, Server() as server:
        make_plant(server)
        varve("backup", "--to", folder / "b", "--url", server.url, "--copy")
        # Rows that stand in the WAL alone.
        for i in range(3):
            server.write("plant", "late v=%d %d" % (i, i))
        server.kill()
        status, out, err = varve("verify", "--data-dir", server.data)
        cases.expect("a folder is sound after kill -9", status == 0 and "all is well" in out,
                     out + err)
        listing = json.load(open(folder / "b/backup.json"))
        for file in listing["files"]:
            path = os.path.join(folder / "b", file["stored"])
            flip(path, file["bytes"] // 2)
            status, out, err = varve("verify", "--backup", folder / "b")
            cases.expect("verify names the damaged %s" % file["path"],
                         status == 1 and path in out, out + err)
            flip(path, file["bytes"] // 2)
        sst = files_named(os.path.join(server.data, "engine"), ".sst")[0]
        manifest = files_named(os.path.join(server.data, "engine"), "MANIFEST-")[0]
        wal = files_named(os.path.join(server.data, "engine"), ".wal")
        damaged = [(sst, os.path.getsize(sst) - 100), (manifest, 8)]
        for path in wal:
            with open(path, "rb") as file:
                head = file.read(1 << 20).rstrip(b"\0")
            if len(head) > 200:
                damaged.append((path, 120))
        for path, offset in damaged:
            flip(path, offset)
            status, out, err = varve("verify", "--data-dir", server.data)
            cases.expect("verify names %s with a flipped byte" % os.path.basename(path),
                         status == 1 and path in out, out + err)
            flip(path, offset)
        hidden = sst + ".hidden"
        os.rename(sst, hidden)
        status, out, err = varve("verify", "--data-dir", server.data)
        cases.expect("verify names a missing file", status == 1 and sst + " is missing" in out,
                     out + err)
        os.rename(hidden, sst)
        status, out, err = varve("verify", "--data-dir", server.data)
        cases.expect("verify has changed nothing", status == 0, out + err)
        server.start()
        cases.equal("no row of the log was lost", len(server.rows("SELECT v FROM late", "plant")), 3)
        status, out, err = varve("verify", "--data-dir", server.data)
        cases.expect("a folder in use is refused", status == 1 and "in use" in err, out + err)


def inspection(cases):
    with Folder() as folder, Server() as server:
        make_plant(server)
        varve("backup", "--to", folder / "b", "--url", server.url)
        write(server, "late v=1 1")
        server.kill()
        engine = os.path.join(server.data, "engine")
        wal = next(path for path in files_named(engine, ".wal") if open(path, "rb").read(300)[120:])
        for kind, path, words in (
                ("sst", files_named(engine, ".sst")[0], ("columns", "encodings", "series")),
                ("manifest", files_named(engine, "MANIFEST-")[0], ("edits", "sorted_files")),
                ("wal", wal, ("batches", "lsn", "rows")),
                ("catalog", os.path.join(server.data, "catalog.db"), ("yearly", "policies"))):
            status, out, err = varve("inspect", kind, path)
            cases.expect("inspect %s tells what a person needs" % kind,
                         status == 0 and all(word in out for word in words), out + err)
            status, out, err = varve("inspect", kind, path, "--json")
            document = json.loads(out)
            cases.expect("inspect %s --json is one document" % kind,
                         status == 0 and document["damage"] == [], out + err)
            noise = folder / os.path.basename(path)
            with open(noise, "wb") as file:
                file.write(os.urandom(5_000))
            status, out, err = varve("inspect", kind, noise)
            cases.expect("inspect %s survives noise" % kind,
                         status == 1 and (out or err.startswith("varve: ")), (status, out, err))
        status, out, err = varve("inspect", "sst", folder / "nothing")
        cases.expect("a file that is not there is named", status == 1 and "nothing" in err, err)


def offline_and_refusals(cases):
    with Folder() as folder, Server() as server:
        make_plant(server)
        wanted = picture(server, "plant")
        inside = os.path.join(server.data, "backup")
        status, out, err = varve("backup", "--to", inside, "--url", server.url)
        cases.expect("a folder inside the data directory is refused",
                     status == 1 and "must not lie in each other" in err, out + err)
        cases.expect("and not made", not os.path.exists(inside))
        os.mkdir(folder / "letters")
        open(folder / "letters/a.txt", "w").close()
        os.symlink(server.data, folder / "link")
        status, out, err = varve("backup", "--to", folder / "link/b", "--url", server.url)
        cases.expect("also through a link", status == 1 and "must not lie" in err, out + err)
        status, out, err = varve("backup", "--to", folder / "letters", "--url", server.url)
        cases.expect("a folder with other things is refused",
                     status == 1 and "a.txt" in err, out + err)
        for headers in ({"Origin": "http://example.org"}, {"X-Forwarded-For": "192.0.2.1"}):
            answer = server.http("POST", "/api/v1/backup", {"to": folder / "b"}, headers=headers)
            cases.equal("browsers and proxies are refused", answer.status, 403)
        cases.expect("and nothing is written", not os.path.exists(folder / "b"))
        status, out, err = varve("backup", "--to", folder / "b", "--data-dir", server.data)
        cases.expect("an offline backup is refused while the server runs",
                     status == 1 and "in use" in err, out + err)
        server.kill()
        status, out, err = varve("backup", "--to", folder / "b", "--url", server.url)
        cases.expect("without a server the command says so",
                     status == 1 and "is the server running" in err, out + err)
        status, out, err = varve("backup", "--to", folder / "b", "--data-dir", server.data)
        cases.expect("an offline backup ends well", status == 0, out + err)
        status, out, err = varve("restore", "--from", folder / "b", "--data-dir", folder / "new")
        cases.expect("it is restored", status == 0, out + err)
        with Server(data=folder / "new") as restored:
            same(cases, "with every row, also those of the log", picture(restored, "plant"), wanted)


if __name__ == "__main__":
    need_binary()
    tally = Cases()
    tally.run(backup_under_writers, restore_of_a_part, restores_that_are_refused,
              killed_in_between, restore_that_is_killed, damage_is_named, inspection, offline_and_refusals)
    tally.finish()
