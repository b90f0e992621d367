// SPDX-License-Identifier: Apache-2.0
// The way of a row through the store: 100 hosts, 10 integer fields, one row each 10 s, in requests
// of 1,000 rows, as a fleet of agents behind one sender gives it.
// Sketch: encode and checksum 51 ns a row, memtable copy of 92 bytes 20 ns; aim below 150 ns a row
// to the acknowledgement (no sync), below 1.5 us a row for a flush, 100 M values/s from the cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <future>
#include <optional>

#include "base/check.h"
#include "engine/local_store.h"
#include "engine/wal/wal_format.h"
#include "io/posix_file_system.h"
#include "io/temporary_folder.h"

namespace varve::engine {
namespace {

constexpr size_t kHosts = 100;
constexpr size_t kRequestRows = 1'000;
constexpr size_t kRequests = 864;  // One day.
constexpr size_t kFields = 10;
constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr int64_t kBeginNs = 1'451'606'400'000'000'000;
constexpr TableId kTable{1};

struct Walks {
  SeededRandom random{123};
  std::vector<double> values = std::vector<double>(kHosts * kFields);
  Walks() {
    for (double& value : values) value = static_cast<double>(random.next_u64() % 100);
  }
  int64_t step(size_t host, size_t field) {
    double& value = values[host * kFields + field];
    double step = -6;
    for (int part = 0; part < 12; ++part) {
      step += static_cast<double>(random.next_u64() >> 11) * 0x1p-53;
    }
    value = std::clamp(value + step, 0.0, 100.0);
    return static_cast<int64_t>(value);
  }
};

WriteBatch make_batch(Walks& walks, size_t request) {
  WriteBatch batch;
  batch.table = kTable;
  batch.segment = SegmentId{1};
  batch.segment_range = {.begin_ns = kBeginNs, .end_ns = kBeginNs + kDayNs};
  for (size_t host = 0; host < kHosts; ++host) {
    const std::string key =
        encode_series_key({{.column = ColumnId{1}, .text = "host_" + std::to_string(host)}});
    batch.series.push_back({.hash = series_key_hash(key),
                            .key_offset = static_cast<uint32_t>(batch.key_bytes.size()),
                            .key_size_bytes = static_cast<uint32_t>(key.size())});
    batch.key_bytes += key;
  }
  for (uint32_t field = 0; field < kFields; ++field) {
    batch.columns.push_back(
        {.id = ColumnId{10 + field}, .values = ColumnVector(ValueType::kInt64)});
  }
  for (size_t row = 0; row < kRequestRows; ++row) {
    const size_t host = row % kHosts;
    const size_t tick = request * (kRequestRows / kHosts) + row / kHosts;
    batch.row_series.push_back(static_cast<uint32_t>(host));
    batch.times_ns.push_back(kBeginNs + static_cast<int64_t>(tick) * 10'000'000'000);
    for (size_t field = 0; field < kFields; ++field) {
      batch.columns[field].values.append_i64(walks.step(host, field));
    }
  }
  return batch;
}

std::vector<WriteRequest> make_day() {
  Walks walks;
  std::vector<WriteRequest> day(kRequests);
  for (size_t i = 0; i < kRequests; ++i) day[i].batches.push_back(make_batch(walks, i));
  return day;
}

// A store in a folder of its own, which goes with it.
struct Bench {
  const TemporaryFolder folder;
  PosixFileSystem files;
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;

  explicit Bench(WalSync sync) {
    EngineOptions options;
    options.directory = folder.path();
    options.automatic = false;
    options.wal_sync = sync;
    options.block_cache_bytes = 512u << 20;
    options.memtable_bytes_max = 1u << 30;
    auto opened = LocalStore::open(options, files, SystemClock::instance(), random, {kTable});
    CHECK(opened.has_value());
    store = std::move(*opened);
  }
  void write_day(std::vector<WriteRequest> day) {
    std::vector<std::future<void>> acknowledged;
    for (WriteRequest& request : day) {
      auto promise = std::make_shared<std::promise<void>>();
      acknowledged.push_back(promise->get_future());
      store->write(std::move(request), [promise](Result<void> outcome) {
        CHECK(outcome.has_value());
        promise->set_value();
      });
    }
    for (auto& one : acknowledged) one.wait();
  }
};

constexpr double kRows = kRequests * kRequestRows;

void per_row(benchmark::State& state) {
  state.counters["ns/row"] = benchmark::Counter(
      kRows * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void EncodeWalRecord(benchmark::State& state) {
  Walks walks;
  std::vector<WriteBatch> batches;
  batches.push_back(make_batch(walks, 0));
  std::string body;
  std::string record;
  for (auto _ : state) {
    body.clear();
    record.clear();
    encode_wal_body(batches, body);
    append_wal_record({.generation = 1, .salt = 2}, Lsn{1}, body, record);
    benchmark::DoNotOptimize(record.data());
  }
  state.counters["ns/row"] =
      benchmark::Counter(kRequestRows * 1e-9, benchmark::Counter::kIsIterationInvariantRate |
                                                  benchmark::Counter::kInvert);
  state.counters["bytes/row"] = static_cast<double>(record.size()) / kRequestRows;
}
BENCHMARK(EncodeWalRecord);

void WriteADay(benchmark::State& state) {
  const auto sync = static_cast<WalSync>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    auto bench = std::make_unique<Bench>(sync);
    auto day = make_day();
    state.ResumeTiming();
    bench->write_day(std::move(day));
    state.PauseTiming();
    bench.reset();
    state.ResumeTiming();
  }
  per_row(state);
}
BENCHMARK(WriteADay)
    ->ArgName("sync")
    ->Arg(static_cast<int>(WalSync::kCommit))
    ->Arg(static_cast<int>(WalSync::kOff))
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(3);

void FlushADay(benchmark::State& state) {
  uint64_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto bench = std::make_unique<Bench>(WalSync::kOff);
    bench->write_day(make_day());
    state.ResumeTiming();
    CHECK(bench->store->flush().has_value());
    state.PauseTiming();
    bytes = bench->store->stats(kTable).sst_bytes;
    bench.reset();
    state.ResumeTiming();
  }
  per_row(state);
  state.counters["bytes/point"] = static_cast<double>(bytes) / (kRows * kFields);
}
BENCHMARK(FlushADay)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

size_t scan_all(LocalStore& store, ScanOrder order, std::optional<std::string> host) {
  ScanSpec spec;
  spec.table = kTable;
  spec.order = order;
  for (uint32_t field = 0; field < kFields; ++field) {
    spec.columns.push_back({.id = ColumnId{10 + field}, .type = ValueType::kInt64});
  }
  if (host) spec.predicate = Predicate::compare_tag(ColumnId{1}, CompareOp::kEqual, *host);
  auto stream = store.scan(spec, nullptr);
  CHECK(stream.has_value());
  size_t rows = 0;
  while (true) {
    const auto batch = (*stream)->next();
    CHECK(batch.has_value());
    if (batch->row_count() == 0) return rows;
    rows += batch->row_count();
    benchmark::DoNotOptimize(batch->columns.data());
  }
}

enum Place : int { kMemtable, kFileCold, kFileCached };

void ScanADay(benchmark::State& state) {
  Bench bench(WalSync::kOff);
  bench.write_day(make_day());
  if (state.range(0) != kMemtable) CHECK(bench.store->flush().has_value());
  const auto order = static_cast<ScanOrder>(state.range(1));
  if (state.range(0) == kFileCached) scan_all(*bench.store, order, std::nullopt);
  for (auto _ : state) {
    if (state.range(0) == kFileCold) {
      state.PauseTiming();
      bench.store.reset();
      EngineOptions options;
      options.directory = bench.folder.path();
      options.automatic = false;
      auto opened = LocalStore::open(options, bench.files, SystemClock::instance(), bench.random,
                                     {kTable});
      CHECK(opened.has_value());
      bench.store = std::move(*opened);
      state.ResumeTiming();
    }
    CHECK(scan_all(*bench.store, order, std::nullopt) == kRequests * kRequestRows);
  }
  per_row(state);
}
BENCHMARK(ScanADay)
    ->ArgNames({"place", "order"})
    ->Args({kMemtable, 1})
    ->Args({kFileCold, 1})
    ->Args({kFileCached, 1})
    ->Args({kFileCached, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(5);

void ScanOneHost(benchmark::State& state) {
  Bench bench(WalSync::kOff);
  bench.write_day(make_day());
  if (state.range(0) != kMemtable) CHECK(bench.store->flush().has_value());
  for (auto _ : state) {
    CHECK(scan_all(*bench.store, ScanOrder::kSeriesTime, "host_7") == 8'640);
  }
}
BENCHMARK(ScanOneHost)
    ->ArgName("place")
    ->Arg(kMemtable)
    ->Arg(kFileCached)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace varve::engine
