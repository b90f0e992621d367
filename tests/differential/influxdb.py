# SPDX-License-Identifier: Apache-2.0
"""An InfluxDB 1.x of our own, on free ports, in a temporary folder."""
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

from server import request

START_SECONDS_MAX = 60
CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:%(rpc)d"
[meta]
  dir = "%(dir)s/meta"
[data]
  dir = "%(dir)s/data"
  wal-dir = "%(dir)s/wal"
  index-version = "inmem"
  query-log-enabled = false
[coordinator]
  write-timeout = "60s"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:%(port)d"
  log-enabled = false
[logging]
  level = "error"
  suppress-logo = true
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class InfluxDb:
    def __init__(self, binary):
        self.binary, self.process, self.version = binary, None, ""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="varve-influxdb-")
        self.port = free_port()
        config = os.path.join(self.folder, "influxdb.conf")
        with open(config, "w") as file:
            file.write(CONFIG % {"dir": self.folder, "port": self.port, "rpc": free_port()})
        self.process = subprocess.Popen([self.binary, "run", "-config", config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.version = self.http("GET", "/ping").headers.get("X-Influxdb-Version", "")
                return self
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    self.__exit__()
                    raise
                time.sleep(0.1)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_newer_than(self, minor):
        """Whether it is later than 1.`minor`."""
        return int(re.match(r"v?1\.(\d+)", self.version).group(1)) > minor

    def http(self, method, path, parameters=None, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            return request(connection, method, path, parameters, body, headers)
        finally:
            connection.close()

    def query(self, text, database=""):
        words = urllib.parse.urlencode({"q": text, "db": database})
        return json.loads(self.http("POST", "/query?" + words).body)
