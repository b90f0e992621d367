# SPDX-License-Identifier: Apache-2.0
"""What the Python client of InfluxDB 2 does through the routes that 1.8 has, as a user.

  PYTHON_WITH_INFLUXDB_CLIENT tests/wire/python_v2_client.py PORT USER PASSWORD [CERTIFICATE]
"""
import base64
import json
import ssl
import sys
import urllib.parse
import urllib.request

from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException


def main():
    port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    certificate = sys.argv[4] if len(sys.argv) > 4 else None
    url = "%s://127.0.0.1:%d" % ("https" if certificate else "http", port)
    context = ssl.create_default_context(cafile=certificate) if certificate else None

    def ask(text):
        form = urllib.parse.urlencode({"db": "two", "epoch": "s", "q": text}).encode()
        login = base64.b64encode(("%s:%s" % (user, password)).encode()).decode()
        asked = urllib.request.Request(url + "/query", form, {"Authorization": "Basic " + login})
        return json.load(urllib.request.urlopen(asked, context=context))["results"][0]

    def client(token):
        return InfluxDBClient(url, token=token, org="-", enable_gzip=True, ssl_ca_cert=certificate)

    def status(what):
        try:
            what()
        except ApiException as refused:
            return refused.status
        return None
    ask("CREATE DATABASE two")
    ask("CREATE USER reader2 WITH PASSWORD 'Secret-2'")
    ask("GRANT READ ON two TO reader2")
    own = client("%s:%s" % (user, password))
    assert own.ping() and own.health().status == "pass"
    writer = own.write_api(write_options=SYNCHRONOUS)
    writer.write("two/autogen", "-", [Point("m").tag("h", "h%d" % (n % 4)).field("v", n)
                                      .time(n, WritePrecision.S) for n in range(2_000)])
    with own.write_api() as batches:
        for n in range(2_000, 5_000):
            batches.write("two", "-", "m,h=h%d v=%di %d" % (n % 4, n, n),
                          write_precision=WritePrecision.S)
    found = ask("SELECT count(v) FROM m")["series"][0]["values"][0][1]
    assert found == 5_000, found
    for token, wanted in (("reader2:Secret-2", 403), ("reader2:wrong", 401), ("", 401)):
        refused = client(token).write_api(write_options=SYNCHRONOUS)
        seen = status(lambda: refused.write("two", "-", "m v=1 1"))
        assert seen == wanted, (token, seen)
    own.delete_api().delete("1970-01-01T00:00:00Z", "1970-01-01T00:10:00Z",
                            '_measurement="m" AND h="h1"', bucket="two", org="-")
    found = ask("SELECT count(v) FROM m")["series"][0]["values"][0][1]
    assert found == 4_850, found
    ask("DROP USER reader2")
    ask("DROP DATABASE two")
    print("PASS")


main()
