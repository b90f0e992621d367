// SPDX-License-Identifier: Apache-2.0
// A store backed up into a folder of the simulated disk, brought up to date, restored, and read in
// place; and the same with the power lost at every I/O call.
#include <gtest/gtest.h>

#include <set>

#include "engine/backup/backup_file_system.h"
#include "engine/backup/backup_restore.h"
#include "engine/backup/backup_writer.h"
#include "engine/backup/store_backup.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kMain{1};
constexpr TableId kOther{2};
constexpr std::string_view kFolder = "backups/one";

EngineOptions options(std::string directory) {
  EngineOptions options;
  options.directory = std::move(directory);
  options.automatic = false;
  options.shards = 2;
  options.wal_segment_bytes = 4'096;
  options.compaction_files_min = 2;
  return options;
}

std::string message(const Result<BackupSummary>& result) {
  return result ? "" : result.error().message;
}

// A machine with a data directory and a folder for backups.
class World {
 public:
  explicit World(uint64_t seed = 1) : files(seed) { start(); }

  void start() {
    EXPECT_TRUE(files.create_directories("data/engine"));
    EXPECT_TRUE(write_file_atomically(files, "data/VARVE", "format 1\n"));
    store = LocalStore::open(options("data/engine"), files, clock, random, {kMain, kOther}).value();
  }
  // Row i of both tables; four segments.
  Result<void> write_row(int64_t i) {
    for (const TableId table : {kMain, kOther}) {
      TRY_VOID(write(*store, request_of(table, {{"a", i % 4 * kSegmentNs + i, {{kCount, i}}}})));
    }
    return {};
  }
  Result<BackupSummary> back_up(BackupOptions wanted = {}) {
    if (wanted.folder.empty()) wanted.folder = kFolder;
    if (wanted.data_directory.empty()) wanted.data_directory = "data";
    wanted.shards = 2;
    TRY_VOID(store->flush());
    const auto frozen = TRY(store->freeze());
    auto writer = TRY(BackupWriter::open(files, wanted));
    TRY_VOID(add_store(*writer, frozen, [](const SstMeta&) { return true; }, nullptr));
    TRY_VOID(writer->add_state_file("VARVE", "format 1\n"));
    if (before_finish) TRY_VOID(before_finish());
    return std::move(*writer).finish();
  }
  std::vector<std::string> rows(TableId table) {
    return rows_of(*store, spec_of(table, {kCount}));
  }

  SimulatedFileSystem files;
  const Clock& clock = SystemClock::instance();
  SeededRandom random{7};
  std::unique_ptr<LocalStore> store;
  std::function<Result<void>()> before_finish;
};

// The rows of a backup, read in place.
std::vector<std::string> rows_in_place(FileSystem& files, TableId table,
                                       std::string_view folder = kFolder) {
  const std::string place(folder);
  const auto listing = read_backup_listing(files, place);
  if (!listing) return {"error: " + listing.error().message};
  BackupFileSystem view(files, place, *listing);
  SeededRandom random{9};
  const auto store =
      LocalStore::open(options("/engine"), view, SystemClock::instance(), random, {table});
  if (!store) return {"error: " + store.error().message};
  EXPECT_EQ((*store)->health().damage, std::vector<std::string>());
  return rows_of(**store, spec_of(table, {kCount}));
}

std::set<std::string> every_file(FileSystem& files, const std::string& folder) {
  std::set<std::string> paths;
  const auto names = files.list(folder);
  if (!names) return {folder};
  for (const std::string& name : *names) paths.merge(every_file(files, join_path(folder, name)));
  return paths;
}

std::vector<BackupDamage> damage_of(FileSystem& files) {
  const std::string folder(kFolder);
  return check_backup(files, folder, read_backup_listing(files, folder).value(), nullptr).value();
}

TEST(Backup, HoldsWhatWasAcknowledgedBeforeItBegan) {
  World world;
  for (int64_t i = 0; i < 20; ++i) ASSERT_TRUE(world.write_row(i));
  const auto rows = world.rows(kMain);
  world.before_finish = [&] { return world.write_row(100); };
  const auto summary = world.back_up();
  ASSERT_TRUE(summary) << message(summary);
  EXPECT_EQ(summary->files_missing, 0U);
  EXPECT_EQ(summary->bytes_copied, 0U);
  EXPECT_EQ(rows_in_place(world.files, kMain), rows);
  EXPECT_EQ(rows_in_place(world.files, kOther), rows);
  EXPECT_TRUE(damage_of(world.files).empty());
}

