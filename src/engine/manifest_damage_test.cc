// SPDX-License-Identifier: Apache-2.0
// Manifests that are damaged or gone: files tell of themselves what they can, nothing is doubled,
// and what cannot be known is said.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/manifest/manifest_records.h"
#include "engine/sst/sst_reader.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kMain{1};
constexpr TableId kAppended{2};
const std::string kFolder = "data/shard-0";
using Rows = std::vector<std::string>;

class ManifestDamageTest : public ::testing::Test {
 protected:
  static EngineOptions options() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 16 * 1024;
    options.wal_segments_recycled_max = 0;
    options.compaction_files_min = 2;
    return options;
  }
  void open() { open(files); }
  void open(SimulatedFileSystem& disk) {
    store.reset();
    auto opened = LocalStore::open(options(), disk, clock, random, {kMain, kAppended});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void write_rows(int64_t begin_ns, int64_t end_ns) {
    for (int64_t i = begin_ns; i < end_ns; ++i) {
      ASSERT_TRUE(write(*store, request_of(kMain, {{"a", i, {{kCount, i}, {kUsage, 0.5}}}})));
      ASSERT_TRUE(write(*store, request_of(kAppended, {{"a", i, {{kCount, i}}}},
                                           MergeMode::kAppend)));
    }
  }
  Result<void> remove_rows(int64_t begin_ns, int64_t end_ns) {
    return store->remove(
        {.table = kMain, .range = {.begin_ns = begin_ns, .end_ns = end_ns}, .predicate = {}});
  }
  Rows rows(TableId table) { return rows_of(*store, spec_of(table, {kCount})); }
  std::map<TableId, Rows> all_rows() {
    return {{kMain, rows(kMain)}, {kAppended, rows(kAppended)}};
  }
  // Flushes, a merge, a delete that a merge has purged, one that none has, a dropped segment,
  // and rows that are in the log alone.
  void fill() {
    open();
    write_rows(0, 10);
    ASSERT_TRUE(store->flush());
    write_rows(10, 20);
    ASSERT_TRUE(store->flush());
    ASSERT_TRUE(remove_rows(3, 5));
    ASSERT_TRUE(store->compact());
    write_rows(kSegmentNs, kSegmentNs + 3);
    ASSERT_TRUE(store->flush());
    ASSERT_TRUE(store->drop_segments({segment_of(kSegmentNs)}));
    write_rows(20, 25);
    ASSERT_TRUE(store->flush());
    ASSERT_TRUE(remove_rows(12, 13));
    write_rows(25, 28);
    sound = all_rows();
    ASSERT_EQ(sound[kMain].size(), 25U);
    ASSERT_EQ(sound[kAppended].size(), 28U);
    store.reset();
  }
  static std::vector<std::string> names_in(FileSystem& disk, const std::string& folder) {
    auto names = disk.list(folder);
    EXPECT_TRUE(names);
    return names ? std::move(*names) : std::vector<std::string>();
  }
  // The folder as fill() left it, on a disk of its own.
  std::unique_ptr<SimulatedFileSystem> copy() {
    auto disk = std::make_unique<SimulatedFileSystem>(1);
    for (const std::string& folder : {kFolder, kFolder + "/wal"}) {
      EXPECT_TRUE(disk->create_directories(folder));
      for (const std::string& name : names_in(files, folder)) {
        if (name == "wal") continue;
        const std::string file = join_path(folder, name);
        EXPECT_TRUE(write_file_atomically(*disk, file, *read_file(files, file)));
      }
    }
    return disk;
  }
  static std::string manifest(FileSystem& disk) {
    std::string name = *read_file(disk, kFolder + "/CURRENT");
    name.pop_back();
    return join_path(kFolder, name);
  }
  static std::vector<ManifestRecord> edits(FileSystem& disk) {
    return *list_manifest_records(*read_file(disk, manifest(disk)));
  }
  // Damages the record and its copy.
  static void lose_edit(SimulatedFileSystem& disk, const ManifestRecord& record) {
    disk.flip_bit(manifest(disk), record.offset + 17, 1);
    disk.flip_bit(manifest(disk), record.offset + record.size_bytes + 17, 1);
  }
  // Where footer and directory do not show it.
  static void damage_page(SimulatedFileSystem& disk, const std::string& path) {
    for (uint64_t offset = 4; offset < read_file(disk, path)->size(); ++offset) {
      disk.flip_bit(path, offset, 3);
      const auto reader = open_sst(disk, path);
      if (reader && !(*reader)->read_times(0)) return;
      disk.flip_bit(path, offset, 3);
    }
    FAIL() << "no byte of a page was found";
  }
  // One that names no file, so that the others are known.
  static bool lose_some_edit(SimulatedFileSystem& disk) {
    for (const ManifestRecord& record : edits(disk)) {
      const ManifestEdit& edit = record.decoded.edit;
      if (!edit.added.empty() || !edit.removed.empty()) continue;
      lose_edit(disk, record);
      return true;
    }
    return false;
  }
  static ptrdiff_t orphan_count(FileSystem& disk) {
    const auto names = names_in(disk, kFolder);
    return std::ranges::count_if(
        names, [](const std::string& name) { return name.ends_with(".orphan"); });
  }
  bool is_told(std::string_view words) {
    const auto damage = store->health().damage;
    return std::ranges::any_of(damage, [&](const std::string& sentence) {
      return sentence.find(words) != sentence.npos;
    });
  }
  // Each row of `some` stands in `all` exactly once.
  static bool has_once(const Rows& all, const Rows& some) {
    return std::ranges::all_of(
        some, [&](const std::string& row) { return std::ranges::count(all, row) == 1; });
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
  std::map<TableId, Rows> sound;
};

TEST_F(ManifestDamageTest, AFlippedBitAnywhereLosesNothingAndBringsNothingBack) {
  fill();
  const std::string path = manifest(files);
  const uint64_t size_bytes = read_file(files, path)->size();
  for (uint64_t offset = 0; offset < size_bytes; offset += 3) {
    const auto disk = copy();
    disk->flip_bit(path, offset, offset % 8);
    open(*disk);
    ASSERT_EQ(all_rows(), sound) << offset;
    EXPECT_FALSE(is_told("are lost")) << offset;
    EXPECT_EQ(orphan_count(*disk), 0) << offset;
    store.reset();
  }
}

TEST_F(ManifestDamageTest, ALostEditCostsNoRowThatIsInAFile) {
  fill();
  const auto all_edits = edits(files);
  ASSERT_GT(all_edits.size(), 6U);
  // The last one cannot be told from one that the power cut short.
  for (size_t i = 0; i + 1 < all_edits.size(); ++i) {
    SCOPED_TRACE("edit " + std::to_string(i));
    const auto disk = copy();
    lose_edit(*disk, all_edits[i]);
    open(*disk);
    const auto now = all_rows();
    for (const auto& [table, before] : sound) EXPECT_TRUE(has_once(now.at(table), before));
    if (all_edits[i].decoded.edit.deletes.empty()) {
      EXPECT_EQ(now, sound);
    }
    EXPECT_TRUE(is_told("edits of the manifest are lost"));
    EXPECT_TRUE(is_told("rows may be back whose delete or drop was among those edits"));
    open(*disk);
    EXPECT_EQ(all_rows(), now);
    EXPECT_FALSE(is_told("the manifest")) << "it is written anew";
    write_rows(30, 31);
    ASSERT_TRUE(store->flush());
    ASSERT_TRUE(store->compact());
    EXPECT_EQ(rows(kAppended).size(), now.at(kAppended).size() + 1);
    store.reset();
  }
}

// An edit that was never promised looks the same.
TEST_F(ManifestDamageTest, AtTheEndOfTheManifestItCostsNoFile) {
  fill();
  const std::string path = manifest(files);
  const uint64_t size_bytes = read_file(files, path)->size();
  for (const ManifestRecord& first_lost : edits(files)) {
    if (first_lost.offset == 0) continue;
    const auto disk = copy();
    const auto file = disk->open(path, FileSystem::OpenMode::kReadWrite);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(first_lost.offset,
                                  std::string(size_bytes - first_lost.offset, '\0')));
    std::map<std::string, std::string> known;
    for (const std::string& name : names_in(*disk, kFolder)) {
      if (name.ends_with(".sst")) known[name] = *read_file(*disk, join_path(kFolder, name));
    }
    open(*disk);
    for (const auto& [name, bytes] : known) {
      const std::string place = join_path(kFolder, name);
      const auto kept = *disk->exists(place) ? read_file(*disk, place)
                                             : read_file(*disk, place + ".orphan");
      ASSERT_TRUE(kept) << name << " without what stands from " << first_lost.offset << " on";
      EXPECT_EQ(*kept, bytes);
    }
    store.reset();
  }
}

