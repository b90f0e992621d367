#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a server starts, shares its directory (it does not), stops, and comes back."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, StartError, need_binary, request  # noqa: E402


def refuses_to_start(cases, sentence, server, *words):
    try:
        server.start()
    except StartError as error:
        cases.expect(sentence, error.status not in (0, None) and error.status > 0
                     and all(w.lower() in error.output.lower() for w in words), error)
    else:
        cases.expect(sentence, False, "it started")
        server.kill()


def one_per_directory(cases):
    with Server() as first:
        second = Server(data=first.data)
        refuses_to_start(cases, "a second server on a directory refuses and names the process",
                         second, str(first.process.pid))
        cases.expect("the first server is not disturbed", first.http("GET", "/ping").status == 204)
        first.kill()
        second.start()
        cases.expect("after kill -9 the directory is free again",
                     second.http("GET", "/ping").status == 204)
        second.kill()


def foreign_directories(cases):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "thesis.txt"), "w", encoding="ascii") as file:
            file.write("not ours\n")
        refuses_to_start(cases, "a directory with other things in it is refused by name",
                         Server(data=folder), folder)
        cases.equal("and left as it is", os.listdir(folder), ["thesis.txt"])
    with Server() as server:
        server.stop()
        path = os.path.join(server.data, "VARVE")
        with open(path, encoding="ascii") as file:
            text = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(re.sub("[0-9]+", "9999", text))
        refuses_to_start(cases, "data of a newer format is refused by number", server, "9999")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        server.start()
        cases.expect("and opens again when the number is right", server.is_alive())


def port_in_use(cases):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with tempfile.TemporaryDirectory() as folder:
            server = Server(data=os.path.join(folder, "d"),
                            http_addr="127.0.0.1:%d" % port)
            refuses_to_start(cases, "a port in use is refused by number", server, str(port))


def stops_cleanly(cases):
    with Server() as server:
        server.create("d")
        server.write("d", "m v=1 1")
        began = time.monotonic()
        status = server.stop()
        cases.expect("SIGTERM ends an idle server with 0 within 10 s",
                     status == 0 and time.monotonic() - began < 10, status)
        server.start()
        cases.equal("what was written is there after a stop",
                    server.rows("SELECT v FROM m", "d", epoch="ns"), [[1, 1]])
        server.process.send_signal(signal.SIGINT)
        cases.equal("SIGINT does the same", server.process.wait(10), 0)
        server._ended()


def stops_under_load(cases):
    acknowledged, stop = [], threading.Event()

    def write(number):
        connection = server.connect()
        at = 0
        try:
            while not stop.is_set():
                at += 1
                answer = request(connection, "POST", "/write", {"db": "d"},
                                 ("load,w=%d v=%di %d" % (number, at, at)).encode())
                if answer.status == 204:
                    acknowledged.append((number, at))
        except Exception:  # Whatever the end of the server looks like to a client.
            pass

    with Server() as server:
        server.create("d")
        threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        try:
            status = server.stop()
        except subprocess.TimeoutExpired:
            status = "still running after 10 s"
            server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        cases.equal("SIGTERM under load ends the server with 0 within 10 s", status, 0)
        server.start()
        found = {(int(tags["w"]), row[1]) for tags, row in
                 ((one["tags"], row) for one in
                  server.series("SELECT v FROM load GROUP BY w", "d", epoch="ns")
                  for row in one["values"])}
        lost = [pair for pair in acknowledged if pair not in found]
        cases.expect("every row acknowledged before the stop is there (%d)" % len(acknowledged),
                     acknowledged and not lost, lost[:5])


def starts_often(cases):
    with Server() as server:
        server.create("d")
        for at in range(1, 6):
            server.write("d", "m v=%di %d" % (at, at))
            server.kill()
            server.start()
        cases.equal("five kills in a row lose nothing",
                    server.rows("SELECT v FROM m", "d", epoch="ns"),
                    [[at, at] for at in range(1, 6)])
        server.query("DROP DATABASE d")
        server.kill()
        server.start()
        cases.equal("a dropped database stays dropped after a kill",
                    [row for row in server.rows("SHOW DATABASES") if row == ["d"]], [])
        server.create("d")
        cases.equal("and creating it again brings nothing back",
                    server.series("SELECT * FROM m", "d"), [])


def reads_own_writes(cases):
    with Server() as server:
        server.create("d")
        missing = []

        def work(number):
            connection = server.connect()
            for at in range(1, 101):
                request(connection, "POST", "/write", {"db": "d"},
                        ("own,w=%d v=%di %d" % (number, at, at)).encode())
                answer = request(connection, "GET", "/query", {
                    "db": "d", "q": "SELECT last(v) FROM own WHERE w = '%d'" % number}).json()
                try:
                    seen = answer["results"][0]["series"][0]["values"][0][1]
                except (KeyError, IndexError):
                    seen = answer
                if seen != at:
                    missing.append((number, at, seen))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cases.expect("a write is visible to the next query, 400 times on 4 connections",
                     not missing, missing[:3])


def main():
    need_binary()
    cases = Cases()
    cases.run(one_per_directory, foreign_directories, port_in_use, stops_cleanly, stops_under_load,
              starts_often, reads_own_writes)
    cases.finish()


if __name__ == "__main__":
    main()
