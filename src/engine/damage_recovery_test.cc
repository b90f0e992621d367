// SPDX-License-Identifier: Apache-2.0
// Damage that is found at a bad moment: by a query beside a merge, or when only the log has rows.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{7};
const std::string kFolder = "data/shard-0";

class DamageRecovery : public ::testing::Test {
 protected:
  static EngineOptions manual() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 64 * 1024;
    return options;
  }
  void open(EngineOptions options = manual()) {
    store.reset();
    auto opened = LocalStore::open(std::move(options), files, clock, random, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void write_rows(const std::vector<TestRow>& rows) {
    const auto written = write(*store, request_of(kTable, rows));
    ASSERT_TRUE(written) << written.error().message;
  }
  size_t row_count() { return rows_of(*store, spec_of(kTable)).size(); }

  // Merges two files while a query finds damage in the first `damaged` of them.
  void merge_beside_a_query(int damaged) {
    bool merging = false;
    EngineOptions options = manual();
    options.compaction_files_min = 2;
    options.row_group_rows_max = 1;
    options.sst_layout = SstLayout::kColumnar;  // Its first bytes are those of times.
    // Labels are asked for after the files were chosen and before they are read.
    options.labels = [&](TableId) -> std::optional<TableLabels> {
      if (merging) row_count();
      return std::nullopt;
    };
    open(options);
    for (int64_t time = 0; time < 2; ++time) {
      for (const char* host : {"a", "b", "c", "d", "e"}) {
        write_rows({{host, time, {{kUsage, 0.5}}}});
      }
      ASSERT_TRUE(store->flush());
    }
    for (int file = 1; file <= damaged; ++file) {
      files.flip_bit(kFolder + "/" + std::to_string(file) + ".sst", 12, 1);
    }
    merging = true;
    const auto merged = store->compact();
    merging = false;
    EXPECT_FALSE(merged);
    EXPECT_EQ(files.list(kFolder)->size(), 5u) << "two files, wal, CURRENT and a manifest";
    EXPECT_EQ(row_count(), static_cast<size_t>(10 - 5 * damaged));
    EXPECT_EQ(store->health().damage.size(), static_cast<size_t>(damaged));
    store.reset();
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_F(DamageRecovery, AMergeKeepsAFileThatAQueryFindsDamagedMeanwhile) {
  merge_beside_a_query(1);
}

TEST_F(DamageRecovery, AMergeOfFilesThatAreAllFoundDamagedFails) { merge_beside_a_query(2); }

TEST_F(DamageRecovery, ALostSortedFileTakesNoRowsThatAreStillInTheLog) {
  open();
  for (int64_t time = 0; time < 3; ++time) write_rows({{"a", time, {{kUsage, 1.0}}}});
  ASSERT_TRUE(store->flush());
  for (int64_t time = 10; time < 20; ++time) write_rows({{"a", time, {{kUsage, 1.0}}}});
  store.reset();
  ASSERT_TRUE(files.remove(kFolder + "/1.sst"));
  open();
  EXPECT_EQ(row_count(), 10u);
  EXPECT_EQ(store->health().damage.size(), 1u);
  ASSERT_TRUE(store->flush());
  open();
  EXPECT_EQ(row_count(), 10u);
}

TEST_F(DamageRecovery, ARecordWithTwoSegmentsOfASeriesIsNotTheOnlyOneWithItsKey) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}, {"a", kSegmentNs + 1, {{kUsage, 1.0}}}});
  for (int64_t time = 2; time < 5; ++time) write_rows({{"a", time, {{kUsage, 1.0}}}});
  const std::string wal = kFolder + "/wal/" + files.list(kFolder + "/wal")->front();
  store.reset();
  files.flip_bit(wal, read_file(files, wal)->find("VWR1") + 40, 3);
  open();
  EXPECT_EQ(row_count(), 3u);
}

TEST_F(DamageRecovery, RowsWhoseKeyIsLostAreReported) {
  open();
  for (int64_t time = 0; time < 3; ++time) write_rows({{"a", time, {{kUsage, 1.0}}}});
  const std::string wal = kFolder + "/wal/" + files.list(kFolder + "/wal")->front();
  store.reset();
  const auto bytes = read_file(files, wal);
  const size_t first = bytes->find("VWR1");
  files.flip_bit(wal, first + 40, 3);
  files.flip_bit(wal, bytes->find("VWR1", first + 4) + 40, 3);
  open();
  EXPECT_EQ(row_count(), 0u);
  const auto damage = store->health().damage;
  ASSERT_FALSE(damage.empty());
  const auto tells = [](const std::string& sentence) {
    return sentence.find("rows of 1 series are left out, whose keys are lost") != sentence.npos;
  };
  EXPECT_EQ(std::ranges::count_if(damage, tells), 1);
}

}  // namespace
}  // namespace varve::engine
