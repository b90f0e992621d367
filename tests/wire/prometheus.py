#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Prometheus server writes its samples here and reads them, and others, from here."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary  # noqa: E402

SECONDS_MAX = 60
CONFIG = """global: {scrape_interval: 1s}
scrape_configs:
  - job_name: varve
    static_configs: [{targets: ["127.0.0.1:%(port)d"]}]
remote_write:
  - url: "http://127.0.0.1:%(port)d/api/v1/prom/write?db=prom"
    queue_config: {batch_send_deadline: 1s}
remote_read:
  - url: "http://127.0.0.1:%(port)d/api/v1/prom/read?db=prom"
    read_recent: true
"""


class Prometheus:
    def __init__(self, varve_port):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.varve_port = varve_port

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="varve-prometheus-")
        config = os.path.join(self.folder, "prometheus.yml")
        with open(config, "w") as file:
            file.write(CONFIG % {"port": self.varve_port})
        self.process = subprocess.Popen(
            [shutil.which("prometheus"), "--config.file=" + config, "--log.level=error",
             "--storage.tsdb.path=" + os.path.join(self.folder, "data"),
             "--web.listen-address=127.0.0.1:%d" % self.port],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, expression, at):
        """The instant vector at that time, as {labels: value}."""
        url = "http://127.0.0.1:%d/api/v1/query?" % self.port + urllib.parse.urlencode(
            {"query": expression, "time": at})
        with urllib.request.urlopen(url, timeout=20) as answer:
            found = json.load(answer)["data"]["result"]
        return {json.dumps(one["metric"], sort_keys=True): float(one["value"][1]) for one in found}


def until(holds):
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        try:
            if holds():
                return True
        except OSError:
            pass  # It is not ready yet.
        time.sleep(0.3)
    return False


def prometheus_writes_and_reads(cases):
    with Server() as server:
        server.create("prom")
        server.write("prom", "\n".join([
            'room,__name__=room,site=a,floor=1 value=20.5 1000000000',
            'room,__name__=room,site=b value=21 1000000000', 'whole value=7i 1000000000',
            'plain,site=a value=3 1000000000', 'plain,site=a text="x" 1000000000']), precision="s")
        with Prometheus(server.port) as prometheus:
            cases.expect("its samples arrive", until(
                lambda: server.rows('SELECT count(value) FROM "up" WHERE job = \'varve\'', "prom")))
            cases.equal("with the metric's name and its labels as tags",
                        sorted(row[0] for row in server.rows('SHOW TAG KEYS FROM "up"', "prom")),
                        ["__name__", "instance", "job"])
            ask = [("room", {'"site": "a"': 20.5, '"site": "b"': 21}),
                   ('room{site="b"}', {'"site": "b"': 21}),
                   ('room{site!="b"}', {'"site": "a"': 20.5}),
                   ('room{site=~"a|c"}', {'"site": "a"': 20.5}),
                   ('room{site!~"a|c"}', {'"site": "b"': 21}),
                   ('room{floor=""}', {'"site": "b"': 21}),
                   ('room{floor!="1"}', {'"site": "b"': 21}),
                   ('room{nosuch!="1"}', {'"site": "a"': 20.5, '"site": "b"': 21}),
                   ('room{nosuch!~"x.*"}', {'"site": "a"': 20.5, '"site": "b"': 21}),
                   ('{__name__=~"ro+m"}', {'"site": "a"': 20.5, '"site": "b"': 21}),
                   ('plain', {'"__name__": "plain"': 3}),
                   ('whole', {'"__name__": "whole"': 7}),
                   ('nothing', {})]
            for expression, wanted in ask:
                seen = prometheus.ask(expression, 1000000030)
                cases.expect("%s is read" % expression, len(seen) == len(wanted) and all(
                    any(part in labels and value == number for labels, number in seen.items())
                    for part, value in wanted.items()), seen)
            sums = prometheus.ask("sum_over_time(room[5m]) + 0", 1000000030)
            cases.equal("a range is read", sorted(sums.values()), [20.5, 21])


def wrong_bodies_are_refused(cases):
    with Server() as server:
        server.create("prom")
        for path in ("write", "read"):
            for body in (b"", b"cpu v=1", b"\xff\xff\xff\xff\x0f" + b"x" * 10, b"\x03\x08\xff\xff\xff"):
                answer = server.http("POST", "/api/v1/prom/" + path, {"db": "prom"}, body)
                cases.expect("%s of %r is refused" % (path, body),
                             answer.status in ((400, 413) if body else (204, 200, 400)), answer)
        answer = server.http("POST", "/api/v1/prom/write", {"db": "none"}, b"\x00")
        cases.equal("an unknown database", answer.status, 404)


if __name__ == "__main__":
    need_binary()
    CASES = Cases()
    if shutil.which("prometheus"):
        CASES.run(prometheus_writes_and_reads)
    else:
        CASES.skip("there is no prometheus (apt-get install prometheus)")
    CASES.run(wrong_bodies_are_refused)
    CASES.finish()
