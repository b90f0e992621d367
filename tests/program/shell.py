#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`varve query` without a text: a shell at a terminal (here a pty), statements from a pipe."""
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, need_binary  # noqa: E402

SECONDS_MAX = 60
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


def environment(home):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("VARVE_")}
    return {**kept, "HOME": home, "TERM": "xterm", "LANG": "C"}


class Terminal:
    """A shell at the other end of a pty."""

    def __init__(self, home, url, *flags):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(BINARY, [BINARY, "query", "--url", url, *flags], environment(home))
        self.status = None
        self.until("> ")

    def until(self, end, seconds=SECONDS_MAX):
        """What comes up to a text that ends with `end`, and then nothing more for a moment."""
        text, limit = "", time.monotonic() + seconds
        while time.monotonic() < limit:
            quiet = not select.select([self.file], [], [], 0.15)[0]
            if quiet:
                if ESCAPES.sub("", text).endswith(end):
                    return ESCAPES.sub("", text)
                continue
            try:
                piece = os.read(self.file, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece.decode("utf-8", "replace")
        return ESCAPES.sub("", text) + "<no %r came>" % end

    def send(self, text):
        os.write(self.file, text.encode())

    def ask(self, line, end="> "):
        """Types a line; gives what stands below it, without the next prompt."""
        self.send(line + "\n")
        answer = self.until(end)
        return answer.split("\n", 1)[-1].removesuffix(end)

    def ended(self):
        """The exit status, once it ended."""
        limit = time.monotonic() + SECONDS_MAX
        while self.status is None and time.monotonic() < limit:
            try:
                if select.select([self.file], [], [], 0.05)[0]:
                    os.read(self.file, 65536)
            except OSError:
                pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.file)
        return self.status


