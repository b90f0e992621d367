#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Points in MessagePack, and the paths of clients of InfluxDB 2: written over HTTP, read back."""
import json
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, gzipped, need_binary  # noqa: E402

ROWS = "application/msgpack"
COLUMNS = "application/vnd.hyperbytedb.columnar-msgpack.v1"
EITHER = "application/x-msgpack"


def pack(value):
    """MessagePack, not always in the shortest form."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">Bq", 0xD3, value) if value < 2**63 else struct.pack(">BQ", 0xCF, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BI", 0xDB, len(text)) + text
    if isinstance(value, list):
        return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(pack, value))
    return struct.pack(">BI", 0xDF, len(value)) + b"".join(pack(k) + pack(v) for k, v in value.items())


def post(server, content_type, value, **parameters):
    body = value if isinstance(value, bytes) else pack(value)
    return server.http("POST", "/write", {"db": "d", **parameters}, body, {"Content-Type": content_type})


def rows_are_read(cases):
    with Server() as server:
        server.create("d")
        answer = post(server, ROWS, [
            {"measurement": "cpu", "tags": {"host": "a b"}, "timestamp": 1,
             "fields": {"f": 1.5, "i": 7, "s": 'x"y', "b": True}},
            {"measurement": "cpu", "tags": {"host": "a b"}, "timestamp": 2,
             "fields": {"f": {"Float": 2.5}, "i": {"Integer": 8}, "s": {"String": "z"}, "b": {"Boolean": False}}}])
        cases.equal("rows are taken", answer.status, 204)
        cases.equal("and read back", server.rows("SELECT * FROM cpu", "d", epoch="ns"),
                    [[1, True, 1.5, "a b", 7, 'x"y'], [2, False, 2.5, "a b", 8, "z"]])
        cases.equal("the same series as by line protocol",
                    (server.write("d", "cpu,host=a\\ b f=3 3").status,
                     server.rows("SHOW SERIES", "d")), (204, [["cpu,host=a\\ b"]]))
        answer = post(server, EITHER, {"measurement": "one", "fields": {"v": 1.0}})
        cases.equal("a map alone is one row", (answer.status, len(server.rows("SELECT v FROM one", "d"))), (204, 1))
        answer = post(server, ROWS, gzipped(pack([{"measurement": "zip", "fields": {"v": 1}, "timestamp": 5}])))
        cases.equal("compressed bytes without a word about it are refused", answer.status, 400)


def columns_are_read(cases):
    with Server() as server:
        server.create("d")
        values = [float(i) for i in range(1000)]
        answer = post(server, COLUMNS, {"measurement": "m", "tags": {"t": "x"}, "field": "v", "values": values,
                                        "timestamps": [i * 10 for i in range(1000)]}, precision="ms")
        cases.equal("a column is taken", answer.status, 204)
        cases.equal("and all of it is there", server.rows("SELECT count(v), sum(v), last(v) FROM m", "d"),
                    [["1970-01-01T00:00:00Z", 1000, sum(values), 999]])
        answer = post(server, EITHER, {"measurement": "w", "tags": {"host": ["a", "b"]}, "timestamps": [1, 2],
                                       "fields": {"i": [1, 2], "s": ["x", None]}})
        cases.equal("columns of several types with a tag for each row",
                    (answer.status, server.rows("SELECT * FROM w", "d", epoch="ns")),
                    (204, [[1, "a", 1, "x"], [2, "b", 2, None]]))


def mistakes_are_named(cases):
    with Server() as server:
        server.create("d")
        wrong = [({"measurement": "m", "field": "v", "values": [1.0, 2.0], "timestamps": [1]}, "'timestamps' has 1"),
                 ({"measurement": "m", "field": "", "values": [1.0]}, "'field' is missing or empty"),
                 ([{"measurement": "m", "fields": {}}], "'fields' is empty"),
                 ([{"fields": {"v": 1}}], "'measurement' is missing"),
                 (pack([{"measurement": "m", "fields": {"v": 1}}])[:-1], "ends at byte"),
                 (b"cpu v=1", "is an integer, not a map")]
        for body, why in wrong:
            for content_type in (ROWS, COLUMNS, EITHER):
                answer = post(server, content_type, body)
                cases.expect("%r is refused" % why, answer.status == 400 and why in answer.json()["error"], answer)
        cases.equal("and nothing of it is stored", server.rows("SHOW MEASUREMENTS", "d"), [])
        post(server, ROWS, [{"measurement": "m", "fields": {"v": 1}, "timestamp": 1}])
        answer = post(server, ROWS, [{"measurement": "m", "fields": {"v": 1.5}, "timestamp": 1},
                                     {"measurement": "m", "fields": {"w": 1.5}, "timestamp": 1}])
        cases.expect("a conflict of types drops its row alone",
                     answer.status == 400 and "field type conflict" in answer.text
                     and server.rows("SELECT w FROM m", "d", epoch="ns") == [[1, 1.5]], answer)


def buckets_are_policies(cases):
    def delete(body, bucket="d/autogen"):
        return server.http("POST", "/api/v2/delete", {"bucket": bucket}, json.dumps(body).encode())

    with Server() as server:
        server.create("d")
        server.query("CREATE RETENTION POLICY p ON d DURATION INF REPLICATION 1")
        lines = "cpu,host=a v=1 1\ncpu,host=b v=2 2\nmem,host=a v=3 3"
        for bucket in ("d/autogen", "d/p"):
            answer = server.http("POST", "/api/v2/write", {"bucket": bucket, "precision": "s"}, lines.encode())
            cases.equal("a bucket takes points", answer.status, 204)
        answer = server.http("POST", "/api/v2/write", {"bucket": "nodb/p"}, b"m v=1")
        cases.equal("an unknown database is a bucket that is not there", answer.status, 404)
        span = {"start": "1970-01-01T00:00:00Z", "stop": "2020-01-01T00:00:00Z"}
        answer = delete({**span, "predicate": '_measurement = "cpu" AND host = "a"'})
        cases.equal("a delete says so", answer.status, 200)
        cases.equal("and takes what its predicate says", server.rows("SELECT v FROM cpu, mem", "d", epoch="s"),
                    [[2, 2], [3, 3]])
        cases.equal("in its policy alone", len(server.rows('SELECT v FROM d.p.cpu', "d")), 2)
        delete({"start": "1970-01-01T00:00:03Z", "stop": "1970-01-01T00:00:04Z"})
        cases.equal("without a predicate it takes the time range", server.rows("SELECT v FROM cpu, mem", "d", epoch="s"),
                    [[2, 2]])
        for body, bucket, status, why in [
                (span, "d/q", 404, "retention policy not found"), (span, "x/p", 404, "database not found"),
                ({"stop": "1970-01-01T00:00:04Z"}, "d/p", 400, "start field"),
                ({**span, "predicate": "host != 'a'"}, "d/p", 400, "only supports equality"),
                ({**span, "predicate": "host = 'a' OR host = 'b'"}, "d/p", 400, "only supports equality"),
                ({**span, "stop": "2020-01-01T00:00:00Z' OR 'a'='a"}, "d/p", 400, "invalid format"),
                ([], "d/p", 400, "cannot parse request body")]:
            answer = delete(body, bucket)
            cases.expect("%s is refused" % why, answer.status == status and why in answer.text, answer)
        cases.equal("and nothing is deleted by these", len(server.rows('SELECT v FROM d.p./.*/', "d")), 3)
        delete({**span, "predicate": "host = 'b'"}, "d")
        cases.equal("a bucket of a database alone is every policy of it",
                    [len(server.rows("SELECT v FROM d.%s.cpu" % policy, "d")) for policy in ("p", "autogen")], [1, 0])


def errors_have_the_form_asked_for(cases):
    with Server() as server:
        for accept, kind, body in (
                ("application/x-msgpack", "application/x-msgpack",
                 b"\x81\xa5error\xb8" + b'database not found: "no"'),
                ("text/csv", "text/csv", b'error\n"database not found: ""no"""\n'),
                ("image/png", "application/json", b'{"error":"database not found: \\"no\\""}\n')):
            answer = server.http("POST", "/write", {"db": "no"}, b"m v=1", {"Accept": accept})
            seen = (answer.status, answer.headers["Content-Type"], answer.body)
            cases.equal("an error of a write as %s" % accept, seen, (404, kind, body))
        pretty = server.http("POST", "/write", {"db": "no", "pretty": "true"}, b"m v=1")
        cases.expect("and with indents", b'\n    "error"' in pretty.body, pretty)


