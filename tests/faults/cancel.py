#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queries end when they are killed, when their time is over and when their client goes away, whatever
they are doing; and what takes long keeps nobody else waiting.

usage: cancel.py [SERIES]
"""
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary, request  # noqa: E402

SERIES = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
POINTS = 10
# Long before this a query that was told to end has ended; it only keeps a broken server from
# keeping the script.
PATIENCE_S = 30
QUERIES = [
    "SELECT mean(v) FROM m GROUP BY host, time(10m)",
    "SELECT * FROM m GROUP BY *",
    "SELECT * FROM m",
    "SELECT * FROM m ORDER BY time DESC",
    "SELECT median(v) FROM m",
    "SELECT distinct(v) FROM m",
    "SELECT top(v, host, 1000) FROM m",
    "SELECT max(s) FROM (SELECT sum(v) AS s FROM m GROUP BY host)",
    "SELECT v FROM (SELECT v FROM m GROUP BY host) ORDER BY time DESC",
    "SELECT v FROM m WHERE host =~ /(h|x)+0*(1|3|5)+.*(7|8|9)$/",
    "SHOW SERIES",
]


def fill(server):
    server.create("d")
    for point in range(POINTS):
        for first in range(0, SERIES, 20_000):
            lines = ["m,host=h%07d,dc=d%d v=%d.5,w=%di %d" % (
                i, i % 50, (i * 7919 + point * 31) % 100003, i % 1000, point * 300)
                for i in range(first, min(first + 20_000, SERIES))]
            answer = server.write("d", "\n".join(lines), precision="s")
            assert answer.status == 204, answer


def running(server, text):
    """The number of the query of that text, or None."""
    for query in server.rows("SHOW QUERIES"):
        if query[1] == text:
            return query[0]
    return None


def wait_until_gone(server, text):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if running(server, text) is None:
            return True
        time.sleep(0.01)
    return False


class Client:
    """Asks without waiting; takes the answer in the background, unless it is not to."""

    def __init__(self, server, text, takes=True):
        target = "/query?" + urllib.parse.urlencode({"db": "d", "q": text})
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.sendall(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
                             % target).encode())
        self.end = b""
        self.thread = threading.Thread(target=self.take, daemon=True)
        if takes:
            self.thread.start()

    def take(self):
        try:
            while piece := self.socket.recv(1 << 20):
                self.end = (self.end + piece)[-400:]
        except OSError:
            pass

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


def stop_each(cases, server, name, takes, stop):
    """Lets `stop` end each of the queries after a while; counts those that still ran by then."""
    stopped = 0
    for text in QUERIES:
        for delay in (0.02, 0.1, 0.4):
            client = Client(server, text, takes)
            time.sleep(delay)
            number = running(server, text)
            if number is not None:
                stopped += 1
                stop(client, number)
                cases.expect("%s ends %s" % (name, text), wait_until_gone(server, text))
            client.close()
    cases.expect("%s found queries at work" % name, stopped >= len(QUERIES), stopped)


def killed(cases):
    with Server() as server:
        fill(server)
        kill = lambda client, number: server.query("KILL QUERY %d" % number)  # noqa: E731
        stop_each(cases, server, "KILL QUERY", True, kill)
        stop_each(cases, server, "KILL QUERY of a client that takes nothing", False, kill)
        stop_each(cases, server, "a client's going away", True, lambda client, _: client.close())
        async_queries(cases, server)
        cases.expect("the server lived through it", server.is_alive(), server.log_text()[-2000:])


def async_queries(cases, server):
    """One that is killed takes no other with it."""
    text = "SELECT sum(v) INTO d.autogen.sums FROM m GROUP BY host, time(1s) fill(1)"
    ask = lambda q: server.http("POST", "/query", {"db": "d", "q": q, "async": "true"})  # noqa: E731
    cases.equal("an asynchronous query is taken", ask(text).status, 204)
    number = None
    end = time.monotonic() + PATIENCE_S
    while number is None and time.monotonic() < end:
        number = running(server, text)
    cases.expect("an asynchronous query runs", number is not None)
    server.query("KILL QUERY %s" % number)
    cases.expect("KILL QUERY ends an asynchronous query", wait_until_gone(server, text))
    cases.equal("another one is taken", ask("CREATE DATABASE later").status, 204)
    made = False
    while not made and time.monotonic() < end + PATIENCE_S:
        made = ["later"] in server.rows("SHOW DATABASES")
    cases.expect("another one is not touched by that", made)


def too_slow(cases):
    with Server(flags=["--set", "server.query_timeout_secs=1"]) as server:
        fill(server)
        text = "SELECT median(v), stddev(v), mode(w) FROM m GROUP BY host;" * 50
        results = server.query(text, "d")["results"]
        cases.equal("a request has one time for all of its statements",
                    [r.get("error") for r in results][-2:],
                    ["query-timeout limit exceeded", "not executed"])


def msgpack_body(cells):
    """One record of columns, whose last value is wrong: only the end shows that."""
    column = struct.pack(">BI", 0xdd, cells) + b"\x01" * (cells - 1) + b"\xc1"
    record = b"\x82" + b"\xabmeasurement" + b"\xa1m" + b"\xa6fields" + b"\x81\xa1v" + column
    return record


def large_bodies(cases):
    """With one event loop, a ping sent behind a large body is answered before the body is."""
    with Server(flags=["--set", "server.net_threads=1"]) as server:
        server.create("d")
        body = msgpack_body(8_000_000)
        order = []

        def write():
            answer = server.http("POST", "/write", {"db": "d"}, body,
                                 {"Content-Type": "application/msgpack"})
            order.append(("write", answer.status))

        writer = threading.Thread(target=write)
        ping = server.connect()
        request(ping, "GET", "/ping")
        writer.start()
        while writer.is_alive():
            begun = time.monotonic()
            request(ping, "GET", "/ping")
            order.append(("ping", time.monotonic() - begun))
        writer.join()
        pings = [seconds for kind, seconds in order if kind == "ping"]
        print("     %d pings beside a body of %d MB, the slowest took %.1f ms" % (
            len(pings), len(body) >> 20, max(pings) * 1e3))
        cases.expect("pings are answered beside a large body", len(pings) > 10, len(pings))
        cases.expect("the large body is answered", ("write", 400) in order, order[-3:])


def main():
    need_binary()
    cases = Cases()
    cases.run(killed, too_slow, large_bodies)
    cases.finish()


if __name__ == "__main__":
    main()
