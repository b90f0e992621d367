#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`varve export`: every value exactly, in part or whole, and back by `varve import`."""
import gzip
import http.client
import math
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, need_binary  # noqa: E402

TIME_MIN, TIME_MAX = -9223372036854775806, 9223372036854775806


def run(command, *arguments, server, text=True):
    done = subprocess.run([BINARY, command, *arguments, "--url", "127.0.0.1:%d" % server.port],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode() if text else done.stdout, done.stderr.decode()


def write(server, database, lines, **parameters):
    answer = server.write(database, "\n".join(lines), **parameters)
    assert answer.status == 204, answer


def contents(server, database, policy=None, **parameters):
    """The lines of the export door, without the header and sorted."""
    asked = {"db": database, **parameters}
    if policy:
        asked["rp"] = policy
    answer = server.http("GET", "/api/v1/export", asked)
    assert answer.status == 200, answer
    text = answer.body.decode("utf-8", "surrogateescape")
    return text.split("# CONTEXT-RETENTION-POLICY:", 1)[-1]


def odd_lines():
    lines = ['text s="a \\"quote\\", back\\\\slash, equals=, comma" 1', 'text s="two\nlines\n" 2',
             'text s="# CONTEXT-DATABASE:elsewhere\n# DDL\n" 3', 'text s="" 4', 'text s="ünïcødé 🚀" 5',
             'text s="\\\\" 6', 'text s="\n# DML\n#" 7',
             "odd\\ name\\,x=y,k\\ 1=v\\=1\\,\\ 2 f\\ 1\\,=1 1", 'say"hi" v=1 1',
             "back\\slash,t=b\\s f\\x=2 1", "ünï,тег=значение поле=3 1",
             "ends v=1 %d" % TIME_MIN, "ends v=2 %d" % TIME_MAX, "ends v=3 0", "ends v=4 -1",
             "numbers i=%di,f=%s 1" % (2**63 - 1, repr(5e-324)),
             "numbers i=%di,f=-0.0 2" % -2**63, "numbers f=%r 3" % 1.7976931348623157e308,
             "numbers u=%du,b=true 4" % (2**64 - 1), "numbers u=0u,b=false 5",
             "untagged v=1 1", "untagged,a=1,b=2,c=3 v=1 1",
             # One field of several types, a week each.
             "several v=1.5 1", "several v=2i %d" % (8 * 86400 * 10**9),
             'several v="x" %d' % (16 * 86400 * 10**9), "several v=true %d" % (24 * 86400 * 10**9)]
    chosen = random.Random(5)
    for i in range(20_000):
        value = struct.unpack("<d", struct.pack("<Q", chosen.getrandbits(64)))[0]
        if math.isfinite(value):
            lines.append("bits,h=h%d f=%r,i=%di,u=%du %d" % (
                i % 17, value, chosen.getrandbits(64) - 2**63, chosen.getrandbits(64), i))
    return lines


def round_trip(cases, server, folder):
    server.create("d")
    server.query('CREATE RETENTION POLICY "two weeks" ON d DURATION 336h REPLICATION 1')
    write(server, "d", odd_lines())
    now = time.time_ns()
    write(server, "d", ["recent,h=a v=%d %d" % (i, now - i) for i in range(100)], rp="two weeks")
    server.query("DELETE FROM bits WHERE h = 'h3'", "d")
    server.query("DROP SERIES FROM untagged WHERE a = '1'", "d")
    path = os.path.join(folder, "d.lp")
    status, out, err = run("export", "--db", "d", "--out", path, server=server)
    cases.expect("an export succeeds and says how many rows", status == 0 and "rows exported" in err,
                 (status, err))
    cases.equal("and leaves nothing but the file", sorted(os.listdir(folder)), ["d.lp"])
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    cases.expect("it begins with statements and ends with its figures",
                 text.startswith("# DDL\nCREATE DATABASE d WITH REPLICATION 1 SHARD DURATION "
                                 "168h0m0s NAME autogen\nCREATE RETENTION POLICY \"two weeks\" ON d")
                 and text.endswith(" left_out=0\n"), (text[:300], text[-60:]))
    cases.expect("deleted rows are not in it", "h=h3" not in text and "untagged,a=1" not in text)

    packed = path + ".gz"
    status, _, err = run("export", "--db", "d", "--out", packed, "--gzip", server=server)
    with gzip.open(packed) as file:
        cases.expect("as gzip it is the same text", status == 0 and file.read() == text.encode(
            "utf-8", "surrogateescape"), err)
    with Server() as other:
        for file in (path, packed):
            status, out, err = run("import", file, "--batch-lines", "7", server=other)
            cases.expect("what was exported is imported without a word", status == 0,
                         (status, out, err[-500:]))
            for policy in ("autogen", "two weeks"):
                cases.expect("and is the same, every bit of it (%s)" % policy,
                             contents(other, "d", policy) == contents(server, "d", policy))
            other.query("DROP DATABASE d")
        cases.equal("nothing is written elsewhere", other.rows("SHOW DATABASES"), [])
    server.query("SELECT 1")
    server.stop()
    server.start()
    cases.expect("after a restart the export is the same",
                 run("export", "--db", "d", server=server)[1] == text)


def parts(cases, server, _folder):
    server.create("p")
    write(server, "p", ["cpu v=%d %d" % (i, i * 1_000_000_000) for i in range(10)] + ["mem v=1 1"])

    def lines(*arguments):
        status, out, err = run("export", "--db", "p", *arguments, server=server)
        assert status == 0, err
        return [line for line in out.splitlines() if not line.startswith(("#", "CREATE"))]

    cases.equal("--measurement takes one", lines("--measurement", "mem"), ["mem v=1 1"])
    cases.equal("--start is part of the range and --end is not",
                lines("--start", "1970-01-01T00:00:03Z", "--end", "5000000000"),
                ["cpu v=3 3000000000", "cpu v=4 4000000000"])
    for arguments, word in ((("--db", "none"), "database not found"),
                            (("--db", "p", "--rp", "none"), "retention policy not found: none"),
                            (("--db", "p", "--measurement", "none"), "measurement not found"),
                            (("--db", "p", "--start", "soon"), "soon"),
                            (("--out", "/nowhere/file"), "/nowhere/file"),
                            (("--out", "/dev/null"), "no regular file")):
        status, _, err = run("export", *arguments, server=server)
        cases.expect("%s is refused by name" % (arguments,), status == 1 and word in err,
                     (status, err))
    status, out, _ = run("export", server=server)
    cases.expect("without words everything is exported",
                 status == 0 and "# CONTEXT-DATABASE:d\n" in out
                 and "# CONTEXT-DATABASE:p\n" in out, out[:300])


def resident_kib(server):
    with open("/proc/%d/status" % server.process.pid, encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def clients_that_leave(cases, server, _folder):
    """A slow client holds nothing up in memory, and one that goes away ends its export."""
    server.create("big")
    for begin in range(0, 400_000, 50_000):
        write(server, "big", ["m,h=h%d s=\"%s\",v=%d %d" % (i % 10, "x" * 100, i, i)
                              for i in range(begin, begin + 50_000)])
    whole = server.http("GET", "/api/v1/export", {"db": "big"})
    cases.expect("an export of %d MB is whole" % (len(whole.body) >> 20),
                 whole.body.endswith(b"# EXPORTED rows=400000 left_out=0\n"), whole.body[-80:])
    before = resident_kib(server)
    for _ in range(3):
        slow = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        slow.request("GET", "/api/v1/export?" + urllib.parse.urlencode({"db": "big"}))
        answer = slow.getresponse()
        answer.read(1000)
        slow.sock.close() if slow.sock else answer.close()
        answer.close()
        slow.close()
    again = server.http("GET", "/api/v1/export", {"db": "big"})
    cases.expect("clients that left make room for the next", again.status == 200 and
                 len(again.body) == len(whole.body), again.status)
    after = resident_kib(server)
    cases.expect("memory stays flat", after < before + 64 * 1024, (before, after))


def administrators_only(cases, _server, folder):
    flags = ["--set", "auth.enabled=true"]
    with Server(flags=flags) as server:
        server.query("CREATE USER root WITH PASSWORD 'pw' WITH ALL PRIVILEGES")
        as_root = {"u": "root", "p": "pw"}
        for text in ("CREATE DATABASE d", "CREATE USER ann WITH PASSWORD 'pw'",
                     "GRANT ALL ON d TO ann"):
            server.query(text, **as_root)
        server.write("d", "m v=1 1", **as_root)
        status, out, err = run("export", "--user", "root", "--password", "pw", server=server)
        cases.expect("an administrator exports", status == 0 and "m v=1 1" in out, (status, err))
        status, out, err = run("export", "--user", "ann", "--password", "pw", server=server)
        cases.expect("another user does not", status == 1 and out == "" and err != "", (status, err))
        status, out, err = run("export", server=server)
        cases.expect("nor does nobody", status == 1 and out == "" and err != "", (status, err))
        path = os.path.join(folder, "auth.lp")
        with open(path, "w", encoding="ascii") as file:
            file.write("# DDL\nCREATE DATABASE e\n# DML\n# CONTEXT-DATABASE:e\nm v=2 2\n")
        status, out, err = run("import", path, "--user", "root", "--password", "pw", server=server)
        cases.expect("an administrator imports statements too", status == 0, (out, err))
    answer = _server.http("GET", "/api/v1/export", headers={"Origin": "http://localhost"})
    cases.equal("where nobody is asked, a browser's page gets nothing", answer.status, 403)


def main():
    need_binary()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cases = Cases()
    with Server() as server:
        for function in (round_trip, parts, clients_that_leave, administrators_only):
            with tempfile.TemporaryDirectory(prefix="varve-export-") as folder:
                cases.run(lambda c, f=function, d=folder: f(c, server, d))
    cases.finish()


if __name__ == "__main__":
    main()
