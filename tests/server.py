# SPDX-License-Identifier: Apache-2.0
"""What the scripts under tests/ share: a server of their own, HTTP, and a tally of cases.

A script starts `varve serve` on a free port with a data directory of its own, so that any number of
scripts may run at the same time. The binary is $VARVE_BUILD/varve, else build/varve.
"""
import gzip
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("VARVE_BUILD") or os.path.join(ROOT, "build")
BINARY = os.path.join(BUILD, "varve")
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 10


def shared_folder():
    """The folder with conformance corpora and client programs, or None when it is not at hand."""
    for folder in (os.environ.get("VARVE_SHARED"), os.path.join(os.path.dirname(ROOT), "shared")):
        if folder and os.path.isdir(folder):
            return os.path.abspath(folder)
    return None


def client_cache(name):
    """The folder in which the acceptance program of that name keeps its library."""
    cache = os.environ.get("VARVE_SERVICES_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "varve-services")
    return os.path.join(cache, "clients", name)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %r" % (self.status, self.text[:300])


class StartError(Exception):
    """The server ended, or said something else, before its ready line."""

    def __init__(self, status, output):
        super().__init__("status %s: %s" % (status, output))
        self.status, self.output = status, output


class Server:
    """One `varve serve` process. Use as a context manager: it is killed and cleaned up at the end."""

    def __init__(self, data=None, flags=(), env=None, http_addr="127.0.0.1:0"):
        self.own_folder = None if data else tempfile.mkdtemp(prefix="varve-test-")
        self.data = data or os.path.join(self.own_folder, "data")
        self.flags, self.env, self.http_addr = list(flags), dict(env or {}), http_addr
        self.process = self.port = None
        self.log = None

    def __enter__(self):
        if self.process is None:
            try:
                self.start()
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_):
        self.kill()
        if self.own_folder:
            shutil.rmtree(self.own_folder, ignore_errors=True)

    def start(self):
        """Starts the process and waits for its ready line. Raises StartError."""
        command = [BINARY, "serve", "--data-dir", self.data, "--http-addr",
                   self.http_addr, *self.flags]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("VARVE__")}
        environment.update(self.env)
        if self.log is None:
            self.log = tempfile.TemporaryFile(prefix="varve-log-")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log,
                                        env=environment)
        line = self._first_line()
        ready = re.match(r"ready https?=127\.0\.0\.1:(\d+) .*data=(.+)$", line.strip())
        if not ready:
            self.process.kill()
            status = self.process.wait()
            self.process.stdout.close()
            self.process = None
            raise StartError(status, line + self.log_text())
        self.port = int(ready.group(1))
        return self

    def _first_line(self):
        line, until = b"", time.monotonic() + START_SECONDS_MAX
        while not line.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return "no ready line in %d s" % START_SECONDS_MAX
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                self.process.wait()
                break
            line += piece
        return line.decode("utf-8", "replace").splitlines()[0] + "\n" if line else ""

    def log_text(self):
        """Everything the server logged so far, over all starts."""
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def _ended(self):
        self.process.stdout.close()
        status, self.process = self.process.returncode, None
        return status

    def kill(self):
        """kill -9; nothing when it does not run."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._ended()

    def stop(self, seconds=STOP_SECONDS_MAX):
        """SIGTERM; returns the exit status. Raises subprocess.TimeoutExpired."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(seconds)
        return self._ended()

    def restart(self):
        self.stop()
        return self.start()

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def connect(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def http(self, method, path, parameters=None, body=None, headers=None, timeout=60):
        """One request on a connection of its own."""
        connection = self.connect(timeout)
        try:
            return request(connection, method, path, parameters, body, headers)
        finally:
            connection.close()

    def raw(self, data, timeout=10, close_after=False):
        """Sends bytes as they are; gives what comes back until the server closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            try:
                connection.sendall(data)
                if close_after:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # The server may answer and close before it has read everything.
            received = b""
            try:
                while True:
                    piece = connection.recv(65536)
                    if not piece:
                        break
                    received += piece
            except (socket.timeout, ConnectionResetError):
                pass
            return received

    def write(self, database, lines, **parameters):
        body = lines if isinstance(lines, bytes) else lines.encode()
        return self.http("POST", "/write", {"db": database, **parameters}, body)

    def query(self, text, database=None, **parameters):
        """POSTs a query and gives the decoded document, errors included."""
        form = {"q": text, **parameters}
        if database:
            form["db"] = database
        answer = self.http("POST", "/query", body=urllib.parse.urlencode(form).encode(),
                           headers={"Content-Type": "application/x-www-form-urlencoded"})
        return answer.json()

    def rows(self, text, database=None, **parameters):
        """The values of all series of one statement; [] for an empty answer. Raises on an error."""
        return [row for one in self.series(text, database, **parameters) for row in one.get("values", [])]

    def series(self, text, database=None, **parameters):
        document = self.query(text, database, **parameters)
        if "error" in document:
            raise AssertionError("%s: %s" % (text, document["error"]))
        result = document["results"][0]
        if "error" in result:
            raise AssertionError("%s: %s" % (text, result["error"]))
        return result.get("series", [])

    def create(self, database):
        document = self.query('CREATE DATABASE "%s"' % database)
        assert document == {"results": [{"statement_id": 0}]}, document


def request(connection, method, path, parameters=None, body=None, headers=None):
    if parameters:
        path += "?" + urllib.parse.urlencode(parameters)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def gzipped(body):
    return gzip.compress(body)


class Cases:
    """Counts the cases of one script and prints its last line."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def expect(self, sentence, holds, seen=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL: %s%s" % (sentence, ": %s" % (seen,) if seen != "" else ""), flush=True)
        return bool(holds)

    def equal(self, sentence, seen, wanted):
        return self.expect(sentence, seen == wanted, "got %r, wanted %r" % (seen, wanted))

    def skip(self, reason, count=1):
        self.skipped += count
        print("skipped: %s" % reason, flush=True)

    def run(self, *functions):
        """Calls each function with these cases; an exception is one failed case."""
        for function in functions:
            try:
                function(self)
            except Exception:  # A test script says what happened and goes on with the next.
                self.failed += 1
                print("FAIL: %s stopped:\n%s" % (function.__name__, traceback.format_exc()),
                      flush=True)

    def finish(self):
        """Prints the summary and ends the script."""
        print("%d passed, %d failed" % (self.passed, self.failed) +
              (", %d skipped" % self.skipped if self.skipped else ""))
        sys.exit(1 if self.failed else 0)


def use_readers_of_parquet():
    """Starts the script again under the Python of `tools/bootstrap.sh --checks`, when it is there."""
    python = os.path.join(os.environ.get("VARVE_DEPS_DIR") or os.path.join(ROOT, ".deps"), "checks", "bin", "python3")
    if sys.prefix == sys.base_prefix and os.access(python, os.X_OK):
        os.execv(python, [python, *sys.argv])


def need_binary():
    if not os.access(BINARY, os.X_OK):
        print("there is no %s: run `make build` first" % BINARY)
        print("0 passed, 1 failed")
        sys.exit(1)
