#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Acceptance programs with real client libraries against the built server, when they are at hand.

The programs are looked for in $VARVE_SHARED/clients, else in ../shared/clients. One case each.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import BINARY, Cases, Server, client_cache, need_binary, shared_folder  # noqa: E402
from tls import flags, make_certificate  # noqa: E402

CLIENTS = ("curl", "influx-cli", "node-influx", "python-influxdb-client", "python-influxdb", "telegraf")
HERE = os.path.dirname(os.path.abspath(__file__))


def first(*paths):
    """The first of these programs or folders that is there."""
    return next((path for path in paths if path and (os.path.exists(path) or shutil.which(path))), None)


def as_a_user():
    """name -> command line (without port, user, password, certificate), environment; None: no library."""
    node = first(os.path.join(client_cache("node-influx"), "node_modules"))
    for name, program in (("python-influxdb", "python_client.py"),
                          ("python-influxdb-client", "python_v2_client.py")):
        python = first(os.path.join(client_cache(name), "venv", "bin", "python"))
        yield name, python and [python, os.path.join(HERE, program)], {}
    yield ("node-influx", node and [first("node"), os.path.join(HERE, "node_client.cjs")],
           {"NODE_PATH": node or ""})
    for name, program in (("influx-cli", "influx"), ("curl", "curl")):
        yield (name, shutil.which(program) and ["bash", os.path.join(HERE, program + "_client.sh")], {})


def clients_as_users(cases):
    """Each client once more with a user, and then over TLS."""
    if shutil.which("openssl") is None:
        return cases.skip("clients with users: no openssl", 10)
    on = {"VARVE__AUTH__ENABLED": "true"}
    with tempfile.TemporaryDirectory(prefix="varve-client-") as folder:
        certificate, key = make_certificate(folder, "server")
        for how, flags_, more in (("with users", [], []),
                                  ("over TLS", flags(certificate, key), [certificate])):
            with Server(env=on, flags=flags_) as server:
                login = [BINARY, "query", "CREATE USER ann WITH PASSWORD 'Secret-1' WITH ALL "
                         "PRIVILEGES", "--url",
                         "%s://127.0.0.1:%d" % ("https" if more else "http", server.port)]
                subprocess.run(login + (["--ca", certificate] if more else []), check=True,
                               stdout=subprocess.DEVNULL)
                for name, command, env in as_a_user():
                    if command is None:
                        cases.skip("client %s %s: it is not installed" % (name, how))
                        continue
                    run = subprocess.run([*command, str(server.port), "ann", "Secret-1", *more],
                                         env={**os.environ, **env}, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, timeout=120)
                    cases.expect("client %s %s" % (name, how), run.stdout.strip().endswith(b"PASS"),
                                 run.stdout.decode("utf-8", "replace")[-2000:])


def can_install(client):
    """Telegraf takes minutes to build: it is used where somebody has built it before."""
    return client != "telegraf" or first(os.path.join(client_cache("telegraf"), ".done"))


def main():
    need_binary()
    cases = Cases()
    shared = shared_folder()
    script = os.path.join(shared, "clients", "influx", "run-all.sh") if shared else None
    if not script or not os.path.isfile(script):
        if os.environ.get("CI") == "true":
            cases.expect("the client programs are at hand in CI", False, "set VARVE_SHARED")
        else:
            cases.skip("the client programs are not at hand (VARVE_SHARED, ../shared)",
                       len(CLIENTS))
        cases.finish()
    with Server() as server:
        for client in CLIENTS:
            if not can_install(client):
                cases.skip("client %s: it is not installed" % client)
                continue
            run = subprocess.run([script, "127.0.0.1", str(server.port), client],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            text = run.stdout.decode("utf-8", "replace")
            if re.search(r"\bSKIP\b", text):
                cases.skip("%s: its library could not be installed" % client)
            else:
                cases.expect("client %s" % client, run.returncode == 0 and "PASS" in text, text)
    cases.run(clients_as_users)
    cases.finish()


if __name__ == "__main__":
    main()