def datagrams_are_stored(cases):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    settings = {"VARVE__UDP__ADDR": "127.0.0.1:%d" % port, "VARVE__UDP__BATCH_TIMEOUT": "50ms",
                "VARVE__UDP__PRECISION": "s", "VARVE__UDP__DATABASE": "metrics"}
    with Server(env=settings) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for i in range(100):
            sender.sendto(b"cpu,host=a v=%d %d\ncpu,host=b v=1 %d" % (i, i, i), ("127.0.0.1", port))
        sender.sendto(b"not a line", ("127.0.0.1", port))
        sender.sendto(b"", ("127.0.0.1", port))
        end = time.monotonic() + 30
        while time.monotonic() < end:
            document = server.query("SELECT count(v) FROM cpu", "metrics")["results"][0]
            if document.get("series", [{"values": [[0, 0]]}])[0]["values"][0][1] == 200:
                break
            time.sleep(0.05)
        cases.equal("all lines of all datagrams", server.rows("SELECT count(v), sum(v) FROM cpu", "metrics"),
                    [["1970-01-01T00:00:00Z", 200, 4950 + 100]])
        cases.expect("what is no line is counted", "varve_udp_errors_total 1" in server.http("GET", "/metrics").text)
        # None of these ends where the datagram ends; they come to one batch with what is around them.
        for i, bad in enumerate([b'evil v="', b"evil v=1 1\\", b'evil a"b v="', b'evil v="\\"']):
            sender.sendto(b"near,h=before v=1 %d" % i, ("127.0.0.1", port))
            sender.sendto(bad, ("127.0.0.1", port))
            sender.sendto(b'near,h=behind v=1,s="x" %d' % i, ("127.0.0.1", port))
        end = time.monotonic() + 30
        near = None
        while time.monotonic() < end and near != [["1970-01-01T00:00:00Z", 8]]:
            near = server.rows("SELECT count(v) FROM near", "metrics")
            time.sleep(0.05)
        cases.equal("a datagram takes no points of those behind it", near, [["1970-01-01T00:00:00Z", 8]])
        sender.sendto(b"late v=1 1", ("127.0.0.1", port))
        server.query("SHOW DATABASES")
        server.restart()
        cases.equal("nothing that has arrived is lost by a stop", len(server.rows("SELECT v FROM late", "metrics")), 1)


