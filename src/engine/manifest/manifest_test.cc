// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/manifest/manifest_records.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

SstMeta sst(uint64_t id, uint32_t table) {
  return {.id = SstId{id},
          .table = TableId{table},
          .mode = MergeMode::kOverwrite,
          .segment = SegmentId{3},
          .segment_range = {.begin_ns = -5, .end_ns = 500},
          .version_first = {.clock = 10, .node = 1},
          .version_last = {.clock = 20, .node = 2},
          .row_count = 1'000,
          .series_count = 10,
          .size_bytes = 12'345,
          .time_first_ns = -1,
          .time_last_ns = 400,
          .fields = {{.id = ColumnId{4}, .type = ValueType::kInt64},
                     {.id = ColumnId{9}, .type = ValueType::kString}}};
}

ManifestEdit full_edit() {
  return {.added = {sst(5, 1), sst(6, 2)},
          .removed = {SstId{4}},
          .dropped = {TableId{8}},
          .dropped_segments = {SegmentId{12}},
          .applied = {{.id = SstId{5}, .version = {.clock = 30, .node = 1}}},
          .deletes = {{.table = TableId{1},
                       .version = {.clock = 40, .node = 1},
                       .lsn = Lsn{70},
                       .range = {.begin_ns = -3, .end_ns = 30},
                       .predicate = Predicate::compare_tag(ColumnId{2}, CompareOp::kEqual, "a")}},
          .forgotten = {{.table = TableId{1}, .version = {.clock = 35, .node = 1}}},
          .flushed_lsn = Lsn{77},
          .version_highest = {.clock = 99, .node = 3}};
}

TEST(ManifestEdit, ComesBackFromItsBytes) {
  std::string bytes;
  encode_manifest_edit(full_edit(), 7, bytes);
  const auto decoded = decode_manifest_edit(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->sst_id_next, 7u);
  std::string again;
  encode_manifest_edit(decoded->edit, 7, again);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(decoded->edit.added[1].fields[1].type, ValueType::kString);
  EXPECT_EQ(decoded->edit.added[0].segment_range.begin_ns, -5);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_manifest_edit(std::string_view(bytes).substr(0, size))) << size;
  }
  bytes[0] = 4;
  EXPECT_EQ(decode_manifest_edit(bytes).error().code, ErrorCode::kUnsupported);
}

TEST(ManifestState, AppliesEditsAndGivesASnapshotOfItself) {
  ManifestState state;
  state.apply({.added = {sst(1, 1), sst(2, 2), sst(3, 2)}});
  state.apply({.removed = {SstId{1}}, .dropped = {TableId{2}}});
  EXPECT_TRUE(state.ssts().empty());
  EXPECT_EQ(state.sst_id_next(), 4u) << "numbers are never used again";
  EXPECT_TRUE(state.dropped().contains(TableId{2}));
  state.apply(full_edit());
  EXPECT_EQ(state.dropped(), std::set<TableId>{TableId{8}}) << "a flush forgets older ones";
  ManifestState copy;
  copy.apply(state.snapshot());
  EXPECT_EQ(copy.ssts().size(), state.ssts().size());
  EXPECT_EQ(copy.dropped(), state.dropped());
  EXPECT_EQ(copy.flushed_lsn(), Lsn{77});
  EXPECT_EQ(copy.deletes_of(TableId{1}).size(), 1u);
  EXPECT_EQ(copy.deletes_of(TableId{1})[0].predicate, full_edit().deletes[0].predicate);
  EXPECT_EQ(copy.ssts().at(SstId{5}).deletes_applied, full_edit().applied[0].version);
  EXPECT_EQ(copy.dropped_segments(), std::set<SegmentId>{SegmentId{12}});
  EXPECT_EQ(copy.version_highest(), state.version_highest());
}

// This version does not write it any more: it must be readable for ever.
TEST(ManifestState, ReadsTheGoldenFileOfFormatOne) {
  const std::string path = std::string(VARVE_TESTDATA) + "/MANIFEST-1";
  std::ifstream file(path, std::ios::binary);
  std::stringstream stored;
  stored << file.rdbuf();
  const auto scan = scan_manifest(stored.str());
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->state.ssts().at(SstId{5}).size_bytes, 12'345u);
  EXPECT_EQ(scan->state.ssts().at(SstId{5}).deletes_applied, Version{});
  EXPECT_EQ(scan->state.dropped(), std::set<TableId>{TableId{8}});
  EXPECT_EQ(scan->state.sst_id_next(), 7u);
}