TEST(Backup, TakesOnlyNewFilesTheSecondTimeAndDropsWhatNoManifestNames) {
  World world;
  for (int64_t i = 0; i < 8; ++i) ASSERT_TRUE(world.write_row(i));
  const auto first = world.back_up().value();
  const auto second = world.back_up().value();
  EXPECT_EQ(second.files, first.files);
  EXPECT_EQ(second.files_new, 6U);  // Two manifests, two CURRENTs, SHARDS and VARVE.
  ASSERT_TRUE(world.write_row(8));
  ASSERT_TRUE(world.store->flush());
  ASSERT_TRUE(world.store->compact());
  const auto rows = world.rows(kMain);
  const auto third = world.back_up().value();
  EXPECT_EQ(third.files_new, 6U + 2U);
  EXPECT_EQ(rows_in_place(world.files, kMain), rows);
  std::set<std::string> wanted = {"backups/one/LOCK", "backups/one/VARVE-BACKUP",
                                  "backups/one/backup.json"};
  const auto listing = read_backup_listing(world.files, "backups/one").value();
  for (const BackupFile& file : listing.files) {
    wanted.insert("backups/one/" + file.stored);
  }
  EXPECT_EQ(every_file(world.files, "backups/one"), wanted);
}

TEST(Backup, KeepsFilesInPlaceWhileTheyAreTaken) {
  World world;
  for (int64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(world.write_row(i));
    ASSERT_TRUE(world.store->flush());
  }
  const auto rows = world.rows(kMain);
  const auto before = every_file(world.files, "data/engine/shard-1");
  {
    const auto frozen = world.store->freeze().value();
    ASSERT_TRUE(world.store->compact());
    ASSERT_TRUE(world.store->drop_tables({kOther}));
    for (const FrozenShard& shard : frozen.shards) {
      for (const auto& [id, sst] : shard.state.ssts()) {
        EXPECT_TRUE(world.files
                        .exists("data/engine/" + shard.folder + "/" + sst_file_name(id))
                        .value());
      }
    }
  }
  EXPECT_EQ(world.rows(kMain), rows);
  // Afterwards only what the manifests name is left.
  const auto left = world.store->freeze().value();
  size_t sst_files = 0;
  for (const std::string& path : every_file(world.files, "data/engine")) {
    sst_files += path.ends_with(".sst") ? 1 : 0;
  }
  EXPECT_EQ(sst_files, left.shards[0].state.ssts().size() + left.shards[1].state.ssts().size());
  EXPECT_LT(every_file(world.files, "data/engine/shard-1").size(), before.size());
}

TEST(Backup, CopiesWhenToldTo) {
  World world;
  ASSERT_TRUE(world.write_row(1));
  const auto summary = world.back_up({.copies = true}).value();
  EXPECT_GT(summary.bytes_copied, 0U);
  const auto listing = read_backup_listing(world.files, "backups/one").value();
  for (const BackupFile& file : listing.files) {
    if (!file.path.ends_with(".sst")) continue;
    world.files.flip_bit("data/" + file.path, 5, 1);
  }
  EXPECT_TRUE(damage_of(world.files).empty());
}

TEST(Backup, RefusesFoldersThatHoldOtherThings) {
  World world;
  ASSERT_TRUE(world.write_row(1));
  const auto refuses = [&](BackupOptions wanted, std::string_view why) {
    const auto result = world.back_up(std::move(wanted));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find(why), std::string::npos) << result.error().message;
  };
  ASSERT_TRUE(world.files.create_directories("letters"));
  ASSERT_TRUE(write_file_atomically(world.files, "letters/a.txt", "hello"));
  refuses({.folder = "letters"}, "letters is not empty and holds no backup of Varve (there is "
                                 "a.txt)");
  EXPECT_EQ(every_file(world.files, "letters"), std::set<std::string>{"letters/a.txt"});
  refuses({.folder = "data"}, "data is not empty and holds no backup");
  ASSERT_TRUE(world.back_up());
  refuses({.data_directory = "other"}, "holds a backup of data, which would be lost");
  const auto lock = world.files.lock("backups/one/LOCK").value();
  refuses({}, "another backup is being written to backups/one");
}

