#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The peak of memory under 64 writers and 64 readers, with limits of 256 and 512 MiB: what
tests/faults/memory.py asks of one of them, longer.

usage: memory.py [SECONDS]
"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECONDS = "8"

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, os.path.join(ROOT, "tests", "faults", "memory.py"),
                             *(sys.argv[1:2] or [SECONDS]), "256", "512"],
                            check=False).returncode)
