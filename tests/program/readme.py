#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What README.md tells a newcomer to type does what it says: its curl and query lines are run."""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, ROOT, Server, need_binary  # noqa: E402


def commands_of(path):
    """Lines of the code blocks, continued lines joined."""
    with open(path, encoding="utf-8") as file:
        blocks = re.findall(r"^```\n(.*?)^```", file.read(), re.M | re.S)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def run_commands(cases):
    commands = [line for line in commands_of(os.path.join(ROOT, "README.md"))
                if line.startswith("curl ") or line.startswith("build/varve query ")
                or line.startswith("build/varve import ")]
    cases.expect("README shows commands", len(commands) >= 6, commands)
    with tempfile.TemporaryDirectory() as folder, Server(flags=["--collect-host"]) as server:
        with open(os.path.join(folder, "points.lp"), "w", encoding="ascii") as file:
            file.write("imported v=1 1\n")
        subprocess.run(["gzip", os.path.join(folder, "points.lp")], check=True)
        for _ in range(80):  # The collector's first figures of the processor need two rounds.
            if ["host"] in server.rows("SHOW DATABASES") and server.series(
                    "SELECT last(usage_user) FROM cpu", "host"):
                break
            time.sleep(0.25)
        address = "127.0.0.1:%d" % server.port
        for command in commands:
            line = command.replace("127.0.0.1:8086", address).replace("build/varve", BINARY)
            if not line.startswith("curl"):
                line += " --host " + address
            run = subprocess.run(["bash", "-c", line.replace("curl ", "curl -sS --fail ")],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                                 cwd=folder)
            text = run.stdout.decode("utf-8", "replace")
            cases.expect(command, run.returncode == 0 and "error" not in text, text[-500:])
            if "SELECT" in command:
                cases.expect("%s: has an answer" % command, any(
                    word in text for word in ("temperature", "mean")), text[-500:])
        cases.equal("the imported point is there",
                    server.rows("SELECT v FROM imported", "demo", epoch="ns"), [[1, 1]])


def main():
    need_binary()
    cases = Cases()
    cases.run(run_commands)
    cases.finish()


if __name__ == "__main__":
    main()
