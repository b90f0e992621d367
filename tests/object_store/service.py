# SPDX-License-Identifier: Apache-2.0
"""An S3 service for tests, a few signed requests to it, and a proxy that spoils its connections.

The service is versitygw: $VARVE_VERSITYGW, one on the PATH, or one that was built before. With
VARVE_INSTALL=1 it is built from its Go module into ~/.cache/varve-services/bin, which takes minutes.
"""
import datetime
import hashlib
import hmac
import http.client
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse
import xml.etree.ElementTree

ACCESS, SECRET, REGION = "varve", "varve-secret", "us-east-1"
MODULE = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
CACHE = os.path.join(os.environ.get("VARVE_SERVICES_CACHE") or
                     os.path.expanduser("~/.cache/varve-services"), "bin")


def find_binary():
    """The program, or None with the reason."""
    for path in (os.environ.get("VARVE_VERSITYGW"), shutil.which("versitygw"),
                 os.path.join(CACHE, "versitygw")):
        if path and os.access(path, os.X_OK):
            return path, ""
    if os.environ.get("VARVE_INSTALL") != "1" or not shutil.which("go"):
        return None, "there is no S3 service: versitygw is not installed (VARVE_INSTALL=1 builds it)"
    built = subprocess.run(["go", "install", "-p", "1", MODULE], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, env={**os.environ, "GOBIN": CACHE})
    if built.returncode != 0:
        return None, "versitygw cannot be built: %s" % built.stdout.decode()[-300:]
    return os.path.join(CACHE, "versitygw"), ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificate(folder):
    """(certificate, key) for 127.0.0.1, signed by itself; None when there is no openssl program."""
    if not shutil.which("openssl"):
        return None
    paths = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=varve",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout",
                    paths[1]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return paths


class Service:
    """One versitygw over a temporary folder. A context manager. `certificate`: (PEM, key) for TLS."""

    def __init__(self, binary, certificate=None):
        self.binary, self.folder = binary, tempfile.mkdtemp(prefix="varve-s3-")
        self.port, self.process, self.certificate = free_port(), None, certificate

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        data = os.path.join(self.folder, "data")
        os.makedirs(data, exist_ok=True)
        self.process = subprocess.Popen(
            [self.binary, "--quiet", "--port", "127.0.0.1:%d" % self.port, "--access", ACCESS,
             "--secret", SECRET,
             *(("--cert", self.certificate[0], "--key", self.certificate[1])
               if self.certificate else ()), "posix", data], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while True:
            try:
                self.request("GET", "/")
                return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def endpoint(self):
        return "http%s://127.0.0.1:%d" % ("s" if self.certificate else "", self.port)

    def connect(self):
        host = "127.0.0.1:%d" % self.port
        if not self.certificate:
            return http.client.HTTPConnection(host, timeout=30)
        context = ssl.create_default_context(cafile=self.certificate[0])
        return http.client.HTTPSConnection(host, timeout=30, context=context)

    def request(self, method, path, query=(), body=b"", headers=None):
        """(status, headers, body) of one signed request."""
        host = "127.0.0.1:%d" % self.port
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        fields = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now,
                  **(headers or {})}
        names = ";".join(sorted(fields))
        encoded = "&".join("%s=%s" % (urllib.parse.quote(k, safe=""), urllib.parse.quote(v, safe=""))
                           for k, v in sorted(query))
        path = urllib.parse.quote(path)
        canonical = "\n".join([method, path, encoded, "".join(
            "%s:%s\n" % (k, fields[k]) for k in sorted(fields)), names, digest])
        scope = "%s/%s/s3/aws4_request" % (now[:8], REGION)
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + SECRET).encode()
        for part in (now[:8], REGION, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        fields["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s" % (
            ACCESS, scope, names, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())
        connection = self.connect()
        try:
            connection.request(method, path + ("?" + encoded if encoded else ""), body, fields)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def make_bucket(self, bucket):
        status, _, body = self.request("PUT", "/" + bucket)
        assert status == 200, body

    def list(self, bucket, prefix=""):
        """Names and sizes."""
        objects, token = {}, None
        while True:
            query = [("list-type", "2"), ("prefix", prefix)]
            if token:
                query.append(("continuation-token", token))
            status, _, body = self.request("GET", "/" + bucket, query)
            assert status == 200, body
            root = xml.etree.ElementTree.fromstring(body)
            space = root.tag[:root.tag.index("}") + 1] if "}" in root.tag else ""
            for one in root.findall(space + "Contents"):
                objects[one.find(space + "Key").text] = int(one.find(space + "Size").text)
            token = root.findtext(space + "NextContinuationToken")
            if not token:
                return objects

    def get(self, bucket, name):
        status, _, body = self.request("GET", "/%s/%s" % (bucket, name))
        assert status == 200, body
        return body

    def put(self, bucket, name, body):
        status, _, answer = self.request("PUT", "/%s/%s" % (bucket, name), body=body)
        assert status == 200, answer

    def delete(self, bucket, name):
        status, _, answer = self.request("DELETE", "/%s/%s" % (bucket, name))
        assert status in (200, 204), answer


class Proxy:
    """A TCP proxy in front of a port. `mode`, which may change at any time:

    pass    bytes go through
    refuse  connections are reset at once, open ones too
    stall   connections are taken, and nothing goes through
    slow    every piece waits for `delay` seconds
    reset   every other piece of an answer is cut, and its connection reset
    """

    def __init__(self, port):
        self.upstream, self.mode, self.delay, self.answers = port, "pass", 0.02, 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.open, self.lock = set(), threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self):
        return "http://127.0.0.1:%d" % self.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.set("refuse")

    def set(self, mode):
        self.mode = mode
        if mode == "refuse":
            with self.lock:
                for connection in list(self.open):
                    self._reset(connection)

    @staticmethod
    def _reset(connection):
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        except OSError:
            pass

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.mode == "refuse":
                self._reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream), 5)
            except OSError:
                self._reset(client)
                continue
            with self.lock:
                self.open |= {client, server}
            for pair in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source, target, is_answer):
        try:
            while True:
                piece = source.recv(16384)
                if not piece:
                    break
                while self.mode == "stall":
                    time.sleep(0.05)
                if self.mode == "slow":
                    time.sleep(self.delay)
                self.answers += is_answer
                cut = self.mode == "reset" and is_answer and self.answers % 2
                if self.mode == "refuse" or cut:
                    target.sendall(piece[:len(piece) // 2])
                    self._reset(target)
                    break
                target.sendall(piece)
        except OSError:
            pass
        with self.lock:
            self.open -= {source, target}
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
