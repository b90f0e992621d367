#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The network between a server and its object store is slow, resets, swallows, or is gone: what was
acknowledged stays, questions get an answer or an error, nothing is quarantined, and all is well
again when the network is."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "program"), HERE]
from backup import write  # noqa: E402
from s3 import BUCKET, flags, lose_copies, set_keys  # noqa: E402
from server import Cases, Server, StartError, need_binary  # noqa: E402
from service import Proxy, Service, find_binary  # noqa: E402

IMPATIENT = ("--set", "storage.object_store.retry_total=1s",
             "--set", "storage.object_store.stall_timeout=700ms",
             "--set", "storage.object_store.connect_timeout=700ms",
             "--set", "storage.block_cache_bytes=0")
SUMS = "SELECT count(v), sum(v) FROM busy"


def lines(batch, rows=4_000):
    return "\n".join("busy,host=h%d v=%d,text=\"%s\" %d" % (
        i % 40, batch * rows + i, "%x" % (i * 2_654_435_761 % 2 ** 64), (batch * rows + i) * 10 ** 6)
        for i in range(rows))


def expected(batches, rows=4_000):
    count = batches * rows
    return [count, count * (count - 1) // 2]


def sums(server):
    return server.rows(SUMS, "plant")[0][1:]


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def metric(server, name):
    for line in server.http("GET", "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return 0.0


def nothing_quarantined(cases, server, when):
    cases.equal("nothing is quarantined " + when, metric(server, "varve_quarantined_files"), 0.0)


def slow(cases, service, proxy):
    proxy.set("slow")
    with Server(flags=flags(proxy.endpoint, "slow")) as server:
        server.create("plant")
        for batch in range(6):
            write(server, lines(batch))
        cases.equal("all rows through a slow network", sums(server), expected(6))
        proxy.set("pass")
        server.restart()
        cases.equal("and after a restart", sums(server), expected(6))


def resetting(cases, service, proxy):
    """Connections break while files are uploaded and read."""
    with Server(flags=(*flags(proxy.endpoint, "reset"), *IMPATIENT)) as server:
        server.create("plant")
        for batch in range(12):
            proxy.set("reset" if batch % 3 != 2 else "pass")
            write(server, lines(batch))
            time.sleep(0.1)
        cases.equal("all rows while connections break", sums(server), expected(12))
        cases.expect("retries are counted", until(
            lambda: "varve_object_store_retries_total" in server.http("GET", "/metrics").text))
        proxy.set("pass")
        server.kill()
        server.start()
        cases.equal("and after kill -9", sums(server), expected(12))
        nothing_quarantined(cases, server, "after resets")


def away_while_rows_are_written_out(cases, service, proxy, mode):
    with Server(flags=(*flags(proxy.endpoint, "away-" + mode), *IMPATIENT)) as server:
        server.create("plant")
        write(server, lines(0))
        proxy.set(mode)
        batch, refusal = 1, None
        for _ in range(400):
            answer = server.write("plant", lines(batch))
            if answer.status != 204:
                refusal = answer
                if metric(server, "varve_flush_errors_total") > 0:
                    break
                time.sleep(0.1)
                continue
            batch += 1
        cases.expect("%s: writes are refused before memory grows" % mode,
                     refusal is not None and refusal.status in (500, 503) and batch < 100,
                     (batch, refusal))
        cases.expect("%s: the server answers questions on fresh rows" % mode,
                     sums(server) == expected(batch), sums(server))
        proxy.set("pass")

        def accepted():
            return server.write("plant", lines(batch)).status == 204

        cases.expect("%s: writes go on when the store is back" % mode, until(accepted))
        cases.equal("%s: nothing is lost" % mode, sums(server), expected(batch + 1))
        server.kill()
        server.start()
        cases.equal("%s: nor after kill -9" % mode, sums(server), expected(batch + 1))
        nothing_quarantined(cases, server, "after the store was away")


def away_while_questions_are_asked(cases, service, proxy):
    own = (*flags(proxy.endpoint, "asked"), *IMPATIENT)
    with Server(flags=own) as server:
        server.create("plant")
        for batch in range(8):
            write(server, lines(batch))
        server.stop()
        lose_copies(server.data)
        server.start()
        # The start fetched some blocks again.
        lose_copies(server.data)
        proxy.set("refuse")
        document = server.query(SUMS, "plant")
        cases.expect("a question for what is not at hand gets an error that names the object",
                     "s3://%s/asked/engine" % BUCKET in str(document), document)
        nothing_quarantined(cases, server, "while the store is away")
        cases.expect("the server lives", server.http("GET", "/ping").status == 204)
        proxy.set("pass")
        cases.equal("and is answered when the store is back", sums(server), expected(8))


def away_at_the_start_and_at_the_end(cases, service, proxy):
    own = (*flags(proxy.endpoint, "ends"), *IMPATIENT)
    with Server(flags=own) as server:
        server.create("plant")
        write(server, lines(0))
        server.restart()
        write(server, lines(1))
        proxy.set("refuse")
        begun = time.monotonic()
        server.stop(20)
        cases.expect("it ends in time although the store is away", time.monotonic() - begun < 10)
        try:
            server.start()
            cases.expect("a start without the store is refused", False, "it started")
        except StartError as error:
            told = [line for line in error.output.splitlines() if line.startswith("varve: ")]
            cases.expect("in one sentence that names the object and the fault",
                         len(told) == 1 and "OWNER" in told[0] and "tried" in told[0], error.output)
        proxy.set("pass")
        server.start()
        cases.equal("nothing is lost", sums(server), expected(2))


def the_service_itself_ends(cases, service, proxy):
    with Server(flags=(*flags(service.endpoint, "restarted"), *IMPATIENT)) as server:
        server.create("plant")
        for batch in range(4):
            write(server, lines(batch))
        service.stop()
        service.start()
        for batch in range(4, 8):
            write(server, lines(batch))
        server.restart()
        lose_copies(server.data)
        server.restart()
        cases.equal("kept connections that the service closed harm nothing", sums(server),
                    expected(8))


def main():
    need_binary()
    cases = Cases()
    binary, reason = find_binary()
    if not binary:
        cases.skip(reason)
        cases.finish()
    wanted = sys.argv[1:]
    checks = [slow, resetting, away_while_questions_are_asked, away_at_the_start_and_at_the_end,
              the_service_itself_ends]
    for mode in ("refuse", "stall"):
        def away(all_cases, service, proxy, mode=mode):
            away_while_rows_are_written_out(all_cases, service, proxy, mode)
        away.__name__ = "away_" + mode
        checks.append(away)
    with Service(binary) as service, Proxy(service.port) as proxy:
        service.make_bucket(BUCKET)
        set_keys(proxy.endpoint)
        for check in checks:
            if wanted and check.__name__ not in wanted:
                continue
            proxy.set("pass")

            def run(all_cases, check=check):
                check(all_cases, service, proxy)
            run.__name__ = check.__name__
            cases.run(run)
    cases.finish()


if __name__ == "__main__":
    main()
