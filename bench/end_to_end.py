#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures a built server from outside, over loopback HTTP, and prints a Markdown table.

  bench/end_to_end.py [--hosts 100] [--rows 8640] [--writers 2] [--batch 5000]

The data is a day of machines measured every 10 s: 10 tags, 10 integer fields that walk at random
between 0 and 100. Bodies are made before the clock starts. CPU is the server's own, all threads.
$VARVE_BUILD names the build folder (default: build).
"""
import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests"))
import server as varve  # noqa: E402

FIELDS = ("usage_user usage_system usage_idle usage_nice usage_iowait usage_irq usage_softirq "
          "usage_steal usage_guest usage_guest_nice").split()
BEGIN_S, STEP_S = 1451606400, 10
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def make_bodies(hosts, rows, batch):
    """HTTP bodies of `batch` lines each, in order of time, hosts interleaved."""
    rng = random.Random(123)
    regions = ["us-east-1", "us-west-1", "eu-west-1", "ap-southeast-1"]
    keys = []
    for host in range(hosts):
        region = regions[host % 4]
        keys.append("cpu,hostname=host_%d,region=%s,datacenter=%s%s,rack=%d,os=Ubuntu16.10,arch=x64,"
                    "team=SF,service=%d,service_version=%d,service_environment=production "
                    % (host, region, region, "abc"[host % 3], host % 100, host % 20, host % 2))
    values = [[rng.uniform(0, 100) for _ in FIELDS] for _ in range(hosts)]
    names = [name + "=" for name in FIELDS]
    bodies, lines = [], []
    for row in range(rows):
        stamp = " %d" % ((BEGIN_S + row * STEP_S) * 10**9)
        for host in range(hosts):
            walk = values[host]
            for field in range(len(walk)):
                moved = walk[field] + rng.gauss(0, 1)
                walk[field] = 0.0 if moved < 0 else 100.0 if moved > 100 else moved
            lines.append(keys[host] + ",".join(
                [name + "%di" % value for name, value in zip(names, walk)]) + stamp)
            if len(lines) == batch:
                bodies.append(("\n".join(lines) + "\n").encode())
                lines = []
    if lines:
        bodies.append(("\n".join(lines) + "\n").encode())
    return bodies


def cpu_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def rss_mb(pid, key="VmRSS"):
    for line in open("/proc/%d/status" % pid):
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def folder_bytes(folder, ending=""):
    total = 0
    for where, _, names in os.walk(folder):
        total += sum(os.path.getsize(os.path.join(where, name)) for name in names
                     if name.endswith(ending))
    return total


def send(connection, head, body):
    connection.sendall(head % len(body))
    connection.sendall(body)
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            raise SystemExit("the server closed a connection: %r" % answer)
        answer += piece
    if not answer.startswith(b"HTTP/1.1 204"):
        raise SystemExit("a write was refused: %r" % answer[:500])


def ingest(one, bodies, writers):
    """Wall seconds, server CPU seconds and the latency of each request in ms."""
    head = (b"POST /write?db=bench HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n")
    latencies, lock, failures = [], threading.Lock(), []

    def work(number):
        mine = []
        try:
            with socket.create_connection(("127.0.0.1", one.port)) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for body in bodies[number::writers]:
                    begin = time.perf_counter()
                    send(connection, head, body)
                    mine.append((time.perf_counter() - begin) * 1e3)
        except BaseException as failure:  # Reported by the main thread.
            failures.append(failure)
        with lock:
            latencies.extend(mine)

    cpu, begin = cpu_seconds(one.process.pid), time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - begin, cpu_seconds(one.process.pid) - cpu, latencies


def timed_query(one, text, times=15):
    """Median wall ms, median server CPU ms (of all runs together), the last document."""
    connection = one.connect()
    path = "/query?" + urllib.parse.urlencode({"db": "bench", "q": text, "epoch": "s"})
    walls, cpu = [], cpu_seconds(one.process.pid)
    for _ in range(times):
        begin = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        walls.append((time.perf_counter() - begin) * 1e3)
        if answer.status != 200 or b'"error"' in body[:200]:
            raise SystemExit("%s: %s" % (text, body[:300]))
    connection.close()
    return statistics.median(walls), (cpu_seconds(one.process.pid) - cpu) * 1e3 / times, body


def visibility_ms(one, times=200):
    """From the acknowledgement to an answer that holds the row: the slowest and the median."""
    writer, reader, waits, misses = one.connect(), one.connect(), [], 0
    for number in range(times):
        writer.request("POST", "/write?db=bench", b"seen v=%di %d" % (number, 10**18 + number))
        assert writer.getresponse().read() == b""
        begin = time.perf_counter()
        path = "/query?" + urllib.parse.urlencode(
            {"db": "bench", "q": "SELECT v FROM seen WHERE time = %d" % (10**18 + number)})
        while True:
            reader.request("GET", path)
            if b'"values"' in reader.getresponse().read():
                break
            misses += 1
        waits.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(waits), max(waits), misses


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), "unknown processor")
    number = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                   if line.startswith("model\t")), "?")
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if "MemTotal" in line)
    return "%s (model %s), %d cores, %d GiB, Linux %s" % (
        model, number, os.cpu_count(), memory >> 20, os.uname().release.split("-")[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--rows", type=int, default=8640)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=5000)
    options = parser.parse_args()
    print("making %d rows…" % (options.hosts * options.rows), file=sys.stderr)
    bodies = make_bodies(options.hosts, options.rows, options.batch)
    row_count = options.hosts * options.rows
    table = []
    with varve.Server() as one:
        begin = time.perf_counter()
        one.restart()
        table.append(("ready after an empty start, from exec to the ready line",
                      "%.0f ms" % ((time.perf_counter() - begin) * 1e3)))
        table.append(("memory at start (RSS)", "%.0f MB" % rss_mb(one.process.pid)))
        one.query("CREATE DATABASE bench")
        median, slowest, misses = visibility_ms(one)
        table.append(("write acknowledged → seen by the first query, query included",
                      "median %.2f ms, slowest %.2f ms, %d of 200 not seen at once"
                      % (median, slowest, misses)))
        wall, cpu, latencies = ingest(one, bodies, options.writers)
        latencies.sort()
        table.append(("durable ingest (fdatasync before each answer), %d connections, %d-row bodies"
                      % (options.writers, options.batch), "%.0f rows/s" % (row_count / wall)))
        table.append(("server CPU a row, all threads", "%.0f ns" % (cpu / row_count * 1e9)))
        table.append(("latency of such a request", "p50 %.1f ms, p99 %.1f ms" % (
            latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100])))
        table.append(("memory after it (RSS)", "%.0f MB" % rss_mb(one.process.pid)))
        queries = [
            ("one host, one hour, max per minute",
             "SELECT max(usage_user) FROM cpu WHERE hostname = 'host_7' AND time >= %ds AND time < %ds "
             "GROUP BY time(1m)" % (BEGIN_S + 3600, BEGIN_S + 7200)),
            ("all hosts, the whole day, mean per minute",
             "SELECT mean(usage_user) FROM cpu WHERE time >= %ds AND time < %ds GROUP BY time(1m)"
             % (BEGIN_S, BEGIN_S + options.rows * STEP_S)),
        ]
        answers = {}
        for name, text in queries:
            wall_ms, cpu_ms, answers[name] = timed_query(one, text)
            table.append((name + ", from memory",
                          "%.2f ms wall, %.2f ms CPU (median of 15)" % (wall_ms, cpu_ms)))
        wal_before = folder_bytes(one.data)
        begin = time.perf_counter()
        one.stop(60)
        table.append(("stop, flush included", "%.1f s" % (time.perf_counter() - begin)))
        disk = folder_bytes(one.data, ".sst")
        table.append(("on disk after the flush: sorted files", "%.3f bytes a point" % (
            disk / (row_count * len(FIELDS)))))
        table.append(("data folder: before the flush, after it (WAL segments are kept for reuse)",
                      "%.0f MB, %.0f MB" % (wal_before / 1e6, folder_bytes(one.data) / 1e6)))
        begin = time.perf_counter()
        one.start()
        table.append(("ready again", "%.0f ms" % ((time.perf_counter() - begin) * 1e3)))
        for name, text in queries:
            wall_ms, cpu_ms, answer = timed_query(one, text)
            table.append((name + ", from sorted files",
                          "%.2f ms wall, %.2f ms CPU (median of 15)" % (wall_ms, cpu_ms)))
            if answer != answers[name]:
                raise SystemExit("the answer changed over the flush: " + text)
        one.kill()
    version = subprocess.run([varve.BINARY, "--version"], capture_output=True, text=True).stdout
    print("%s; %s; %d rows of %d fields\n" % (version.strip(), machine(), row_count, len(FIELDS)))
    print("| what | measured |\n|---|---|")
    for what, figure in table:
        print("| %s | %s |" % (what, figure))


if __name__ == "__main__":
    main()
