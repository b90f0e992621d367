#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A full disk turns writes off, not the server; freed space turns them on again.

Needs a small file system of its own: a tmpfs, which only root may mount.
"""
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary, request  # noqa: E402

DISK_MB = 96
BALLAST_MB = 24
# A body limit and memtables that let the small disk fill by flushes as well as by the log.
ENVIRONMENT = {"VARVE__STORAGE__MEMTABLE_BYTES_MAX": "4194304",
               "VARVE__WAL__SEGMENT_BYTES": "8388608"}


def body(batch):
    """1,000 rows that hardly compress."""
    chance = random.Random(batch)
    return "\n".join('full,host=h%d a=%r,b="%x" %d' % (
        i % 10, chance.random(), chance.getrandbits(256), batch * 1000 + i)
        for i in range(1000)).encode()


def write_patiently(connection, batch):
    """Sends a batch again while the answer is 503: with small memtables a flush may be awaited."""
    for _ in range(200):
        answer = request(connection, "POST", "/write", {"db": "d"}, body(batch))
        if answer.status != 503:
            break
        time.sleep(0.05)
    return answer


def fill(server):
    """Writes until refused; returns the acknowledged batches and the refusal."""
    connection = server.connect()
    acknowledged = []
    for batch in range(5000):
        answer = write_patiently(connection, batch)
        if answer.status != 204:
            return acknowledged, answer
        acknowledged.append(batch)
    return acknowledged, None


def check(cases, folder):
    ballast = os.path.join(folder, "ballast")
    with open(ballast, "wb") as file:
        file.write(b"x" * (BALLAST_MB << 20))
    with Server(data=os.path.join(folder, "data"), env=ENVIRONMENT) as server:
        server.create("d")
        acknowledged, refusal = fill(server)
        cases.expect("a full disk is answered with 507", refusal is not None
                     and refusal.status == 507, refusal)
        cases.expect("the refusal is a sentence", refusal is not None
                     and "error" in refusal.json(), refusal)
        wanted = len(acknowledged) * 1000

        def count(when):
            rows = server.rows("SELECT count(a) FROM full", "d")
            cases.expect("%s all acknowledged rows are read" % when,
                         rows and wanted <= rows[0][1] <= wanted + 1000, (rows, wanted))

        count("on a full disk")
        server.kill()
        server.start()
        count("after kill -9 on a full disk")
        os.remove(ballast)
        # The server looks for space by itself; give it a moment, not a restart.
        for _ in range(40):
            answer = server.write("d", "after v=1 1")
            if answer.status == 204:
                break
            time.sleep(0.25)
        cases.equal("freed space turns writes on again, without a restart", answer.status, 204)
        cases.equal("and what is written then is read",
                    server.rows("SELECT v FROM after", "d", epoch="ns"), [[1, 1]])
        server.restart()
        count("after a clean restart")
        cases.expect("the server lived through it", server.is_alive(), server.log_text()[-4000:])
        if cases.failed:
            print("server log:\n" + server.log_text()[-6000:])


def leave(folder, size_bytes):
    """A ballast that leaves so much space."""
    space = os.statvfs(folder)
    path = os.path.join(folder, "ballast")
    with open(path, "wb") as file:
        file.write(b"x" * max(0, space.f_bavail * space.f_frsize - size_bytes))
    return path


def databases(server):
    return {name for (name,) in server.rows("SHOW DATABASES")}


def make_until_refused(server, first):
    """The databases that were made, and the answer that ended it."""
    made = set()
    for number in range(first, first + 500):
        answer = server.query("CREATE DATABASE d%d" % number)["results"][0]
        if "error" in answer:
            return made, answer
        made.add("d%d" % number)
    return made, None


def as_of_an_earlier_version(folder):
    """The catalog of a stopped server, without checksums and without a log."""
    path = os.path.join(folder, "catalog.db")
    with contextlib.closing(sqlite3.connect(path)) as stored:
        rows = stored.execute("SELECT key, value FROM key_value WHERE key != 'generation'").fetchall()
    os.remove(path)
    os.remove(os.path.join(folder, "catalog.log"))
    with contextlib.closing(sqlite3.connect(path)) as stored, stored:
        stored.execute("CREATE TABLE key_value (key TEXT PRIMARY KEY, value TEXT NOT NULL) "
                       "WITHOUT ROWID")
        stored.executemany("INSERT INTO key_value VALUES (?, ?)", rows)


def catalog(cases, folder):
    """Wherever the space ends: the start is not refused, what was refused did not happen."""
    with Server(data=os.path.join(folder, "other"), env=ENVIRONMENT) as server:
        server.create("d")
        wanted = databases(server)
        for free in range(0, 160 << 10, 20 << 10):
            what = "%d KiB for the catalog" % (free >> 10)
            ballast = leave(folder, free)
            made, refusal = make_until_refused(server, len(wanted))
            wanted |= made
            cases.expect("%s: at last there is no space" % what, refusal is not None)
            server.kill()
            server.start()
            cases.equal("%s: after kill -9 all that was made is there" % what, databases(server),
                        wanted)
            os.remove(ballast)
            name = "space%d" % free
            server.create(name)
            wanted.add(name)
        server.stop()
        as_of_an_earlier_version(server.data)
        ballast = leave(folder, 0)
        server.start()
        cases.equal("an earlier version's catalog is read on a full disk", databases(server), wanted)
        os.remove(ballast)
        server.create("later")
        server.restart()
        cases.equal("and taken over when there is space, without a restart", databases(server),
                    wanted | {"later"})
        cases.expect("none of that is damage", "varve_catalog_damage 0\n" in server.http(
            "GET", "/metrics").text)


def main():
    need_binary()
    cases = Cases()
    with tempfile.TemporaryDirectory(prefix="varve-small-disk-") as folder:
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % DISK_MB, "varve-test",
                                folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) \
            if os.geteuid() == 0 else None
        if mount is None or mount.returncode != 0:
            cases.skip("a small disk needs a tmpfs, and mounting one was not allowed")
            cases.finish()
        try:
            cases.run(lambda c: check(c, folder), lambda c: catalog(c, folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=False)
    cases.finish()


if __name__ == "__main__":
    main()
