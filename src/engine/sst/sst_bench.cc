// SPDX-License-Identifier: Apache-2.0
// One SST of 100 series × 8,640 rows × 10 integer random walks between 0 and 100, as a fleet of
// hosts measured every 10 s for a day gives it.
// Sketch: delta bit-packing leaves about 3 bits a value, 0.37 bytes; aim ≤ 0.6 a point all-in.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "base/check.h"
#include "engine/sst/sst_reader.h"
#include "engine/sst/sst_writer.h"
#include "io/random.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

constexpr size_t kSeries = 100, kRowsEach = 8640, kFields = 10;

struct Walks {
  std::vector<std::string> keys;
  std::vector<int64_t> times_ns;
  std::vector<std::vector<ColumnVector>> cells;  // By series, then field.
};

const Walks& walks() {
  static const Walks made = [] {
    Walks all;
    SeededRandom random(123);
    for (size_t row = 0; row < kRowsEach; ++row) {
      all.times_ns.push_back(1'451'606'400'000'000'000 +
                             static_cast<int64_t>(row) * 10'000'000'000);
    }
    for (size_t one = 0; one < kSeries; ++one) {
      all.keys.push_back(encode_series_key({{ColumnId{1}, "host_" + std::to_string(one)}}));
      auto& fields = all.cells.emplace_back();
      for (size_t field = 0; field < kFields; ++field) {
        ColumnVector& walk = fields.emplace_back(ValueType::kInt64);
        double value = static_cast<double>(random.next_u64() % 100);
        for (size_t row = 0; row < kRowsEach; ++row) {
          // A sum of twelve uniform numbers is near enough to a normal one.
          double step = -6;
          for (int part = 0; part < 12; ++part) {
            step += static_cast<double>(random.next_u64() >> 11) * 0x1p-53;
          }
          value = std::clamp(value + step, 0.0, 100.0);
          walk.append_i64(static_cast<int64_t>(value));
        }
      }
    }
    std::sort(all.keys.begin(), all.keys.end(), [](const auto& a, const auto& b) {
      return series_key_hash(a) < series_key_hash(b);
    });
    return all;
  }();
  return made;
}

uint64_t write(SimulatedFileSystem& files) {
  SstWriterOptions options{.path = "/d/1.sst", .table = TableId{1}, .table_name = "cpu"};
  options.columns.push_back({ColumnId{1}, ColumnKind::kTag, ValueType::kString, "host"});
  for (uint32_t field = 0; field < kFields; ++field) {
    options.columns.push_back({ColumnId{2 + field}, ColumnKind::kField, ValueType::kInt64,
                               "usage_" + std::to_string(field)});
  }
  auto writer = make_sst_writer(files, options);
  CHECK(writer.has_value());
  for (size_t one = 0; one < kSeries; ++one) {
    std::vector<ColumnView> views;
    for (const ColumnVector& walk : walks().cells[one]) views.push_back(walk.view());
    const std::string& key = walks().keys[one];
    CHECK((*writer)->append({series_key_hash(key), key}, walks().times_ns, views).has_value());
  }
  const auto summary = (*writer)->finish();
  CHECK(summary.has_value());
  return summary->size_bytes;
}

void WriteSst(benchmark::State& state) {
  (void)walks();
  uint64_t size_bytes = 0;
  for (auto _ : state) {
    SimulatedFileSystem files;
    CHECK(files.create_directories("/d").has_value());
    size_bytes = write(files);
  }
  constexpr double kRows = kSeries * kRowsEach;
  state.counters["bytes/point"] = static_cast<double>(size_bytes) / (kRows * kFields);
  state.counters["ns/row"] = benchmark::Counter(
      kRows * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(WriteSst)->Unit(benchmark::kMillisecond);

void DecodeSst(benchmark::State& state) {
  SimulatedFileSystem files;
  CHECK(files.create_directories("/d").has_value());
  write(files);
  const auto reader = open_sst(files, "/d/1.sst");
  CHECK(reader.has_value());
  for (auto _ : state) {
    for (uint32_t group = 0; group < (*reader)->row_group_count(); ++group) {
      for (uint32_t field = 0; field < kFields; ++field) {
        benchmark::DoNotOptimize((*reader)->read_field(group, field));
      }
    }
  }
  state.counters["values/s"] = benchmark::Counter(kSeries * kRowsEach * kFields,
                                                  benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(DecodeSst)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace varve::engine
