// SPDX-License-Identifier: Apache-2.0
// One SST of 10 fields, written and decoded in each layout: a fleet of 100 hosts measured every
// 10 s for a day, as compaction leaves it, and 100,000 hosts of 10 rows, as a young file has them.
// Sketch: delta bit-packing leaves about 3 bits a value of a whole walk, 0.37 bytes; entropy coding
// 2.2 bits, 0.28 bytes. Aim all-in ≤ 0.4 a point.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "base/check.h"
#include "engine/page/page_data.h"
#include "engine/sst/sst_reader.h"
#include "engine/sst/sst_writer.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

using Make = std::vector<double> (*)(SeededRandom&, size_t);

struct Values {
  const char* name;
  ValueType type;
  Make make;
};

constexpr Values kValues[] = {
    {"whole_walk", ValueType::kFloat64, page_data::whole_walk},
    {"whole_walk_integers", ValueType::kInt64, page_data::whole_walk},
    {"two_decimals", ValueType::kFloat64, page_data::two_decimals},
    {"counter", ValueType::kFloat64, page_data::counter},
    {"full_precision", ValueType::kFloat64, page_data::full_precision},
};

struct Shape {
  const char* name;
  size_t series;
  size_t rows_each;
};

constexpr Shape kShapes[] = {{"100x8640", 100, 8640}, {"100000x10", 100'000, 10}};
constexpr size_t kFields = 10;
/// So many walks, cut into series; more would take more memory and say the same.
constexpr size_t kWalks = 100, kWalkRows = 8640;

struct Input {
  std::vector<std::string> keys;  // By hash.
  std::vector<int64_t> times_ns;
  std::vector<ColumnVector> walks;
};

Input make_input(const Values& values, const Shape& shape) {
  Input input;
  SeededRandom random(123);
  input.times_ns = page_data::times(random, shape.rows_each, 0, 1);
  for (size_t one = 0; one < kWalks; ++one) {
    const auto walk = values.make(random, kWalkRows);
    input.walks.push_back(values.type == ValueType::kInt64 ? page_data::integers_of(walk)
                                                           : page_data::column_of(walk));
  }
  for (size_t one = 0; one < shape.series; ++one) {
    input.keys.push_back(encode_series_key({{ColumnId{1}, "host_" + std::to_string(one)}}));
  }
  std::ranges::sort(input.keys, {}, series_key_hash);
  return input;
}

/// Cells of a field of a series: the part of some walk, another for each.
ColumnView cells_of(const Input& input, const Shape& shape, size_t series, size_t field) {
  const size_t number = series * kFields + field;
  const size_t begin = number / kWalks * shape.rows_each % (kWalkRows - shape.rows_each + 1);
  return input.walks[number % kWalks].view().slice(begin, begin + shape.rows_each);
}

uint64_t write(SimulatedFileSystem& files, SstLayout layout, const Values& values,
               const Shape& shape, const Input& input) {
  SstWriterOptions options{
      .path = "/d/1.sst", .layout = layout, .table = TableId{1}, .table_name = "cpu"};
  options.columns.push_back({ColumnId{1}, ColumnKind::kTag, ValueType::kString, "host"});
  for (uint32_t field = 0; field < kFields; ++field) {
    options.columns.push_back(
        {ColumnId{2 + field}, ColumnKind::kField, values.type, "usage_" + std::to_string(field)});
  }
  auto writer = make_sst_writer(files, options);
  CHECK(writer.has_value());
  std::vector<ColumnView> views(kFields);
  for (size_t one = 0; one < shape.series; ++one) {
    for (size_t field = 0; field < kFields; ++field) {
      views[field] = cells_of(input, shape, one, field);
    }
    const std::string& key = input.keys[one];
    CHECK((*writer)->append({series_key_hash(key), key}, input.times_ns, views).has_value());
  }
  const auto summary = (*writer)->finish();
  CHECK(summary.has_value());
  return summary->size_bytes;
}

void write_sst(benchmark::State& state, SstLayout layout, const Values& values,
               const Shape& shape) {
  const Input input = make_input(values, shape);
  uint64_t size_bytes = 0;
  for (auto _ : state) {
    SimulatedFileSystem files;
    CHECK(files.create_directories("/d").has_value());
    size_bytes = write(files, layout, values, shape, input);
  }
  const auto rows = static_cast<double>(shape.series * shape.rows_each);
  state.counters["bytes/point"] = static_cast<double>(size_bytes) / (rows * kFields);
  state.counters["ns/row"] = benchmark::Counter(
      rows * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void decode_sst(benchmark::State& state, SstLayout layout, const Values& values,
                const Shape& shape) {
  SimulatedFileSystem files;
  CHECK(files.create_directories("/d").has_value());
  write(files, layout, values, shape, make_input(values, shape));
  const auto reader = open_sst(files, "/d/1.sst");
  CHECK(reader.has_value());
  for (auto _ : state) {
    for (uint32_t group = 0; group < (*reader)->row_group_count(); ++group) {
      for (uint32_t field = 0; field < kFields; ++field) {
        benchmark::DoNotOptimize((*reader)->read_field(group, field));
      }
    }
  }
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(shape.series * shape.rows_each * kFields),
                         benchmark::Counter::kIsIterationInvariantRate);
}

const bool registered = [] {
  for (const Shape& shape : kShapes) {
    for (const Values& values : kValues) {
      for (const SstLayout layout :
           {SstLayout::kColumnar, SstLayout::kHybrid, SstLayout::kPacked}) {
        const std::string name =
            std::string(shape.name) + "/" + values.name + "/" + std::string(to_string(layout));
        benchmark::RegisterBenchmark(("WriteSst/" + name).c_str(), [=, &values, &shape](auto& s) {
          write_sst(s, layout, values, shape);
        })->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(("DecodeSst/" + name).c_str(), [=, &values, &shape](auto& s) {
          decode_sst(s, layout, values, shape);
        })->Unit(benchmark::kMillisecond);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace varve::engine
