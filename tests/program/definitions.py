#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Users, grants, continuous queries and subscriptions outlive the process; passwords stay secret."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import Cases, Server, need_binary  # noqa: E402

PASSWORD = "s3cret-Passw0rd"
QUERY = ("CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO d.autogen.m5 FROM d.autogen.cpu "
         "GROUP BY time(5m) END")


def lists(server):
    return {
        "users": server.rows("SHOW USERS"),
        "grants": server.rows("SHOW GRANTS FOR bob"),
        "queries": [row for row in server.rows("SHOW CONTINUOUS QUERIES") if row[0] == "c"],
        "subscriptions": server.rows("SHOW SUBSCRIPTIONS"),
    }


def files_with(folder, secret):
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                if secret.encode() in file.read():
                    found.append(name)
    return found


def definitions_stay(cases):
    with Server(flags=["--log-level", "debug"]) as server:
        server.create("d")
        for statement in ("CREATE USER bob WITH PASSWORD '%s'" % PASSWORD,
                          "CREATE USER ann WITH PASSWORD 'x' WITH ALL PRIVILEGES",
                          "SET PASSWORD FOR ann = '%s'" % PASSWORD,
                          "GRANT READ ON d TO bob", QUERY,
                          "CREATE SUBSCRIPTION s ON d.autogen DESTINATIONS ANY 'http://127.0.0.1:9'"):
            cases.equal(statement.split("'")[0] + " is answered", server.query(statement),
                        {"results": [{"statement_id": 0}]})
        wanted = {
            "users": [["bob", False], ["ann", True]],
            "grants": [["d", "READ"]],
            "queries": [["c", QUERY]],
            "subscriptions": [["autogen", "s", "ANY", ["http://127.0.0.1:9"]]],
        }
        cases.equal("what was defined is listed", lists(server), wanted)
        cases.equal("a password is nowhere on the disk", files_with(server.data, PASSWORD), [])
        server.kill()
        server.start()
        cases.equal("everything is there after kill -9", lists(server), wanted)
        server.restart()
        cases.equal("and after a restart", lists(server), wanted)
        cases.equal("the password still verifies", server.query(
            "CREATE USER bob WITH PASSWORD '%s'" % PASSWORD), {"results": [{"statement_id": 0}]})
        cases.equal("another does not", server.query("CREATE USER bob WITH PASSWORD 'x'"),
                    {"results": [{"statement_id": 0, "error": "user already exists"}]})
        cases.equal("nor is it in a file now", files_with(server.data, PASSWORD), [])
        cases.expect("nor in the log", PASSWORD not in server.log_text())


def main():
    need_binary()
    cases = Cases()
    cases.run(definitions_stay)
    cases.finish()


if __name__ == "__main__":
    main()
