// SPDX-License-Identifier: Apache-2.0
// One flipped bit anywhere: the store opens, says which file and where, and serves the rest.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kDamaged{1};
constexpr TableId kSound{2};
const std::string kFolder = "data/shard-0";

class Damage : public ::testing::Test {
 protected:
  void open() {
    store.reset();
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 16 * 1024;
    auto opened = LocalStore::open(options, files, clock, random, {kDamaged, kSound});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void write_rows(TableId table, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      ASSERT_TRUE(write(*store, request_of(table, {{"a", i, {{kCount, i}, {kUsage, 0.5}}}})));
    }
  }
  std::string file_ending(const std::string& folder, std::string_view end) {
    const auto names = files.list(folder);
    const auto ends = [&](const std::string& name) { return name.ends_with(end); };
    const auto found = std::ranges::find_if(*names, ends);
    return found == names->end() ? "" : join_path(folder, *found);
  }
  size_t row_count(TableId table) {
    const auto rows = rows_of(*store, spec_of(table));
    for (const auto& row : rows) EXPECT_NE(row.substr(0, 6), "error:") << row;
    return rows.size();
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_F(Damage, InTheMiddleOfTheWalCostsOneRecordAndIsReported) {
  open();
  write_rows(kDamaged, 0, 10);
  const std::string wal = file_ending(kFolder + "/wal", ".wal");
  store.reset();
  const auto bytes = read_file(files, wal);
  const size_t record = bytes->find("VWR1", bytes->find("VWR1") + 4);  // The second one.
  files.flip_bit(wal, record + 40, 3);
  open();
  EXPECT_EQ(row_count(kDamaged), 9u);
  const auto damage = store->health().damage;
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_NE(damage[0].find(wal + " is damaged from byte " + std::to_string(record)),
            std::string::npos)
      << damage[0];
  EXPECT_FALSE(file_ending(kFolder + "/wal", ".damaged").empty());
  write_rows(kDamaged, 20, 21);
  ASSERT_TRUE(store->flush());
  open();
  EXPECT_EQ(row_count(kDamaged), 10u);
}

TEST_F(Damage, AnywhereInTheWalNeverKeepsTheStoreFromOpening) {
  open();
  write_rows(kDamaged, 0, 3);
  const std::string wal = file_ending(kFolder + "/wal", ".wal");
  store.reset();
  for (uint64_t offset = 0; offset < 700; offset += 3) {
    files.flip_bit(wal, offset, offset % 8);
    open();
    EXPECT_GE(row_count(kDamaged), 2u) << offset;
    store.reset();
    files.flip_bit(wal, offset, offset % 8);
  }
  open();
  EXPECT_EQ(row_count(kDamaged), 3u);
}

TEST_F(Damage, InASortedFileQuarantinesThatFileAndServesTheRest) {
  open();
  write_rows(kDamaged, 0, 100);
  write_rows(kSound, 0, 5);
  ASSERT_TRUE(store->flush());
  write_rows(kDamaged, 100, 110);
  ASSERT_TRUE(store->flush());
  store.reset();
  const std::string sst = kFolder + "/1.sst";
  const uint64_t size = read_file(files, sst)->size();
  for (uint64_t offset = 0; offset < size; offset += 61) {
    files.flip_bit(sst, offset, offset % 8);
    open();
    const size_t count = row_count(kDamaged);
    // Names and statistics for other tools can change without harm; rows cannot.
    EXPECT_TRUE(count == 110 || count == 10) << offset << ": " << count;
    EXPECT_EQ(row_count(kSound), 5u);
    EXPECT_EQ(store->health().damage.empty(), count == 110) << offset;
    if (count == 10) {
      EXPECT_NE(store->health().damage[0].find(sst), std::string::npos);
      row_count(kDamaged);
      EXPECT_EQ(store->health().damage.size(), 1u) << "reported once";
    }
    store.reset();
    files.flip_bit(sst, offset, offset % 8);
  }
}

TEST_F(Damage, OfAMissingSortedFileIsReportedToo) {
  open();
  write_rows(kDamaged, 0, 10);
  write_rows(kSound, 0, 5);
  ASSERT_TRUE(store->flush());
  store.reset();
  ASSERT_TRUE(files.remove(kFolder + "/1.sst"));
  open();
  EXPECT_EQ(row_count(kDamaged) + row_count(kSound), 5u);
  EXPECT_EQ(store->health().damage.size(), 1u);
}

TEST_F(Damage, OfThePointerFallsBackToTheNewestManifest) {
  open();
  write_rows(kSound, 0, 3);
  ASSERT_TRUE(store->flush());
  store.reset();
  files.flip_bit(kFolder + "/CURRENT", 3, 2);
  open();
  EXPECT_EQ(row_count(kSound), 3u);
  EXPECT_EQ(store->health().damage.size(), 1u);
}

}  // namespace
}  // namespace varve::engine