def requests_are_limited(cases):
    settings = {"VARVE__RATE_LIMIT__ENABLED": "true", "VARVE__RATE_LIMIT__MAX_REQUESTS_PER_SECOND": "5"}
    with Server(env=settings) as server:
        server.create("d")
        answers = [server.write("d", "cpu v=1 %d" % i) for i in range(20)]
        refused = [answer for answer in answers if answer.status == 429]
        cases.expect("some writes are too many", 5 <= len(refused) <= 15, [one.status for one in answers])
        cases.expect("and say so", refused and refused[0].json() == {"error": "rate limit exceeded, try again later"}
                     and refused[0].headers["Retry-After"] == "1", refused[:1])
        cases.equal("queries are counted apart", server.http("GET", "/query", {"q": "SHOW DATABASES"}).status, 200)
        cases.equal("and others not at all", [server.http("GET", "/ping").status for _ in range(20)], [204] * 20)
        time.sleep(1.1)
        cases.equal("later ones are taken", server.write("d", "cpu v=1 1").status, 204)


def monitors_read_the_server(cases):
    with Server() as server:
        server.create("d q")
        server.write("d q", "cpu,host=a v=1 1\ncpu,host=b v=1 1\nmem v=1 1")
        document = server.http("GET", "/debug/vars").json()
        cases.equal("databases are counted", document["database:d q"],
                    {"name": "database", "tags": {"database": "d q"}, "values": {"numMeasurements": 2, "numSeries": 3}})
        cases.equal("and writes", document["httpd"]["values"]["pointsWrittenOK"], 3)
        cases.expect("and memory", document["memstats"]["Alloc"] > 1_000_000, document["memstats"])
        cases.expect("and the process", document["system"]["PID"] == server.process.pid, document["system"])


if __name__ == "__main__":
    need_binary()
    CASES = Cases()
    CASES.run(rows_are_read, columns_are_read, mistakes_are_named, buckets_are_policies, errors_have_the_form_asked_for,
              datagrams_are_stored, requests_are_limited,
              monitors_read_the_server)
    CASES.finish()