class SlowServer:
    """Never answers a query with "slow" in it; notes when its client closes the connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.asked, self.left = threading.Event(), threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    @property
    def url(self):
        return "127.0.0.1:%d" % self.listener.getsockname()[1]

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                while True:
                    request = connection.recv(65536)
                    if not request:
                        break
                    if b"slow" in request:
                        self.asked.set()
                        while connection.recv(65536):
                            pass
                        self.left.set()
                        break
                    body = b'{"results":[{"series":[{"columns":["answer"],"values":[[42]]}]}]}\n'
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                                       % (len(body), body))


def commands(cases, server, home):
    shell = Terminal(home, server.url)
    cases.expect("help lists the commands", "precision UNIT" in shell.ask("help"), None)
    cases.expect("a point without a database is refused", "use DATABASE" in shell.ask("insert m v=1"),
                 None)
    shell.ask("CREATE DATABASE plant")
    shell.ask('CREATE RETENTION POLICY "two weeks" ON plant DURATION 336h REPLICATION 1')
    answer = shell.ask("use nowhere")
    cases.expect("use refuses a database that is not there", "no database" in answer, answer)
    answer = shell.ask("use plant.nothing")
    cases.expect("use refuses a policy that is not there", "no retention policy" in answer, answer)
    answer = shell.ask("use plant")
    cases.equal("use takes a database", answer, "using database plant\n")
    cases.equal("insert writes in silence", shell.ask("insert room,floor=1 t=21.5 1000000000"), "")
    answer = shell.ask("SELECT * FROM room")
    cases.expect("a statement gives a table", "│" in answer and "1970-01-01T00:00:01Z" in answer,
                 answer)
    shell.ask("precision s")
    shell.ask("insert room,floor=2 t=3 2")
    shell.ask("format csv")
    answer = shell.ask("SELECT t FROM room")
    cases.equal("precision counts for points and answers, format csv is csv", answer.split(),
                ["name,tags,time,t", "room,,1,21.5", "room,,2,3"])
    shell.ask("chunked")
    shell.ask("format json")
    answer = shell.ask("SELECT t FROM room")
    cases.expect("format json is json, also in pieces", answer.startswith('{"results":['), answer)
    shell.ask("format column")
    answer = shell.ask("settings")
    cases.expect("settings say what is set", all(re.search(each, answer) for each in (
        r"database +plant", r"precision +s\b", r"format +column", r"chunked +yes")), answer)
    shell.ask("chunked")
    shell.ask("precision rfc3339")
    shell.ask('insert into "two weeks" recent v=1')
    answer = shell.ask('SELECT v FROM "two weeks".recent')
    cases.expect("insert into writes to a policy", "│ 1" in answer, answer)
    answer = shell.ask("SELEC nothing")
    cases.expect("a wrong statement is told", "error parsing query" in answer, answer)
    answer = shell.ask("insert room")
    cases.expect("a wrong point is told", "varve: " in answer, answer)
    answer = shell.ask("SELECT 'ünï' FROM room; SHOW DATABASES")
    cases.expect("several statements on a line, and the shell goes on", "plant" in answer, answer)
    shell.send("SELECT half a li")
    shell.until("li")
    shell.send("\x03")
    shell.until("> ")
    answer = shell.ask("SHOW DATABASES")
    cases.expect("Ctrl-C clears the line", "plant" in answer and "error" not in answer, answer)
    shell.send("\x1b[A\n")
    answer = shell.until("> ")
    cases.expect("the arrow brings the last line back", "SHOW DATABASES" in answer, answer)
    shell.ask("CREATE USER ann WITH PASSWORD 'hidden1'")
    shell.ask("auth ann", end="password of ann: ")
    answer = shell.ask("hidden2")
    cases.expect("a password is not shown", "hidden2" not in answer, answer)
    shell.send("exit\n")
    cases.equal("exit ends it with 0", shell.ended(), 0)


def history(cases, server, home):
    path = os.path.join(home, ".varve_history")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    cases.expect("the history keeps statements", "SELECT * FROM room\n" in text, text)
    cases.expect("the history keeps no password and no auth",
                 "hidden" not in text and "auth" not in text, text)
    cases.equal("the history is its owner's", stat.S_IMODE(os.stat(path).st_mode), 0o600)
    shell = Terminal(home, server.url)
    shell.send("\x1b[A\x1b[A\n")  # exit, and the SHOW DATABASES before it.
    answer = shell.until("> ")
    cases.expect("another shell finds what was typed", "SHOW DATABASES" in answer, answer)
    shell.send("\x04")
    cases.equal("Ctrl-D ends it with 0", shell.ended(), 0)


def interrupts(cases, home):
    slow = SlowServer()
    shell = Terminal(home, slow.url)
    shell.send("SELECT slow\n")
    cases.expect("the query is under way", slow.asked.wait(SECONDS_MAX), None)
    time.sleep(0.2)
    shell.send("\x03")
    answer = shell.until("> ")
    cases.expect("Ctrl-C ends the query, not the shell", "interrupted" in answer, answer)
    cases.expect("the connection is closed", slow.left.wait(SECONDS_MAX), None)
    answer = shell.ask("SELECT quick")
    cases.expect("the next query works", "42" in answer, answer)
    shell.send("quit\n")
    cases.equal("quit ends it with 0", shell.ended(), 0)


def server_away(cases, home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = "127.0.0.1:%d" % taken.getsockname()[1]
    shell = Terminal(home, url)
    answer = shell.ask("SHOW DATABASES")
    cases.expect("a server that is away is a sentence", "is the server running?" in answer, answer)
    answer = shell.ask("insert m v=1")
    cases.expect("and the shell goes on", "use DATABASE" in answer, answer)
    shell.send("exit\n")
    cases.equal("and ends with 0", shell.ended(), 0)


def piped(cases, server, home):
    def run(text, *flags):
        done = subprocess.run([BINARY, "query", "--url", server.url, *flags], input=text.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS_MAX,
                              env=environment(home))
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    status, out, err = run("CREATE DATABASE pipe; use pipe\ninsert m v=1 1\n\nprecision ns\n"
                           "SELECT v FROM m; SELECT v * 2 AS w FROM m", "--format", "csv")
    cases.equal("statements from a pipe run one after the other",
                (status, out.split(), err),
                (0, ["name,tags,time,v", "m,,1,1", "name,tags,time,w", "m,,1,2"], ""))
    status, out, err = run("SELEC\nSHOW DATABASES\n")
    cases.expect("one that fails makes the status 1, and the others run",
                 status == 1 and "pipe" in out and "error parsing" in err, (status, out, err))
    for form in ("csv", "json", "column"):
        status, out, err = run("SELECT v FROM nowhere..m\n", "--format", form)
        cases.equal("a statement that fails on the server is seen in " + form, status, 1)
    status, out, err = run("DROP USER nobody\nCREATE DATABASE pipe\n",
                           "--format", "csv")
    cases.expect("CSV hides no error of a statement that changes something",
                 status == 1 and "user not found" in err, (status, out, err))
    status, out, err = run("SELECT v INTO copy FROM m", "--format", "csv", "--db", "pipe")
    cases.expect("SELECT INTO says in CSV how much it wrote", (status, err) == (0, "")
                 and "written" in out, (status, out, err))
    status, out, err = run("SELECT v FROM m WHERE v > 7", "--format", "csv", "--db", "pipe")
    cases.equal("no rows are no failure in CSV", (status, out, err), (0, "", ""))
    status, out, err = run("use nowhere\nDROP MEASUREMENT m\n", "--db", "pipe")
    cases.equal("nothing runs after a use that failed",
                (status, server.rows("SELECT v FROM m", "pipe", epoch="ns")), (1, [[1, 1]]))
    cases.equal("nothing is no failure", run("\n;\n")[0], 0)
    cases.equal("exit ends it", run("exit\nSELEC\n")[0], 0)
    for flag in ("--execute", "-execute"):
        status, out, err = run("", flag, "SELECT v FROM m", "--db", "pipe", "--precision", "ms",
                               "--format", "csv")
        cases.equal(flag + " is a text, --precision a unit", (status, out.split()),
                    (0, ["name,tags,time,v", "m,,0,1"]))


def main():
    need_binary()
    cases = Cases()
    with Server() as server, tempfile.TemporaryDirectory() as home:
        cases.run(lambda _: commands(cases, server, home), lambda _: history(cases, server, home),
                  lambda _: interrupts(cases, home), lambda _: server_away(cases, home),
                  lambda _: piped(cases, server, home))
    cases.finish()


if __name__ == "__main__":
    main()
