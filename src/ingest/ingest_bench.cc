// SPDX-License-Identifier: Apache-2.0
// Points that are parsed already, ten integer fields each, into a Store that drops them.
//
// Sketch for a known shape: hash of a 100-byte key 15 ns, ten names compared 20 ns, ten cells
// appended 20 ns, time and series 3 ns: below 80 ns, 12 Mrows/s. The synthetic source hands its
// chunks over without copying.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/check.h"
#include "catalog/memory_key_value.h"
#include "ingest/ingest.h"
#include "ingest/row_builder.h"
#include "ingest/schema_pass.h"
#include "model/column_vector.h"

namespace varve {
namespace {

constexpr int64_t kNowNs = 1'577'836'800'000'000'000;
constexpr size_t kFields = 10;

class NoStore final : public Store {
 public:
  void write(WriteRequest, WriteDone done) override { done({}); }
  Result<std::unique_ptr<BatchStream>> scan(const ScanSpec&, CancelFlag) override {
    return fail(ErrorCode::kUnsupported, "scan");
  }
  Result<SeriesList> list_series(const SeriesSpec&) override {
    return fail(ErrorCode::kUnsupported, "list_series");
  }
  Result<std::vector<ColumnId>> list_columns(TableId, TimeRange) override {
    return std::vector<ColumnId>{};
  }
  TableStats stats(TableId) override { return {}; }
  Result<void> remove(const DeleteSpec&) override { return {}; }
};

/// Rows of `series_count` series in turn, or in a fixed random order, as a parser would give them.
class SyntheticPoints final : public PointSource {
 public:
  SyntheticPoints(size_t series_count, size_t row_count, bool is_shuffled) {
    for (size_t i = 0; i < kFields; ++i) names_.push_back("usage_field_" + std::to_string(i));
    std::mt19937_64 random(1);
    constexpr size_t kChunkRows = 256;
    for (size_t row = 0; row < row_count; ++row) {
      if (row % kChunkRows == 0) chunks_.emplace_back();
      PointChunk& chunk = chunks_.back();
      Point point;
      // Each row has its own bytes, one after the other, as in a request.
      const size_t series = is_shuffled ? random() % series_count : row % series_count;
      point.raw_key =
          keys_.add("cpu,arch=x64,datacenter=us-west-2b,hostname=host_" + std::to_string(series) +
                    ",os=Ubuntu16.10,rack=17,region=us-west-2,service=9,team=NYC");
      point.time_ns = kNowNs + static_cast<int64_t>(row);
      point.fields_begin = static_cast<uint32_t>(chunk.fields.size());
      for (const auto& name : names_) {
        PointField field;
        field.name = name;
        field.type = ValueType::kInt64;
        field.i64 = static_cast<int64_t>(row % 100);
        chunk.fields.push_back(field);
      }
      point.fields_end = static_cast<uint32_t>(chunk.fields.size());
      chunk.points.push_back(point);
    }
  }
  // Hands a chunk over and takes it back at the next call.
  bool next(PointChunk& chunk) override {
    if (next_ > 0) std::swap(chunks_[next_ - 1], chunk);
    if (next_ == chunks_.size()) return false;
    std::swap(chunks_[next_++], chunk);
    return true;
  }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    PointKey key;
    size_t begin = raw_key.find(',');
    key.table = raw_key.substr(0, begin);
    while (begin != std::string_view::npos) {
      const size_t end = raw_key.find(',', begin + 1);
      const auto tag = raw_key.substr(begin + 1, end - begin - 1);
      const size_t middle = tag.find('=');
      key.tags.emplace_back(tag.substr(0, middle), tag.substr(middle + 1));
      begin = end;
    }
    return key;
  }
  void reject(const Point&, const Error&) override {}
  void rewind() override { next_ = 0; }
  std::string errors() const override { return ""; }

 private:
  StringArena keys_;
  std::vector<std::string> names_;
  std::vector<PointChunk> chunks_;
  size_t next_ = 0;
};

/// A catalog that knows the table, and a builder.
struct Bench {
  explicit Bench(PointSource& points) {
    CHECK(catalog->create_database("db", std::nullopt));
    SchemaPass pass({.catalog = *catalog,
                     .store = store,
                     .registry = registry,
                     .ledger = nullptr,
                     .options = options},
                    "db", policy(), kTimeMin);
    CHECK(pass.run(points));
    points.rewind();
  }
  PolicyRef policy() const { return catalog->snapshot()->database("db")->policy("autogen"); }
  BuildTarget target() const { return {catalog->snapshot()->version, policy(), kNowNs}; }

  MemoryKeyValueDisk disk;
  std::unique_ptr<Catalog> catalog = std::move(*open_catalog(disk.open(), {}));
  NoStore store;
  IngestOptions options{.raw_keys_max = 2'000'000};
  SegmentFieldsRegistry registry;
  RowBuilder builder{options, registry, nullptr, 7};
};

// Arguments: series, rows a request, order (0 in turn, 1 random).
void build_known(benchmark::State& state) {
  const auto series_count = static_cast<size_t>(state.range(0));
  const auto row_count = static_cast<size_t>(state.range(1));
  SyntheticPoints points(series_count, std::max(row_count, series_count), state.range(2) == 1);
  Bench bench(points);
  uint64_t rows = 0;
  for (auto _ : state) {
    auto built = bench.builder.build(bench.target(), points);
    CHECK(built.has_value());
    rows += built->summary.rows_written;
    benchmark::DoNotOptimize(built);
    points.rewind();
  }
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
}
BENCHMARK(build_known)
    ->Args({100, 100, 0})
    ->Args({100, 5'000, 0})
    ->Args({100, 5'000, 1})
    ->Args({100'000, 100'000, 0})
    ->Args({100'000, 100'000, 1});

// Every series is new to the builder, though not to the catalog.
void build_first_sight(benchmark::State& state) {
  const auto series_count = static_cast<size_t>(state.range(0));
  SyntheticPoints points(series_count, series_count, false);
  Bench bench(points);
  uint64_t rows = 0;
  for (auto _ : state) {
    RowBuilder fresh(bench.options, bench.registry, nullptr, 7);
    auto built = fresh.build(bench.target(), points);
    CHECK(built.has_value());
    rows += built->summary.rows_written;
    points.rewind();
  }
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
}
BENCHMARK(build_first_sight)->Arg(100'000);

}  // namespace
}  // namespace varve
