// SPDX-License-Identifier: Apache-2.0
// A disk that refuses one call, or several, anywhere in a write, flush, merge, delete, drop, backup
// or restore, and then goes on: so does the server, without a restart. Afterwards the power goes,
// which shows what a failed sync has lost.
#include <gtest/gtest.h>

#include <functional>

#include "engine/disk_for_test.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr int64_t kFarNs = 5 * kSegmentNs;

using Work = std::function<Result<void>(Disk&)>;
/// Called with whether the work has succeeded.
using Check = std::function<void(Disk&, bool)>;

std::pair<Rows, Rows> rows_of_both(Disk& disk) {
  Rows other = disk.rows(kOther);
  std::erase_if(other, [](const std::string& row) {
    return row.find("@" + std::to_string(kFarNs)) != row.npos;
  });
  return {disk.rows(kMain), other};
}

size_t far_row_count(Disk& disk) {
  return rows_of(*disk.store, spec_of(kOther, {kCount})).size() - rows_of_both(disk).second.size();
}

// The n-th call of `work` fails, and `count - 1` after it, for every n.
void refuse_each_call_of(const Work& work, ErrorCode code, uint64_t count, const Check& check) {
  Disk sound;
  const auto before = rows_of_both(sound);
  ASSERT_TRUE(work(sound));
  const auto after = rows_of_both(sound);
  bool was_refused = true;
  for (uint64_t n = 0; was_refused && !::testing::Test::HasFailure(); ++n) {
    SCOPED_TRACE("call " + std::to_string(n) + ", " + std::to_string(count) + " fail");
    Disk disk(n + 1);
    disk.files.fail_calls(n, count, code);
    const auto done = work(disk);
    was_refused = disk.files.calls_failed() > 0;
    disk.files.fail_calls(0, 0, code);
    const auto seen = rows_of_both(disk);
    EXPECT_TRUE(seen == after || (!done && seen == before));
    if (check) check(disk, done.has_value());
    const auto written =
        write(*disk.store, request_of(kOther, {{"a", kFarNs, {{kCount, int64_t{1}}}}}));
    EXPECT_TRUE(written) << written.error().message;
    const auto repeated = work(disk);
    EXPECT_TRUE(repeated) << repeated.error().message;
    EXPECT_EQ(rows_of_both(disk), after);
    if (check) check(disk, true);
    EXPECT_EQ(far_row_count(disk), 1U);
    disk.files.lose_power_after(0);
    disk.store.reset();
    disk.files.restart();
    disk.start();
    EXPECT_EQ(rows_of_both(disk), after) << "after the power went";
    EXPECT_EQ(far_row_count(disk), 1U) << "after the power went";
    EXPECT_TRUE(disk.store->health().damage.empty()) << disk.store->health().damage.front();
    ASSERT_TRUE(disk.store->flush());
    ASSERT_TRUE(disk.store->compact());
    EXPECT_EQ(rows_of_both(disk), after) << "merged";
  }
}

void refuse_calls_of(const Work& work, const Check& check = nullptr) {
  for (const ErrorCode code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    for (const uint64_t count : {1, 3, 1'000'000}) {
      refuse_each_call_of(work, code, count, check);
    }
  }
}

Result<void> remove_some(Disk& disk) {
  return disk.store->remove(
      {.table = kMain, .range = {.begin_ns = 1, .end_ns = 3}, .predicate = {}});
}

TEST(FailingCall, InAWriteLosesNothingThatWasAcknowledged) {
  refuse_calls_of([](Disk& disk) {
    return write(*disk.store, request_of(kMain, {{"a", 9, {{kCount, int64_t{9}}}}}));
  });
}

TEST(FailingCall, InAFlushLosesNothing) {
  refuse_calls_of([](Disk& disk) { return disk.store->flush(); });
}

TEST(FailingCall, InAMergeLosesNothing) {
  refuse_calls_of([](Disk& disk) -> Result<void> {
    TRY_VOID(disk.store->flush());
    return disk.store->compact();
  });
}

TEST(FailingCall, InADeleteLeavesAllOrNothing) { refuse_calls_of(remove_some); }

TEST(FailingCall, InAMergeThatPurgesBringsNothingBack) {
  refuse_calls_of([](Disk& disk) -> Result<void> {
    TRY_VOID(remove_some(disk));
    TRY_VOID(disk.store->flush());
    return disk.store->compact();
  });
}

TEST(FailingCall, InADropLeavesAllOrNothing) {
  refuse_calls_of([](Disk& disk) { return disk.store->drop_tables({kMain}); });
}

TEST(FailingCall, InADropOfASegmentLeavesAllOrNothing) {
  refuse_calls_of([](Disk& disk) { return disk.store->drop_segments({segment_of(0)}); });
}

TEST(FailingCall, InABackupLeavesTheOneBeforeOrTheNewOne) {
  refuse_calls_of([](Disk& disk) { return back_up(disk, true); },
                  [](Disk& disk, bool is_done) {
                    if (!is_done && !disk.files.exists("backup/backup.json").value()) return;
                    EXPECT_EQ(rows_of_backup(disk.files), disk.rows());
                  });
}

TEST(FailingCall, InARestoreLeavesAFolderThatCanBeRestoredInto) {
  for (const ErrorCode code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    bool was_refused = true;
    for (uint64_t n = 0; was_refused; ++n) {
      Disk disk(n + 1);
      ASSERT_TRUE(back_up(disk, true));
      const Rows rows = disk.rows();
      const RestoreOptions wanted{.from = "backup", .to = "new"};
      disk.files.fail_calls(n, 1, code);
      const auto done = restore_backup(disk.files, wanted, nullptr);
      was_refused = disk.files.calls_failed() > 0;
      disk.files.fail_calls(0, 0, code);
      if (!done) {
        const auto again = restore_backup(disk.files, wanted, nullptr);
        ASSERT_TRUE(again) << again.error().message;
      }
      SeededRandom random{3};
      const auto store = LocalStore::open(disk_options("new/engine"), disk.files, disk.clock,
                                          random, {kMain, kOther});
      ASSERT_TRUE(store) << store.error().message;
      EXPECT_EQ(rows_of(**store, spec_of(kMain, {kCount})), rows) << "call " << n;
    }
  }
}

}  // namespace
}  // namespace varve::engine
