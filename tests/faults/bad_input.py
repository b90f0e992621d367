#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Broken, hostile and oversized input over HTTP: a clear answer each time, and the server lives."""
import gzip
import json
import os
import random
import re
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, gzipped, need_binary  # noqa: E402

DATABASE = "bad"
server = None


def status_of(reply):
    """The status of a raw HTTP reply; 0 when the server closed without one."""
    match = re.match(rb"HTTP/1\.[01] (\d+)", reply)
    return int(match.group(1)) if match else 0


def still_works(cases, after):
    """One write and one read of it, on a fresh connection."""
    still_works.count += 1
    written = server.write(DATABASE, "alive n=%di %d" % (still_works.count, still_works.count))
    rows = server.rows("SELECT n FROM alive WHERE n = %d" % still_works.count, DATABASE,
                       epoch="ns")
    cases.expect("after %s the server writes and reads" % after,
                 written.status == 204 and rows == [[still_works.count, still_works.count]],
                 (written, rows))


still_works.count = 0


def cut_requests(cases):
    target = "/write?db=%s" % DATABASE
    server.raw(b"POST " + target.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Le", 1, True)
    still_works(cases, "a request cut in its headers")
    reply = server.raw(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ncut v=1 1\ncut v=2"
                       % target.encode(), 1, True)
    cases.expect("a request cut in its body is not answered as a success",
                 status_of(reply) in (0, 400), reply[:200])
    cases.equal("nothing of a body that was cut is stored",
                server.series("SELECT * FROM cut", DATABASE), [])
    still_works(cases, "a request cut in its body")
    for length in (b"-1", b"ten", b"99999999999999999999999", b"5, 6"):
        reply = server.raw(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\ncut v=1"
                           % (target.encode(), length), 2, True)
        cases.expect("Content-Length %s is refused" % length.decode(),
                     status_of(reply) in (0, 400, 413), reply[:200])
    reply = server.raw(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"
                       b"Content-Length: 9\r\n\r\ncut v=1" % target.encode(), 2, True)
    cases.expect("two different lengths are refused", status_of(reply) in (0, 400), reply[:200])
    reply = server.raw(b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       b"zz\r\ncut v=1\r\n0\r\n\r\n" % target.encode(), 2, True)
    cases.expect("a bad chunk size is refused", status_of(reply) in (0, 400), reply[:200])
    reply = server.raw(b"GARBAGE\r\n\r\n", 2, True)
    cases.expect("what is not HTTP is refused", status_of(reply) in (0, 400), reply[:200])
    reply = server.raw(b"GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 2_000_000 + b"\r\n\r\n",
                       2, True)
    cases.expect("2 MB of headers are refused", status_of(reply) in (0, 400, 413, 431),
                 reply[:200])
    still_works(cases, "broken framing")
    cases.equal("nothing of broken requests is stored",
                server.series("SELECT * FROM cut", DATABASE), [])


def pipelined(cases):
    reply = server.raw(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * 20 +
                       b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 5)
    found = [int(s) for s in re.findall(rb"HTTP/1\.1 (\d+)", reply)]
    cases.equal("pipelined requests are answered in order", found, [204] * 20 + [404])


def bodies(cases):
    chance = random.Random(1)
    noise = bytes(chance.randrange(256) for _ in range(100_000))
    answer = server.write(DATABASE, noise)
    cases.expect("100 kB of noise are refused with 400", answer.status == 400, answer)
    still_works(cases, "noise")

    answer = server.write(DATABASE, b"nul,t=a\0b v=1 1\nnul,t=ok v=2 2\n")
    cases.expect("a NUL byte in a tag is answered", answer.status in (204, 400), answer)
    rows = server.rows("SELECT v FROM nul WHERE t = 'ok'", DATABASE, epoch="ns")
    cases.equal("the line beside a NUL byte is stored", rows, [[2, 2]])

    answer = server.write(DATABASE, b'utf,t=\xff\xfe v="\xc3(\x80" 1\n')
    cases.expect("invalid UTF-8 is answered", answer.status in (204, 400), answer)
    reply = server.http("GET", "/query", {"db": DATABASE, "q": "SELECT * FROM utf"})
    try:
        json.loads(reply.body.decode("utf-8"))
        valid = True
    except ValueError:
        valid = False
    cases.expect("answers with invalid UTF-8 in the data are valid JSON", valid, reply)

    answer = server.write(DATABASE, "big,t=%s v=1 1" % ("x" * 65_536))
    cases.expect("a tag of 64 KiB is refused by name",
                 answer.status == 400 and "max key length exceeded" in answer.text, answer)
    text = "y" * 65_536
    answer = server.write(DATABASE, 'big v="%s" 1' % text)
    rows = server.rows("SELECT v FROM big", DATABASE, epoch="ns")
    cases.expect("a string of 64 KiB is kept or refused",
                 rows == [[1, text]] if answer.status == 204 else answer.status == 400, answer)

    answer = server.write(DATABASE, "good v=1 1\nbad\ngood v=2 2\nbad v=\n")
    cases.expect("the good lines of a mixed body are stored and the bad ones named",
                 answer.status == 400 and "partial write: unable to parse 'bad': missing fields"
                 in answer.text and server.rows("SELECT v FROM good", DATABASE, epoch="ns")
                 == [[1, 1], [2, 2]], answer)
    cases.expect("an error answer stays small however many lines are bad",
                 len(server.write(DATABASE, "bad\n" * 100_000).body) < 1_000_000)
    still_works(cases, "odd bytes")


def many_fields(cases):
    line = "wide " + ",".join("f%d=%d" % (i, i) for i in range(1_000_000)) + " 1\n"
    answer = server.write(DATABASE, line + "narrow v=1 1\n")
    cases.expect("a million fields in a line are answered", answer.status in (204, 400, 413),
                 answer)
    still_works(cases, "a million fields")
    with open("/proc/%d/status" % server.process.pid, encoding="ascii") as file:
        resident_kb = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
    cases.expect("memory stays below 2 GB after a million fields", resident_kb < 2_000_000,
                 "%d MB" % (resident_kb // 1000))


def compressed(cases):
    headers = {"Content-Encoding": "gzip"}
    whole = gzipped(b"zipped v=1 1\n" * 100)
    answer = server.http("POST", "/write", {"db": DATABASE}, whole[:-20], headers)
    cases.expect("a cut gzip body is refused", answer.status == 400, answer)
    answer = server.http("POST", "/write", {"db": DATABASE}, b"zipped v=1 1", headers)
    cases.expect("a body that only claims to be gzip is refused",
                 answer.status == 400 and "gzip: invalid header" in answer.text, answer)
    cases.equal("nothing of broken gzip is stored",
                server.series("SELECT * FROM zipped", DATABASE), [])
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"#" * 1_000_000) for _ in range(1000)) + packer.flush()
    answer = server.http("POST", "/write", {"db": DATABASE}, bomb, headers)
    cases.expect("a gigabyte in a megabyte of gzip is refused with 413", answer.status == 413,
                 answer)
    answer = server.http("POST", "/write", {"db": DATABASE},
                         gzip.compress(b"members v=1 1\n") + gzip.compress(b"members v=2 2\n"),
                         headers)
    cases.equal("gzip of several members is read whole",
                (answer.status, server.rows("SELECT v FROM members", DATABASE, epoch="ns")),
                (204, [[1, 1], [2, 2]]))
    reply = server.raw(b"POST /write?db=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
                       % DATABASE.encode(), 5)
    cases.equal("a body announced above the limit is refused before it is sent",
                status_of(reply), 413)
    still_works(cases, "oversized bodies")


def names(cases):
    answer = server.write("nosuch", "m v=1 1")
    cases.expect("an unknown database is a 404 that names it",
                 answer.status == 404 and answer.json()["error"] == 'database not found: "nosuch"',
                 answer)
    answer = server.http("POST", "/write", body=b"m v=1 1")
    cases.expect("a missing database is a 400",
                 answer.status == 400 and answer.json()["error"] == "database is required", answer)
    answer = server.write(DATABASE, "m v=1 1", precision="fortnight")
    cases.expect("an unknown precision is a 400 that names it",
                 answer.status == 400 and "fortnight" in answer.text, answer)
    cases.equal("an unknown path is a 404", server.http("GET", "/nowhere").status, 404)
    cases.equal("GET /write is a 405", server.http("GET", "/write").status, 405)


def queries(cases):
    document = server.query("SELECT v FROM m WHERE " + "(" * 10_000 + "v = 1" + ")" * 10_000,
                            DATABASE)
    cases.expect("10,000 nested parentheses are refused", "error" in document, document)
    document = server.query("SELECT v FROM m WHERE " + " OR ".join("v = %d" % i
                                                                  for i in range(50_000)), DATABASE)
    cases.expect("50,000 conditions are answered", "error" in document or "results" in document,
                 str(document)[:200])
    document = server.query("SELECT", DATABASE)
    cases.expect("half a statement is a parse error",
                 document.get("error", "").startswith("error parsing query: found EOF"), document)
    answer = server.http("GET", "/query", {"db": DATABASE})
    cases.expect("a missing q is a 400", answer.status == 400 and "missing required parameter"
                 in answer.text, answer)
    server.write(DATABASE, "windows v=1 1\nwindows v=1 1600000000000000000\n")
    document = server.query("SELECT mean(v) FROM windows WHERE time >= 0 AND time < now() "
                            "GROUP BY time(1ns) fill(0)", DATABASE)
    cases.expect("a query for 10^18 windows is refused",
                 "error" in document["results"][0], str(document)[:200])
    still_works(cases, "hostile queries")


def main():
    global server
    need_binary()
    cases = Cases()
    with Server() as server:
        server.create(DATABASE)
        cases.run(cut_requests, pipelined, bodies, many_fields, compressed, names, queries)
        cases.expect("the server lived through it", server.is_alive(), server.log_text()[-4000:])
    cases.finish()


if __name__ == "__main__":
    main()
