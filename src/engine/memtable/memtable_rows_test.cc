// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable_rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <string>
#include <tuple>

#include "engine/testing.h"
#include "io/random.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};

struct Fixture {
  SeriesIndex index{7};
  std::vector<std::shared_ptr<Memtable>> memtables;

  Memtable& add_memtable(MergeMode mode = MergeMode::kMerge) {
    memtables.push_back(std::make_shared<Memtable>(
        kTable, mode, SegmentId{1}, TimeRange{.begin_ns = 0, .end_ns = kSegmentNs}));
    return *memtables.back();
  }
  void append(const std::vector<TestRow>& rows) {
    const WriteBatch batch = batch_of(kTable, rows);
    std::vector<SeriesId> ids;
    for (const BatchSeries& series : batch.series) {
      ids.push_back(*index.add(series.hash, batch.key(series)));
    }
    memtables.back()->append(batch, ids);
  }
  std::optional<MemtableRows> rows(const std::vector<ScanColumn>& columns) {
    std::vector<std::shared_ptr<const Memtable>> sealed;
    for (const auto& memtable : memtables) {
      memtable->seal();
      sealed.push_back(memtable);
    }
    return MemtableRows::make(sealed, columns, index);
  }
};

const std::vector<ScanColumn> kColumns = {{.id = kUsage, .type = ValueType::kFloat64},
                                          {.id = kCount, .type = ValueType::kInt64},
                                          {.id = kState, .type = ValueType::kString}};

// Series, time, and the number of arrival that the row carries.
using Seen = std::tuple<uint32_t, int64_t, int64_t>;

struct Read {
  std::vector<Seen> rows;
  size_t slab_count = 0;
};

// Checks what every slab promises.
Read read_all(MemtableRows& rows, const SeriesIndex& index, size_t together, size_t rows_max) {
  Read read;
  MemtableRows::Slab slab;
  std::optional<std::pair<KeyHash, int64_t>> before;
  while (rows.next(together, rows_max, slab)) {
    ++read.slab_count;
    size_t next = 0;
    bool equal_times = false;
    for (const MemtableRows::Run& run : slab.runs) {
      EXPECT_EQ(run.row_begin, next);
      for (uint32_t row = run.row_begin; row < run.row_begin + run.row_count; ++row) {
        const std::pair place{index.hash(run.series), slab.times_ns[row]};
        EXPECT_FALSE(before && place < *before);
        if (before && place == *before) {
          EXPECT_GT(row, run.row_begin) << "equal times lie in two slabs";
          equal_times = true;
        }
        before = place;
        read.rows.emplace_back(static_cast<uint32_t>(run.series), slab.times_ns[row],
                               slab.columns[1].view().as<int64_t>()[row]);
      }
      next += run.row_count;
    }
    EXPECT_EQ(next, slab.times_ns.size());
    EXPECT_EQ(equal_times, slab.has_equal_times);
    EXPECT_TRUE(!slab.has_equal_times || slab.runs.size() == 1);
    for (const ColumnVector& cells : slab.columns) EXPECT_EQ(cells.row_count(), next);
  }
  return read;
}

TEST(MemtableRows, GivesEveryRowOnceByHashThenTimeThenArrival) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
    SeededRandom random(seed);
    Fixture fixture;
    std::vector<Seen> expected;
    int64_t arrival = 0;
    const uint64_t series_count = 1 + random.next_u64() % 40;
    const int64_t times = seed % 2 == 0 ? 50 : kSegmentNs;
    for (int memtable = 0; memtable < 3; ++memtable) {
      fixture.add_memtable();
      for (int batch = 0; batch < 20; ++batch) {
        std::vector<TestRow> rows;
        for (uint64_t row = random.next_u64() % 60; row > 0; --row) {
          const std::string host = "h" + std::to_string(random.next_u64() % series_count);
          const auto time = static_cast<int64_t>(random.next_u64() % static_cast<uint64_t>(times));
          rows.push_back({host, time, {{kCount, arrival++}}});
        }
        if (rows.empty()) continue;
        fixture.append(rows);
        for (const TestRow& row : rows) {
          const auto batch_of_one = batch_of(kTable, {row});
          const auto id = fixture.index.find(batch_of_one.series.front().hash);
          expected.emplace_back(static_cast<uint32_t>(*id), row.time_ns,
                                std::get<int64_t>(row.cells.front().second));
        }
      }
    }
    std::ranges::stable_sort(expected, [&](const Seen& a, const Seen& b) {
      const auto key = [&](const Seen& seen) {
        return std::pair(fixture.index.hash(SeriesId{std::get<0>(seen)}), std::get<1>(seen));
      };
      return key(a) < key(b);
    });
    for (const size_t together : {1u, 7u, 100u, 10'000u}) {
      auto rows = fixture.rows(kColumns);
      ASSERT_TRUE(rows);
      const Read read = read_all(*rows, fixture.index, together, 1 + together / 2);
      EXPECT_EQ(read.rows, expected) << "seed " << seed;
    }
  }
}

