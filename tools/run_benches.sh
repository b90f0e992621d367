#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run_benches.sh BUILD_DIR JOBS   compiles every *_bench target and runs them one after the other.
set -euo pipefail
build=$1
jobs=$2

mapfile -t targets < <(ninja -C "$build" -t targets all | grep -v ^cmake_ |
  sed -n 's/^\([a-z_0-9]*_bench\):.*/\1/p' | sort -u)
[ ${#targets[@]} -gt 0 ] || { echo "no benchmark is built here: is libbenchmark-dev installed?" >&2; exit 1; }
tools/step.sh --live "compile ${#targets[@]} benchmarks" ninja -j "$jobs" -C "$build" "${targets[@]}"
for target in "${targets[@]}"; do
  echo "== $target"
  "$build/$target"
done

tools/step.sh --live "compile varve" ninja -j "$jobs" -C "$build" varve
echo "== end to end"
VARVE_BUILD=$build bench/end_to_end.py
