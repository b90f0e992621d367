#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Telegraf writes to the built server for some seconds, and nothing may be dropped.

  tests/wire/telegraf.py [SECONDS]      (4 when not said; 600 is the soak of a release)

Three servers at once: open, with users, and with users over TLS; each gets what Telegraf collects
through both of its outputs, of InfluxDB 1 and 2. The program is looked for in PATH and in the cache
where the acceptance programs keep theirs.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import BINARY, Cases, Server, client_cache, need_binary  # noqa: E402
from tls import flags, make_certificate  # noqa: E402

INTERVAL_MS = 200
CONFIGURATION = """
[agent]
  interval = "%(interval)dms"
  flush_interval = "500ms"
  metric_batch_size = 300
  metric_buffer_limit = 5000
  hostname = "tele"
  skip_processors_after_aggregators = true
[[outputs.influxdb]]
  urls = ["%(url)s"]
  database = "one"
  content_encoding = "gzip"
%(login)s
%(ca)s
[[outputs.influxdb_v2]]
  urls = ["%(url)s"]
  bucket = "two"
  organization = "-"
  token = "%(token)s"
%(ca)s
[[inputs.cpu]]
  percpu = true
[[inputs.mem]]
[[inputs.internal]]
  collect_memstats = false
"""


def program():
    """Telegraf, or None."""
    return shutil.which("telegraf") or shutil.which(os.path.join(client_cache("telegraf"), "telegraf"))


def start(server, folder, certificate, has_users):
    url = "%s://127.0.0.1:%d" % ("https" if certificate else "http", server.port)
    ca = ["--ca", certificate] if certificate else []
    if has_users:
        subprocess.run([BINARY, "query", "CREATE USER ann WITH PASSWORD 'Secret-1' WITH ALL "
                        "PRIVILEGES", "--url", url, *ca], check=True, stdout=subprocess.DEVNULL)
    login = ["--user", "ann", "--password", "Secret-1"] if has_users else []
    ask = [BINARY, "query", "--url", url, "--format", "csv", "--epoch", "ms", *login, *ca]
    subprocess.run([*ask, "CREATE DATABASE two"], check=True, stdout=subprocess.DEVNULL)
    file = os.path.join(folder, "telegraf.conf")
    with open(file, "w") as out:
        out.write(CONFIGURATION % {
            "interval": INTERVAL_MS, "url": url, "token": "ann:Secret-1",
            "ca": '  tls_ca = "%s"' % certificate if certificate else "",
            "login": '  username = "ann"\n  password = "Secret-1"' if has_users else ""})
    log = open(os.path.join(folder, "telegraf.log"), "wb")
    return ask, subprocess.Popen([program(), "--config", file], stdout=log, stderr=log)


def column(ask, text, database):
    """The numbers of the last column of an answer."""
    out = subprocess.run([*ask, "--db", database, text], check=True, stdout=subprocess.PIPE).stdout
    rows = [line.split(",") for line in out.decode().splitlines()]
    return [float(row[-1]) for row in rows if re.fullmatch(r"-?[0-9.e+]+", row[-1])]


def check(cases, name, ask, folder, seconds):
    with open(os.path.join(folder, "telegraf.log"), encoding="utf-8", errors="replace") as log:
        errors = [line for line in log if re.search(r" [EW]! \[(outputs|agent)", line)]
    cases.equal("%s: Telegraf reports no trouble" % name, errors, [])
    for database in ("one", "two"):
        dropped = column(ask, "SELECT max(metrics_dropped) FROM internal_write GROUP BY output", database)
        cases.equal("%s, %s: nothing is dropped" % (name, database), dropped, [0.0, 0.0])
        stored = column(ask, "SELECT count(usage_idle) FROM cpu WHERE cpu = 'cpu-total'", database)
        cases.expect("%s, %s: what %d s collect is stored" % (name, database, seconds),
                     stored and stored[0] >= seconds, stored)
    both = [column(ask, "SELECT count(total) FROM mem", database) for database in ("one", "two")]
    cases.equal("%s: both outputs stored the same" % name, both[0], both[1])


def main():
    need_binary()
    cases = Cases()
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    if program() is None or shutil.which("openssl") is None:
        cases.skip("there is no telegraf, or no openssl", 18)
        cases.finish()
    with tempfile.TemporaryDirectory(prefix="varve-telegraf-") as folder:
        certificate, key = make_certificate(folder, "server")
        users = {"VARVE__AUTH__ENABLED": "true"}
        with Server() as open_server, Server(env=users) as with_users, \
                Server(env=users, flags=flags(certificate, key)) as with_tls:
            running = []
            for name, server, has_users, ca in (("open", open_server, False, None),
                                                ("users", with_users, True, None),
                                                ("TLS", with_tls, True, certificate)):
                own = os.path.join(folder, name)
                os.mkdir(own)
                running.append((name, own, *start(server, own, ca, has_users)))
            time.sleep(seconds)
            for *_, process in running:
                process.send_signal(signal.SIGTERM)
            for name, own, ask, process in running:
                process.wait(30)
                check(cases, name, ask, own, seconds)
    cases.finish()


if __name__ == "__main__":
    main()
