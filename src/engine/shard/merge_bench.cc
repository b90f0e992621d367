// SPDX-License-Identifier: Apache-2.0
// Eight files of one segment become one. Sketch: a page that is taken over costs a read, a checksum
// and a write of 0.3 bytes a value, below 1 ns; decoding, merging and encoding it about 20 ns.
#include <benchmark/benchmark.h>

#include <ctime>
#include <future>
#include <memory>
#include <string>

#include "engine/local_store.h"
#include "io/random.h"
#include "io/simulated_file_system.h"
#include "model/series_key.h"

namespace varve::engine {
namespace {

constexpr TableId kTable{1};
constexpr ColumnId kHost{1};
constexpr uint32_t kFields = 10;
constexpr int64_t kStepNs = 10'000'000'000;
constexpr size_t kFiles = 8;
constexpr size_t kSeries = 20;
constexpr size_t kRows = 8'192;  // Of a series in a file.

double process_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Rows of all series from `begin_ns` on: whole numbers that walk.
WriteRequest rows_from(int64_t begin_ns, SeededRandom& random) {
  WriteBatch batch;
  batch.table = kTable;
  batch.segment = SegmentId{1};
  batch.segment_range = {.begin_ns = 0, .end_ns = INT64_MAX / 2};
  for (uint32_t field = 0; field < kFields; ++field) {
    batch.columns.push_back(
        {.id = ColumnId{10 + field}, .values = ColumnVector(ValueType::kInt64)});
  }
  for (uint32_t series = 0; series < kSeries; ++series) {
    const std::string key =
        encode_series_key({{.column = kHost, .text = "host_" + std::to_string(series)}});
    batch.series.push_back({.hash = series_key_hash(key),
                            .key_offset = static_cast<uint32_t>(batch.key_bytes.size()),
                            .key_size_bytes = static_cast<uint32_t>(key.size())});
    batch.key_bytes += key;
    int64_t values[kFields] = {};
    for (size_t row = 0; row < kRows; ++row) {
      batch.row_series.push_back(series);
      batch.times_ns.push_back(begin_ns + static_cast<int64_t>(row) * kStepNs);
      for (uint32_t field = 0; field < kFields; ++field) {
        values[field] += static_cast<int64_t>(random.next_u64() % 5) - 2;
        batch.columns[field].values.append_i64(values[field]);
      }
    }
  }
  WriteRequest request;
  request.batches.push_back(std::move(batch));
  return request;
}

// Argument 1: each file begins with the time at which the one before ends, so no page stands alone.
void BM_MergeFiles(benchmark::State& state) {
  const bool overlap = state.range(0) != 0;
  for (auto _ : state) {
    SimulatedFileSystem files(1);
    SimulatedClock clock(1'000'000'000);
    SeededRandom random(1);
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    auto store = *LocalStore::open(options, files, clock, random, {kTable});
    for (size_t file = 0; file < kFiles; ++file) {
      const auto rows = static_cast<int64_t>(file * (overlap ? kRows - 1 : kRows));
      std::promise<Result<void>> done;
      store->write(rows_from(rows * kStepNs, random),
                   [&](Result<void> outcome) { done.set_value(std::move(outcome)); });
      if (!done.get_future().get() || !store->flush()) return state.SkipWithError("no file");
    }
    const double began = process_seconds();
    if (!store->compact()) return state.SkipWithError("no merge");
    state.SetIterationTime(process_seconds() - began);
    if (store->stats(kTable).sst_count != 1) return state.SkipWithError("several files are left");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kFiles * kSeries * kRows));
}
BENCHMARK(BM_MergeFiles)->Arg(0)->Arg(1)->ArgName("overlap")->UseManualTime()->Iterations(2);

}  // namespace
}  // namespace varve::engine