std::string golden(const std::string& name) {
  std::ifstream file(std::string(VARVE_TESTDATA) + "/" + name, std::ios::binary);
  std::stringstream stored;
  stored << file.rdbuf();
  return stored.str();
}

// Nor this one: each record stood there once.
TEST(ManifestState, ReadsTheGoldenFileOfFormatTwo) {
  const auto scan = scan_manifest(golden("MANIFEST-2"));
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->state.ssts().at(SstId{5}).size_bytes, 12'345u);
  EXPECT_EQ(scan->state.deletes().size(), 1u);
  EXPECT_EQ(scan->state.sst_id_next(), 7u);
}

// The bytes of format 3: this file must be readable for ever.
TEST(ManifestState, ReadsTheGoldenFile) {
  const std::string path = std::string(VARVE_TESTDATA) + "/MANIFEST-3";
  std::string edit;
  encode_manifest_edit(full_edit(), 7, edit);
  std::string bytes;
  append_manifest_record(edit, bytes);
  if (std::getenv("VARVE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(golden("MANIFEST-3"), bytes)
      << "the writer's bytes changed: that needs a new format number";
  const auto scan = scan_manifest(bytes);
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->state.ssts().at(SstId{5}).size_bytes, 12'345u);
  EXPECT_EQ(scan->state.sst_id_next(), 7u);
}

// A manifest of three edits, and where each of their records and copies begins.
struct ThreeEdits {
  ThreeEdits() {
    for (uint64_t id = 1; id <= 3; ++id) {
      std::string edit;
      encode_manifest_edit({.added = {sst(id, 1)}}, id + 1, edit);
      begins.push_back(bytes.size());
      append_manifest_record(edit, bytes);
      begins.push_back(begins.back() + (bytes.size() - begins.back()) / 2);
    }
  }
  void damage(size_t record) { bytes[begins[record] + 20] ^= 1; }

  std::string bytes;
  std::vector<size_t> begins;
};

TEST(ManifestRecords, AFlippedBitAnywhereCostsNothing) {
  const ThreeEdits sound;
  for (size_t at = 0; at < sound.bytes.size(); ++at) {
    std::string bytes = sound.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    const auto scan = scan_manifest(bytes);
    ASSERT_TRUE(scan);
    EXPECT_EQ(scan->state.ssts().size(), 3u) << at;
    EXPECT_EQ(list_manifest_records(bytes)->size(), 3u) << at;
    const bool at_the_end = at >= sound.begins.back();
    EXPECT_EQ(scan->damage.size(), at_the_end ? 0u : 1u) << at;
    for (const ManifestDamage& damage : scan->damage) EXPECT_FALSE(damage.is_loss) << at;
    EXPECT_EQ(scan->end, at_the_end ? sound.begins.back() : bytes.size());
  }
}

TEST(ManifestRecords, TellsWhetherDamageTookAnEditAlong) {
  for (size_t first = 0; first < 6; ++first) {
    for (size_t second = first + 1; second < 6; ++second) {
      ThreeEdits edits;
      edits.damage(first);
      edits.damage(second);
      const auto scan = scan_manifest(edits.bytes);
      ASSERT_TRUE(scan);
      const bool is_lost = first % 2 == 0 && second == first + 1;
      EXPECT_EQ(scan->state.ssts().size(), is_lost ? 2u : 3u) << first << " " << second;
      const bool is_told =
          std::ranges::any_of(scan->damage, [](const auto& damage) { return damage.is_loss; });
      // The last edit cannot be told from one that the power cut short.
      EXPECT_EQ(is_told, is_lost && first < 4) << first << " " << second;
    }
  }
}

TEST(ManifestState, ForgetsDeletesAndDropsSegmentsWithTheirFiles) {
  ManifestState state;
  state.apply(full_edit());
  EXPECT_TRUE(state.has_deletes(TableId{1}));
  EXPECT_FALSE(state.has_deletes(TableId{2}));
  state.apply({.forgotten = {{.table = TableId{1}, .version = {.clock = 40, .node = 1}}}});
  EXPECT_FALSE(state.has_deletes(TableId{1}));
  state.apply({.dropped_segments = {SegmentId{3}}});
  EXPECT_TRUE(state.ssts().empty());
  EXPECT_TRUE(state.ssts_of(TableId{1}).empty());
  state.apply({.flushed_lsn = Lsn{78}});
  EXPECT_TRUE(state.dropped_segments().empty()) << "the log has nothing of them any more";
}

TEST(ManifestState, DropsTheDeletesOfATableWithIt) {
  ManifestState state;
  state.apply(full_edit());
  state.apply({.dropped = {TableId{1}}});
  EXPECT_TRUE(state.deletes().empty());
  EXPECT_EQ(state.ssts().size(), 1u);
}

class ManifestTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files.create_directories("m")); }
  void open() {
    auto opened = Manifest::open(files, "m");
    ASSERT_TRUE(opened) << opened.error().message;
    manifest = std::move(*opened);
    ASSERT_TRUE(manifest->commit({}));
  }
  SimulatedFileSystem files{1};
  std::unique_ptr<Manifest> manifest;
};