TEST_F(ManifestDamageTest, WithoutAnyManifestTheFilesAreServed) {
  fill();
  const auto disk = copy();
  ASSERT_TRUE(disk->remove(manifest(*disk)));
  ASSERT_TRUE(disk->remove(kFolder + "/CURRENT"));
  open(*disk);
  EXPECT_TRUE(is_told("CURRENT is missing"));
  EXPECT_TRUE(is_told("edits of the manifest are lost"));
  const auto now = all_rows();
  EXPECT_TRUE(has_once(now.at(kAppended), sound[kAppended]));
  EXPECT_TRUE(has_once(now.at(kMain), sound[kMain]));
  EXPECT_EQ(std::ranges::count(now.at(kMain), "a@3 11=3"), 0) << "the merge has left it out";
  EXPECT_EQ(std::ranges::count(now.at(kMain), "a@12 11=12"), 1)
      << "its delete stood in the manifest alone";
  ASSERT_TRUE(remove_rows(12, 13));
  ASSERT_TRUE(store->drop_segments({segment_of(kSegmentNs)}));
  EXPECT_EQ(all_rows(), sound);
  open(*disk);
  EXPECT_EQ(all_rows(), sound);
  store.reset();
}

TEST_F(ManifestDamageTest, InputsOfAMergeThatIsThereAreNotServedBesideIt) {
  open();
  write_rows(0, 10);
  ASSERT_TRUE(store->flush());
  write_rows(10, 20);
  ASSERT_TRUE(store->flush());
  sound = all_rows();
  store.reset();
  const auto before = copy();
  open();
  ASSERT_TRUE(store->compact());
  store.reset();
  // As if the power had gone before the inputs were removed.
  const auto disk = copy();
  for (const std::string& name : names_in(*before, kFolder)) {
    const std::string path = join_path(kFolder, name);
    if (!name.ends_with(".sst") || disk->exists(path).value()) continue;
    ASSERT_TRUE(write_file_atomically(*disk, path, *read_file(*before, path)));
  }
  const auto lost = edits(*disk);
  for (const ManifestRecord& record : lost) lose_edit(*disk, record);
  open(*disk);
  EXPECT_EQ(all_rows(), sound);
  EXPECT_EQ(orphan_count(*disk), 4);
  store.reset();
}

