// SPDX-License-Identifier: Apache-2.0
// A disk that is full anywhere in a delete, a merge, a drop, a backup and a restore; and a wall
// clock that goes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "engine/disk_for_test.h"

namespace varve::engine {
namespace {

using namespace testing;

// Does `work` with ever more room until it succeeds. Whatever it said, the rows are those of before
// or of after, stay so through a restart, and the work can be done once there is room.
void fill_disk_in(const std::function<Result<void>(Disk&)>& work, bool may_be_gone_early = false) {
  Disk sound;
  const Rows before = sound.rows();
  ASSERT_TRUE(work(sound));
  const Rows after = sound.rows();
  bool finished = false;
  for (uint64_t room = 0; !finished && room < 100'000; room += 97) {
    Disk disk;
    disk.leave(room);
    const auto done = work(disk);
    finished = done.has_value();
    if (!finished) {
      EXPECT_EQ(done.error().code, ErrorCode::kNoSpace) << done.error().message;
    }
    const Rows seen = disk.rows();
    EXPECT_TRUE(seen == after || (!finished && seen == before)) << "room " << room;
    EXPECT_EQ(disk.rows(kOther).size(), 6U);
    disk.make_room();
    disk.start();
    const Rows again = disk.rows();
    EXPECT_TRUE(again == seen || (may_be_gone_early && again == after)) << "room " << room;
    EXPECT_TRUE(disk.store->health().damage.empty()) << disk.store->health().damage.front();
    const auto repeated = work(disk);
    EXPECT_TRUE(repeated) << repeated.error().message;
    EXPECT_EQ(disk.rows(), after) << "room " << room;
    disk.write_row(kOther, 7);
    EXPECT_EQ(disk.rows(kOther).size(), 8U);
  }
  EXPECT_TRUE(finished);
}

TEST(FullDisk, InADeleteLeavesAllOrNothing) {
  fill_disk_in(
      [](Disk& disk) {
        return disk.store->remove(
            {.table = kMain, .range = {.begin_ns = 1, .end_ns = 3}, .predicate = {}});
      },
      true);
}

TEST(FullDisk, InAMergeLosesNothing) {
  fill_disk_in([](Disk& disk) -> Result<void> {
    TRY_VOID(disk.store->flush());
    return disk.store->compact();
  });
}

TEST(FullDisk, InAMergeThatPurgesBringsNothingBack) {
  fill_disk_in(
      [](Disk& disk) -> Result<void> {
        TRY_VOID(disk.store->remove(
            {.table = kMain, .range = {.begin_ns = 0, .end_ns = 1}, .predicate = {}}));
        TRY_VOID(disk.store->flush());
        return disk.store->compact();
      },
      true);
}

TEST(FullDisk, InADropLeavesAllOrNothing) {
  fill_disk_in([](Disk& disk) { return disk.store->drop_tables({kMain}); }, true);
}

TEST(FullDisk, InABackupLeavesTheOneBefore) {
  bool finished = false;
  for (uint64_t room = 0; !finished && room < 200'000; room += 211) {
    Disk disk;
    ASSERT_TRUE(back_up(disk, true));
    const Rows before = rows_of_backup(disk.files);
    disk.write_row(kMain, 3);
    const Rows after = disk.rows();
    disk.leave(room);
    const auto done = back_up(disk, true);
    finished = done.has_value();
    if (!finished) {
      EXPECT_EQ(done.error().code, ErrorCode::kNoSpace) << done.error().message;
    }
    EXPECT_EQ(disk.rows(), after);
    const Rows stored = rows_of_backup(disk.files);
    EXPECT_TRUE(stored == after || (!finished && stored == before)) << "room " << room;
    disk.make_room();
    ASSERT_TRUE(back_up(disk, true));
    EXPECT_EQ(rows_of_backup(disk.files), after) << "room " << room;
  }
  EXPECT_TRUE(finished);
}

TEST(FullDisk, InARestoreLeavesAFolderThatCanBeRestoredInto) {
  Disk disk;
  ASSERT_TRUE(back_up(disk, true));
  const Rows rows = disk.rows();
  bool finished = false;
  for (uint64_t room = 0; !finished && room < 200'000; room += 997) {
    const std::string folder = "new" + std::to_string(room);
    disk.leave(room);
    const RestoreOptions wanted{.from = "backup", .to = folder};
    const auto done = restore_backup(disk.files, wanted, nullptr);
    finished = done.has_value();
    if (!finished) {
      EXPECT_EQ(done.error().code, ErrorCode::kNoSpace) << done.error().message;
    }
    disk.make_room();
    if (!finished) {
      EXPECT_FALSE(disk.files.exists(folder + "/VARVE").value()) << "room " << room;
      const auto again = restore_backup(disk.files, wanted, nullptr);
      ASSERT_TRUE(again) << again.error().message;
    }
    SeededRandom random{3};
    const auto store = LocalStore::open(disk_options(folder + "/engine"), disk.files, disk.clock,
                                        random, {kMain, kOther});
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ(rows_of(**store, spec_of(kMain, {kCount})), rows) << "room " << room;
  }
  EXPECT_TRUE(finished);
}

TEST(ClockThatGoesBack, LaterWritesWinThroughFlushesMergesAndRestarts) {
  Disk disk;
  const auto write_count = [&](int64_t count) {
    ASSERT_TRUE(write(*disk.store, request_of(kMain, {{"a", 5, {{kCount, count}}}})));
  };
  int64_t count = 100;
  for (const int64_t day : {10, 9, 11, 1, 0}) {
    disk.clock.set_now_ns(day * kDayNs);
    write_count(++count);
    ASSERT_TRUE(disk.store->flush());
    disk.clock.set_now_ns(disk.clock.now_ns() - kDayNs);
    write_count(++count);
    const std::string wanted = "a@5 11=" + std::to_string(count);
    EXPECT_EQ(std::ranges::count(disk.rows(), wanted), 1) << "day " << day;
    disk.start();
    EXPECT_EQ(std::ranges::count(disk.rows(), wanted), 1) << "day " << day;
    ASSERT_TRUE(disk.store->compact());
    EXPECT_EQ(std::ranges::count(disk.rows(), wanted), 1) << "day " << day;
  }
}

TEST(ClockThatGoesBack, DeletesHideWhatWasWrittenBeforeThemAndNothingLater) {
  Disk disk;
  disk.clock.set_now_ns(9 * kDayNs);
  ASSERT_TRUE(disk.store->remove({.table = kMain, .range = {}, .predicate = {}}));
  EXPECT_EQ(disk.rows(), Rows());
  disk.clock.set_now_ns(8 * kDayNs);
  disk.write_row(kMain, 4);
  EXPECT_EQ(disk.rows().size(), 2U);
  disk.clock.set_now_ns(kDayNs);
  disk.start();
  EXPECT_EQ(disk.rows().size(), 2U);
  ASSERT_TRUE(disk.store->flush());
  ASSERT_TRUE(disk.store->compact());
  EXPECT_EQ(disk.rows().size(), 2U);
}

}  // namespace
}  // namespace varve::engine
