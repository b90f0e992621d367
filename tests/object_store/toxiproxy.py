#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same as faults.py under the faults of toxiproxy, where it is installed: latency with jitter,
little bandwidth, answers in slices, connections that are reset or swallow everything.

The program is $VARVE_TOXIPROXY, one on the PATH, or one that was built before with
`go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0`."""
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "program"), HERE]
from backup import write  # noqa: E402
from faults import IMPATIENT, expected, lines, nothing_quarantined, sums, until  # noqa: E402
from s3 import BUCKET, flags, lose_copies, set_keys  # noqa: E402
from server import Cases, Server, need_binary  # noqa: E402
from service import CACHE, Service, find_binary, free_port  # noqa: E402

NAME = "s3"
# What a server gets through, if slowly.
PASSING = {
    "latency": ("latency", "downstream", {"latency": 60, "jitter": 50}),
    "bandwidth": ("bandwidth", "upstream", {"rate": 200}),
    "slices": ("slicer", "downstream", {"average_size": 64, "size_variation": 60, "delay": 200}),
}
# What it does not.
FATAL = {
    "reset": ("reset_peer", "downstream", {"timeout": 5}),
    "black hole": ("timeout", "downstream", {"timeout": 0}),
    "cut answers": ("limit_data", "downstream", {"bytes": 90}),
}


def find_toxiproxy():
    for path in (os.environ.get("VARVE_TOXIPROXY"), shutil.which("toxiproxy-server"),
                 os.path.join(CACHE, "toxiproxy", "server")):
        if path and os.access(path, os.X_OK):
            return path
    return None


class Toxiproxy:
    """One proxy before a port; a context manager."""

    def __init__(self, binary, upstream):
        self.control, self.port, self.upstream = free_port(), free_port(), upstream
        self.process = subprocess.Popen(
            [binary, "-host", "127.0.0.1", "-port", str(self.control)],
            env={**os.environ, "LOG_LEVEL": "error"}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    @property
    def endpoint(self):
        return "http://127.0.0.1:%d" % self.port

    def ask(self, method, path, document=None):
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.control, path), body,
                                         {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def is_up(self):
        try:
            self.ask("GET", "/version")
            return True
        except OSError:
            return False

    def __enter__(self):
        assert until(self.is_up), "toxiproxy does not start"
        self.ask("POST", "/proxies", {"name": NAME, "listen": "127.0.0.1:%d" % self.port,
                                      "upstream": "127.0.0.1:%d" % self.upstream})
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def add(self, toxic):
        kind, stream, attributes = toxic
        self.ask("POST", "/proxies/%s/toxics" % NAME,
                 {"name": kind, "type": kind, "stream": stream, "attributes": attributes})

    def clear(self):
        self.ask("POST", "/reset")


def passes(cases, proxy, what, toxic):
    with Server(flags=flags(proxy.endpoint, what.replace(" ", "-"))) as server:
        server.create("plant")
        proxy.add(toxic)
        for batch in range(3):
            write(server, lines(batch))
        cases.equal("%s: every row is there" % what, sums(server), expected(3))
        server.stop(60)
        lose_copies(server.data)
        server.start()
        cases.equal("%s: and after a restart without copies" % what, sums(server), expected(3))
        nothing_quarantined(cases, server, "by " + what)
        proxy.clear()


def stops(cases, proxy, what, toxic):
    own = (*flags(proxy.endpoint, what.replace(" ", "-")), *IMPATIENT)
    with Server(flags=own) as server:
        server.create("plant")
        for batch in range(4):
            write(server, lines(batch))
        server.restart()
        lose_copies(server.data)
        proxy.add(toxic)
        document = server.query("SELECT count(v) FROM busy", "plant")
        cases.expect("%s: a question gets its answer or an error" % what,
                     "error" in str(document) or str(expected(4)[0]) in str(document), document)
        cases.equal("%s: a row is accepted all the same" % what,
                    server.write("plant", "other v=1 1").status, 204)
        proxy.clear()
        cases.expect("%s: all rows are there when the network is" % what,
                     until(lambda: sums(server) == expected(4)), document)
        write(server, lines(4))
        proxy.add(toxic)
        begun = time.monotonic()
        server.stop(30)
        cases.expect("%s: it ends in time, whatever is being tried again" % what,
                     time.monotonic() - begun < 10, time.monotonic() - begun)
        proxy.clear()
        server.start()
        cases.equal("%s: nothing is lost" % what, sums(server), expected(5))
        nothing_quarantined(cases, server, "by " + what)


def main():
    need_binary()
    cases = Cases()
    binary, reason = find_binary()
    toxiproxy = find_toxiproxy()
    if not binary or not toxiproxy:
        cases.skip(reason or "toxiproxy is not installed")
        cases.finish()
    with Service(binary) as service, Toxiproxy(toxiproxy, service.port) as proxy:
        service.make_bucket(BUCKET)
        set_keys(proxy.endpoint)
        for check, toxics in ((passes, PASSING), (stops, FATAL)):
            for what, toxic in toxics.items():
                def run(all_cases, check=check, what=what, toxic=toxic):
                    proxy.clear()
                    check(all_cases, proxy, what, toxic)
                run.__name__ = what.replace(" ", "_")
                cases.run(run)
    cases.finish()


if __name__ == "__main__":
    main()
