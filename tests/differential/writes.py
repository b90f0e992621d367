#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends InfluxDB and Varve the same bodies of line protocol, most of them damaged, and compares what
each answers and what each then holds.

usage: writes.py [--seconds N] [--seed N] [--show N]

InfluxDB 1.13 is $VARVE_INFLUXD, else `influxd`; without one the script skips.
"""
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from answers import same_series  # noqa: E402
from rounds import in_rounds  # noqa: E402

ROUND_BODIES = 200
NAMES = ["m", "cpu", "a b", "c,d", "e=f", "g\"h", "i\\j", "é", "k\\", "time", "_x", "123", "#n"]
VALUES = ["1", "-2.5", "3i", "-4i", "t", "F", "true", "False", '"s"', '"a b,c=d"', '"q\\"r"', '"\\\\"',
          '"line\nbreak"', "1e3", "1E-2", "+7", ".5", "6.", "9223372036854775807i", "9223372036854775808i",
          "NaN", "Inf", "-inf", "1e400", "0x10", "1_000", "TRUE", "tru", "ii", "-", "1i2", "é",
          '""', "'x'", "1e", "00012", "-0", "-0i", "0012i", "1.5i"]
TIMES = ["", "1", "0", "-1", "1600000000000000000", "9223372036854775806", "9223372036854775807",
         "-9223372036854775806", "-9223372036854775808", "99999999999999999999", "1.5", "1e9", "+5", "x", "007",
         "-0", "9223372036854775"]
DAMAGE = list(",= \\\"\n\r\t#'.-+iute0\0") + ["\\ ", "\\,", "\\=", "\\\\", "  ", ",,", "==", "\n\n", "é", "\x7f"]
PRECISIONS = ["", "ns", "n", "u", "us", "µ", "ms", "s", "m", "h", "d", "S", "x"]


def escaped(chance, name):
    if chance.random() < 0.15:
        return name
    return "".join("\\" + letter if letter in ", =" else letter for letter in name)


def line(chance):
    text = escaped(chance, chance.choice(NAMES))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        text += "," + escaped(chance, chance.choice(NAMES)) + "=" + escaped(chance, chance.choice(NAMES))
    fields = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        fields.append(escaped(chance, chance.choice(NAMES)) + "=" + chance.choice(VALUES[:11]
                      if chance.random() < 0.7 else VALUES))
    text += " " + ",".join(fields)
    when = chance.choice(TIMES[1:5] if chance.random() < 0.7 else TIMES)
    return text + (" " + when if when else "")


def damaged(chance, text):
    for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 3))):
        at = chance.randrange(len(text) + 1)
        kind = chance.random()
        if kind < 0.4:
            text = text[:at] + chance.choice(DAMAGE) + text[at:]
        elif kind < 0.7:
            text = text[:at] + text[at + 1:]
        elif kind < 0.85:
            end = min(len(text), at + chance.randrange(1, 9))
            text = text[:at] + text[end:]
        else:
            other = chance.randrange(len(text) + 1)
            text = text[:at] + text[other:other + 6] + text[at:]
    return text


def body(chance):
    return "\n".join(damaged(chance, line(chance)) for _ in range(chance.choice((1, 1, 1, 2, 4))))


class Pair:
    def __init__(self, oracle, varve):
        self.servers, self.count = (oracle, varve), 0

    def fresh(self):
        self.count += 1
        for server in self.servers:
            server.query('CREATE DATABASE "w%d"' % self.count)
        return "w%d" % self.count

    def drop(self, name):
        for server in self.servers:
            server.query('DROP DATABASE "%s"' % name)

    def write(self, name, text, precision):
        words = {"db": name, **({"precision": precision} if precision else {})}
        answers = [server.http("POST", "/write", words, text.encode("utf-8", "surrogatepass"))
                   for server in self.servers]
        return [(answer.status, answer.text) for answer in answers]

    def held(self, name):
        """What each holds, in the same order."""
        both = []
        for server in self.servers:
            answer = server.http("GET", "/query", {"db": name, "epoch": "ns", "q": "SELECT * FROM /.*/ GROUP BY *"})
            result = answer.json().get("results", [{}])[0]
            both.append((result.get("error"), result.get("series", [])))
        return both


def same_content(both):
    (error, ones), (other_error, others) = [
        # InfluxDB loses measurements whose names have a backslash before a comma.
        (error, [each for each in all_series if "\\" not in each["name"]]) for error, all_series in both]
    return error == other_error and len(ones) == len(others) and all(map(same_series, ones, others))


def report(seed, text, precision, why):
    print("seed %d precision %r: %r" % (seed, precision, text))
    print("\n".join("  %s" % (each,) for each in why), flush=True)


def smaller(text):
    lines = text.split("\n")
    if len(lines) > 1:
        for at in range(len(lines)):
            yield "\n".join(lines[:at] + lines[at + 1:])
    for size in (8, 4, 2, 1):
        for at in range(0, len(text), size):
            yield text[:at] + text[at + size:]


def differs(pair, text, precision):
    """What differs when a fresh database gets this body alone, or None."""
    name = pair.fresh()
    try:
        one, other = pair.write(name, text, precision)
        if "partial write" in one[1] and "\n" in text.strip("\n") and one[0] == other[0]:
            return None  # Of points in several shards InfluxDB tells what one of them said.
        if one != other and not same_words(name, one, other):
            return "wanted %s" % (one,), "seen   %s" % (other,)
        if "partial write" in one[1]:
            return None  # InfluxDB keeps names of a point that it refused.
        both = pair.held(name)
        return None if same_content(both) or is_clocked(both) else ("wanted %s" % (both[0],), "seen   %s" % (both[1],))
    finally:
        pair.drop(name)


def is_clocked(both):
    """Whether points that took the time of each server's own clock are in it."""
    return any(row[0] > 1_700_000_000_000_000_000 and row[0] < 2_200_000_000_000_000_000
               for _, all_series in both for series in all_series for row in series.get("values", []))


def same_words(name, one, other):
    return one[0] == other[0] and one[1].replace(name, "") == other[1].replace(name, "")


def shrink(pair, text, precision):
    going = True
    while going:
        going = False
        for less in smaller(text):
            if less and differs(pair, less, precision):
                text, going = less, True
                break
    return text


def one_round(pair, seed, shown):
    chance = random.Random(seed)
    agreed = differed = 0
    for _ in range(ROUND_BODIES):
        text = body(chance)
        precision = chance.choice(PRECISIONS) if chance.random() < 0.2 else "ns"
        why = differs(pair, text, precision)
        if why is None:
            agreed += 1
            continue
        differed += 1
        if shown[0] > 0:
            shown[0] -= 1
            text = shrink(pair, text, precision)
            report(seed, text, precision, differs(pair, text, precision) or why)
    return agreed, differed


def main():
    in_rounds(__doc__, one_round, Pair)


if __name__ == "__main__":
    main()