TEST(Backup, NotesFilesThatTheDataDirectoryHasLost) {
  World world;
  ASSERT_TRUE(world.write_row(1));
  ASSERT_TRUE(world.store->flush());
  const auto frozen = world.store->freeze().value();
  const auto& lost = frozen.shards[1];
  const std::string name = lost.folder + "/" + sst_file_name(lost.state.ssts().begin()->first);
  ASSERT_TRUE(world.files.remove("data/engine/" + name));
  EXPECT_EQ(world.back_up().value().files_missing, 1U);
  EXPECT_EQ(read_backup_listing(world.files, "backups/one").value().missing,
            std::vector<std::string>{"engine/" + name});
}

TEST(Backup, TellsAFileFromAnotherWithItsNumber) {
  // The data directory goes back to an older state and gives its numbers out again.
  World world;
  ASSERT_TRUE(world.write_row(1));
  ASSERT_TRUE(world.back_up({.folder = "backups/old"}));
  ASSERT_TRUE(world.write_row(2));
  ASSERT_TRUE(world.back_up());
  ASSERT_TRUE(world.store->close());
  world.store.reset();
  for (const std::string& path : every_file(world.files, "data")) {
    ASSERT_TRUE(world.files.remove(path));
  }
  for (const char* folder : {"data/engine/shard-0/wal", "data/engine/shard-1/wal",
                             "data/engine/shard-0", "data/engine/shard-1", "data/engine"}) {
    ASSERT_TRUE(world.files.remove(folder));
  }
  ASSERT_TRUE(restore_backup(world.files, {.from = "backups/old", .to = "data"}, nullptr));
  world.store =
      LocalStore::open(options("data/engine"), world.files, world.clock, world.random,
                       {kMain, kOther}).value();
  ASSERT_TRUE(world.write_row(3));
  const auto rows = world.rows(kMain);
  const auto result = world.back_up();
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(rows_in_place(world.files, kMain), rows);
  EXPECT_TRUE(damage_of(world.files).empty());
  ASSERT_TRUE(world.back_up());
  EXPECT_EQ(rows_in_place(world.files, kMain), rows);
}

TEST(Backup, IsRestoredAsADataDirectoryThatOpens) {
  World world;
  for (int64_t i = 0; i < 10; ++i) ASSERT_TRUE(world.write_row(i));
  const auto rows = world.rows(kMain);
  ASSERT_TRUE(world.back_up());
  ASSERT_TRUE(restore_backup(world.files, {.from = "backups/one", .to = "new"}, nullptr));
  EXPECT_EQ(read_file(world.files, "new/VARVE"), "format 1\n");
  const auto store = LocalStore::open(options("new/engine"), world.files, world.clock,
                                      world.random, {kMain, kOther}).value();
  EXPECT_EQ(rows_of(*store, spec_of(kMain, {kCount})), rows);
  EXPECT_EQ(store->health().damage, std::vector<std::string>());
  // It goes on: new rows win over old ones.
  ASSERT_TRUE(write(*store, request_of(kMain, {{"a", 0, {{kCount, int64_t{77}}}}})));
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(rows_of(*store, spec_of(kMain, {kCount})).front(), "a@0 11=77");
  const auto again = restore_backup(world.files, {.from = "backups/one", .to = "new"}, nullptr);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput) << again.error().message;
}

TEST(Backup, NamesTheFileThatWasDamaged) {
  World world;
  for (int64_t i = 0; i < 4; ++i) ASSERT_TRUE(world.write_row(i));
  ASSERT_TRUE(world.back_up({.copies = true}));
  const auto listing = read_backup_listing(world.files, "backups/one").value();
  for (const BackupFile& file : listing.files) {
    const std::string path = "backups/one/" + file.stored;
    world.files.flip_bit(path, file.size_bytes / 2, 3);
    const auto damage = damage_of(world.files);
    ASSERT_EQ(damage.size(), 1U);
    EXPECT_EQ(damage[0].file.path, file.path);
    const auto restored =
        restore_backup(world.files, {.from = "backups/one", .to = "new"}, nullptr);
    ASSERT_FALSE(restored);
    EXPECT_NE(restored.error().message.find(path), std::string::npos) << restored.error().message;
    EXPECT_FALSE(world.files.exists("new/VARVE").value());
    world.files.flip_bit(path, file.size_bytes / 2, 3);
  }
  EXPECT_TRUE(restore_backup(world.files, {.from = "backups/one", .to = "new"}, nullptr));
}

