#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives InfluxDB and Varve the same statements of every kind, most of them damaged, one after the
other, and compares the answers: the refusals' wording and places, and what definitions left behind.

usage: statements.py [--seconds N] [--seed N] [--show N]

InfluxDB 1.13 is $VARVE_INFLUXD, else `influxd`; without one the script skips.
"""
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from answers import difference  # noqa: E402
from rounds import in_rounds  # noqa: E402

ROUND_STATEMENTS = 300
POINTS = "\n".join(
    "cpu,host=h%d,dc=%s v=%d,i=%di,s=\"t%d\",b=%s %d" % (n % 3, "ab"[n % 2], n, n * 2, n % 4, "tf"[n % 2],
                                                       n * 1_000_000_000) for n in range(24))
POINTS += "\nmem,host=h1 used=1.5 5000000000\nmem used=2.5 6000000000\ndisk,path=/ free=1i 7000000000"

STATEMENTS = """
SELECT v FROM cpu
SELECT v , i FROM cpu WHERE host = 'h1' AND v > 3 LIMIT 2
SELECT mean ( v ) FROM cpu WHERE time >= 0 AND time < 24s GROUP BY time ( 6s ) , host fill ( 0 )
SELECT max ( v ) , s FROM "cpu" GROUP BY * ORDER BY time DESC SLIMIT 1 SOFFSET 1
SELECT * FROM /cpu|mem/ WHERE host =~ /h[12]/ LIMIT 3 OFFSET 1
SELECT count ( * ) FROM db . autogen . cpu
SELECT v + i * 2 AS x , - v FROM cpu WHERE ( b = true OR s != 't1' ) AND time < 10s
SELECT derivative ( mean ( v ) , 1s ) FROM cpu WHERE time >= 0s AND time <= 20s GROUP BY time ( 5s )
SELECT top ( v , host , 2 ) FROM cpu
SELECT percentile ( v , 90 ) , median ( i ) FROM cpu tz ( 'Europe/Paris' )
SELECT sum ( x ) FROM ( SELECT max ( v ) AS x FROM cpu GROUP BY host )
SELECT v :: integer , host :: tag FROM cpu LIMIT 4
SELECT distinct ( s ) FROM cpu
SELECT holt_winters ( first ( v ) , 2 , 0 ) FROM cpu WHERE time >= 0 AND time < 24s GROUP BY time ( 4s )
SELECT v INTO copy FROM cpu WHERE host = 'h0'
SHOW DATABASES
SHOW MEASUREMENTS ON db WITH MEASUREMENT =~ /c.*/ LIMIT 1
SHOW MEASUREMENTS WHERE host = 'h1'
SHOW SERIES FROM cpu WHERE dc = 'a' LIMIT 2
SHOW TAG KEYS FROM cpu , mem
SHOW TAG VALUES FROM cpu WITH KEY IN ( host , dc ) WHERE host != 'h0'
SHOW TAG VALUES ON db WITH KEY = "host"
SHOW FIELD KEYS ON db FROM /cpu/
SHOW RETENTION POLICIES ON db
SHOW SERIES CARDINALITY
SHOW SERIES EXACT CARDINALITY ON db
SHOW MEASUREMENT EXACT CARDINALITY
SHOW TAG VALUES EXACT CARDINALITY WITH KEY = host
SHOW CONTINUOUS QUERIES
SHOW USERS
SHOW GRANTS FOR ann
SHOW SUBSCRIPTIONS
CREATE DATABASE other WITH DURATION 7d REPLICATION 1 SHARD DURATION 1h NAME "rp"
CREATE DATABASE db
DROP DATABASE other
CREATE RETENTION POLICY two ON db DURATION 2h REPLICATION 1 SHARD DURATION 1h
ALTER RETENTION POLICY two ON db DURATION 3h
ALTER RETENTION POLICY autogen ON db SHARD DURATION 2h
DROP RETENTION POLICY two ON db
CREATE USER ann WITH PASSWORD 'secret' WITH ALL PRIVILEGES
CREATE USER bob WITH PASSWORD 'x'
SET PASSWORD FOR ann = 'other'
GRANT READ ON db TO bob
GRANT ALL PRIVILEGES TO bob
REVOKE WRITE ON db FROM bob
REVOKE ALL PRIVILEGES FROM ann
DROP USER bob
CREATE CONTINUOUS QUERY cq ON db BEGIN SELECT mean ( v ) INTO m5 FROM cpu GROUP BY time ( 5m ) END
CREATE CONTINUOUS QUERY cq2 ON db RESAMPLE EVERY 10s FOR 20m BEGIN SELECT count ( v ) INTO m6 FROM cpu GROUP BY time ( 10m ) , * END
DROP CONTINUOUS QUERY cq ON db
CREATE SUBSCRIPTION sub ON db . autogen DESTINATIONS ALL 'udp://127.0.0.1:9' , 'udp://127.0.0.1:10'
DROP SUBSCRIPTION sub ON db . autogen
DELETE FROM mem WHERE time < 6s
DELETE WHERE host = 'h9'
DROP SERIES FROM cpu WHERE host = 'h2'
DROP MEASUREMENT disk
DROP SHARD 999
KILL QUERY 99999
EXPLAIN SELECT
""".strip().split("\n")
WORDS = """SELECT FROM WHERE GROUP BY ORDER LIMIT OFFSET SLIMIT SOFFSET fill time AND OR NOT IN = != =~ !~ < > <= >=
+ - * / % & | ^ ( ) , . ; :: AS INTO ON WITH KEY SHOW CREATE DROP ALTER DURATION REPLICATION 1 0 -1 2.5 1e3 5m 1h -2s
0s INF 'x' 'h1' '' "host" "v" v i s b host dc cpu mem /h1/ /[/ true false null * now() mean max count distinct desc asc
tz('UTC') 9223372036854775807 9223372036854775808 1w1d 5 $p "unclosed 'unclosed é := -- /* */ # ! ~ none previous linear
field tag integer float string ALL DATABASES SERIES MEASUREMENT ANY EVERY FOR PASSWORD db autogen nope""".split()


class Servers:
    def __init__(self, oracle, varve):
        self.both = (oracle, varve)

    def fresh(self):
        for server in self.both:
            for text in ["DROP DATABASE %s" % name for name in ("db", "other")] + ["CREATE DATABASE db"]:
                server.query(text)
            users = server.query("SHOW USERS")["results"][0]["series"][0].get("values", [])
            for name, _ in users:
                server.query('DROP USER "%s"' % name)
            for row in server.query("SHOW DATABASES")["results"][0]["series"][0].get("values", []):
                if row[0] not in ("db", "_internal"):
                    server.query('DROP DATABASE "%s"' % row[0])
            answer = server.http("POST", "/write", {"db": "db"}, POINTS.encode())
            assert answer.status == 204, answer

    def ask(self, text):
        answers = []
        for server in self.both:
            try:
                answers.append(server.http("POST", "/query", {"db": "db", "epoch": "ns", "q": text}))
            except OSError as error:
                answers.append(error)
        return answers


def damaged(chance):
    words = chance.choice(STATEMENTS).split(" ")
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        at = chance.randrange(len(words))
        kind = chance.random()
        if kind < 0.25 and len(words) > 1:
            del words[at]
        elif kind < 0.55:
            words[at] = chance.choice(WORDS)
        elif kind < 0.8:
            words.insert(at, chance.choice(WORDS))
        elif kind < 0.9:
            other = chance.randrange(len(words))
            words[at], words[other] = words[other], words[at]
        else:
            words[at] = words[at][:chance.randrange(len(words[at]) + 1)]
    return " ".join(words)


# What the two may answer in their own way, or what takes InfluxDB's memory.
# (The default policy stays: without shards in it InfluxDB lists no series.)
OWN = re.compile(r"CARDINALITY|DEFAULT|now\(\)|SHOW +(QUERIES|STATS|DIAG|SHARD)|KILL|EXPLAIN|/\*|[+-] *\(", re.I)
WINDOWS = re.compile(r"max-select-buckets|too many points")


# InfluxDB takes any order of tags for !=, and deletes accordingly.
ORDERED_DELETE = re.compile(r"(DELETE|DROP SERIES).*[<>]", re.I)
# And any two tags for equal.
PAIRED_DELETE = re.compile(r"(DELETE|DROP SERIES).*\b(host|dc|path)\W*!?=\W*(host|dc|path)\b", re.I)


def is_fair(text):
    """Windows over all times until now would be too many."""
    if PAIRED_DELETE.search(text) or ORDERED_DELETE.search(text) and "time <" not in text:
        return False
    return not OWN.search(text) and not ("GROUP BY time" in text and "time >= 0" not in text
                                        and "CREATE" not in text)


def compare(text, answers):
    one, other = answers
    if isinstance(one, Exception):
        return ""
    if isinstance(other, Exception):
        return "  seen   %s" % other
    if WINDOWS.search(one.text):
        return ""
    if "fields not supported in WHERE clause during deletion" in one.text:
        return ""  # DELETE takes some of them here, and calls the others expressions.
    return difference(text, one, other)


def one_round(servers, seed, shown):
    chance = random.Random(seed)
    servers.fresh()
    agreed = differed = 0
    for _ in range(ROUND_STATEMENTS):
        text = damaged(chance)
        if not is_fair(text):
            continue
        why = compare(text, servers.ask(text))
        if not why:
            agreed += 1
            continue
        differed += 1
        if shown[0] > 0:
            shown[0] -= 1
            print("seed %d: %s\n%s" % (seed, text, why), flush=True)
    return agreed, differed


def main():
    in_rounds(__doc__, one_round, Servers)


if __name__ == "__main__":
    main()
