# SPDX-License-Identifier: Apache-2.0
"""What the Python client of InfluxDB 1 does as a user, over TLS or without.

  PYTHON_WITH_INFLUXDB tests/wire/python_client.py PORT USER PASSWORD [CERTIFICATE]
"""
import sys

from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError


def main():
    port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    more = {"ssl": True, "verify_ssl": sys.argv[4]} if len(sys.argv) > 4 else {}

    def client(name, secret, **and_more):
        return InfluxDBClient("127.0.0.1", port, name, secret, "py", gzip=True, **more, **and_more)
    admin = client(user, password)
    admin.create_database("py")
    admin.create_user("pyreader", "Secret-2")
    admin.grant_privilege("read", "py", "pyreader")
    assert admin.write_points([{"measurement": "m", "tags": {"h": str(n)}, "fields": {"v": n},
                                "time": n} for n in range(5_000)], batch_size=1_000)
    reader = client("pyreader", "Secret-2")
    rows = list(reader.query("SELECT v FROM m").get_points())
    assert len(rows) == 5_000, len(rows)
    # Its reader of MessagePack takes one document and no more.
    in_json = client("pyreader", "Secret-2", headers={"Accept": "application/json"})
    chunks = list(in_json.query("SELECT v FROM m", chunked=True, chunk_size=500))
    assert sum(len(list(chunk.get_points())) for chunk in chunks) == 5_000
    assert reader.get_list_database() == [{"name": "py"}]
    for what, status in ((lambda: reader.write_points([{"measurement": "m", "fields": {"v": 1.0}}]),
                          403),
                         (lambda: reader.drop_database("py"), 403),
                         (lambda: client("pyreader", "wrong").query("SELECT v FROM m"), 401)):
        try:
            what()
        except InfluxDBClientError as refused:
            assert refused.code == status, refused
        else:
            raise AssertionError("that should have been refused")
    admin.drop_user("pyreader")
    admin.drop_database("py")
    print("PASS")


main()
