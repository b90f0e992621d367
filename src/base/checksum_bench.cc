// SPDX-License-Identifier: Apache-2.0
// Sketch: one 8-byte crc32 instruction can start each cycle, so near 3 GHz the interleaved path is
// bound by 24 GB/s. Slicing by eight waits for a table look-up every 8 bytes: 5 cycles from the L1
// cache and as many to join them, 2 GB/s at best. XXH3 reads with vectors; aim above 10 GB/s.
#include <benchmark/benchmark.h>

#include <string>

#include "base/checksum.h"
#include "base/crc32c.h"

namespace varve {
namespace {

std::string some_bytes(const benchmark::State& state) {
  return std::string(static_cast<size_t>(state.range(0)), 'v');
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// 64: a key. 512: a small log record. 4 KiB and 64 KiB: pages.
void sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t size_bytes : {16, 64, 512, 4096, 65'536}) bench->Arg(size_bytes);
}

void BM_Crc32c(benchmark::State& state) {
  const std::string bytes = some_bytes(state);
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  count_bytes(state);
}
BENCHMARK(BM_Crc32c)->Apply(sizes);

void BM_Crc32cPortable(benchmark::State& state) {
  const std::string bytes = some_bytes(state);
  for (auto _ : state) benchmark::DoNotOptimize(crc32c_portable(bytes, 0));
  count_bytes(state);
}
BENCHMARK(BM_Crc32cPortable)->Apply(sizes);

void BM_Hash128(benchmark::State& state) {
  const std::string bytes = some_bytes(state);
  for (auto _ : state) benchmark::DoNotOptimize(hash128(bytes));
  count_bytes(state);
}
BENCHMARK(BM_Hash128)->Apply(sizes);

}  // namespace
}  // namespace varve
