#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`varve import`: whole lines in batches, rejected lines in a file of their own, resuming."""
import gzip
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, need_binary  # noqa: E402


def run_import(server, path, *flags, database="d"):
    run = subprocess.run([BINARY, "import", path, "--db", database, "--host",
                          "127.0.0.1:%d" % server.port, *flags], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=300, stdin=subprocess.DEVNULL)
    return run.returncode, run.stdout.decode("utf-8", "replace")


def write_file(path, text, packed=False):
    with (gzip.open if packed else open)(path, "wb") as file:
        file.write(text.encode())


def numbered(measurement, count):
    return "".join("%s,h=h%d v=%di %d\n" % (measurement, i % 7, i, i + 1) for i in range(count))


def plain_and_packed(cases, server, folder):
    for name, packed in (("plain", False), ("packed", True)):
        path = os.path.join(folder, name + (".lp.gz" if packed else ".lp"))
        write_file(path, numbered(name, 20_000), packed)
        status, out = run_import(server, path, database="made_" + name)
        rows = server.rows("SELECT count(v), sum(v) FROM %s" % name, "made_" + name)
        cases.expect("a %s file is imported whole, its database created" % name,
                     status == 0 and rows and rows[0][1:] == [20_000, sum(range(20_000))],
                     (status, out[-500:], rows))
        cases.expect("and leaves no error report", not os.path.exists(path + ".errors"))


def awkward_lines(cases, server, folder):
    path = os.path.join(folder, "awkward.lp")
    write_file(path, '# a comment\n\ntext s="two\nlines" 1\ntext s="one, \\"quoted\\"" 2\n'
                     'text s="no newline at the end" 3')
    status, out = run_import(server, path, "--batch-lines", "1")
    rows = server.rows("SELECT s FROM text", "d", epoch="ns")
    cases.expect("a newline inside a string does not end a line, however small the batches",
                 status == 0 and rows == [[1, "two\nlines"], [2, 'one, "quoted"'],
                                          [3, "no newline at the end"]], (status, out, rows))
    path = os.path.join(folder, "seconds.lp")
    write_file(path, "stamped v=1 5\n")
    run_import(server, path, "--precision", "s")
    cases.equal("--precision is obeyed", server.rows("SELECT v FROM stamped", "d", epoch="ns"),
                [[5_000_000_000, 1]])
    path = os.path.join(folder, "empty.lp")
    write_file(path, "")
    status, out = run_import(server, path)
    cases.expect("an empty file imports nothing, successfully", status == 0, (status, out))
    status, out = run_import(server, os.path.join(folder, "absent.lp"))
    cases.expect("a file that is not there is refused by name",
                 status != 0 and "absent.lp" in out, (status, out))
    path = os.path.join(folder, "cut.lp.gz")
    with open(path, "wb") as file:
        file.write(gzip.compress(numbered("cut", 50_000).encode())[:-1000])
    status, out = run_import(server, path)
    cases.expect("a cut gzip file is reported", status != 0 and "cut.lp.gz" in out, (status, out))


def rejected_lines(cases, server, folder):
    path = os.path.join(folder, "mixed.lp")
    lines = numbered("mixed", 3000).splitlines()
    lines[1000] = "no fields here"
    lines[2000] = 'mixed,h=h1 v="a string" 2001'
    write_file(path, "\n".join(lines) + "\n")
    status, out = run_import(server, path, "--batch-lines", "500")
    rows = server.rows("SELECT count(v) FROM mixed", "d")
    cases.expect("all good lines of a file with bad ones are stored, status 1",
                 status == 1 and rows and rows[0][1] == 2998, (status, out[-500:], rows))
    report = path + ".errors"
    text = ""
    if os.path.exists(report):
        with open(report, encoding="utf-8") as file:
            text = file.read()
    cases.expect("the error report names the line number and the text of a bad line",
                 "1001" in text and "no fields here" in text, text[:500])
    cases.expect("the error report names the line with another type",
                 "2001" in text and "a string" in text, text[:800])
    status, out = run_import(server, path, "--batch-lines", "500", database="d")
    cases.expect("importing again changes nothing",
                 server.rows("SELECT count(v) FROM mixed", "d")[0][1] == 2998, out[-300:])


