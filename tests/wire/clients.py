#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Acceptance programs with real client libraries against the built server, when they are at hand.

The programs are looked for in $VARVE_SHARED/clients, else in ../shared/clients. One case each.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary, shared_folder  # noqa: E402

CLIENTS = ("curl", "python-influxdb")


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
    cases.finish()


if __name__ == "__main__":
    main()
