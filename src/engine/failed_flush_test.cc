// SPDX-License-Identifier: Apache-2.0
// Flushes and merges that fail: what they leave behind, whom they hold up, how it ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr uint32_t kTables = 50;
constexpr TableId kFirst{1};
constexpr TableId kSecond{2};
const std::string kFolder = "data/shard-0";

class FailedFlush : public ::testing::Test {
 protected:
  static EngineOptions manual() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 64 * 1024;
    options.wal_segments_recycled_max = 0;
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
  void write_row(TableId table, int64_t time_ns, MergeMode mode = MergeMode::kMerge) {
    const auto written =
        write(*store, request_of(table, {{"a", time_ns, {{kCount, time_ns}}}}, mode));
    ASSERT_TRUE(written) << written.error().message;
  }
  size_t count_files(const std::string& folder, std::string_view part) {
    const auto names = files.list(folder);
    return static_cast<size_t>(std::ranges::count_if(*names, [&](const std::string& name) {
      return name.find(part) != std::string::npos;
    }));
  }
  size_t row_count(TableId table) { return rows_of(*store, spec_of(table)).size(); }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_F(FailedFlush, LeavesNoFilesOnAFullDiskAndSucceedsWhenThereIsRoom) {
  open();
  for (uint32_t id = 1; id <= kTables; ++id) write_row(TableId{id}, 1);
  uint64_t capacity = 64 * 1024 + 30 * 1024;
  Result<void> flushed;
  for (int round = 0; round < 6; ++round, capacity += 60 * 1024) {
    files.set_capacity_bytes(capacity);
    flushed = store->flush();
    if (flushed) break;
    EXPECT_EQ(flushed.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(count_files(kFolder, ".sst"), 0u) << round;
  }
  ASSERT_TRUE(flushed) << flushed.error().message;
  EXPECT_EQ(count_files(kFolder, ".sst"), kTables);
}

// Wherever the disk is full: in the sorted file, in the edit, in a new manifest or its pointer.
TEST_F(FailedFlush, GathersNothingWhereverTheDiskIsFull) {
  constexpr uint64_t kLarge = 1u << 30;
  for (uint64_t room = 0; room < 6000; room += 40) {
    EngineOptions options = manual();
    options.directory = "data" + std::to_string(room);
    const std::string folder = options.directory + "/shard-0";
    open(options);
    write_row(kFirst, 1);
    files.set_capacity_bytes(kLarge);
    const uint64_t used = kLarge - files.free_bytes(folder).value();
    files.set_capacity_bytes(used + room);
    bool flushed = false;
    for (int attempt = 0; attempt < 5; ++attempt) {
      flushed = store->flush().has_value() || flushed;
      EXPECT_LE(count_files(folder, "MANIFEST-"), 2u) << room;
      EXPECT_LE(count_files(folder, ".sst"), 1u) << room;
    }
    files.set_capacity_bytes(UINT64_MAX);
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(count_files(folder, "MANIFEST-"), 1u) << room;
    EXPECT_EQ(count_files(folder, ".sst"), 1u) << room;
    EXPECT_EQ(row_count(kFirst), 1u);
  }
}

TEST_F(FailedFlush, NamesTheFullDiskWhenMemtablesAreFullAndIsOverWithIt) {
  EngineOptions options = manual();
  options.memtable_bytes_max = 4096;
  options.wal_segment_bytes = 1 << 20;
  open(options);
  write_row(kFirst, 1);
  files.set_capacity_bytes(1 << 20);
  Result<void> written;
  for (int64_t time = 2; written && time < 5'000; ++time) {
    written = write(*store, request_of(kFirst, {{"a", time, {{kCount, time}}}}));
  }
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kOverloaded);
  EXPECT_TRUE(store->health().writable) << "a flush may be about to help";
  ASSERT_FALSE(store->flush());
  EXPECT_FALSE(store->health().writable);
  EXPECT_FALSE(store->health().reason.empty());
  written = write(*store, request_of(kFirst, {{"a", 1, {{kCount, int64_t{1}}}}}));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNoSpace);
  files.set_capacity_bytes(UINT64_MAX);
  ASSERT_TRUE(store->flush());
  EXPECT_TRUE(store->health().writable);
  write_row(kFirst, 1);
}

