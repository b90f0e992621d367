#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program's commands: help, version, configuration from file, environment and flags, query."""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, StartError, need_binary  # noqa: E402


def varve(*arguments, env=None):
    """Runs the program; gives (status, stdout, stderr)."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VARVE__")}
    environment.update(env or {})
    run = subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=environment, timeout=60, stdin=subprocess.DEVNULL)
    return (run.returncode, run.stdout.decode("utf-8", "replace"),
            run.stderr.decode("utf-8", "replace"))


def value_of(toml, section, key):
    """The value of a key in the text of `config show`, comments cut; None when it is absent."""
    inside = None
    for line in toml.splitlines():
        line = line.strip()
        if line.startswith("["):
            inside = line.strip("[]")
        elif inside == section and line.split("=")[0].strip() == key:
            return line.partition("=")[2].split(" #")[0].strip()
    return None


def help_and_version(cases):
    status, out, _ = varve("--version")
    cases.expect("--version names a version", status == 0 and any(c.isdigit() for c in out), out)
    status, out, _ = varve("--help")
    cases.expect("--help names every command", status == 0 and all(
        command in out for command in ("serve", "query", "import", "config", "backup", "restore",
                                       "verify", "inspect")), out)
    for command in ("serve", "query", "import", "backup", "restore", "verify", "inspect"):
        status, out, _ = varve(command, "--help")
        cases.expect("%s --help explains itself" % command, status == 0 and "--" in out, out)
    status, out, err = varve("frobnicate")
    cases.expect("an unknown command is refused", status != 0 and (out + err).strip(), (out, err))
    status, out, err = varve("serve", "--frobnicate")
    cases.expect("an unknown flag is refused by name",
                 status != 0 and "frobnicate" in out + err, (out, err))


def config_sources(cases):
    status, out, err = varve("config", "show")
    cases.expect("config show prints TOML", status == 0 and "[server]" in out, out + err)
    cases.equal("the default address is local", value_of(out, "server", "http_addr"),
                '"127.0.0.1:8086"')
    cases.equal("the default durability is commit", value_of(out, "wal", "sync"), '"commit"')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "varve.toml")

        def show(text, *flags, env=None):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return varve("config", "show", "--config", path, *flags, env=env)

        _, out, err = show('[wal]\nsync = "interval"\n')
        cases.expect("a file beats the default", value_of(out, "wal", "sync") == '"interval"',
                     out + err)
        _, out, err = show('[wal]\nsync = "interval"\n', env={"VARVE__WAL__SYNC": "off"})
        cases.expect("the environment beats the file", value_of(out, "wal", "sync") == '"off"',
                     out + err)
        _, again, _ = show(out)
        cases.equal("what config show prints can be read back",
                    value_of(again, "wal", "sync"), '"off"')

        def refused(sentence, text, *words, env=None):
            status, out, err = show(text, env=env)
            cases.expect(sentence, status != 0 and all(word in err for word in words),
                         (status, out[:200], err))

        refused("an unknown key is refused with file and line", "[wal]\n\nsink = 1\n",
                "varve.toml line 3", "sink")
        refused("an unknown section is refused with file and line", "[wall]\nsync = 1\n",
                "varve.toml line 1", "wall")
        refused("a wrong value is refused with the values allowed", '[wal]\nsync = "maybe"\n',
                "sync", "maybe", "commit", "interval", "off")
        refused("a wrong type is refused by key", '[wal]\nsync = 7\n', "sync")
        refused("broken TOML is refused with file and line", "[wal]\nsync = \n", "varve.toml line 2")
        refused("an unknown variable is refused by name", "", "VARVE__WAL__SINK",
                env={"VARVE__WAL__SINK": "1"})
        refused("a wrong variable is refused by name", "", "VARVE__WAL__SYNC", "maybe",
                env={"VARVE__WAL__SYNC": "maybe"})
    status, out, err = varve("config", "show", "--config", "/nonexistent/varve.toml")
    cases.expect("a file that is not there is refused by name",
                 status != 0 and "/nonexistent/varve.toml" in err, (status, err))


def config_reaches_the_server(cases):
    with Server(env={"VARVE__SERVER__MAX_BODY_SIZE_BYTES": "1000"}) as server:
        server.create("d")
        cases.equal("a body limit from the environment holds",
                    (server.write("d", "m v=1 1\n" * 100).status,
                     server.write("d", "m v=1 1\n" * 200).status), (204, 413))
    for value in ("interval", "off"):
        with Server(env={"VARVE__WAL__SYNC": value}) as server:
            server.create("d")
            server.write("d", "m v=1 1")
            server.restart()
            cases.equal("wal.sync=%s keeps rows over a clean restart" % value,
                        server.rows("SELECT v FROM m", "d", epoch="ns"), [[1, 1]])
    try:
        Server(env={"VARVE__WAL__SYNC": "maybe"}).start().kill()
        started = True
    except StartError as error:
        started = False
        cases.expect("serve refuses a wrong value by name", "maybe" in error.output, error)
    cases.expect("serve does not start with a wrong value", not started)


def query_formats(cases):
    with Server() as server:
        server.create("d")
        server.write("d", 'm,host=a v=1.5,s="x, \\"y\\"" 1000000000\nm,host=b v=2 2000000000\n')
        address = "127.0.0.1:%d" % server.port

        def ask(text, *flags):
            return varve("query", text, "--db", "d", "--host", address, *flags)

        status, out, err = ask("SELECT v, s FROM m", "--format", "table")
        cases.expect("a table has its columns and values", status == 0 and all(
            word in out for word in ("time", "v", "s", "1.5", "1970-01-01T00:00:01Z")), out + err)
        status, out, err = ask("SELECT v, s FROM m", "--format", "json")
        cases.expect("json is one document", status == 0 and
                     json.loads(out)["results"][0]["series"][0]["name"] == "m", out + err)
        status, out, err = ask("SELECT v, s FROM m", "--format", "csv")
        rows = list(csv.reader(io.StringIO(out)))
        cases.expect("csv quotes what needs it", status == 0 and any(
            'x, "y"' in row for row in rows), out + err)
        status, out, err = ask("SELECT", "--format", "table")
        cases.expect("a parse error goes to stderr with status 1",
                     status == 1 and "error parsing query" in err, (status, out, err))
        status, out, err = varve("query", "SELECT v FROM nowhere..m", "--db", "d", "--host",
                                 address)
        cases.expect("a failing statement goes to stderr with status 1",
                     status == 1 and "nowhere" in err, (status, out, err))
        server.stop()
        status, out, err = ask("SHOW DATABASES")
        cases.expect("no server is said in words, with the address",
                     status == 1 and address in err, (status, out, err))


def own_figures(cases):
    with Server(flags=["--collect-host"]) as server:
        wanted, measurements = {"cpu", "mem", "system"}, set()
        # Shares of processor time need two rounds.
        for _ in range(80):
            if ["host"] in server.rows("SHOW DATABASES"):
                measurements = {row[0] for row in server.rows("SHOW MEASUREMENTS", "host")}
            if wanted <= measurements:
                break
            time.sleep(0.25)
        cases.expect("--collect-host writes this machine's figures into database host",
                     wanted <= measurements, measurements)


def main():
    need_binary()
    cases = Cases()
    cases.run(help_and_version, config_sources, config_reaches_the_server, query_formats, own_figures)
    cases.finish()


if __name__ == "__main__":
    main()
