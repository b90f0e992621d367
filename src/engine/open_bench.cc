// SPDX-License-Identifier: Apache-2.0
// Opening a store of many small files, and one with a million series, from the page cache.
// Sketch: a small file costs an open, three reads and the parsing of a footer, about 100 us, so 1 s
// for 10,000 files; a series costs reading 60 bytes, its hash and its entry in the index, below
// 1 us.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <fstream>
#include <future>

#include "base/check.h"
#include "engine/local_store.h"
#include "engine/sst/sst_reader.h"
#include "engine/sst/sst_writer.h"
#include "io/posix_file_system.h"
#include "io/temporary_folder.h"

namespace varve::engine {
namespace {

constexpr TableId kTable{1};
constexpr int64_t kSegmentNs = 3'600'000'000'000;

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  statm >> size >> resident;
  return resident * 4'096;
}

std::string key_of(size_t series) {
  return encode_series_key({{ColumnId{1}, "host_" + std::to_string(series)},
                            {ColumnId{2}, "region_" + std::to_string(series % 10)}});
}

/// One row of each series [0, count) in the given hour; three fields.
WriteBatch make_batch(uint32_t hour, size_t count) {
  WriteBatch batch;
  batch.table = kTable;
  batch.segment = SegmentId{hour + 1};
  batch.segment_range = {.begin_ns = hour * kSegmentNs, .end_ns = (hour + 1) * kSegmentNs};
  for (uint32_t field = 0; field < 3; ++field) {
    batch.columns.push_back({ColumnId{10 + field}, ColumnVector(ValueType::kFloat64)});
  }
  for (size_t series = 0; series < count; ++series) {
    const std::string key = key_of(series);
    batch.series.push_back({.hash = series_key_hash(key),
                            .key_offset = static_cast<uint32_t>(batch.key_bytes.size()),
                            .key_size_bytes = static_cast<uint32_t>(key.size())});
    batch.key_bytes += key;
    batch.row_series.push_back(static_cast<uint32_t>(series));
    batch.times_ns.push_back(batch.segment_range.begin_ns + static_cast<int64_t>(series));
    for (auto& column : batch.columns) column.values.append_f64(static_cast<double>(series % 100));
  }
  return batch;
}

std::unique_ptr<LocalStore> open_store(const std::string& path) {
  static PosixFileSystem files;
  static SeededRandom random{1};
  EngineOptions options;
  options.directory = path;
  options.automatic = false;
  options.wal_sync = WalSync::kOff;
  options.memtable_bytes_max = 2u << 30;
  auto store = LocalStore::open(options, files, SystemClock::instance(), random, {kTable});
  CHECK(store.has_value());
  return std::move(*store);
}

void write(LocalStore& store, WriteBatch batch) {
  std::promise<void> done;
  WriteRequest request;
  request.batches.push_back(std::move(batch));
  store.write(std::move(request), [&](Result<void> outcome) {
    CHECK(outcome.has_value());
    done.set_value();
  });
  done.get_future().wait();
}

/// `hours` files of `series` rows each.
void make_store(const std::string& path, uint32_t hours, size_t series) {
  const auto store = open_store(path);
  for (uint32_t hour = 0; hour < hours; ++hour) write(*store, make_batch(hour, series));
  CHECK(store->close().has_value());
}

void measure_open(benchmark::State& state, uint32_t hours, size_t series) {
  const TemporaryFolder folder;
  make_store(folder.path(), hours, series);
  for (auto _ : state) {
    const uint64_t before = resident_bytes();
    auto store = open_store(folder.path());
    state.PauseTiming();
    state.counters["RSS MB"] = static_cast<double>(resident_bytes() - before) * 1e-6;
    store.reset();
    state.ResumeTiming();
  }
}

void OpenTenThousandSmallFiles(benchmark::State& state) { measure_open(state, 10'000, 20); }
BENCHMARK(OpenTenThousandSmallFiles)->Unit(benchmark::kMillisecond)->Iterations(1);

void OpenOneFileOfAMillionSeries(benchmark::State& state) { measure_open(state, 1, 1'000'000); }
BENCHMARK(OpenOneFileOfAMillionSeries)->Unit(benchmark::kMillisecond)->Iterations(1);

/// A file of a million series without a store around it.
const std::string& million_series(PosixFileSystem& files) {
  static const TemporaryFolder folder;
  static const std::string path = [&] {
    CHECK(files.create_directories(folder.path()).has_value());
    SstWriterOptions options{.path = folder.path() + "/1.sst", .table_name = "t"};
    options.columns = {{ColumnId{1}, ColumnKind::kTag, ValueType::kString, "host"},
                       {ColumnId{2}, ColumnKind::kTag, ValueType::kString, "region"},
                       {ColumnId{10}, ColumnKind::kField, ValueType::kFloat64, "f"}};
    auto writer = make_sst_writer(files, options);
    CHECK(writer.has_value());
    std::vector<std::pair<KeyHash, std::string>> series;
    for (size_t one = 0; one < 1'000'000; ++one) {
      std::string key = key_of(one);
      series.emplace_back(series_key_hash(key), std::move(key));
    }
    std::ranges::sort(series);
    ColumnVector cells(ValueType::kFloat64);
    cells.append_f64(1);
    const std::vector<int64_t> times = {1};
    const std::vector<ColumnView> fields = {cells.view()};
    for (const auto& [hash, key] : series) {
      CHECK((*writer)->append({hash, key}, times, fields).has_value());
    }
    CHECK((*writer)->finish().has_value());
    return options.path;
  }();
  return path;
}

void OpenReader(benchmark::State& state) {
  PosixFileSystem files;
  const std::string& path = million_series(files);
  for (auto _ : state) {
    const auto reader = open_sst(files, path);
    CHECK(reader.has_value());
    state.counters["resident bytes/series"] =
        static_cast<double>((*reader)->size_bytes()) / 1'000'000;
  }
}
BENCHMARK(OpenReader)->Unit(benchmark::kMicrosecond);

void FindASeriesThatIsNotThere(benchmark::State& state) {
  PosixFileSystem files;
  const auto reader = open_sst(files, million_series(files));
  uint64_t number = 0;
  for (auto _ : state) {
    const auto hash = hash128(std::string_view(reinterpret_cast<const char*>(&++number), 8));
    benchmark::DoNotOptimize((*reader)->directory().find(hash));
  }
}
BENCHMARK(FindASeriesThatIsNotThere);

void FindASeries(benchmark::State& state) {
  PosixFileSystem files;
  const auto reader = open_sst(files, million_series(files));
  size_t number = 0;
  for (auto _ : state) {
    const auto found = (*reader)->find(series_key_hash(key_of((number += 7'919) % 1'000'000)));
    CHECK(found && *found);
  }
}
BENCHMARK(FindASeries)->Unit(benchmark::kMicrosecond);

void WalkOverAllSeries(benchmark::State& state) {
  PosixFileSystem files;
  const auto reader = open_sst(files, million_series(files));
  for (auto _ : state) {
    SeriesCursor cursor(**reader);
    size_t bytes = 0;
    while (*cursor.next()) bytes += cursor.series().ref().key.size();
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(WalkOverAllSeries)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace varve::engine
