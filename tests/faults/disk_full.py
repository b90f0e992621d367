#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A full disk turns writes off, not the server; freed space turns them on again.

Needs a small file system of its own: a tmpfs, which only root may mount.
"""
import os
import random
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
            cases.run(lambda c: check(c, folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=False)
    cases.finish()


if __name__ == "__main__":
    main()
