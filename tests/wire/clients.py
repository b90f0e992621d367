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
from server import BINARY, Cases, Server, need_binary, shared_folder  # noqa: E402
from tls import flags, make_certificate  # noqa: E402

CLIENTS = ("curl", "python-influxdb")


def python_as_a_user(cases):
    """The Python client once more, with a user, and then over TLS."""
    cache = os.environ.get("VARVE_SERVICES_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "varve-services")
    python = os.path.join(cache, "clients", "python-influxdb", "venv", "bin", "python")
    if not os.path.exists(python) or shutil.which("openssl") is None:
        return cases.skip("python-influxdb with users: no library, or no openssl", 2)
    on = {"VARVE__AUTH__ENABLED": "true"}
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_client.py")
    with tempfile.TemporaryDirectory(prefix="varve-client-") as folder:
        certificate, key = make_certificate(folder, "server")
        for name, flags_, more in (("with users", [], []),
                                   ("over TLS", flags(certificate, key), [certificate])):
            with Server(env=on, flags=flags_) as server:
                login = [BINARY, "query", "CREATE USER ann WITH PASSWORD 'Secret-1' WITH ALL "
                         "PRIVILEGES", "--url",
                         "%s://127.0.0.1:%d" % ("https" if more else "http", server.port)]
                subprocess.run(login + (["--ca", certificate] if more else []), check=True,
                               stdout=subprocess.DEVNULL)
                run = subprocess.run([python, program, str(server.port), "ann", "Secret-1", *more],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
                cases.expect("client python-influxdb " + name, run.stdout.strip() == b"PASS",
                             run.stdout.decode("utf-8", "replace")[-2000:])


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
            run = subprocess.run([script, "127.0.0.1", str(server.port), client],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            text = run.stdout.decode("utf-8", "replace")
            if re.search(r"\bSKIP\b", text):
                cases.skip("%s: its library could not be installed" % client)
            else:
                cases.expect("client %s" % client, run.returncode == 0 and "PASS" in text, text)
    cases.run(python_as_a_user)
    cases.finish()


if __name__ == "__main__":
    main()
