#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`[cardinality]`: writes beyond a limit get a 422, whole; known series go on; room comes back."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary  # noqa: E402

FLAGS = ["--set", "cardinality.max_tag_values_per_measurement=3",
         "--set", "cardinality.max_measurements_per_database=2",
         "--set", "cardinality.max_series_per_database=6"]
VALUES = 'cardinality limit exceeded: measurement "m" tag "t" has 3 values (limit: 3)'


def refused(answer, text):
    return answer.status == 422 and answer.json() == {"error": text}


def values_of_tags(cases, server):
    server.create("d")
    cases.equal("as many values as the limit are written",
                server.write("d", "m,t=a v=1 1\nm,t=b v=1 1\nm,t=c v=1 1").status, 204)
    answer = server.write("d", "m,t=a v=2 2\nm,t=d v=2 2\nother v=1 1")
    cases.expect("one more is refused with 422 and named", refused(answer, VALUES), answer)
    cases.expect("and nothing of the request is stored",
                 server.rows("SELECT count(v) FROM m", "d") == [["1970-01-01T00:00:00Z", 3]]
                 and server.rows("SHOW MEASUREMENTS", "d") == [["m"]])
    cases.equal("known series go on", server.write("d", "m,t=a v=2 2\nm,t=c v=3 2").status, 204)
    answer = server.http("POST", "/api/v2/write", {"bucket": "d"}, b"m,t=d v=2 2")
    cases.equal("writes by the API of InfluxDB 2 are limited too", answer.status, 422)


def after_a_restart(cases, server):
    server.stop()
    server.start()
    answer = server.write("d", "m,t=d v=2 2")
    cases.expect("the limit holds after a restart", refused(answer, VALUES), answer)
    cases.equal("known series go on after a restart", server.write("d", "m,t=b v=9 9").status, 204)


def measurements_and_series(cases, server):
    cases.equal("a second measurement fits", server.write("d", "n v=1 1").status, 204)
    answer = server.write("d", "n v=2 2\no v=1 1")
    cases.expect("a third does not", refused(
        answer, 'cardinality limit exceeded: database "d" has 2 measurements (limit: 2)'), answer)
    cases.equal("series up to the limit fit",
                server.write("d", "n,u=1 v=1 1\nn,u=2 v=1 1").status, 204)
    answer = server.write("d", "n,u=3 v=1 1")
    cases.expect("one more does not", refused(
        answer, 'cardinality limit exceeded: database "d" has 6 series (limit: 6)'), answer)
    server.create("e")
    cases.equal("another database counts for itself", server.write("e", "o,t=x v=1 1").status, 204)


def room(cases, server):
    server.query("DELETE FROM m WHERE t = 'a'", "d")
    cases.equal("a delete makes room for a value", server.write("d", "m,t=d v=1 1").status, 204)
    answer = server.write("d", "m,t=a v=1 3")
    cases.expect("which is then gone for what was deleted", refused(answer, VALUES), answer)
    server.query("DROP SERIES FROM n WHERE u = '1'", "d")
    cases.equal("DROP SERIES makes room for a series", server.write("d", "n,u=3 v=1 1").status, 204)
    server.query("DROP MEASUREMENT n", "d")
    cases.equal("DROP MEASUREMENT makes room for a measurement and its series",
                server.write("d", "o,t=1 v=1 1\no,t=2 v=1 1\no,t=3 v=1 1").status, 204)


def main():
    need_binary()
    cases = Cases()
    with Server(flags=FLAGS) as server:
        for function in (values_of_tags, after_a_restart, measurements_and_series, room):
            cases.run(lambda c, f=function: f(c, server))
    cases.finish()


if __name__ == "__main__":
    main()
