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
    const auto cells = part.chunk->cells(0, part.row_count).as<int64_t>();
    for (const int64_t value : cells) EXPECT_EQ(value, next++);
  }
  EXPECT_EQ(next, 3'000);
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
    const MemtableScan scan(memtable, columns, nullptr);
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

}  // namespace
}  // namespace varve::engine
