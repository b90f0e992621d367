#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the InfluxQL conformance corpus against the built server, when the corpus is at hand.

  tests/corpus/run.py [--all]     the topics of topics.txt: every case must pass, except those
                                  that expected_failures.txt names with a reason
  tests/corpus/run.py --baseline  all topics; only prints the score
  tests/corpus/run.py --topic T   one topic, with its failures in full

The corpus is looked for in $VARVE_SHARED, else in ../shared. Without it the cases are skipped, but
where CI=true that is a failure: there it has to be.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

# What the corpus expects of the server that asks who its clients are.
AUTH = {"VARVE__AUTH__ENABLED": "true", "VARVE__AUTH__JWT_SHARED_SECRET": "conformance-secret"}
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from server import Cases, Server, need_binary, shared_folder  # noqa: E402


def read_list(name):
    """Lines of a list beside this file, without comments and blank lines."""
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def expected_failures():
    """{"topic / case": reason}; a line is `topic / case :: reason`."""
    found = {}
    for line in read_list("expected_failures.txt"):
        name, _, reason = line.partition(" :: ")
        if not reason:
            sys.exit("expected_failures.txt: a line lacks its reason: %s" % line)
        found[name.strip()] = reason.strip()
    return found


def run_corpus(folder, urls, topic=None, show=0, part="cases"):
    """[(topic, case, reason or None)] of one run, and what the runner printed."""
    url, auth_url = urls
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, os.path.join(folder, "run_corpus.py"), "--url", url,
                   "--auth-url", auth_url, "--compat", "any", "--json", out.name,
                   "--show-failures", str(show), os.path.join(folder, part)]
        if topic:
            command += ["--topic", topic]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = run.stdout.decode("utf-8", "replace")
        try:
            with open(out.name, encoding="utf-8") as file:
                report = json.load(file)["cases"]
        except ValueError:
            return None, text
    return [(c["topic"], c["name"], c["reason"]) for c in report], text


def find_corpus(cases):
    shared = shared_folder()
    folder = os.path.join(shared, "corpora", "influxql") if shared else None
    if folder and os.path.isfile(os.path.join(folder, "run_corpus.py")):
        return folder
    if os.environ.get("CI") == "true":
        cases.expect("the InfluxQL corpus is at hand in CI", False, "set VARVE_SHARED")
    else:
        cases.skip("the InfluxQL corpus is not at hand (VARVE_SHARED, ../shared)")
    cases.finish()


def baseline(folder, urls):
    results, text = run_corpus(folder, urls)
    if results is None:
        sys.exit(text)
    by_topic = collections.OrderedDict()
    for topic, _, reason in results:
        passed, total = by_topic.get(topic, (0, 0))
        by_topic[topic] = (passed + (reason is None), total + 1)
    listed = set(read_list("topics.txt"))
    for topic, (passed, total) in by_topic.items():
        print("%-22s %4d/%-4d %s" % (topic, passed, total, "required" if topic in listed else ""))
    passed = sum(p for p, _ in by_topic.values())
    print("%d passed, %d failed" % (passed, len(results) - passed))


def check_topic(cases, folder, urls, topic, excused):
    name, _, part = topic.partition(" of ")
    results, text = run_corpus(folder, urls, name, part=part or "cases")
    if not cases.expect("the runner works for topic %s" % topic, results, text[-2000:]):
        return
    left_out = 0
    for _, name, reason in results:
        full = "%s / %s" % (topic, name)
        if full not in excused:
            cases.expect(full, reason is None, reason)
        elif reason is None:
            print("passes now, take it off expected_failures.txt: %s" % full)
            cases.passed += 1
        else:
            left_out += 1
    if left_out:
        cases.skip("%d cases of %s are excused in tests/corpus/expected_failures.txt" %
                   (left_out, topic), left_out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="also print the score of all topics")
    parser.add_argument("--baseline", action="store_true")
    parser.add_argument("--topic")
    options = parser.parse_args()
    need_binary()
    cases = Cases()
    folder = find_corpus(cases)
    with Server() as server, Server(env=AUTH) as guarded:
        urls = (server.url, guarded.url)
        if options.topic:
            print(run_corpus(folder, urls, options.topic, 1000)[1])
            return
        if not options.baseline:
            excused = expected_failures()
            for topic in read_list("topics.txt"):
                check_topic(cases, folder, urls, topic, excused)
        if options.baseline or options.all:
            baseline(folder, urls)
        if options.baseline:
            return
        for each in (server, guarded):
            cases.expect("the server lived through it", each.is_alive(), each.log_text()[-2000:])
    cases.finish()


if __name__ == "__main__":
    main()
