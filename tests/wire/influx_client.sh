#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the influx shell of InfluxDB 1 does as a user, over TLS or without.
#   tests/wire/influx_client.sh PORT USER PASSWORD [CERTIFICATE]
set -euo pipefail
port=$1 user=$2 password=$3
more=(); [ $# -lt 4 ] || more=(-ssl -unsafeSsl)
shell() { influx -host 127.0.0.1 -port "$port" "${more[@]}" -username "$1" -password "$2" -database shell -execute "$3" -format csv 2>&1 || true; }
expect() { [ "$2" = "$3" ] || { echo "FAIL $1: got '$2', wanted '$3'"; exit 1; }; }

shell "$user" "$password" "CREATE DATABASE shell"
shell "$user" "$password" "CREATE USER reader3 WITH PASSWORD 'Secret-2'; GRANT READ ON shell TO reader3"
shell "$user" "$password" "INSERT m,h=a v=1 1"
shell "$user" "$password" "INSERT m,h=b v=2 2"
expect "a reader reads" "$(shell reader3 Secret-2 'SELECT v FROM m' | tail -2 | tr '\n' ' ')" "m,1,1 m,2,2 "
expect "a reader does not write" "$(shell reader3 Secret-2 'INSERT m v=3 3' | grep -q 'not authorized to write' && echo no)" no
expect "a reader does not drop" "$(shell reader3 Secret-2 'DROP DATABASE shell' | grep -q 'requires admin privilege' && echo no)" no
expect "a wrong password" "$(shell reader3 wrong 'SELECT v FROM m' | grep -q 'authorization failed' && echo no)" no
expect "databases of a reader" "$(shell reader3 Secret-2 'SHOW DATABASES' | tail -1)" "databases,shell"
shell "$user" "$password" "DROP USER reader3; DROP DATABASE shell"
echo PASS
