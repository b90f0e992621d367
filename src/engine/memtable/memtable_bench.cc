// SPDX-License-Identifier: Apache-2.0
// Questions to a million rows in memory: 10 integer fields, one row for each series every 10
// seconds, as they arrive.
// Sketch: putting 65,536 rows in order takes two passes over 8 bytes a row, 0.5 ms a chunk; a cell
// of a row is one gathered load. One series and hour among 100 series, 4 chunks of a day's 16: aim
// below 1 ms; the whole below 100 ns a row.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "engine/memtable/memtable.h"
#include "engine/scan/memtable_scan.h"

namespace varve::engine {
namespace {

constexpr size_t kRows = 1'000'000;
constexpr size_t kRequestRows = 1'000;
constexpr uint32_t kFields = 10;
constexpr int64_t kTickNs = 10'000'000'000;

std::shared_ptr<const Memtable> make(uint32_t series_count) {
  auto memtable = std::make_shared<Memtable>(TableId{1}, MergeMode::kMerge, SegmentId{1},
                                             TimeRange{.begin_ns = 0, .end_ns = INT64_MAX});
  std::vector<SeriesId> ids(series_count);
  for (uint32_t i = 0; i < series_count; ++i) ids[i] = SeriesId{i};
  for (size_t row = 0; row < kRows;) {
    WriteBatch batch;
    batch.series.resize(series_count);
    for (uint32_t field = 0; field < kFields; ++field) {
      batch.columns.push_back(
          {.id = ColumnId{10 + field}, .values = ColumnVector(ValueType::kInt64)});
    }
    for (size_t i = 0; i < kRequestRows; ++i, ++row) {
      batch.row_series.push_back(static_cast<uint32_t>(row % series_count));
      batch.times_ns.push_back(static_cast<int64_t>(row / series_count) * kTickNs);
      for (BatchColumn& column : batch.columns) {
        column.values.append_i64(static_cast<int64_t>(row));
      }
    }
    memtable->append(batch, ids);
  }
  return memtable;
}

std::vector<ScanColumn> columns() {
  std::vector<ScanColumn> columns;
  for (uint32_t field = 0; field < kFields; ++field) {
    columns.push_back({.id = ColumnId{10 + field}, .type = ValueType::kInt64});
  }
  return columns;
}

size_t collect(const std::shared_ptr<const Memtable>& memtable, uint32_t begin, uint32_t end,
               const TimeRange& range) {
  const auto wanted_columns = columns();
  SeriesBits wanted;
  for (uint32_t i = begin; i < end; ++i) wanted.add(SeriesId{i});
  MemtableScan scan(memtable, wanted_columns, &wanted);
  size_t rows = 0;
  for (uint32_t i = begin; i < end; ++i) {
    std::vector<RowRun> runs;
    scan.collect(SeriesId{i}, range, runs);
    for (const RowRun& run : runs) rows += run.row_count();
  }
  return rows;
}

// `asked_before`: whether the same question was asked before.
void OneSeriesOneHour(benchmark::State& state) {
  const auto series_count = static_cast<uint32_t>(state.range(0));
  const TimeRange range{.begin_ns = 0, .end_ns = 360 * kTickNs};
  std::shared_ptr<const Memtable> memtable;
  if (state.range(1) != 0) memtable = make(series_count);
  for (auto _ : state) {
    if (state.range(1) == 0) {
      state.PauseTiming();
      memtable = make(series_count);
      state.ResumeTiming();
    }
    CHECK(collect(memtable, 7, 8, range) > 0);
  }
}
BENCHMARK(OneSeriesOneHour)
    ->ArgNames({"series", "asked_before"})
    ->Args({100, 0})
    ->Args({100'000, 0})
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(5);
BENCHMARK(OneSeriesOneHour)
    ->ArgNames({"series", "asked_before"})
    ->Args({100, 1})
    ->Args({100'000, 1})
    ->Unit(benchmark::kMicrosecond);

void EveryRow(benchmark::State& state) {
  const auto series_count = static_cast<uint32_t>(state.range(0));
  std::shared_ptr<const Memtable> memtable;
  if (state.range(1) != 0) memtable = make(series_count);
  for (auto _ : state) {
    if (state.range(1) == 0) {
      state.PauseTiming();
      memtable = make(series_count);
      state.ResumeTiming();
    }
    CHECK(collect(memtable, 0, series_count, TimeRange{}) == kRows);
  }
  state.counters["ns/row"] =
      benchmark::Counter(kRows * 1e-9, benchmark::Counter::kIsIterationInvariantRate |
                                           benchmark::Counter::kInvert);
}
BENCHMARK(EveryRow)
    ->ArgNames({"series", "asked_before"})
    ->Args({100, 0})
    ->Args({100, 1})
    ->Args({100'000, 0})
    ->Args({100'000, 1})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

}  // namespace
}  // namespace varve::engine
