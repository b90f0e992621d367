#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTPS, and answers as gzip, from outside. Certificates are made with the openssl program."""
import gzip
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from server import BINARY, Cases, Server, StartError, gzipped, need_binary, request  # noqa: E402


def make_certificate(folder, name):
    """(certificate, key) for 127.0.0.1."""
    paths = tuple(os.path.join(folder, "%s.%s" % (name, kind)) for kind in ("pem", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return paths


def flags(certificate, key):
    return ["--set", "server.tls_enabled=true", "--set", "server.tls_cert_path=" + certificate,
            "--set", "server.tls_key_path=" + key]


def connect(server, certificate):
    context = ssl.create_default_context(cafile=certificate)
    return http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)


def speaks(cases, server, certificate):
    connection = connect(server, certificate)
    cases.equal("/ping", request(connection, "GET", "/ping").status, 204)
    request(connection, "POST", "/query", {"q": "CREATE DATABASE db"})
    lines = "".join("m,h=h%d v=%d %d\n" % (n % 10, n, n) for n in range(50_000)).encode()
    cases.equal("a large body", request(connection, "POST", "/write", {"db": "db"}, lines).status, 204)
    cases.equal("a gzip body", request(connection, "POST", "/write", {"db": "db"}, gzipped(lines),
                                       {"Content-Encoding": "gzip"}).status, 204)
    question = {"db": "db", "q": "SELECT v FROM m", "epoch": "ns"}
    plain = request(connection, "GET", "/query", question)
    cases.equal("a large answer", len(plain.json()["results"][0]["series"][0]["values"]), 50_000)
    for more in ({}, {"chunked": "true", "chunk_size": "1000"}):
        whole = request(connection, "GET", "/query", {**question, **more})
        packed = request(connection, "GET", "/query", {**question, **more},
                         headers={"Accept-Encoding": "gzip"})
        cases.equal("gzip is named %s" % more, packed.headers["Content-Encoding"], "gzip")
        cases.expect("and smaller", len(packed.body) < len(whole.body) / 2)
        cases.equal("and the same", gzip.decompress(packed.body), whole.body)
    medium = request(connection, "GET", "/query", {**question, "q": "SELECT v FROM m LIMIT 500"},
                     headers={"Accept-Encoding": "gzip, deflate"})
    cases.equal("a medium answer has a length", (medium.headers["Content-Encoding"],
                int(medium.headers["Content-Length"])), ("gzip", len(medium.body)))
    small = request(connection, "GET", "/query", {**question, "q": "SELECT v FROM m LIMIT 1"},
                    headers={"Accept-Encoding": "gzip"})
    cases.equal("a small one stays as it is", small.headers["Content-Encoding"], None)
    for _ in range(100):
        request(connection, "POST", "/query", {"q": "SHOW DATABASES"})
    cases.equal("keep-alive", request(connection, "GET", "/ping").status, 204)
    connection.close()


def refuses(cases, server, certificate):
    answer = server.raw(b"GET /ping HTTP/1.1\r\nHost: h\r\n\r\n")
    cases.expect("plain HTTP is told", answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer,
                 answer)
    try:
        connection = connect(server, certificate)
        warnings.simplefilter("ignore", DeprecationWarning)
        connection._context.minimum_version = ssl.TLSVersion.TLSv1
        connection._context.maximum_version = ssl.TLSVersion.TLSv1_1
        connection.connect()
        cases.expect("TLS 1.1 is refused", False)
    except (ssl.SSLError, OSError, ValueError):
        cases.expect("TLS 1.1 is refused", True)
    # A recorded conversation: the same bytes again, and cut off at every place.
    recorded = record(server, certificate)
    request(connect(server, certificate), "POST", "/query", {"q": "DROP DATABASE replayed"})
    for end in list(range(0, len(recorded), 61)) + [len(recorded)]:
        server.raw(recorded[:end], timeout=0.2 if end == len(recorded) else 5, close_after=True)
    cases.expect("the server lives through truncated and replayed records", server.is_alive())
    known = request(connect(server, certificate), "GET", "/query", {"q": "SHOW DATABASES"})
    cases.expect("and does none of what they say", "replayed" not in known.text, known.text)


def record(server, certificate):
    """What a client sends in one conversation."""
    sent = bytearray()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=certificate)
    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        def pump():
            data = outgoing.read()
            sent.extend(data)
            raw.sendall(data)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pump()
                incoming.write(raw.recv(65536))
        tls.write(b"POST /query?q=CREATE+DATABASE+replayed HTTP/1.1\r\nHost: h\r\n\r\n")
        pump()
        raw.recv(65536)
    return bytes(sent)


def takes_new_files(cases, server, folder, paths):
    before = connect(server, paths[0])
    cases.equal("before", request(before, "GET", "/ping").status, 204)
    old = os.path.join(folder, "old.pem")
    shutil.copy(paths[0], old)
    make_certificate(folder, "server")
    server.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 10
    while "tls.reloaded" not in server.log_text() and time.monotonic() < until:
        time.sleep(0.05)
    cases.equal("a connection that stands goes on", request(before, "GET", "/ping").status, 204)
    cases.equal("a new one sees the new certificate",
                request(connect(server, paths[0]), "GET", "/ping").status, 204)
    try:
        request(connect(server, old), "GET", "/ping")
        cases.expect("and not the old one", False)
    except ssl.SSLError:
        cases.expect("and not the old one", True)
    done = subprocess.run([BINARY, "query", "SHOW DATABASES", "--ca", paths[0], "--url",
                           "https://127.0.0.1:%d" % server.port], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    cases.expect("the command speaks https", done.returncode == 0 and b"db" in done.stdout,
                 done.stdout)


def wrong_files(cases, folder, paths):
    other = make_certificate(folder, "other")
    for certificate, key, says in (
            (os.path.join(folder, "nowhere.pem"), paths[1], "server.tls_cert_path"),
            (paths[0], os.path.join(folder, "nowhere.key"), "server.tls_key_path"),
            (paths[0], other[1], "does not belong to the certificate"), ("", "", "is empty")):
        try:
            with Server(flags=flags(certificate, key)):
                cases.expect("wrong files are refused", False, says)
        except StartError as refused:
            cases.expect("what is wrong is said: " + says,
                         refused.status == 1 and says in refused.output, refused.output)


def main():
    need_binary()
    cases = Cases()
    if shutil.which("openssl") is None:
        cases.skip("there is no openssl to make certificates with")
        cases.finish()
    folder = tempfile.mkdtemp(prefix="varve-tls-")
    try:
        paths = make_certificate(folder, "server")
        with Server(flags=flags(*paths)) as server:
            cases.run(lambda c: speaks(c, server, paths[0]), lambda c: refuses(c, server, paths[0]),
                      lambda c: takes_new_files(c, server, folder, paths))
            cases.equal("it stops in order", server.stop(), 0)
        cases.run(lambda c: wrong_files(c, folder, paths))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    cases.finish()


if __name__ == "__main__":
    main()
