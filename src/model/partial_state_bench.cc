// SPDX-License-Identifier: Apache-2.0
#include "model/partial_state.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace varve {
namespace {

constexpr size_t kRows = 1 << 20;

// GROUP BY time(1m) over decoded rows of one series, the time between two rows as the argument.
// Sketch: a chain of additions takes 4 cycles a double, so 3 GHz give 750 Mrows/s at most;
// aim above 300 Mrows/s. Measured on a shared 2-core machine: f64 mean 1,970 (1 s) and 770 (10 s)
// Mrows/s, every part 400 and 240; i64 max 960 and 490.
template <class Parts>
void group_by_minute(benchmark::State& state, ValueType type, Parts parts) {
  const int64_t step_ns = state.range(0) * 1'000'000'000;
  std::vector<int64_t> times(kRows);
  ColumnVector column(type);
  for (size_t i = 0; i < kRows; ++i) {
    times[i] = static_cast<int64_t>(i) * step_ns;
    if (type == ValueType::kFloat64) {
      column.append_f64(static_cast<double>(i % 97));
    } else {
      column.append_i64(static_cast<int64_t>(i % 97));
    }
  }
  const int64_t every_ns = 60'000'000'000;
  const auto slots = static_cast<size_t>(times.back() / every_ns) + 1;
  std::vector<StatePiece> pieces;
  PartialStates states(type, static_cast<StateParts>(parts), slots);
  for (auto _ : state) {
    // As the executor does it: a few thousand rows at a time, states and rows in the cache.
    constexpr size_t kBatch = 4096;
    for (size_t begin = 0; begin < kRows; begin += kBatch) {
      const std::span<const int64_t> batch(times.data() + begin, kBatch);
      pieces.clear();
      split_by_window(batch, 0, every_ns, [&](uint64_t window, size_t from, size_t to) {
        pieces.push_back({static_cast<uint32_t>(window), static_cast<uint32_t>(from),
                          static_cast<uint32_t>(to)});
      });
      states.fold(pieces, batch, column.view().slice(begin, begin + kBatch));
    }
    benchmark::DoNotOptimize(states.count(0));
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRows));
}

BENCHMARK_CAPTURE(group_by_minute, f64_mean, ValueType::kFloat64, StatePart::kSum)->Arg(1)->Arg(10);
BENCHMARK_CAPTURE(group_by_minute, f64_all, ValueType::kFloat64, kAllStateParts)->Arg(1)->Arg(10);
BENCHMARK_CAPTURE(group_by_minute, i64_mean, ValueType::kInt64, StatePart::kSum)->Arg(1)->Arg(10);
BENCHMARK_CAPTURE(group_by_minute, i64_max, ValueType::kInt64, StatePart::kMax)->Arg(1)->Arg(10);

}  // namespace
}  // namespace varve
