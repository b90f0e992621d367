// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/sst_scan.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{7};

// Without a cache every block that is decoded is one that was not found there.
uint64_t decoded_blocks() {
  return metrics::counter("varve_block_cache_misses_total", "").value();
}

uint64_t blocks_decoded_by_a_scan_of_200_series(size_t scan_pinned_bytes_max) {
  SimulatedFileSystem files{1};
  SimulatedClock clock{1};
  SeededRandom random{1};
  EngineOptions options;
  options.directory = "data";
  options.automatic = false;
  options.block_cache_bytes = 0;
  options.scan_pinned_bytes_max = scan_pinned_bytes_max;
  auto store = LocalStore::open(options, files, clock, random, {kTable});
  EXPECT_TRUE(store);
  std::vector<TestRow> rows;
  for (int series = 0; series < 200; ++series) {
    for (int row = 0; row < 10; ++row) {
      rows.push_back({"host_" + std::to_string(series), row, {{kUsage, double(row)}}});
    }
  }
  EXPECT_TRUE(write(**store, request_of(kTable, rows)));
  EXPECT_TRUE((*store)->flush());
  const uint64_t before = decoded_blocks();
  EXPECT_EQ(rows_of(**store, spec_of(kTable, {kUsage})).size(), 2'000u);
  return decoded_blocks() - before;
}

TEST(SstScan, DecodesARowGroupOnceForAllItsSeries) {
  EXPECT_EQ(blocks_decoded_by_a_scan_of_200_series(1 << 20), 3u)
      << "a block of the directory, times, a field";
}

TEST(SstScan, DecodesARowGroupAFewTimesWhenItMayNotKeepIt) {
  // 2,000 rows of 16 bytes, of which 16 KiB may be kept.
  EXPECT_LE(blocks_decoded_by_a_scan_of_200_series(0), 9u);
}

}  // namespace
}  // namespace varve::engine
