#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run_fuzzers.sh BUILD_DIR JOBS SECONDS   compiles every *_fuzz target and runs each for SECONDS.
# Inputs found are kept in BUILD_DIR/corpus/TARGET; a crashing input in BUILD_DIR/crashes.
set -euo pipefail
build=$1
jobs=$2
seconds=$3

mapfile -t targets < <(ninja -C "$build" -t targets all | grep -v ^cmake_ |
  sed -n 's/^\([a-z_0-9]*_fuzz\):.*/\1/p' | sort -u)
[ ${#targets[@]} -gt 0 ] || { echo "there are no fuzz targets" >&2; exit 1; }
tools/step.sh --live "compile ${#targets[@]} fuzz targets" ninja -j "$jobs" -C "$build" "${targets[@]}"
mkdir -p "$build/crashes"
passed=0 failed=0
for target in "${targets[@]}"; do
  corpus=$build/corpus/$target
  mkdir -p "$corpus"
  # Seeds that a room keeps beside its fuzz target, in testdata/<target>/, are read but not written.
  mapfile -t seeds < <(find src -type d -path "*/testdata/$target")
  if "$build/$target" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=25 -print_final_stats=1 \
      -artifact_prefix="$build/crashes/$target-" "$corpus" "${seeds[@]}" >"$build/$target.log" 2>&1; then
    echo "$target: $(sed -n 's/stat::number_of_executed_units: *//p' "$build/$target.log") runs in $seconds s, no finding"
    passed=$((passed + 1))
  else
    echo "$target: FOUND SOMETHING, see $build/$target.log and $build/crashes"
    tail -n 30 "$build/$target.log"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
