#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each way of saying who asks, with curl, over TLS or without.
#   tests/wire/curl_client.sh PORT USER PASSWORD [CERTIFICATE]
set -euo pipefail
port=$1 user=$2 password=$3
url=http://127.0.0.1:$port more=()
[ $# -lt 4 ] || { url=https://127.0.0.1:$port; more=(--cacert "$4"); }
call() { curl -sS "${more[@]}" "$@"; }
status() { call -o /dev/null -w '%{http_code}' "$@"; }
expect() { [ "$2" = "$3" ] || { echo "FAIL $1: got '$2', wanted '$3'"; exit 1; }; }

call -u "$user:$password" "$url/query" --data-urlencode 'q=CREATE DATABASE web' >/dev/null
expect "Basic" "$(status -u "$user:$password" "$url/write?db=web" --data-binary 'm v=1 1')" 204
expect "parameters" "$(status "$url/write?db=web&u=$user&p=$password" --data-binary 'm v=2 2')" 204
expect "a token" "$(status -H "Authorization: Token $user:$password" "$url/api/v2/write?bucket=web" --data-binary 'm v=3 3')" 204
rows='{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","count"],"values":[[0,3]]}]}]}'
expect "an answer" "$(call -u "$user:$password" -G "$url/query" -d db=web -d epoch=ns --data-urlencode 'q=SELECT count(v) FROM m')" "$rows"
expect "nobody" "$(call -G "$url/query" -d db=web --data-urlencode 'q=SELECT v FROM m')" '{"error":"unable to parse authentication credentials"}'
expect "a wrong password" "$(status -u "$user:wrong" -G "$url/query" -d q=SHOW+DATABASES)" 401
expect "pings are for everybody" "$(status "$url/ping")" 204
call -u "$user:$password" "$url/query" --data-urlencode 'q=DROP DATABASE web' >/dev/null
echo PASS
