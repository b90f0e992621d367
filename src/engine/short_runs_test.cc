// SPDX-License-Identifier: Apache-2.0
// A scan by series of a few rows of each gives the rows that one by time has of that series.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};
constexpr int kRounds = 24;
constexpr int kHosts = 60;

struct Case {
  MergeMode mode;
  SstLayout layout;
};

class ShortRunsScan : public ::testing::TestWithParam<Case> {
 protected:
  void open() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.sst_layout = GetParam().layout;
    auto opened = LocalStore::open(options, *files, clock, random, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }

  // Hosts of one row to some hundred, of which a few have gaps, in a stretch of time.
  void write_some(std::mt19937_64& chance, int64_t begin_ns, int64_t length_ns) {
    std::vector<TestRow> rows;
    const bool has_gaps = chance() % 2 == 0;
    for (int i = 0; i < 1'500; ++i) {
      const uint64_t draw = chance() % (kHosts * kHosts);
      TestRow row{.host = "h" + std::to_string(draw % (1 + draw / kHosts)),
                  .time_ns = begin_ns + static_cast<int64_t>(
                                            chance() % static_cast<uint64_t>(length_ns)),
                  .cells = {}};
      const uint64_t gap = has_gaps ? chance() % 4 : 4;
      if (gap != 0) row.cells.emplace_back(kUsage, static_cast<double>(i) / 4);
      if (gap != 1) row.cells.emplace_back(kCount, int64_t{i});
      if (gap > 1 && (gap != 2 || chance() % 2 == 0)) {
        row.cells.emplace_back(kState, "s" + std::to_string(i));
      }
      rows.push_back(std::move(row));
    }
    ASSERT_TRUE(write(*store, request_of(kTable, rows, GetParam().mode)));
  }

  void remove_some(std::mt19937_64& chance) {
    DeleteSpec spec{.table = kTable, .range = {}, .predicate = {}};
    const auto begin_ns = static_cast<int64_t>(chance() % (2 * kSegmentNs));
    spec.range = {.begin_ns = begin_ns, .end_ns = begin_ns + kSegmentNs / 3};
    if (chance() % 2 == 0) {
      spec.predicate = Predicate::compare_tag(kHost, CompareOp::kEqual,
                                              "h" + std::to_string(chance() % kHosts));
    }
    ASSERT_TRUE(store->remove(spec));
  }

  void fill(std::mt19937_64& chance) {
    store.reset();
    files = std::make_unique<SimulatedFileSystem>(1);
    open();
    const bool overlaps = chance() % 3 == 0;
    const auto parts = static_cast<int64_t>(1 + chance() % 4);
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t begin_ns = overlaps ? static_cast<int64_t>(chance() % kSegmentNs)
                                        : part * kSegmentNs / 2;
      write_some(chance, begin_ns, kSegmentNs / 2);
      if (part + 1 < parts || chance() % 3 != 0) {
        ASSERT_TRUE(store->flush());
      }
      if (chance() % 6 == 0) remove_some(chance);
      if (chance() % 4 == 0) {
        ASSERT_TRUE(store->compact());
      }
    }
  }

  ScanSpec some_spec(std::mt19937_64& chance) {
    const std::vector<ColumnId> columns[] = {
        {kUsage}, {kCount}, {kState}, {kUsage, kCount}, {kUsage, kCount, kState}};
    ScanSpec spec = spec_of(kTable, columns[chance() % 5]);
    if (chance() % 2 == 0) {
      spec.range.begin_ns = static_cast<int64_t>(chance() % kSegmentNs);
      spec.range.end_ns = spec.range.begin_ns + static_cast<int64_t>(chance() % kSegmentNs);
    }
    if (chance() % 3 == 0) {
      spec.series.emplace();
      for (int host = 0; host < kHosts; ++host) {
        if (chance() % 3 != 0) continue;
        spec.series->push_back(series_key_hash(key_of("h" + std::to_string(host))));
      }
      if (chance() % 2 == 0) std::ranges::sort(*spec.series);
    }
    if (chance() % 6 == 0) {
      spec.predicate = Predicate::compare_field(kCount, ValueType::kInt64, CompareOp::kGreater,
                                                int64_t{700});
    }
    return spec;
  }

  std::unique_ptr<SimulatedFileSystem> files;
  SimulatedClock clock{0};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

using RowsByHost = std::map<std::string, std::vector<std::string>>;

RowsByHost by_host(const std::vector<std::string>& rows) {
  RowsByHost hosts;
  std::string host_last;
  for (const std::string& row : rows) {
    host_last = row.substr(0, row.find('@'));
    hosts[host_last].push_back(row);
  }
  return hosts;
}