TEST(MemtableRows, GivesNumbersOfAllWidthsBackBitByBit) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    SeededRandom random(seed);
    Fixture fixture;
    fixture.add_memtable();
    std::map<int64_t, std::pair<uint64_t, int64_t>> expected;  // By time.
    int64_t time = 0;
    for (int batch = 0; batch < 12; ++batch) {
      const unsigned bits = 1 + static_cast<unsigned>(random.next_u64() % 64);
      const bool whole = random.next_u64() % 3 != 0;
      std::vector<TestRow> rows;
      for (uint64_t row = 1 + random.next_u64() % 3'000; row > 0; --row, ++time) {
        const auto number = static_cast<int64_t>(random.next_u64()) >> (64 - bits);
        const double real = whole ? static_cast<double>(number)
                                  : std::bit_cast<double>(random.next_u64());
        rows.push_back({"h" + std::to_string(random.next_u64() % 3), time,
                        {{kUsage, real}, {kCount, number}}});
        expected[time] = {std::bit_cast<uint64_t>(real), number};
      }
      fixture.append(rows);
    }
    for (const size_t together : {50u, 100'000u}) {
      auto rows = fixture.rows(kColumns);
      MemtableRows::Slab slab;
      size_t seen = 0;
      while (rows->next(together, together, slab)) {
        for (size_t row = 0; row < slab.times_ns.size(); ++row, ++seen) {
          const auto& [real, number] = expected.at(slab.times_ns[row]);
          ASSERT_EQ(slab.columns[0].view().as<uint64_t>()[row], real) << "seed " << seed;
          ASSERT_EQ(slab.columns[1].view().as<int64_t>()[row], number) << "seed " << seed;
        }
      }
      EXPECT_EQ(seen, expected.size());
    }
  }
}

TEST(MemtableRows, PutsWholeStretchesInOrder) {
  Fixture fixture;
  fixture.add_memtable();
  for (const int64_t begin : {200, 0, 100, 400, 300}) {
    std::vector<TestRow> rows;
    for (int64_t i = 0; i < 100; ++i) rows.push_back({"a", begin + i, {{kCount, begin + i}}});
    fixture.append(rows);
  }
  auto rows = fixture.rows(kColumns);
  const Read read = read_all(*rows, fixture.index, 1'000, 1'000);
  ASSERT_EQ(read.rows.size(), 500u);
  EXPECT_EQ(read.slab_count, 1u);
  for (int64_t i = 0; i < 500; ++i) EXPECT_EQ(std::get<1>(read.rows[static_cast<size_t>(i)]), i);
}

// Bodies of two senders that pass each other, and rows of one time in several of them.
TEST(MemtableRows, PutsStretchesInOrderThatOverlap) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 11u, 12u}) {
    SeededRandom random(seed);
    Fixture fixture;
    fixture.add_memtable();
    std::vector<std::pair<int64_t, int64_t>> expected;  // Time and arrival.
    int64_t arrival = 0;
    for (int batch = 0; batch < 40; ++batch) {
      std::vector<TestRow> rows;
      const int64_t step = seed % 3 == 0 ? 100 : seed % 3 == 1 ? 37 : 99;
      const auto place = batch + static_cast<int64_t>(random.next_u64() % 3);
      for (int64_t i = 0; i < 100; ++i) {
        rows.push_back({"a", place * step + i, {{kCount, arrival}}});
        expected.emplace_back(place * step + i, arrival++);
      }
      fixture.append(rows);
    }
    std::ranges::sort(expected);
    auto rows = fixture.rows(kColumns);
    const Read read = read_all(*rows, fixture.index, 100'000, 100'000);
    ASSERT_EQ(read.rows.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(std::get<1>(read.rows[i]), expected[i].first) << "seed " << seed;
      EXPECT_EQ(std::get<2>(read.rows[i]), expected[i].second) << "seed " << seed;
    }
  }
}

TEST(MemtableRows, KeepsStatesTextsAndColumnsThatComeLater) {
  Fixture fixture;
  fixture.add_memtable();
  fixture.append({{"a", 1, {{kUsage, 1.5}}}, {"a", 2, {{kUsage, std::monostate()}}}});
  fixture.append({{"a", 3, {{kState, std::string("text")}, {kCount, int64_t{7}}}}});
  auto rows = fixture.rows(kColumns);
  MemtableRows::Slab slab;
  ASSERT_TRUE(rows->next(100, 100, slab));
  ASSERT_EQ(slab.times_ns, (std::vector<int64_t>{1, 2, 3}));
  const ColumnView usage = slab.columns[0].view();
  EXPECT_EQ(usage.at(0), Value(1.5));
  EXPECT_EQ(usage.state(1), CellState::kNull);
  EXPECT_EQ(usage.state(2), CellState::kAbsent);
  EXPECT_EQ(slab.columns[1].view().state(0), CellState::kAbsent);
  EXPECT_EQ(slab.columns[1].view().at(2), Value(int64_t{7}));
  EXPECT_EQ(slab.columns[2].view().at(2), Value(std::string("text")));
  EXPECT_FALSE(rows->next(100, 100, slab));
}

TEST(MemtableRows, OfNoRowsThereAreNone) {
  Fixture fixture;
  fixture.add_memtable();
  auto rows = fixture.rows(kColumns);
  MemtableRows::Slab slab;
  EXPECT_FALSE(rows->next(1, 1, slab));
}

}  // namespace
}  // namespace varve::engine
