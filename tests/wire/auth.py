#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Users, from outside: who may do what, and that no password shows anywhere."""
import base64
import concurrent.futures
import os
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, need_binary  # noqa: E402

ADMIN = ("ann", "Secret-1")
ON = {"VARVE__AUTH__ENABLED": "true", "VARVE__LOGGING__LEVEL": "trace",
      "VARVE__LOGGING__SLOW_QUERY_AFTER": "1ms"}
SECRETS = ("Secret-1", "Secret-2", "Secret-3", "Secret-4")


def basic(user, password):
    pair = "%s:%s" % (user, password)
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def ask(server, text, who=None, method="POST", database="db", **parameters):
    """(status, document) of one query."""
    answer = server.http(method, "/query", {"q": text, "db": database, **parameters},
                         headers=basic(*who) if who else {})
    return answer.status, answer.json()


def bootstrap(cases):
    with Server(env=ON) as server:
        refusal = (403, {"error": "error authorizing query: create admin user first or disable "
                                  "authentication"})
        cases.equal("before a user nothing is answered", ask(server, "SHOW DATABASES"), refusal)
        cases.equal("nor is a user made who is no administrator",
                    ask(server, "CREATE USER bob WITH PASSWORD 'x'"), refusal)
        answer = server.http("POST", "/write", {"db": "db"}, b"m v=1")
        cases.equal("nor is anything written", answer.status, 404)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda n: ask(
                server, "CREATE USER u%d WITH PASSWORD 'Secret-4' WITH ALL PRIVILEGES" % n)[0],
                                 range(8)))
        cases.equal("of eight who make the first administrator one does",
                    sorted(made), [200] + [401] * 7)
        cases.equal("and then everybody is asked", ask(server, "SHOW DATABASES"),
                    (401, {"error": "unable to parse authentication credentials"}))
        server.restart()
        cases.equal("also after a restart", ask(server, "SHOW DATABASES")[0], 401)
        winner = "u%d" % made.index(200)
        cases.equal("who was made is known", ask(server, "SHOW USERS", (winner, "Secret-4"))[0], 200)


def make_users(server):
    ask(server, "CREATE USER %s WITH PASSWORD '%s' WITH ALL PRIVILEGES" % ADMIN)
    for text in ("CREATE DATABASE db", "CREATE DATABASE other", "CREATE DATABASE hidden",
                 "CREATE USER reader WITH PASSWORD 'Secret-2'",
                 "CREATE USER writer WITH PASSWORD 'Secret-3'", "GRANT READ ON db TO reader",
                 "GRANT READ ON other TO writer", "GRANT WRITE ON db TO writer"):
        status, document = ask(server, text, ADMIN)
        assert status == 200 and "error" not in str(document), (text, document)


