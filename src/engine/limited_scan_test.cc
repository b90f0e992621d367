// SPDX-License-Identifier: Apache-2.0
// A scan by time with a limit reads little, and gives the beginning of what it gives without one.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};

class LimitedScan : public ::testing::TestWithParam<MergeMode> {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    auto opened = LocalStore::open(options, files, clock, random, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    std::mt19937_64 chance(11);
    for (int batch = 0; batch < 6; ++batch) {
      std::vector<TestRow> rows;
      for (int i = 0; i < 4'000; ++i) {
        const auto time = static_cast<int64_t>(chance() % (2 * kSegmentNs));
        rows.push_back({.host = "h" + std::to_string(chance() % 3),
                        .time_ns = time,
                        .cells = {{chance() % 2 == 0 ? kUsage : kCount, Value()}}});
        auto& [column, value] = rows.back().cells.front();
        value = column == kUsage ? Value(static_cast<double>(i)) : Value(int64_t{i});
      }
      ASSERT_TRUE(write(*store, request_of(kTable, rows, GetParam())));
      if (batch % 2 == 0) {
        ASSERT_TRUE(store->flush());
      }
    }
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{0};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_P(LimitedScan, GivesTheBeginningOfTheWhole) {
  for (const bool descending : {false, true}) {
    for (const size_t series_count : {1u, 2u, 3u}) {
      ScanSpec spec = spec_of(kTable, {kUsage});
      spec.order = ScanOrder::kTime;
      spec.descending = descending;
      spec.series.emplace();
      for (size_t i = 0; i < series_count; ++i) {
        spec.series->push_back(series_key_hash(key_of("h" + std::to_string(i))));
      }
      const auto whole = rows_of(*store, spec);
      ASSERT_GT(whole.size(), 1'000u);
      for (const uint64_t limit : {1u, 2u, 100u, 1'500u, 5'000u}) {
        spec.rows_limit = limit;
        const size_t wanted = std::min<size_t>(limit, whole.size());
        EXPECT_EQ(rows_of(*store, spec),
                  std::vector<std::string>(whole.begin(), whole.begin() + wanted))
            << limit << " of " << series_count << " series, descending " << descending;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, LimitedScan,
                         ::testing::Values(MergeMode::kMerge, MergeMode::kOverwrite,
                                           MergeMode::kAppend));

}  // namespace
}  // namespace varve::engine