TEST_F(FailedFlush, IsTriedAgainByItself) {
  EngineOptions options = manual();
  options.automatic = true;
  open(options);
  write_row(kFirst, 1);
  files.set_capacity_bytes(1);
  ASSERT_FALSE(store->flush());
  files.set_capacity_bytes(UINT64_MAX);
  clock.advance_ns(60'000'000'000);
  while (store->stats(kFirst).sst_count == 0) std::this_thread::yield();
  EXPECT_EQ(row_count(kFirst), 1u);
}

TEST_F(FailedFlush, OfOneTableDoesNotHoldUpTheOthers) {
  open();
  // A row before all time cannot be put into a sorted file.
  WriteRequest early = request_of(kFirst, {{"a", 5, {{kCount, int64_t{5}}}}});
  early.batches[0].segment = SegmentId{77};
  early.batches[0].segment_range = {INT64_MIN, 0};
  early.batches[0].times_ns = {INT64_MIN};
  ASSERT_TRUE(write(*store, std::move(early)));
  write_row(kSecond, 1, MergeMode::kAppend);
  for (int64_t time = 2; time < 4; ++time) {
    EXPECT_FALSE(store->flush());
    write_row(kSecond, time, MergeMode::kAppend);
  }
  EXPECT_EQ(store->stats(kSecond).sst_rows, 2u);
  EXPECT_EQ(store->stats(kFirst).memtable_rows, 1u);
  // The log still has all of it; what is in files is not read twice.
  open();
  EXPECT_EQ(store->stats(kFirst).memtable_rows, 1u);
  EXPECT_EQ(store->stats(kSecond).memtable_rows, 1u);
  EXPECT_EQ(row_count(kSecond), 3u);
}

TEST_F(FailedFlush, IsNoLongerCausedByNamesThatLookLikeMadeUpOnes) {
  EngineOptions options = manual();
  const std::string type(to_string(ValueType::kFloat64));
  options.labels = [&](TableId) -> std::optional<TableLabels> {
    return TableLabels{.table = "m",
                       .columns = {{kHost, ColumnKind::kTag, "x"},
                                   {ColumnId{5}, ColumnKind::kField, "x." + type},
                                   {ColumnId{6}, ColumnKind::kField, "x." + type + ".10"},
                                   {kUsage, ColumnKind::kField, "x"}}};
  };
  open(options);
  WriteRequest request = request_of(kFirst, {{"a", 1, {{kUsage, 1.5}}}});
  BatchColumn five{.id = ColumnId{5}, .values = ColumnVector(ValueType::kFloat64)};
  five.values.append_value(2.5);
  BatchColumn six{.id = ColumnId{6}, .values = ColumnVector(ValueType::kInt64)};
  six.values.append_value(int64_t{3});
  request.batches[0].columns.insert(request.batches[0].columns.begin(), std::move(six));
  request.batches[0].columns.insert(request.batches[0].columns.begin(), std::move(five));
  ASSERT_TRUE(write(*store, std::move(request)));
  const auto flushed = store->flush();
  ASSERT_TRUE(flushed) << flushed.error().message;
  EXPECT_EQ(rows_of(*store, spec_of(kFirst, {kUsage})), std::vector<std::string>{"a@1 10=1.5"});
}

TEST_F(FailedFlush, AFlushWithoutRowsReleasesTheLogToo) {
  EngineOptions options = manual();
  options.wal_segment_bytes = 4096;
  open(options);
  for (int64_t time = 0; time < 200; ++time) write_row(kFirst, time);
  ASSERT_GT(count_files(kFolder + "/wal", ".wal"), 2u);
  ASSERT_TRUE(store->drop_tables({kFirst}));
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(count_files(kFolder + "/wal", ".wal"), 1u);
}

TEST_F(FailedFlush, IsNotAskedForByALogOfOneSegment) {
  EngineOptions options = manual();
  options.automatic = true;
  options.wal_bytes_max = 1;
  open(options);
  for (int64_t time = 0; time < 200; ++time) write_row(kFirst, time);
  // Each call lets the background thread look round once more.
  for (int turn = 0; turn < 10; ++turn) ASSERT_TRUE(store->compact());
  EXPECT_EQ(store->stats(kFirst).sst_count, 0u);
}

}  // namespace
}  // namespace varve::engine