def sections(cases, server, folder):
    path = os.path.join(folder, "exported.gz")
    text = ("# INFLUXDB EXPORT: 1677-09-21T00:12:43Z - 2262-04-11T23:47:16Z\n# DDL\n"
            "CREATE DATABASE one WITH NAME autogen\nCREATE DATABASE two\n"
            "CREATE DATABASE two WITH NAME p\n"
            "CREATE NOTHING\n# DML\n# CONTEXT-DATABASE:one\n# CONTEXT-RETENTION-POLICY:autogen\n"
            "# writing tsm data\n" + numbered("m", 20_000) + "m v=\"wrong\" 1\n"
            "# CONTEXT-DATABASE:two\n# CONTEXT-RETENTION-POLICY:p\n" + numbered("m", 30_000))
    write_file(path, text, packed=True)

    def imports(*flags):
        run = subprocess.run([BINARY, "import", path, "--host", "127.0.0.1:%d" % server.port, *flags],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                             stdin=subprocess.DEVNULL)
        return run.returncode, run.stdout.decode()

    status, out = imports()
    cases.equal("points go where the file says (one)", server.rows("SELECT count(v) FROM m", "one"),
                [["1970-01-01T00:00:00Z", 20_000]])
    cases.equal("points go where the file says (two)", server.rows("SELECT count(v) FROM p.m", "two"),
                [["1970-01-01T00:00:00Z", 30_000]])
    with open(path + ".errors", encoding="utf-8") as file:
        report = file.read()
    cases.expect("refused statements and points stand in the report with their lines",
                 status == 1 and report.startswith("6\terror parsing query")
                 and "\n20011\tfield type conflict" in report, (status, out, report[:500]))
    for name in ("one", "two"):
        text = text.replace("DATABASE:" + name, "DATABASE:" + name + "_gone")
    write_file(path, text, packed=True)
    status, out = imports()
    cases.expect("a database that is not there is said with the line", status == 1
                 # Batches travel side by side; any of the first may be refused first.
                 and re.search(r"line (10|5010|10010|15010): ", out) and 'database not found: "one_gone"' in out, (status, out))
    # What an interruption leaves: everything up to "two" is there.
    server.query("CREATE DATABASE two_gone WITH NAME p")
    offset = text.index("m,h=h0 v=0i 1\n", text.index("two_gone"))
    with open(path + ".progress", "w", encoding="ascii") as file:
        file.write("varve-import 1 offset=%d lines=%d refused=0\n" % (
            offset, text.count("\n", 0, offset)))
    status, out = imports("--resume")
    cases.expect("an import that goes on knows where its points go", status == 0 and
                 server.rows("SELECT count(v) FROM p.m", "two_gone") ==
                 [["1970-01-01T00:00:00Z", 30_000]], (status, out))
    path = os.path.join(folder, "nowhere.lp")
    write_file(path, "\n# nothing\nm v=1 1\n")
    status, out = imports()
    cases.expect("points for no database are refused with their line",
                 status == 1 and "line 1: nothing says which database" in out, (status, out))


def resuming(cases, server, folder):
    path = os.path.join(folder, "long.lp")
    count = 2_000_000
    with open(path, "w", encoding="ascii") as file:
        for i in range(count):
            file.write("long,h=h%d v=%di %d\n" % (i % 7, i, i + 1))
    process = subprocess.Popen([BINARY, "import", path, "--db", "d", "--host",
                                "127.0.0.1:%d" % server.port], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    progress = path + ".progress"
    until = time.monotonic() + 60
    while not os.path.exists(progress) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    interrupted = process.poll() is None
    process.kill()
    process.wait()
    before = server.rows("SELECT count(v) FROM long", "d")
    status, out = run_import(server, path, "--resume")
    rows = server.rows("SELECT count(v), sum(v) FROM long", "d")
    cases.expect("an interrupted import%s goes on with --resume and is whole" %
                 ("" if interrupted else " (it was too fast to interrupt)"),
                 status == 0 and rows and rows[0][1:] == [count, count * (count - 1) // 2],
                 (status, out[-500:], rows, before))
    cases.expect("the position file is gone when the import is done",
                 not os.path.exists(progress))


def without_a_server(cases, server, folder):
    path = os.path.join(folder, "plain.lp")
    server.stop()
    status, out = run_import(server, path)
    cases.expect("no server is said in words, with the address",
                 status == 1 and "127.0.0.1:%d" % server.port in out, (status, out))


def main():
    need_binary()
    cases = Cases()
    with tempfile.TemporaryDirectory(prefix="varve-import-") as folder, Server() as server:
        server.create("d")
        for function in (plain_and_packed, awkward_lines, rejected_lines, sections, resuming,
                         without_a_server):
            cases.run(lambda c, f=function: f(c, server, folder))
    cases.finish()


if __name__ == "__main__":
    main()