TEST_F(ManifestTest, RemembersWhatWasCommittedAndOnlyThat) {
  open();
  ASSERT_TRUE(manifest->commit({.added = {sst(1, 1)}, .flushed_lsn = Lsn{5}}));
  files.fail_next_sync();
  EXPECT_FALSE(manifest->commit({.added = {sst(2, 1)}}));
  EXPECT_EQ(manifest->state().ssts().size(), 1u);
  ASSERT_TRUE(manifest->commit({.added = {sst(3, 1)}}));
  files.restart();
  open();
  EXPECT_TRUE(manifest->state().ssts().contains(SstId{1}));
  EXPECT_FALSE(manifest->state().ssts().contains(SstId{2}));
  EXPECT_TRUE(manifest->state().ssts().contains(SstId{3}));
  EXPECT_EQ(manifest->state().flushed_lsn(), Lsn{5});
  EXPECT_TRUE(manifest->damage().empty());
  EXPECT_EQ(files.list("m")->size(), 2u) << "one manifest and the pointer";
}

// Otherwise ten thousand tables would rewrite their megabytes for every flush.
TEST_F(ManifestTest, ALargeOneIsNotRewrittenWithEveryCommit) {
  open();
  ManifestEdit many;
  for (uint64_t id = 1; id <= 60'000; ++id) many.added.push_back(sst(id, 1));
  ASSERT_TRUE(manifest->commit(many));
  const auto name = [&] { return *read_file(files, "m/CURRENT"); };
  std::set<std::string> names;
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(manifest->commit({.flushed_lsn = Lsn{i + 1}}));
    names.insert(name());
  }
  EXPECT_LE(names.size(), 2u);
  open();
  EXPECT_EQ(manifest->state().ssts().size(), 60'000u);
  EXPECT_EQ(manifest->state().flushed_lsn(), Lsn{20});
}

TEST_F(ManifestTest, CutsATornTail) {
  open();
  ASSERT_TRUE(manifest->commit({.added = {sst(1, 1)}}));
  std::string name = "m/" + *read_file(files, "m/CURRENT");
  name.pop_back();
  manifest.reset();
  {
    auto file = files.open(name, FileSystem::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->write_at(*(*file)->size_bytes(), "VMN1 and no more"));
  }
  open();
  EXPECT_EQ(manifest->state().ssts().size(), 1u);
  EXPECT_TRUE(manifest->damage().empty());
}

TEST_F(ManifestTest, GivesEveryFileANumberOfItsOwn) {
  open();
  const SstId first = manifest->take_sst_id();
  ASSERT_TRUE(manifest->commit({.added = {sst(raw(first), 1)}}));
  ASSERT_TRUE(manifest->commit({.removed = {first}}));
  open();
  EXPECT_GT(raw(manifest->take_sst_id()), raw(first));
}

}  // namespace
}  // namespace varve::engine