TEST(BackupListing, IsRefusedWhenAnyOfItsBitsChanges) {
  BackupListing listing{.varve_version = "0",
                        .taken_at = "now",
                        .data_directory = as_utf8("d\xff"),
                        .generation = 3,
                        .shards = 2,
                        .missing = {"engine/shard-0/1.sst"},
                        .files = {{.path = "VARVE", .stored = "state-3/VARVE", .size_bytes = 9,
                                   .crc = 0xdeadbeef}}};
  const std::string text = encode_backup_listing(listing);
  EXPECT_EQ(encode_backup_listing(decode_backup_listing(text).value()), text);
  for (size_t i = 0; i < text.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto decoded = decode_backup_listing(changed);
      if (!decoded) continue;
      // What says nothing about files may change unseen.
      listing.varve_version = decoded->varve_version;
      EXPECT_EQ(encode_backup_listing(*decoded), encode_backup_listing(listing)) << changed;
    }
  }
  EXPECT_FALSE(is_safe_backup_path("../x"));
  EXPECT_FALSE(is_safe_backup_path("/x"));
  EXPECT_FALSE(is_safe_backup_path("a//b"));
  EXPECT_TRUE(is_safe_backup_path("a/b.sst"));
}

// One backup, more rows and a merge, and a second backup during which the power goes.
TEST(BackupCrash, LeavesTheBackupBeforeOrTheNewOneWhereverThePowerGoes) {
  bool finished = false;
  for (uint64_t calls = 0; !finished; ++calls) {
    World world(calls + 1);
    for (int64_t i = 0; i < 4; ++i) ASSERT_TRUE(world.write_row(i));
    const auto rows_before = world.rows(kMain);
    ASSERT_TRUE(world.back_up({.copies = calls % 2 == 0}));
    for (int64_t i = 4; i < 6; ++i) ASSERT_TRUE(world.write_row(i));
    ASSERT_TRUE(world.store->flush());
    ASSERT_TRUE(world.store->compact());
    const auto rows_after = world.rows(kMain);
    world.files.lose_power_after(calls);
    const auto result = world.back_up({.copies = calls % 2 == 0});
    finished = result.has_value() && !world.files.power_lost();
    world.store.reset();
    world.files.restart();
    const auto seen = rows_in_place(world.files, kMain);
    EXPECT_TRUE(seen == rows_after || (!result && seen == rows_before)) << "call " << calls;
    EXPECT_TRUE(damage_of(world.files).empty()) << "call " << calls;
    // The next one completes what this one left.
    world.start();
    const auto next = world.back_up();
    ASSERT_TRUE(next) << message(next);
    EXPECT_EQ(rows_in_place(world.files, kMain), rows_after) << "call " << calls;
    EXPECT_TRUE(damage_of(world.files).empty()) << "call " << calls;
  }
}

TEST(BackupCrash, NeverTakesAHalfRestoredFolderForADataDirectory) {
  World world;
  for (int64_t i = 0; i < 4; ++i) ASSERT_TRUE(world.write_row(i));
  const auto rows = world.rows(kMain);
  ASSERT_TRUE(world.back_up());
  world.store.reset();
  bool finished = false;
  for (uint64_t calls = 0; !finished; ++calls) {
    const std::string folder = "new" + std::to_string(calls);
    world.files.lose_power_after(calls);
    finished = restore_backup(world.files, {.from = "backups/one", .to = folder}, nullptr)
                   .has_value() && !world.files.power_lost();
    world.files.restart();
    if (!world.files.exists(folder + "/VARVE").value()) {
      EXPECT_TRUE(restore_backup(world.files, {.from = "backups/one", .to = folder}, nullptr));
    }
    const auto store = LocalStore::open(options(folder + "/engine"), world.files, world.clock,
                                        world.random, {kMain, kOther}).value();
    EXPECT_EQ(rows_of(*store, spec_of(kMain, {kCount})), rows) << "call " << calls;
  }
}

}  // namespace
}  // namespace varve::engine
