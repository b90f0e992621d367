#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is deleted is gone at once and stays gone, and nothing else goes with it."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary, request  # noqa: E402

BASE = 1577836800  # 2020-01-01T00:00:00Z
# A server that hangs fails the test; none of the waits below is a measurement.
WAIT_SECONDS_MAX = 60


def wait_until(condition):
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)


def values(server, text, database="d"):
    return sorted(row[-1] for row in server.rows(text, database))


def deletes_survive(cases):
    with Server() as server:
        server.create("d")
        server.write("d", "\n".join("m,h=%s v=%di %d" % ("ab"[i % 2], i, BASE + i)
                                    for i in range(100)), precision="s")
        kept = set(range(100))

        def delete(condition, gone):
            answer = server.query("DELETE FROM m WHERE " + condition, "d")
            kept.difference_update({i for i in kept if gone(i)})
            cases.expect("%s is answered and seen at once" % condition,
                         answer == {"results": [{"statement_id": 0}]}
                         and values(server, "SELECT v FROM m") == sorted(kept), answer)

        def again(how):
            cases.equal("%s brings nothing back" % how, values(server, "SELECT v FROM m"),
                        sorted(kept))

        delete("h = 'a' AND time < %ds" % (BASE + 20), lambda i: i % 2 == 0 and i < 20)
        delete("v >= 90", lambda i: i >= 90)
        delete("h =~ /b/ AND v < 15", lambda i: i % 2 == 1 and i < 15)
        server.kill()
        server.start()
        again("kill -9")
        server.restart()
        again("a restart")
        delete("time = %ds" % (BASE + 50), lambda i: i == 50)
        server.kill()
        server.start()
        again("kill -9 after a restart")
        server.write("d", "m,h=a v=2i %d\nm,h=b v=91i %d" % (BASE + 2, BASE + 91), precision="s")
        kept.update((2, 91))
        again("writing what was deleted")
        server.query("DROP SERIES FROM m WHERE h = 'a'", "d")
        kept.intersection_update(range(1, 100, 2))
        again("DROP SERIES")
        cases.equal("a dropped series is not listed", server.rows("SHOW SERIES", "d"), [["m,h=b"]])
        server.query("DELETE WHERE time > 0", "d")
        cases.equal("nor a measurement without rows", server.rows("SHOW MEASUREMENTS", "d"), [])
        cases.equal("its field may have another type",
                    server.write("d", "m,h=b v=\"text\" %d" % BASE, precision="s").status, 204)
        server.restart()
        cases.equal("which is so after a restart, too", values(server, "SELECT v FROM m"),
                    ["text"])


def shards_go(cases):
    with Server() as server:
        server.create("d")
        server.write("d", "m v=1i %d\nm v=2i %d" % (BASE, BASE + 30 * 86400), precision="s")
        first = min(row[0] for row in server.rows("SHOW SHARDS") if row[1] == "d")
        cases.equal("DROP SHARD is answered", server.query("DROP SHARD %d" % first),
                    {"results": [{"statement_id": 0}]})
        cases.equal("its rows are gone", values(server, "SELECT v FROM m"), [2])
        server.kill()
        server.start()
        cases.equal("after kill -9 as well", values(server, "SELECT v FROM m"), [2])
        server.write("d", "m v=3i %d" % BASE, precision="s")
        cases.equal("its time can be written again", values(server, "SELECT v FROM m"), [2, 3])
        server.query("DROP MEASUREMENT m", "d")
        server.kill()
        server.start()
        cases.equal("a dropped measurement stays dropped", server.rows("SHOW MEASUREMENTS", "d"),
                    [])


def writers_go_on(cases):
    """A delete takes every row acknowledged before it and none written after it."""
    with Server() as server:
        server.create("d")
        lock = threading.Lock()
        acknowledged, failed, stop = [], [], threading.Event()
        deleted_before = 0  # Of the list above.

        def write(number):
            connection, at = server.connect(), 0
            while not stop.is_set():
                at += 1
                answer = request(connection, "POST", "/write", {"db": "d"},
                                 b"m,w=%d v=%di %d" % (number, at, at))
                if answer.status != 204:
                    failed.append(answer)
                    return
                with lock:
                    acknowledged.append((number, at))

        threads = [threading.Thread(target=write, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        wrong = []
        for turn in range(1, 21):
            wait_until(lambda: failed or len(acknowledged) >= 50 * turn)
            with lock:
                count = len(acknowledged)
                before = set(acknowledged[:count])
            answer = server.query("DELETE FROM m", "d")
            if "error" in answer["results"][0]:
                wrong.append(answer)
            deleted_before = count
            rows = {(int(one["tags"]["w"]), row[1])
                    for one in server.series("SELECT v FROM m GROUP BY w", "d")
                    for row in one["values"]}
            wrong += list(before & rows)[:3]
        # Everything acknowledged after the last delete was answered must be there.
        with lock:
            after_index = len(acknowledged)
        wait_until(lambda: failed or len(acknowledged) >= after_index + 200)
        stop.set()
        for thread in threads:
            thread.join()
        cases.expect("writes go on while rows are deleted", not failed, failed[:3])
        cases.expect("20 deletes leave no row from before them", not wrong and deleted_before > 0,
                     wrong[:3])
        server.kill()
        server.start()
        rows = {(int(one["tags"]["w"]), row[1])
                for one in server.series("SELECT v FROM m GROUP BY w", "d")
                for row in one["values"]}
        lost = [pair for pair in acknowledged[after_index:] if pair not in rows]
        cases.expect("and take none from after them, kill -9 included", not lost, lost[:5])
        back = set(acknowledged[:deleted_before]) & rows
        cases.expect("nor does any come back", not back, list(back)[:5])


def main():
    need_binary()
    cases = Cases()
    cases.run(deletes_survive, shards_go, writers_go_on)
    cases.finish()


if __name__ == "__main__":
    main()
