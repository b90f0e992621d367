#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The questions of the peers harness asked by several clients at once, each with a connection kept.

  bench/many_clients.py --harness DIR --work DIR [--set A] [--clients 8] [--targets ours,questdb]
      [--types single-groupby-1-1-1,…] [--seconds 2]

DIR of --harness holds peers.py; --work its folder, in which the targets' data is loaded already
(`peers.py measure` leaves it there). Prints, for each type, questions a second, the median and p99
of a question in ms, and server CPU in ms a question; of peers with the ratio peer / the first.
"""
import argparse
import http.client
import multiprocessing
import sys
import time


def ask(port, paths, until, out):
    """Asks in turn until the time is over; puts the seconds each took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    took, at = [], 0
    wrong = None
    while wrong is None and time.time() < until:
        begin = time.perf_counter()
        connection.request("GET", paths[at % len(paths)])
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            wrong = "status %d of %s" % (answer.status, paths[at % len(paths)][:200])
        took.append(time.perf_counter() - begin)
        at += 1
    out.put((wrong, took))


def measure(target, paths, clients, seconds):
    ask(target.port, paths, time.time() + seconds / 8, multiprocessing.SimpleQueue())
    out, until, cpu = multiprocessing.Queue(), time.time() + seconds, target.cpu()
    running = [multiprocessing.Process(target=ask, args=(target.port, paths[i::clients], until, out))
               for i in range(clients)]
    begin = time.perf_counter()
    for each in running:
        each.start()
    answers = [out.get() for _ in running]
    wall = time.perf_counter() - begin
    for each in running:
        each.join()
    for wrong, _ in answers:
        if wrong:
            raise SystemExit(wrong)
    took = sorted(second for _, seconds_took in answers for second in seconds_took)
    return (len(took) / wall, took[len(took) // 2] * 1e3, took[int(len(took) * .99)] * 1e3,
            (target.cpu() - cpu) / len(took) * 1e3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--harness", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--set", default="A")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--targets", default="ours,influx16,vm179,questdb")
    parser.add_argument("--types", default="")
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    sys.path.insert(0, options.harness)
    import peers
    import workload
    known = peers.targets(options.work)
    targets = [known[name] for name in options.targets.split(",")]
    types = options.types.split(",") if options.types else list(workload.TYPES)
    for target in targets:
        target.start()
    print("| query, %d clients | %s |" % (options.clients, " | ".join(
        "%s q/s | p50 ms | p99 ms | CPU ms" % target.name for target in targets)))
    print("|---|" + "---|" * 4 * len(targets))
    try:
        for kind in types:
            cells, first = [], None
            for target in targets:
                paths = [workload.RENDER[target.query](each)
                         for each in workload.params(kind, options.set, 8 * options.clients, seed=7)]
                if paths[0] is None:
                    cells += ["-"] * 4
                    continue
                figures = measure(target, paths, options.clients, options.seconds)
                first = first or figures
                cells += ["%.3g" % figure if figures is first else "%.3g (%.2fx)" % (figure, figure / base)
                          for figure, base in zip(figures, first)]
            print("| %s | %s |" % (kind, " | ".join(cells)), flush=True)
    finally:
        for target in targets:
            target.stop()


if __name__ == "__main__":
    main()
