#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# step.sh [--live] NAME COMMAND...   runs a command and prints one line with its name and seconds.
# What it says is kept back and shown only when it fails; --live lets it through, except that ninja
# is quiet where no person is looking.
set -uo pipefail

live=0
if [ "$1" = --live ]; then
  live=1
  shift
fi
name=$1
shift
if [ "$1" = ninja ] && [ ! -t 1 ]; then
  set -- ninja --quiet "${@:2}"
fi

seconds() { date +%s.%N; }
began=$(seconds)
echo "== $name …"
if [ $live = 1 ]; then
  "$@"
  status=$?
else
  output=$(mktemp)
  trap 'rm -f "$output"' EXIT
  "$@" >"$output" 2>&1
  status=$?
  [ $status = 0 ] || cat "$output" >&2
fi
took=$(awk -v a="$began" -v b="$(seconds)" 'BEGIN {printf "%.1f", b - a}')
if [ $status = 0 ]; then
  echo "== $name: done in $took s"
else
  echo "== $name: failed after $took s" >&2
fi
exit $status