def ways_to_say_who(cases, server):
    def status(parameters=None, headers=None, body=None, method="GET"):
        answer = server.http(method, "/query", parameters, body, headers or {})
        return answer.status
    q = {"q": "SHOW MEASUREMENTS", "db": "db"}
    good = {"u": "reader", "p": "Secret-2"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    cases.equal("Basic", status(q, basic("reader", "Secret-2")), 200)
    cases.equal("Token", status(q, {"Authorization": "Token reader:Secret-2"}), 200)
    cases.equal("u and p", status({**q, **good}), 200)
    cases.equal("u and p of a form", status(
        None, form, urllib.parse.urlencode({**q, **good}).encode(), "POST"), 200)
    cases.equal("u and p win over the header",
                status({**q, **good}, basic("reader", "wrong")), 200)
    cases.equal("and lose with it", status({**q, "u": "reader", "p": "wrong"},
                                           basic("reader", "Secret-2")), 401)
    cases.equal("u alone says nothing", status({**q, "u": "reader"}), 401)
    answer = server.http("GET", "/query", q, headers=basic("reader", "wrong"))
    cases.equal("a refusal challenges", answer.headers["WWW-Authenticate"],
                'Basic realm="InfluxDB"')
    cases.equal("without saying more than that it is one",
                (answer.headers["X-Influxdb-Error"], answer.text.strip()),
                (None, '{"error":"authorization failed"}'))
    unknown = server.http("GET", "/query", q, headers=basic("nobody", "wrong"))
    cases.equal("in the same words for a name that nobody has", unknown.text, answer.text)
    csv = server.http("GET", "/query", q, headers={"Accept": "text/csv"})
    cases.equal("in the form that is asked for", csv.headers["Content-Type"], "text/csv")
    for path in ("/ping", "/health", "/health/ready", "/metrics"):
        cases.expect("%s is open" % path, server.http("GET", path).status in (200, 204))
    cases.equal("administration is not", server.http("POST", "/api/v1/verify").status, 401)
    cases.equal("but for administrators",
                server.http("POST", "/api/v1/verify", headers=basic(*ADMIN)).status, 200)
    cases.equal("and no others", server.http("POST", "/api/v1/verify",
                                             headers=basic("reader", "Secret-2")).status, 403)


def what_is_allowed(cases, server):
    reader, writer = ("reader", "Secret-2"), ("writer", "Secret-3")

    def refuses(text, who, needed, **parameters):
        status, document = ask(server, text, who, **parameters)
        cases.equal("%s may not: %s" % (who[0], text), (status, document.get("error", "")[-len(needed):]),
                    (403, needed))

    def allows(text, who, **parameters):
        status, document = ask(server, text, who, **parameters)
        cases.expect("%s may: %s" % (who[0], text), status == 200 and "error" not in document,
                     (status, document))
    write = server.http("POST", "/write", {"db": "db"}, b"m v=1 1", basic(*writer))
    cases.equal("a writer writes", write.status, 204)
    write = server.http("POST", "/write", {"db": "db"}, b"m v=1 1", basic(*reader))
    cases.equal("a reader does not", (write.status, write.json()["error"]),
                (403, '"reader" user is not authorized to write to database "db"'))
    server.http("POST", "/write", {"db": "hidden"}, b"secret v=1 1", basic(*ADMIN))
    allows("SELECT * FROM m", reader)
    refuses("SELECT * FROM m", writer, "requires READ on db")
    refuses("SELECT * FROM hidden..secret", reader, "requires READ on hidden")
    refuses("SELECT * FROM m, hidden..secret", reader, "requires READ on hidden")
    refuses("SELECT max(v) FROM (SELECT v FROM hidden..secret)", reader, "requires READ on hidden")
    refuses("SELECT max(v) FROM (SELECT v FROM (SELECT v FROM hidden.autogen./.*/))", reader,
            "requires READ on hidden")
    refuses("EXPLAIN ANALYZE SELECT * FROM hidden..secret", reader, "requires READ on hidden")
    refuses("SELECT v INTO db..copy FROM other..m", reader, "requires READ on other")
    refuses("SELECT v INTO copy FROM m", reader, "requires WRITE on db")
    refuses("SELECT v INTO hidden..:MEASUREMENT FROM other..m", writer, "requires WRITE on hidden")
    allows("SELECT v INTO db..copy FROM other..m", writer, database="other")
    refuses("SHOW SERIES ON hidden", reader, "requires READ on hidden")
    refuses("SHOW TAG VALUES ON hidden WITH KEY = a", reader, "requires READ on hidden")
    refuses("SHOW MEASUREMENT CARDINALITY ON hidden", reader, "requires READ on hidden")
    refuses("DELETE FROM m", reader, "requires WRITE on db")
    refuses("DROP SERIES FROM m", reader, "requires WRITE on db")
    for text in ("DELETE FROM hidden..secret", "DROP SERIES FROM hidden..secret"):
        ask(server, text, writer)
    refuses("CREATE CONTINUOUS QUERY c ON db BEGIN SELECT max(v) INTO x FROM hidden..secret "
            "GROUP BY time(1m) END", reader, "requires READ on hidden")
    for text in ("DROP MEASUREMENT m", "CREATE DATABASE x", "DROP DATABASE db", "SHOW USERS",
                 "SHOW GRANTS FOR reader", "SET PASSWORD FOR reader = 'x'", "DROP USER ann",
                 "GRANT ALL ON db TO reader", "GRANT ALL PRIVILEGES TO reader", "SHOW SHARDS",
                 "KILL QUERY 1", "SHOW STATS", "SHOW DIAGNOSTICS", "DROP SHARD 1",
                 "SHOW SUBSCRIPTIONS", "CREATE USER x WITH PASSWORD 'Secret-4'"):
        refuses(text, reader, "requires admin privilege")
    refuses("SELECT * FROM m; DROP MEASUREMENT m", reader, "requires admin privilege")
    status, document = ask(server, "SELECT v FROM hidden..secret", ADMIN)
    cases.expect("nobody removed what they may not see", "series" in document["results"][0], document)
    status, document = ask(server, "SHOW MEASUREMENTS", ADMIN)
    cases.expect("and nothing of it ran", ["m"] in document["results"][0]["series"][0]["values"])
    cases.equal("lists show what one may see", ask(server, "SHOW DATABASES", reader)[1],
                {"results": [{"statement_id": 0, "series": [
                    {"name": "databases", "columns": ["name"], "values": [["db"]]}]}]})
    for text in ("SHOW TAG KEYS FROM hidden..secret", "SHOW FIELD KEYS FROM hidden..secret",
                 "SHOW SERIES FROM hidden..secret", "SHOW TAG VALUES FROM hidden..secret WITH KEY = a",
                 "SHOW MEASUREMENTS ON *.*", "SHOW SERIES CARDINALITY FROM hidden..secret",
                 "SHOW FIELD KEY CARDINALITY FROM hidden..secret"):
        _, document = ask(server, text, reader)
        series = [s for r in document.get("results", []) for s in r.get("series", [])]
        seen = [v for s in series for v in s.get("values", []) if v not in ([0],)]
        cases.expect("reader learns nothing by: " + text,
                     "secret" not in str(seen) and not any(s.get("name") == "secret" for s in series),
                     document)


def changes_count_at_once(cases, server):
    cases.equal("a known password", ask(server, "SHOW QUERIES", ("reader", "Secret-2"))[0], 200)
    ask(server, "SET PASSWORD FOR reader = 'Secret-4'", ADMIN)
    cases.equal("the old one is none any more", ask(server, "SHOW QUERIES", ("reader", "Secret-2"))[0],
                401)
    cases.equal("the new one is", ask(server, "SHOW QUERIES", ("reader", "Secret-4"))[0], 200)
    ask(server, "REVOKE ALL ON db FROM reader", ADMIN)
    cases.equal("what was revoked is gone", ask(server, "SHOW QUERIES", ("reader", "Secret-4"))[0], 403)
    ask(server, "DROP USER reader", ADMIN)
    cases.equal("who was dropped is nobody", ask(server, "SHOW QUERIES", ("reader", "Secret-4"))[0], 401)


def flood(cases, server):
    """Wrong passwords from many sides: those who are known, and /ping, do not wait."""
    stop = threading.Event()
    seen = []

    def guess(n):
        i = 0
        while not stop.is_set():
            i += 1
            seen.append(ask(server, "SHOW QUERIES", ("ann", "guess %d %d" % (n, i)))[0])
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        for n in range(40):
            pool.submit(guess, n)
        began, answered = time.monotonic(), 0
        while time.monotonic() - began < 2:
            answered += ask(server, "SHOW DATABASES", ADMIN)[0] == 200
            answered += server.http("GET", "/ping").status == 204
        stop.set()
    cases.expect("the flood is refused", set(seen) <= {401, 503} and seen, set(seen))
    cases.expect("others are answered meanwhile", answered >= 10, answered)


def statements(cases, server):
    """What statements cost, by their shape."""
    def listed(who=ADMIN, **parameters):
        answer = server.http("GET", "/api/v1/statements", parameters, headers=basic(*who))
        return answer.status, answer.json()
    cases.equal("forgotten", server.http("DELETE", "/api/v1/statements",
                                         headers=basic(*ADMIN)).status, 204)
    for n in range(5):
        ask(server, "SELECT v FROM m WHERE v > %d" % n, ADMIN)
    ask(server, "SELECT nosuch(v) FROM m; SELECT v FROM m", ADMIN)
    ask(server, "CREATE USER z WITH PASSWORD 'Secret-4'; DROP USER z", ADMIN)
    _, document = listed()
    found = {s["normalized_query"]: s for s in document["statements"]}
    shape = found.get("SELECT v FROM m WHERE v > ?", {})
    cases.equal("five runs of one shape", (shape.get("exec_count"), shape.get("error_count"),
                                           shape.get("db"), shape.get("stmt_type")),
                (5, 0, "db", "SELECT"))
    cases.expect("with what they gave", shape.get("rows", 0) >= 1 and shape["bytes"] > 100, shape)
    cases.expect("and took", 0 < shape["min_latency_us"] <= shape["avg_latency_us"]
                 <= shape["max_latency_us"] <= shape["sum_latency_us"] and shape["p99_latency_us"],
                 shape)
    failed = [s for s in document["statements"] if "nosuch" in s["normalized_query"]]
    cases.equal("an error is counted", [s["error_count"] for s in failed], [1])
    cases.expect("each statement of a query is there, but those that did not run",
                 "DROP USER z" in found and "SELECT v FROM m" not in found, found)
    cases.expect("no password is", "Secret" not in str(document) and "[REDACTED]" in str(document))
    _, one = listed(sort_by="count", order="desc", limit="1")
    cases.equal("sorted and cut", [s["exec_count"] for s in one["statements"]], [5])
    _, none = listed(stmt_type="DELETE")
    cases.equal("by kind", none["statements"], [])
    _, some = listed(stmt_type="select", db="db", sort_by="latency_avg", order="asc")
    cases.expect("by kind and database", len(some["statements"]) >= 2, some)
    for parameters in ({"sort_by": "x"}, {"order": "x"}, {"limit": "x"}, {"limit": "-1"}):
        cases.equal("refused: %s" % parameters, listed(**parameters)[0], 400)
    cases.equal("nobody else forgets", server.http("DELETE", "/api/v1/statements",
                                                   headers=basic("reader", "Secret-2")).status, 403)
    cases.equal("nor looks without a name", server.http("GET", "/api/v1/statements").status, 401)
    _, own = listed(("reader", "Secret-2"))
    cases.equal("users see databases that they may read",
                {s["db"] for s in own["statements"]}, {"db"})
    cases.equal("and no others", listed(("reader", "Secret-2"), db="hidden")[0], 403)
    cases.expect("slow statements are logged", "query.slow" in server.log_text())


def nothing_shows(cases, server):
    ask(server, "CREATE USER x WITH PASSWORD 'Secret-4' nonsense", ADMIN)
    ask(server, "SHOW QUERIES", None, "GET", u="ann", p="Secret-4")
    log = server.log_text()
    for secret in SECRETS:
        cases.expect("no password in the log", secret not in log)
    _, document = ask(server, "SHOW QUERIES; CREATE USER y WITH PASSWORD 'Secret-4'", ADMIN)
    cases.expect("nor in SHOW QUERIES", "Secret" not in str(document) and
                 "[REDACTED]" in str(document), document)
    for name in os.listdir(server.data):
        path = os.path.join(server.data, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                content = file.read()
            cases.expect("nor in %s" % name, not any(s.encode() in content for s in SECRETS))


def commands(cases, server):
    def run(*words, **environment):
        done = subprocess.run([BINARY, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, env={**os.environ, **environment})
        return done.returncode, done.stdout.decode()
    query = ("query", "SHOW DATABASES", "--url", server.url)
    status, text = run(*query)
    cases.expect("the command says why it is refused",
                 status == 1 and "unable to parse authentication credentials" in text, text)
    status, text = run(*query, "--user", ADMIN[0], "--password", ADMIN[1])
    cases.expect("and takes a user", status == 0 and "hidden" in text, text)
    status, text = run(*query, VARVE_USER=ADMIN[0], VARVE_PASSWORD=ADMIN[1])
    cases.expect("also from the environment", status == 0 and "hidden" in text, text)
    status, text = run("verify", "--host", server.url, "--user", ADMIN[0], "--password", ADMIN[1])
    cases.expect("verify, too", status == 0, text)
    status, text = run("verify", "--url", server.url)
    cases.expect("which is refused without one", status == 1 and "credentials" in text, text)
    path = os.path.join(os.path.dirname(server.data), "points.lp")
    with open(path, "w", encoding="utf-8") as file:
        file.write("imported v=1 1\n")
    status, text = run("import", path, "--db", "db", "--url", server.url, "--user", "writer",
                       "--password", "Secret-3")
    cases.expect("a writer imports", status == 0, text)


def main():
    need_binary()
    cases = Cases()
    cases.run(bootstrap)
    with Server(env=ON) as server:
        make_users(server)
        for each in (ways_to_say_who, what_is_allowed, commands, statements, flood, changes_count_at_once,
                     nothing_shows):
            cases.run(lambda c, each=each: each(c, server))
        cases.expect("the server lived through it", server.is_alive())
    with Server(env={**ON, "VARVE__AUTH__ALLOW_QUERY_PARAM_CREDENTIALS": "false",
                     "VARVE__AUTH__PING_AUTH_ENABLED": "true",
                     "VARVE__AUTH__METRICS_AUTH_ENABLED": "true"}) as server:
        make_users(server)
        good = {"u": ADMIN[0], "p": ADMIN[1]}
        cases.equal("parameters can be forbidden",
                    server.http("GET", "/query", {"q": "SHOW USERS", **good}).status, 401)
        cases.equal("/ping can be guarded", server.http("GET", "/ping").status, 401)
        cases.equal("and asked", server.http("GET", "/ping", headers=basic(*ADMIN)).status, 204)
        cases.equal("/metrics can be guarded", server.http("GET", "/metrics").status, 401)
        cases.equal("for administrators", server.http(
            "GET", "/metrics", headers=basic("writer", "Secret-3")).status, 403)
        cases.equal("who see it", server.http("GET", "/metrics", headers=basic(*ADMIN)).status, 200)
    cases.finish()


if __name__ == "__main__":
    main()
