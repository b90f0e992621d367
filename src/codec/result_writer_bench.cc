// SPDX-License-Identifier: Apache-2.0
// How fast rows become text. Sketch: a row of a time and an integer is 30 bytes; formatting both
// takes about 10 ns: aim above 50 Mrows/s.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "codec/result_writer.h"

namespace varve {
namespace {

constexpr size_t kRows = 4'096;

class CountingSink final : public ByteSink {
 public:
  Result<void> write(std::string_view bytes) override {
    size_bytes_ += bytes.size();
    return {};
  }
  size_t size_bytes() const { return size_bytes_; }

 private:
  size_t size_bytes_ = 0;
};

struct Cells {
  std::vector<int64_t> times;
  std::vector<int64_t> integers;
  std::vector<double> decimals;
  std::vector<double> floats;
  std::vector<std::string_view> texts;
};

Cells make_cells() {
  Cells cells;
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> unit(0, 100);
  for (size_t row = 0; row < kRows; ++row) {
    cells.times.push_back(1451606400000000000 + static_cast<int64_t>(row) * 10'000'000'000);
    cells.integers.push_back(static_cast<int64_t>(random() % 101));
    cells.decimals.push_back(static_cast<double>(random() % 10'001) / 100);
    cells.floats.push_back(unit(random));
    cells.texts.push_back("some words of a message");
  }
  return cells;
}

void run(benchmark::State& state, const std::vector<ColumnView>& columns,
         std::optional<TimePrecision> epoch = {}) {
  const auto format = static_cast<ResultFormat>(state.range(0));
  ResultHeader header{.name = "cpu", .columns = {"time"}, .has_time = true};
  header.columns.resize(columns.size(), "value");
  const ResultBlock block{.columns = columns, .row_count = kRows};
  size_t rows = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    CountingSink sink;
    const auto writer = make_result_writer(format, {.epoch = epoch}, sink);
    bool good = writer->begin_statement(0) && writer->begin_series(header);
    for (int i = 0; i < 16; ++i) good = good && writer->rows(block);
    good = good && writer->end_series() && writer->end_statement() && writer->finish();
    if (!good) state.SkipWithError("the writer failed");
    rows += 16 * kRows;
    bytes += sink.size_bytes();
  }
  state.SetItemsProcessed(static_cast<int64_t>(rows));
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

ColumnView view(ValueType type, const auto& cells) {
  return {.type = type, .values = cells.data(), .row_count = kRows};
}

void BM_TimeAndInteger(benchmark::State& state) {
  const auto cells = make_cells();
  run(state, {view(ValueType::kTimestamp, cells.times), view(ValueType::kInt64, cells.integers)});
}
void BM_EpochAndInteger(benchmark::State& state) {
  const auto cells = make_cells();
  run(state, {view(ValueType::kTimestamp, cells.times), view(ValueType::kInt64, cells.integers)},
      TimePrecision::kNanosecond);
}
void BM_TimeAndTwoDecimals(benchmark::State& state) {
  const auto cells = make_cells();
  run(state, {view(ValueType::kTimestamp, cells.times), view(ValueType::kFloat64, cells.decimals)});
}
void BM_TimeAndFloat(benchmark::State& state) {
  const auto cells = make_cells();
  run(state, {view(ValueType::kTimestamp, cells.times), view(ValueType::kFloat64, cells.floats)});
}
void BM_TimeAndText(benchmark::State& state) {
  const auto cells = make_cells();
  run(state, {view(ValueType::kTimestamp, cells.times), view(ValueType::kString, cells.texts)});
}
void BM_TimeAndTenIntegers(benchmark::State& state) {
  const auto cells = make_cells();
  std::vector<ColumnView> columns(11, view(ValueType::kInt64, cells.integers));
  columns[0] = view(ValueType::kTimestamp, cells.times);
  run(state, columns);
}

#define VARVE_EACH_FORMAT(name) BENCHMARK(name)->ArgName("format")->DenseRange(0, 2)
VARVE_EACH_FORMAT(BM_TimeAndInteger);
VARVE_EACH_FORMAT(BM_EpochAndInteger);
VARVE_EACH_FORMAT(BM_TimeAndTwoDecimals);
VARVE_EACH_FORMAT(BM_TimeAndFloat);
VARVE_EACH_FORMAT(BM_TimeAndText);
VARVE_EACH_FORMAT(BM_TimeAndTenIntegers);

}  // namespace
}  // namespace varve
