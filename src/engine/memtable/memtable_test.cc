// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable.h"

#include <gtest/gtest.h>

#include "engine/scan/memtable_scan.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};
const std::vector<SeriesId> kTwoSeries = {SeriesId{0}, SeriesId{1}};

Memtable make() {
  return Memtable(kTable, MergeMode::kMerge, SegmentId{1}, {.begin_ns = 0, .end_ns = kSegmentNs});
}

TEST(Memtable, CostsLittleWhileItHoldsLittle) {
  Memtable memtable = make();
  EXPECT_LT(memtable.size_bytes(), 1'000u);
  memtable.append(batch_of(kTable, {{"a", 1, {{kUsage, 1.0}, {kCount, int64_t{2}}}}}), kTwoSeries);
  EXPECT_LT(memtable.size_bytes(), 2'000u);
}

TEST(Memtable, KeepsRowsInOrderOfArrivalOverManyChunks) {
  Memtable memtable = make();
  for (int64_t i = 0; i < 3'000; ++i) {
    memtable.append(batch_of(kTable, {{"a", (i * 7) % 1'000, {{kCount, i}}}}), kTwoSeries);
  }
  EXPECT_EQ(memtable.row_count(), 3'000u);
  int64_t next = 0;
  for (const ChunkSnapshot& part : memtable.snapshot()) {
    const ChunkCells cells = part.chunk->cells(0, part.row_count);
    for (uint32_t row = 0; row < part.row_count; ++row) {
      EXPECT_EQ(static_cast<int64_t>(cells.word(row)), next++);
    }
  }
  EXPECT_EQ(next, 3'000);
}

// The bytes of 50,000 rows of one number each.
size_t bytes_of(int64_t (*value_of)(int64_t)) {
  Memtable memtable = make();
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < 50'000; ++i) rows.push_back({"a", i, {{kCount, value_of(i)}}});
  memtable.append(batch_of(kTable, rows), kTwoSeries);
  return memtable.size_bytes();
}

TEST(Memtable, HoldsSmallNumbersInFewBytes) {
  const size_t rows = 64 * 1024;  // What a chunk has room for.
  EXPECT_LT(bytes_of([](int64_t i) { return i % 100; }), rows * 14);
  EXPECT_LT(bytes_of([](int64_t i) { return i % 30'000; }), rows * 15);
  EXPECT_LT(bytes_of([](int64_t i) { return i * 40'000; }), rows * 17);
  EXPECT_GT(bytes_of([](int64_t i) { return i << 40; }), rows * 20);
}

TEST(Memtable, StaysInFewChunksWhenNumbersGrow) {
  Memtable memtable = make();
  const std::vector<int64_t> numbers = {0, 127, -128, 128, 40'000, int64_t{1} << 31, INT64_MIN};
  for (int64_t i = 0; i < 10'000; ++i) {
    const auto at = static_cast<size_t>(i) * numbers.size() / 10'000;
    memtable.append(batch_of(kTable, {{"a", i, {{kCount, numbers[at]}}}}), kTwoSeries);
  }
  EXPECT_LT(memtable.snapshot().size(), 30u);
  int64_t next = 0;
  for (const ChunkSnapshot& part : memtable.snapshot()) {
    const ChunkCells cells = part.chunk->cells(0, part.row_count);
    for (uint32_t row = 0; row < part.row_count; ++row, ++next) {
      const auto at = static_cast<size_t>(next) * numbers.size() / 10'000;
      ASSERT_EQ(static_cast<int64_t>(cells.word(row)), numbers[at]) << next;
    }
  }
  EXPECT_EQ(next, 10'000);
}

TEST(Memtable, StaysInFewChunksWhenOneColumnAfterTheOtherGrows) {
  Memtable memtable = make();
  constexpr size_t kColumnCount = 200;
  for (size_t grown = 0; grown <= kColumnCount; ++grown) {
    WriteBatch batch = batch_of(kTable, {{"a", static_cast<int64_t>(grown), {}}});
    for (size_t column = 0; column < kColumnCount; ++column) {
      batch.columns.push_back({ColumnId{static_cast<uint32_t>(100 + column)},
                               ColumnVector(ValueType::kInt64)});
      batch.columns.back().values.append_i64(column < grown ? 1'000'000 : 1);
    }
    memtable.append(batch, kTwoSeries);
  }
  EXPECT_LT(memtable.snapshot().size(), 50u);
}

TEST(Memtable, TakesBatchesLargerThanAChunk) {
  Memtable memtable = make();
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < 100'000; ++i) rows.push_back({"a", i, {{kCount, i}}});
  memtable.append(batch_of(kTable, rows), kTwoSeries);
  uint64_t row_count = 0;
  for (const ChunkSnapshot& part : memtable.snapshot()) row_count += part.row_count;
  EXPECT_EQ(row_count, 100'000u);
}

TEST(Memtable, StaysSmallWhenEachRowBringsANewColumn) {
  Memtable memtable = make();
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < 60'000; ++i) rows.push_back({"a", i, {{kCount, i}}});
  memtable.append(batch_of(kTable, rows), kTwoSeries);
  const size_t warm_bytes = memtable.size_bytes();
  for (uint32_t column = 100; column < 200; ++column) {
    memtable.append(batch_of(kTable, {{"a", column, {{ColumnId{column}, std::string("x")}}}}),
                    kTwoSeries);
  }
  EXPECT_LT(memtable.size_bytes(), warm_bytes + (4u << 20));
}

TEST(Memtable, AddsColumnsAsTheyComeAndTellsWhichHoldValues) {
  Memtable memtable = make();
  memtable.append(batch_of(kTable, {{"a", 1, {{kUsage, 1.0}}}}), kTwoSeries);
  memtable.append(batch_of(kTable, {{"a", 2, {{kState, std::string("x")}}}}), kTwoSeries);
  memtable.append(batch_of(kTable, {{"a", 3, {{kCount, std::monostate{}}}}}), kTwoSeries);
  std::vector<ScanColumn> columns;
  memtable.collect_columns(columns);
  std::vector<ColumnId> ids;
  for (const ScanColumn& column : columns) ids.push_back(column.id);
  EXPECT_EQ(ids, (std::vector<ColumnId>{kUsage, kState}));
}

TEST(MemtableScan, GivesTheRowsOfASeriesByTimeThenArrival) {
  auto memtable = std::make_shared<Memtable>(kTable, MergeMode::kAppend, SegmentId{1},
                                             TimeRange{.begin_ns = 0, .end_ns = kSegmentNs});
  memtable->append(batch_of(kTable, {{"a", 5, {{kCount, int64_t{1}}}},
                                     {"b", 1, {{kCount, int64_t{2}}}},
                                     {"a", 3, {{kCount, int64_t{3}}}}}),
                   kTwoSeries);
  memtable->append(batch_of(kTable, {{"a", 5, {{kUsage, 0.5}}}}), kTwoSeries);
  const std::vector<ScanColumn> columns = {{.id = kCount, .type = ValueType::kInt64}};
  for (const bool sealed : {false, true}) {
    if (sealed) memtable->seal();
    MemtableScan scan(memtable, columns, nullptr);
    std::vector<RowRun> runs;
    scan.collect(SeriesId{0}, {}, runs);
    ASSERT_EQ(runs.size(), 1u);
    EXPECT_EQ(std::vector<int64_t>(runs[0].times_ns.begin(), runs[0].times_ns.end()),
              (std::vector<int64_t>{3, 5, 5}));
    EXPECT_EQ(runs[0].columns[0].at(0), Value(int64_t{3}));
    EXPECT_EQ(runs[0].columns[0].at(1), Value(int64_t{1}));
    EXPECT_EQ(runs[0].columns[0].state(2), CellState::kAbsent);
    EXPECT_FALSE(runs[0].times_differ);
    runs.clear();
    scan.collect(SeriesId{0}, {.begin_ns = 4, .end_ns = 5}, runs);
    EXPECT_TRUE(runs.empty());
  }
}

// Rows of many series in any order of time, read while the table grows past pieces and chunks.
TEST(Memtable, AnswersAsAModelDoesAtEverySize) {
  Memtable memtable = make();
  SeededRandom random(5);
  constexpr uint32_t kSeries = 50;
  struct Expected {
    int64_t time_ns;
    int64_t number;
  };
  std::vector<std::vector<Expected>> expected(kSeries);
  int64_t number = 0;
  const auto columns = std::vector<ScanColumn>{{.id = kCount, .type = ValueType::kInt64}};
  const auto expect_rows = [&](uint32_t series, const TimeRange& range, const SeriesBits* wanted) {
    auto shared = std::shared_ptr<const Memtable>(&memtable, [](const Memtable*) {});
    MemtableScan scan(shared, columns, wanted);
    std::vector<RowRun> runs;
    scan.collect(SeriesId{series}, range, runs);
    auto rows = expected[series];
    std::erase_if(rows, [&](const Expected& row) { return !range.contains(row.time_ns); });
    std::ranges::stable_sort(rows, {}, &Expected::time_ns);
    ASSERT_EQ(runs.size(), rows.empty() ? 0u : 1u);
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(runs[0].times_ns[i], rows[i].time_ns);
      ASSERT_EQ(runs[0].columns[0].as<int64_t>()[i], rows[i].number);
    }
  };
  while (number < 200'000) {
    WriteBatch batch = batch_of(kTable, {{"a", 0, {{kCount, number}}}});
    std::vector<SeriesId> ids;
    batch.row_series.clear();
    batch.times_ns.clear();
    batch.columns[0].values.clear();
    batch.series.resize(kSeries);
    for (uint32_t i = 0; i < kSeries; ++i) ids.push_back(SeriesId{i});
    // Later rows have later times, mostly.
    for (size_t rows = random.next_u64() % 5'000; rows > 0; --rows, ++number) {
      const auto series = static_cast<uint32_t>(random.next_u64() % (kSeries - 1));
      const int64_t time_ns =
          number / 10 + static_cast<int64_t>(random.next_u64() % (number < 100'000 ? 1 : 500));
      batch.row_series.push_back(series);
      batch.times_ns.push_back(time_ns);
      batch.columns[0].values.append_i64(number);
      expected[series].push_back({time_ns, number});
    }
    memtable.append(batch, ids);
    const auto asked = static_cast<uint32_t>(random.next_u64() % kSeries);
    SeriesBits wanted;
    wanted.add(SeriesId{asked});
    const auto begin = static_cast<int64_t>(random.next_u64() % 20'000);
    expect_rows(asked, {.begin_ns = begin, .end_ns = begin + 1'000}, &wanted);
    expect_rows(asked, {.begin_ns = 0, .end_ns = kSegmentNs}, &wanted);
  }
  for (uint32_t series = 0; series < kSeries; ++series) {
    expect_rows(series, {.begin_ns = 0, .end_ns = kSegmentNs}, nullptr);
  }
  memtable.seal();
  for (uint32_t series = 0; series < kSeries; ++series) {
    expect_rows(series, {.begin_ns = 5'000, .end_ns = 15'000}, nullptr);
  }
}

TEST(Memtable, ShowsNothingThatCameAfterTheSnapshot) {
  auto memtable = std::make_shared<Memtable>(kTable, MergeMode::kMerge, SegmentId{1},
                                             TimeRange{.begin_ns = 0, .end_ns = kSegmentNs});
  const auto columns = std::vector<ScanColumn>{{.id = kCount, .type = ValueType::kInt64}};
  const auto append = [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      memtable->append(batch_of(kTable, {{"a", i, {{kCount, i}}}}), kTwoSeries);
    }
  };
  append(0, 20'000);
  MemtableScan early(memtable, columns, nullptr);
  append(20'000, 60'000);
  MemtableScan late(memtable, columns, nullptr);
  const auto count = [](MemtableScan& scan) {
    std::vector<RowRun> runs;
    scan.collect(SeriesId{0}, TimeRange{}, runs);
    return runs.empty() ? 0 : runs[0].row_count();
  };
  EXPECT_EQ(count(late), 60'000u);
  memtable->seal();
  EXPECT_EQ(count(early), 20'000u);
}

}  // namespace
}  // namespace varve::engine
