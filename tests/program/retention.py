#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows disappear when their retention policy does not keep them any longer."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary  # noqa: E402

# A server that hangs fails the test; none of the waits below is a measurement.
WAIT_SECONDS_MAX = 60
HOUR = 3600


def metric(server, name):
    for line in server.http("GET", "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    return None


def wait_until(condition):
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def shards_of(server, database):
    return [row for row in server.rows("SHOW SHARDS") if row[1] == database]


def old_rows_go(cases):
    now = int(time.time())
    with Server(flags=["--set", "retention.check_interval=50ms"]) as server:
        server.create("d")
        server.query("CREATE RETENTION POLICY p ON d DURATION INF REPLICATION 1 "
                     "SHARD DURATION 1h DEFAULT")
        ages = (0, 3, 5, 48)
        server.write("d", "\n".join("m,age=h%d v=%di %d" % (age, age, now - age * HOUR)
                                    for age in ages), precision="s")
        cases.equal("an infinite policy keeps everything",
                    sorted(row[1] for row in server.rows("SELECT v FROM m", "d")), sorted(ages))
        runs = metric(server, "varve_retention_runs_total")
        wait_until(lambda: metric(server, "varve_retention_runs_total") > runs + 1)
        cases.equal("however often it is looked for", len(shards_of(server, "d")), 4)

        server.query("ALTER RETENTION POLICY p ON d DURATION 1h")
        cases.expect("a policy made shorter takes effect at the next look",
                     wait_until(lambda: server.rows("SELECT v FROM m", "d", epoch="s")
                                == [[now, 0]]), server.rows("SELECT v FROM m", "d"))
        cases.equal("series go with their rows", server.rows("SHOW SERIES", "d"), [["m,age=h0"]])
        cases.expect("shards too", wait_until(lambda: len(shards_of(server, "d")) == 1),
                     shards_of(server, "d"))
        cases.equal("it is counted", metric(server, "varve_retention_segments_dropped_total"), 3)
        lines = [line for line in server.log_text().splitlines() if "retention.dropped" in line]
        cases.expect("and said in one line", len(lines) == 1 and "segments=3" in lines[0]
                     and "d.p" in lines[0], lines)

        answer = server.write("d", "m v=1i %d\nm v=2i %d" % (now - 3 * HOUR, now), precision="s")
        cases.expect("a row older than the policy keeps is refused, the others are stored",
                     answer.status == 400 and "partial write" in answer.text
                     and "dropped=1" in answer.text, answer)
        cases.equal("as its text says", len(server.rows("SELECT v FROM m", "d")), 2)

        server.kill()
        server.start()
        cases.equal("nothing comes back after kill -9",
                    sorted(server.rows("SELECT v FROM m", "d", epoch="s")), [[now, 0], [now, 2]])
        server.query("ALTER RETENTION POLICY p ON d DURATION INF")
        server.write("d", "m v=7i %d" % (now - 48 * HOUR), precision="s")
        cases.equal("a longer policy takes old rows again",
                    server.rows("SELECT v FROM m WHERE time < now() - 1d", "d", epoch="s"),
                    [[now - 48 * HOUR, 7]])


def main():
    need_binary()
    cases = Cases()
    cases.run(old_rows_go)
    cases.finish()


if __name__ == "__main__":
    main()
