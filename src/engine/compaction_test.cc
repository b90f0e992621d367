// SPDX-License-Identifier: Apache-2.0
// When files are merged, what a merge holds up, and how it ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kFirst{1};
constexpr TableId kSecond{2};
constexpr uint32_t kTables = 10'000;

class Compaction : public ::testing::Test {
 protected:
  static EngineOptions manual() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.compaction_files_min = 3;
    return options;
  }
  void open(EngineOptions options = manual()) {
    store.reset();
    std::vector<TableId> live;
    for (uint32_t id = 1; id <= kTables; ++id) live.push_back(TableId{id});
    auto opened = LocalStore::open(std::move(options), files, clock, random, live);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void add_file(TableId table, int64_t time_ns) {
    ASSERT_TRUE(write(*store, request_of(table, {{"a", time_ns, {{kCount, time_ns}}}})));
    ASSERT_TRUE(store->flush());
  }
  uint64_t sst_count(TableId table) { return store->stats(table).sst_count; }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_F(Compaction, MakesOneFileOfASegmentThatHasComeToRest) {
  open();
  add_file(kFirst, 1);
  add_file(kFirst, 2);
  ASSERT_TRUE(store->compact());
  EXPECT_EQ(sst_count(kFirst), 2u);
  clock.advance_ns(2 * 3'600'000'000'000);
  ASSERT_TRUE(store->compact());
  EXPECT_EQ(sst_count(kFirst), 1u);
}

TEST_F(Compaction, ThatFailsForOneTableHelpsTheOthers) {
  open();
  for (int64_t time = 0; time < 3; ++time) add_file(kFirst, time);
  for (int64_t time = 0; time < 3; ++time) add_file(kSecond, time);
  store.reset();
  const std::string damaged = "data/shard-0/2.sst";
  const uint64_t size = read_file(files, damaged)->size();
  for (uint64_t offset = 4; offset < size; offset += 8) {
    files.flip_bit(damaged, offset, 1);
  }
  open();
  static_cast<void>(store->compact());
  EXPECT_EQ(sst_count(kSecond), 1u);
  EXPECT_EQ(store->health().quarantined_files, 1u);
  EXPECT_EQ(rows_of(*store, spec_of(kFirst)).size(), 2u);
  EXPECT_EQ(rows_of(*store, spec_of(kSecond)).size(), 3u);
}

TEST_F(Compaction, WaitsWhereItsRateIsLimitedAndEndsWithTheStore) {
  EngineOptions options = manual();
  options.compaction_bytes_per_second = 1;
  open(options);
  for (int64_t time = 0; time < 3; ++time) add_file(kFirst, time);
  Result<void> outcome;
  std::thread compaction([&] { outcome = store->compact(); });
  // A flush does not wait for the merge.
  add_file(kSecond, 1);
  EXPECT_EQ(sst_count(kFirst), 3u);
  ASSERT_TRUE(store->close());
  compaction.join();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
  open(options);
  EXPECT_EQ(rows_of(*store, spec_of(kFirst)).size(), 3u);
  const auto names = *files.list("data/shard-0");
  EXPECT_TRUE(std::ranges::none_of(names, [](const auto& name) { return name.ends_with(".tmp"); }));
}

TEST_F(Compaction, EndsWhenItsTableIsDropped) {
  EngineOptions options = manual();
  options.compaction_bytes_per_second = 1;
  open(options);
  for (int64_t time = 0; time < 3; ++time) add_file(kFirst, time);
  Result<void> outcome;
  std::thread compaction([&] { outcome = store->compact(); });
  ASSERT_TRUE(store->drop_tables({kFirst}));
  compaction.join();
  EXPECT_TRUE(outcome) << outcome.error().message;
}

// VARVE_TABLES=10000 takes some seconds.
TEST_F(Compaction, ThousandsOfTablesCanBeFlushedMergedAndDropped) {
  const char* wanted = std::getenv("VARVE_TABLES");
  const auto tables = wanted == nullptr ? 2'000 : static_cast<uint32_t>(std::atoi(wanted));
  ASSERT_GE(tables, 1'000u);
  ASSERT_LE(tables, kTables);
  open();
  const auto write_all = [&] {
    for (uint32_t begin = 1; begin <= tables; begin += 1'000) {
      WriteRequest request;
      for (uint32_t id = begin; id < begin + 1'000 && id <= tables; ++id) {
        auto one = request_of(TableId{id}, {{"a", 1, {{kCount, int64_t{id}}}}});
        request.batches.push_back(std::move(one.batches[0]));
      }
      ASSERT_TRUE(write(*store, std::move(request)));
    }
  };
  write_all();
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(store->compact());
  for (uint32_t id = 2; id <= 500; ++id) ASSERT_TRUE(store->drop_tables({TableId{id}}));
  open();
  EXPECT_EQ(rows_of(*store, spec_of(TableId{tables})).size(), 1u);
  EXPECT_EQ(rows_of(*store, spec_of(TableId{500})).size(), 0u);
}

}  // namespace
}  // namespace varve::engine
