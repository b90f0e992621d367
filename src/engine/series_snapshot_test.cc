// SPDX-License-Identifier: Apache-2.0
// What a store knows of its series after a start, with a snapshot and without.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/testing.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};

// With a snapshot of the table's own, and with the one that tables share.
class SeriesSnapshotTest : public ::testing::TestWithParam<bool> {
 protected:
  static bool is_shared() { return GetParam(); }
  const std::string kFile =
      is_shared() ? "data/shard-0/shared.series" : "data/shard-0/1.series";

  void open() {
    store_.reset();
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 4'096;
    options.series_snapshot_series_min = is_shared() ? 100 : 1;
    options.series_snapshot_shared_files_min = 1;
    auto opened = LocalStore::open(options, files_, clock_, random_, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    EXPECT_TRUE(store_->health().damage.empty());
  }
  void close_and_open() {
    ASSERT_TRUE(store_->close());
    open();
  }
  void put(const std::string& host, int64_t time_ns) {
    ASSERT_TRUE(write(*store_, request_of(kTable, {{host, time_ns, {{kCount, time_ns}}}})));
  }
  std::vector<std::string> hosts(TimeRange range = {}) {
    std::vector<std::string> hosts;
    const auto list = store_->list_series({.table = kTable, .range = range, .predicate = {}});
    EXPECT_TRUE(list);
    for (const SeriesRef& series : list->series) {
      hosts.emplace_back(key_cell(series.key, kHost));
    }
    std::ranges::sort(hosts);
    return hosts;
  }
  using Hosts = std::vector<std::string>;
  // a lives in the first segment, b in the second, c in both.
  void expect_three() {
    EXPECT_EQ(hosts(), (Hosts{"a", "b", "c"}));
    EXPECT_EQ(hosts({.begin_ns = 0, .end_ns = kSegmentNs}), (Hosts{"a", "c"}));
    EXPECT_EQ(hosts({.begin_ns = kSegmentNs, .end_ns = 2 * kSegmentNs}), (Hosts{"b", "c"}));
    EXPECT_EQ(rows_of(*store_, spec_of(kTable)).size(), 4u);
  }
  void put_three() {
    put("a", 1);
    put("b", kSegmentNs + 1);
    put("c", 2);
    put("c", kSegmentNs + 2);
  }
  bool has_snapshot() { return *files_.exists(kFile); }

  SimulatedFileSystem files_{1};
  SimulatedClock clock_{1'000'000'000};
  SeededRandom random_{7};
  std::unique_ptr<LocalStore> store_;
};

TEST_P(SeriesSnapshotTest, BringsBackTheSeriesOfEachSegment) {
  open();
  put_three();
  close_and_open();
  EXPECT_TRUE(has_snapshot());
  expect_three();
  // And again, with nothing new.
  close_and_open();
  expect_three();
}

TEST_P(SeriesSnapshotTest, IsCompletedByNewerFilesAndTheLog) {
  open();
  put("a", 1);
  put("c", 2);
  close_and_open();
  put("b", kSegmentNs + 1);
  ASSERT_TRUE(store_->flush());
  put("c", kSegmentNs + 2);
  open();  // Without closing.
  expect_three();
  put("d", 3);
  EXPECT_EQ(hosts(), (Hosts{"a", "b", "c", "d"}));
}

TEST_P(SeriesSnapshotTest, IsDoneWithoutWhenItIsDamagedOrMissing) {
  open();
  put_three();
  close_and_open();
  const std::string bytes = *read_file(files_, kFile);
  const auto file = files_.open(kFile, FileSystem::OpenMode::kReadWrite);
  ASSERT_TRUE(file);
  for (size_t i = 0; i < bytes.size(); i += 7) {
    const char damaged = static_cast<char>(bytes[i] ^ 0x10);
    ASSERT_TRUE((*file)->write_at(i, {&damaged, 1}));
    open();
    expect_three();
    ASSERT_TRUE((*file)->write_at(i, {&bytes[i], 1}));
  }
  ASSERT_TRUE((*file)->truncate(bytes.size() / 2));
  open();
  expect_three();
  ASSERT_TRUE(files_.remove(kFile));
  open();
  expect_three();
}

TEST_P(SeriesSnapshotTest, ForgetsSeriesWhoseLastSegmentWasDropped) {
  open();
  put_three();
  close_and_open();
  EXPECT_EQ(store_->stats(kTable).series_count, 3u);
  ASSERT_TRUE(store_->drop_segments({segment_of(1)}));
  EXPECT_EQ(hosts(), (Hosts{"b", "c"}));
  open();  // With a snapshot that still knows them.
  EXPECT_EQ(hosts(), (Hosts{"b", "c"}));
  EXPECT_EQ(store_->stats(kTable).series_count, 2u);
  close_and_open();
  EXPECT_EQ(store_->stats(kTable).series_count, 2u);
  put("a", 2 * kSegmentNs);  // It comes back elsewhere.
  EXPECT_EQ(hosts(), (Hosts{"a", "b", "c"}));
}

TEST_P(SeriesSnapshotTest, HoldsNoSeriesThatOnlyTheLogHas) {
  open();
  put_three();
  ASSERT_TRUE(store_->flush());
  EXPECT_TRUE(has_snapshot());
  put("d", 4);
  // The log goes: what it alone had is nowhere.
  store_.reset();
  const auto names = files_.list("data/shard-0/wal");
  ASSERT_TRUE(names);
  for (const std::string& name : *names) {
    ASSERT_TRUE(files_.remove(join_path("data/shard-0/wal", name)));
  }
  open();
  expect_three();
}

TEST_P(SeriesSnapshotTest, KeepsUpWithMergesAndDeletes) {
  open();
  put_three();
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(store_->remove({.table = kTable,
                              .range = {.begin_ns = 0, .end_ns = kSegmentNs},
                              .predicate = Predicate::compare_tag(kHost, CompareOp::kEqual, "a")}));
  EXPECT_EQ(hosts(), (Hosts{"b", "c"}));
  open();
  EXPECT_EQ(hosts(), (Hosts{"b", "c"}));
  ASSERT_TRUE(store_->compact());
  open();
  EXPECT_EQ(hosts(), (Hosts{"b", "c"}));
  close_and_open();
  EXPECT_EQ(hosts(), (Hosts{"b", "c"}));
  EXPECT_EQ(hosts({.begin_ns = 0, .end_ns = kSegmentNs}), (Hosts{"c"}));
}

TEST_P(SeriesSnapshotTest, GoesWithItsTable) {
  open();
  put_three();
  close_and_open();
  ASSERT_TRUE(store_->drop_tables({kTable}));
  EXPECT_EQ(has_snapshot(), is_shared());
  open();
  EXPECT_EQ(hosts(), Hosts());
}

INSTANTIATE_TEST_SUITE_P(Own, SeriesSnapshotTest, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Shared, SeriesSnapshotTest, ::testing::Values(true));

// Tables with many series have one of their own, the others share one, whatever becomes of them.
TEST(SharedSeriesSnapshot, HoldsTheTablesWithFewSeries) {
  SimulatedFileSystem files(1);
  SimulatedClock clock(1'000'000'000);
  SeededRandom random(7);
  std::vector<TableId> live;
  for (uint32_t table = 1; table <= 60; ++table) live.push_back(TableId{table});
  std::unique_ptr<LocalStore> store;
  const auto open = [&] {
    store.reset();
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.series_snapshot_series_min = 5;
    options.series_snapshot_shared_files_min = 50;
    auto opened = LocalStore::open(options, files, clock, random, live);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  };
  const auto put = [&](TableId table, const std::string& host) {
    ASSERT_TRUE(write(*store, request_of(table, {{host, 1, {{kCount, 1}}}})));
  };
  const auto expect = [&](TableId table, size_t count) {
    EXPECT_EQ(rows_of(*store, spec_of(table)).size(), count) << raw(table);
    EXPECT_EQ(*store->count_series({.table = table, .range = {}, .predicate = {}}), count);
  };
  open();
  for (const TableId table : live) put(table, "a");
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(*files.exists("data/shard-0/shared.series"));
  // One grows out of it, one gets another file, one goes.
  for (const char* host : {"b", "c", "d", "e"}) put(TableId{1}, host);
  put(TableId{2}, "b");
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(store->drop_tables({TableId{3}}));
  put(TableId{4}, "b");
  live.erase(live.begin() + 2);
  for (int start = 0; start < 2; ++start) {
    open();
    expect(TableId{1}, 5);
    expect(TableId{2}, 2);
    expect(TableId{3}, 0);
    expect(TableId{4}, 2);
    for (uint32_t table = 5; table <= 60; ++table) expect(TableId{table}, 1);
    ASSERT_TRUE(store->close());
  }
}

}  // namespace
}  // namespace varve::engine
