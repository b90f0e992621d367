// SPDX-License-Identifier: Apache-2.0
// A store on a simulated disk that a test fills, or that refuses calls; two tables with two files
// each and rows in the log alone.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/backup/backup_file_system.h"
#include "engine/backup/backup_restore.h"
#include "engine/backup/backup_writer.h"
#include "engine/backup/store_backup.h"
#include "engine/testing.h"

namespace varve::engine::testing {

inline constexpr TableId kMain{1};
inline constexpr TableId kOther{2};
inline constexpr int64_t kDayNs = 86'400'000'000'000;
using Rows = std::vector<std::string>;

inline EngineOptions disk_options(std::string directory = "data/engine") {
  EngineOptions options;
  options.directory = std::move(directory);
  options.automatic = false;
  options.wal_segment_bytes = 16 * 1024;
  options.wal_segments_recycled_max = 0;
  options.compaction_files_min = 2;
  return options;
}

/// A store whose disk the test fills.
class Disk {
 public:
  explicit Disk(uint64_t seed = 1) : files(seed) {
    EXPECT_TRUE(files.create_directories("data/engine"));
    start();
    // Two files of each table, and a row that is in the log alone.
    for (int64_t turn = 0; turn < 2; ++turn) {
      for (const TableId table : {kMain, kOther}) write_row(table, turn);
      EXPECT_TRUE(store->flush());
    }
    for (const TableId table : {kMain, kOther}) write_row(table, 2);
  }
  void start() {
    store.reset();
    auto opened = LocalStore::open(disk_options(), files, clock, random, {kMain, kOther});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void write_row(TableId table, int64_t i) {
    const auto written = write(*store, request_of(table, {{"a", i, {{kCount, i}}},
                                                          {"b", i, {{kCount, i}}}}));
    EXPECT_TRUE(written) << written.error().message;
  }
  /// So many bytes are left.
  void leave(uint64_t room) {
    constexpr uint64_t kLarge = 1u << 30;
    files.set_capacity_bytes(kLarge);
    files.set_capacity_bytes(kLarge - files.free_bytes("data/engine").value() + room);
  }
  void make_room() { files.set_capacity_bytes(UINT64_MAX); }
  Rows rows(TableId table = kMain) { return rows_of(*store, spec_of(table, {kCount})); }

  SimulatedFileSystem files;
  SimulatedClock clock{10 * kDayNs};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

/// Into the folder "backup" of the same disk.
inline Result<void> back_up(Disk& disk, bool copies) {
  TRY_VOID(disk.store->flush());
  const auto frozen = TRY(disk.store->freeze());
  auto writer = TRY(BackupWriter::open(
      disk.files,
      {.folder = "backup", .data_directory = "data", .shards = 1, .copies = copies}));
  TRY_VOID(add_store(*writer, frozen, [](const SstMeta&) { return true; }, nullptr));
  TRY_VOID(writer->add_state_file("VARVE", "format 1\n"));
  const auto summary = std::move(*writer).finish();
  return summary ? Result<void>() : fail(summary.error());
}

inline Rows rows_of_backup(FileSystem& files) {
  const auto listing = read_backup_listing(files, "backup");
  if (!listing) return {listing.error().message};
  BackupFileSystem view(files, "backup", *listing);
  SeededRandom random{9};
  const auto store =
      LocalStore::open(disk_options("/engine"), view, SystemClock::instance(), random, {kMain});
  return store ? rows_of(**store, spec_of(kMain, {kCount})) : Rows{store.error().message};
}

}  // namespace varve::engine::testing