TEST_P(ShortRunsScan, GivesTheFirstRowsOfEverySeries) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    std::mt19937_64 chance(static_cast<uint64_t>(round));
    fill(chance);
    for (int question = 0; question < 12; ++question) {
      SCOPED_TRACE(question);
      ScanSpec spec = some_spec(chance);
      spec.order = ScanOrder::kTime;
      RowsByHost expected = by_host(rows_of(*store, spec));
      spec.order = ScanOrder::kSeriesTime;
      const uint64_t limits[] = {0, 0, 1, 1, 2, 7, 100};
      spec.series_rows_limit = limits[chance() % 7];
      // Rows of one time come in their order of arrival by time, and backwards by series.
      spec.descending = GetParam().mode != MergeMode::kAppend && chance() % 2 == 0;
      const auto rows = rows_of(*store, spec);
      const RowsByHost given = by_host(rows);
      ASSERT_EQ(given.size(), expected.size());
      for (auto& [host, all] : expected) {
        if (spec.descending) std::ranges::reverse(all);
        const auto& some = given.at(host);
        const uint64_t limit = spec.series_rows_limit;
        const size_t wanted = limit == 0 ? all.size() : std::min<size_t>(limit, all.size());
        ASSERT_GE(some.size(), wanted) << host;
        ASSERT_LE(some.size(), all.size()) << host;
        all.resize(some.size());
        EXPECT_EQ(some, all) << host << ", limit " << limit << ", descending " << spec.descending;
      }
      const auto hosts_change = [](const std::string& a, const std::string& b) {
        return a.substr(0, a.find('@')) != b.substr(0, b.find('@'));
      };
      size_t changes = rows.empty() ? 0 : 1;
      for (size_t i = 1; i < rows.size(); ++i) changes += hosts_change(rows[i - 1], rows[i]);
      EXPECT_EQ(changes, given.size()) << "a series comes twice";
    }
  }
}

TEST_P(ShortRunsScan, GivesTheFirstRowsOfAllSeriesByTime) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    std::mt19937_64 chance(static_cast<uint64_t>(1'000 + round));
    fill(chance);
    for (int question = 0; question < 12; ++question) {
      SCOPED_TRACE(question);
      ScanSpec spec = some_spec(chance);
      spec.order = ScanOrder::kTime;
      spec.descending = chance() % 2 == 0;
      auto expected = rows_of(*store, spec);
      spec.rows_limit = 1 + chance() % (chance() % 3 == 0 ? 3'000 : 10);
      if (expected.size() > spec.rows_limit) expected.resize(spec.rows_limit);
      EXPECT_EQ(rows_of(*store, spec), expected)
          << "limit " << spec.rows_limit << ", descending " << spec.descending;
    }
  }
}

// Some questions are asked again and again of every new database: which columns are there, what is
// the newest row. Files say what the first and the last row of a run are.
TEST(FirstRows, AreNotDecodedWhereTheFileKeepsThem) {
  SimulatedFileSystem files(1);
  SimulatedClock clock{0};
  SeededRandom random{1};
  EngineOptions options;
  options.directory = "data";
  options.automatic = false;
  auto store = std::move(*LocalStore::open(options, files, clock, random, {kTable}));
  constexpr int64_t kRows = 100;
  std::vector<TestRow> rows;
  for (int host = 0; host < 20; ++host) {
    for (int64_t time_ns = 0; time_ns < kRows; ++time_ns) {
      rows.push_back({.host = "h" + std::to_string(host),
                      .time_ns = time_ns * 10,
                      .cells = {{kUsage, 0.5}, {kCount, time_ns}}});
    }
  }
  ASSERT_TRUE(write(*store, request_of(kTable, rows)));
  ASSERT_TRUE(store->flush());
  auto& hits = metrics::counter("varve_block_cache_hits_total", "");
  auto& misses = metrics::counter("varve_block_cache_misses_total", "");
  const auto blocks_read = [&](const ScanSpec& spec, size_t row_count) {
    const uint64_t before = hits.value() + misses.value();
    EXPECT_EQ(rows_of(*store, spec).size(), row_count);
    return hits.value() + misses.value() - before;
  };
  for (const bool descending : {false, true}) {
    ScanSpec spec = spec_of(kTable, {kUsage, kCount});
    spec.descending = descending;
    spec.order = ScanOrder::kTime;
    spec.rows_limit = 20;
    EXPECT_EQ(blocks_read(spec, 20), 1u) << "the directory";
    spec.rows_limit = 21;
    EXPECT_GT(blocks_read(spec, 21), 1u);
    spec.rows_limit = 0;
    spec.order = ScanOrder::kSeriesTime;
    spec.series_rows_limit = 1;
    EXPECT_EQ(blocks_read(spec, 20), 1u) << "the directory";
    spec.predicate =
        Predicate::compare_field(kCount, ValueType::kInt64, CompareOp::kGreater, int64_t{50});
    EXPECT_GT(blocks_read(spec, 20), 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Stores, ShortRunsScan,
    ::testing::Values(Case{MergeMode::kMerge, SstLayout::kPacked},
                      Case{MergeMode::kMerge, SstLayout::kColumnar},
                      Case{MergeMode::kMerge, SstLayout::kHybrid},
                      Case{MergeMode::kOverwrite, SstLayout::kPacked},
                      Case{MergeMode::kAppend, SstLayout::kPacked}));

}  // namespace
}  // namespace varve::engine
