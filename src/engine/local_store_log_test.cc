// SPDX-License-Identifier: Apache-2.0
// What a store does about its log: no space, failed syncs, syncs that wait, segments used again.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/local_store_for_test.h"

namespace varve::engine {
namespace {

using namespace testing;

using LocalStoreLogTest = LocalStoreTest;

TEST_F(LocalStoreLogTest, AcceptsWritesAgainOnceThereIsSpace) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  uint64_t used = 64 * 1024 + 4096;
  files.set_capacity_bytes(used);
  Result<void> outcome;
  int64_t acknowledged = 1;
  for (int64_t i = 2; i < 5'000; ++i) {
    outcome = write(*store, request_of(kTable, {{"a", i, {{kUsage, 1.0}}}}));
    if (!outcome) break;
    acknowledged = i;
  }
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(store->health().writable);
  EXPECT_EQ(rows().size(), static_cast<size_t>(acknowledged));
  EXPECT_EQ(rows().size(), static_cast<size_t>(acknowledged));
  files.set_capacity_bytes(UINT64_MAX);
  write_rows({{"a", 6'000, {{kUsage, 1.0}}}});
  EXPECT_TRUE(store->health().writable);
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(rows().size(), static_cast<size_t>(acknowledged) + 1);
  open();
  EXPECT_EQ(rows().size(), static_cast<size_t>(acknowledged) + 1);
}

TEST_F(LocalStoreLogTest, GoesOnInAFreshSegmentAfterAFailedSync) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  files.fail_next_sync();
  const auto refused = write(*store, request_of(kTable, {{"b", 2, {{kUsage, 2.0}}}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_EQ(rows(), (Rows{"a@1 10=1"}));
  write_rows({{"b", 3, {{kUsage, 3.0}}}, {"a", 3, {{kUsage, 3.0}}}});
  EXPECT_TRUE(store->health().writable);
  EXPECT_EQ(files.list("data/shard-0/wal")->size(), 2u);
  store.reset();
  files.restart(true);
  open();
  const auto after = rows();
  // The refused row may have reached the disk all the same.
  for (const char* row : {"a@1 10=1", "a@3 10=3", "b@3 10=3"}) {
    EXPECT_TRUE(std::ranges::count(after, row) == 1) << row;
  }
}

TEST_F(LocalStoreLogTest, SyncsLaterWhereTheOperatorWantsIt) {
  EngineOptions options = manual();
  options.wal_sync = WalSync::kInterval;
  options.wal_sync_interval_ms = 1;
  open(options);
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  EXPECT_EQ(rows(), (Rows{"a@1 10=1"}));
  clock.advance_ns(2'000'000);
  write_rows({{"a", 2, {{kUsage, 1.0}}}});
  ASSERT_TRUE(store->close());
  files.restart(true);
  options.wal_sync = WalSync::kOff;
  open(options);
  EXPECT_EQ(rows().size(), 2u);
}

TEST_F(LocalStoreLogTest, UsesWalFilesAgain) {
  EngineOptions options = manual();
  options.wal_segment_bytes = 4'096;
  options.wal_segments_recycled_max = 1;
  open(options);
  for (int64_t round = 0; round < 5; ++round) {
    for (int64_t i = 0; i < 100; ++i) write_rows({{"a", round * 100 + i, {{kUsage, 1.0}}}});
    ASSERT_TRUE(store->flush());
    EXPECT_LE(files.list("data/shard-0/wal")->size(), 2u);
  }
  open(options);
  EXPECT_EQ(rows().size(), 500u);
  EXPECT_TRUE(store->health().damage.empty());
}

TEST_F(LocalStoreLogTest, SyncsAWalSegmentBeforeItLeavesItWithIntervalSync) {
  EngineOptions options = manual();
  options.wal_sync = WalSync::kInterval;
  options.wal_sync_interval_ms = 60'000;
  options.wal_segment_bytes = 4'096;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    store.reset();
    files.restart(false);
    options.directory = "data" + std::to_string(seed);
    open(options);
    for (int64_t i = 0; i < 300; ++i) write_rows({{"a", i, {{kCount, i}}}});
    files.lose_power_after(0);
    store.reset();
    files.restart();
    open(options);
    // Only the newest segment, a few dozen rows, may be lost.
    EXPECT_GT(rows().size(), 200u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace varve::engine