TEST_F(ManifestDamageTest, InputsOfAMergeWhoseFileIsDamagedStay) {
  open();
  write_rows(0, 10);
  ASSERT_TRUE(store->flush());
  write_rows(10, 20);
  ASSERT_TRUE(store->flush());
  sound = all_rows();
  store.reset();
  const auto before = copy();
  open();
  ASSERT_TRUE(store->compact());
  store.reset();
  // The manifest knows the inputs; the edits that name the merges are lost, and a page of each is
  // damaged, which its footer does not show.
  std::set<std::string> merged;
  for (const std::string& name : names_in(files, kFolder)) {
    const std::string path = join_path(kFolder, name);
    if (!name.ends_with(".sst") || before->exists(path).value()) continue;
    merged.insert(name);
    ASSERT_TRUE(write_file_atomically(*before, path, *read_file(files, path)));
    damage_page(*before, path);
  }
  ASSERT_EQ(merged.size(), 2U);
  ASSERT_TRUE(lose_some_edit(*before));
  open(*before);
  EXPECT_TRUE(is_told("edits of the manifest are lost"));
  EXPECT_EQ(all_rows(), sound);
  for (const std::string& name : merged) {
    EXPECT_TRUE(before->exists(join_path(kFolder, name + ".orphan")).value()) << name;
  }
  // Alone, it serves what it has left.
  for (const std::string& name : names_in(*before, kFolder)) {
    const std::string path = join_path(kFolder, name);
    if (name.ends_with(".sst")) {
      ASSERT_TRUE(before->remove(path));
    }
    if (name.ends_with(".orphan")) {
      ASSERT_TRUE(before->rename(path, path.substr(0, path.size() - 7)));
    }
  }
  store.reset();
  for (const ManifestRecord& record : edits(*before)) lose_edit(*before, record);
  open(*before);
  EXPECT_EQ(store->health().quarantined_files, 0U) << "until a query meets the page";
  static_cast<void>(all_rows());
  EXPECT_GT(store->health().quarantined_files, 0U);
  store.reset();
}

TEST_F(ManifestDamageTest, NumbersOfFilesThatAreSetAsideAreNotUsedAgain) {
  fill();
  const auto disk = copy();
  lose_edit(*disk, edits(*disk).front());
  ASSERT_TRUE(write_file_atomically(*disk, kFolder + "/900.sst", "no sorted file"));
  open(*disk);
  EXPECT_EQ(orphan_count(*disk), 1);
  write_rows(40, 41);
  ASSERT_TRUE(store->flush());
  const auto names = names_in(*disk, kFolder);
  EXPECT_EQ(std::ranges::count(names, "901.sst") + std::ranges::count(names, "902.sst"), 2);
  store.reset();
}

}  // namespace
}  // namespace varve::engine
