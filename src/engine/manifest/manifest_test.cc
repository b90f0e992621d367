// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest.h"

#include <gtest/gtest.h>

#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

constexpr const char* kFolder = "/data/shard";

SstFile make_sst(uint64_t number, uint32_t table = 1) {
  return {.number = number,
          .table = TableId{table},
          .segment = SegmentId{4},
          .segment_range = {-100, 100},
          .mode = MergeMode::kMerge,
          .version_first = {number, 1},
          .version_last = {number + 1, 1},
          .time_first_ns = -50,
          .time_last_ns = 50,
          .row_count = 1000 + number,
          .series_count = 3,
          .size_bytes = 12345,
          .fields_present = {ColumnId{2}, ColumnId{9}}};
}

TEST(Manifest, RemembersEditsOverRestarts) {
  SimulatedFileSystem files;
  {
    auto manifest = Manifest::open(files, kFolder);
    ASSERT_TRUE(manifest.has_value()) << manifest.error().message;
    EXPECT_TRUE((*manifest)->state().ssts.empty());
    EXPECT_EQ((*manifest)->take_file_number(), 1U);
    ASSERT_TRUE((*manifest)->apply({.added = {make_sst(1), make_sst(2, 7)}, .flushed = Lsn{40}}));
    ASSERT_TRUE((*manifest)->apply({.added = {make_sst(5)}, .removed = {1}}));
    ASSERT_TRUE((*manifest)->apply({.version_max = Version{99, 3}, .dropped_tables = {TableId{7}}}));
  }
  auto manifest = Manifest::open(files, kFolder);
  ASSERT_TRUE(manifest.has_value()) << manifest.error().message;
  const ManifestState& state = (*manifest)->state();
  ASSERT_EQ(state.ssts.size(), 1U);
  EXPECT_EQ(state.ssts.at(5), make_sst(5));
  EXPECT_EQ(state.flushed, Lsn{40});
  EXPECT_EQ(state.version_max, (Version{99, 3}));
  EXPECT_TRUE(state.dropped_tables.contains(TableId{7}));
  EXPECT_EQ((*manifest)->take_file_number(), 6U);
  EXPECT_FALSE((*manifest)->is_damaged());
}

TEST(Manifest, RefusesEditsThatContradictIt) {
  SimulatedFileSystem files;
  auto manifest = Manifest::open(files, kFolder);
  ASSERT_TRUE(manifest.has_value());
  EXPECT_FALSE((*manifest)->apply({.removed = {3}}));
  ASSERT_TRUE((*manifest)->apply({.added = {make_sst(1)}}));
  EXPECT_FALSE((*manifest)->apply({.added = {make_sst(1)}}));
}

TEST(Manifest, HoldsEachAcknowledgedEditWhereverThePowerFails) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    bool finished = false;
    for (uint64_t calls = 0; !finished; ++calls) {
      SimulatedFileSystem files(seed * 1000 + calls);
      files.lose_power_after(calls);
      uint64_t acknowledged = 0;
      [&] {
        for (int start = 0; start < 2; ++start) {
          auto manifest = Manifest::open(files, kFolder);
          if (!manifest) return;
          for (int edit = 0; edit < 3; ++edit) {
            if (!(*manifest)->apply({.added = {make_sst(acknowledged + 1)}})) return;
            ++acknowledged;
          }
        }
        finished = true;
      }();
      files.restart();
      auto manifest = Manifest::open(files, kFolder);
      ASSERT_TRUE(manifest.has_value()) << manifest.error().message;
      EXPECT_FALSE((*manifest)->is_damaged())
          << "seed " << seed << " calls " << calls << ": " << (*manifest)->damage()[0];
      const size_t found = (*manifest)->state().ssts.size();
      EXPECT_GE(found, acknowledged) << "seed " << seed << " calls " << calls;
      EXPECT_LE(found, acknowledged + 1) << "seed " << seed << " calls " << calls;
    }
  }
}

TEST(Manifest, GoesOnInANewLogAfterAFailedSync) {
  SimulatedFileSystem files;
  auto manifest = Manifest::open(files, kFolder);
  ASSERT_TRUE(manifest.has_value());
  ASSERT_TRUE((*manifest)->apply({.added = {make_sst(1)}}));
  files.fail_next_sync();
  EXPECT_FALSE((*manifest)->apply({.added = {make_sst(2)}}));
  EXPECT_EQ((*manifest)->state().ssts.size(), 1U);
  ASSERT_TRUE((*manifest)->apply({.added = {make_sst(3)}}));
  files.restart();
  auto again = Manifest::open(files, kFolder);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ((*again)->state().ssts.size(), 2U);
  EXPECT_TRUE((*again)->state().ssts.contains(3));
}

TEST(Manifest, ReportsADamagedMiddleAndKeepsTheRest) {
  SimulatedFileSystem files;
  {
    auto manifest = Manifest::open(files, kFolder);
    ASSERT_TRUE(manifest.has_value());
    for (uint64_t number = 1; number <= 3; ++number) {
      ASSERT_TRUE((*manifest)->apply({.added = {make_sst(number)}}));
    }
  }
  const std::string path = std::string(kFolder) + "/MANIFEST-000001";
  const auto bytes = read_file(files, path);
  ASSERT_TRUE(bytes.has_value());
  const auto log = read_manifest_log(*bytes);
  ASSERT_TRUE(log.has_value());
  ASSERT_EQ(log->edits.size(), 4U);
  const uint64_t record_bytes = 12 + encode_manifest_edit(log->edits[3]).size();
  files.flip_bit(path, bytes->size() - 2 * record_bytes + 20, 3);
  auto manifest = Manifest::open(files, kFolder);
  ASSERT_TRUE(manifest.has_value());
  ASSERT_EQ((*manifest)->damage().size(), 1U);
  EXPECT_EQ((*manifest)->damage()[0], path + ": a damaged record at offset " +
                                          std::to_string(bytes->size() - 2 * record_bytes));
  EXPECT_TRUE((*manifest)->state().ssts.contains(1));
  EXPECT_TRUE((*manifest)->state().ssts.contains(3));
}

TEST(Manifest, OpensWhateverBitIsFlipped) {
  SimulatedFileSystem files;
  { ASSERT_TRUE(Manifest::open(files, kFolder).has_value()); }
  const std::string path = std::string(kFolder) + "/MANIFEST-000001";
  const auto bytes = read_file(files, path);
  ASSERT_TRUE(bytes.has_value());
  std::string copy = *bytes;
  for (size_t offset = 0; offset < copy.size(); ++offset) {
    copy[offset] = static_cast<char>(copy[offset] ^ 4);
    (void)read_manifest_log(copy);
    copy[offset] = static_cast<char>(copy[offset] ^ 4);
    (void)read_manifest_log(std::string_view(copy).substr(0, offset));
  }
}

TEST(Manifest, RefusesANewerFormatByName) {
  SimulatedFileSystem files;
  { ASSERT_TRUE(Manifest::open(files, kFolder).has_value()); }
  files.flip_bit(std::string(kFolder) + "/MANIFEST-000001", 7, 1);
  const auto manifest = Manifest::open(files, kFolder);
  ASSERT_FALSE(manifest.has_value());
  EXPECT_EQ(manifest.error().message,
            std::string(kFolder) +
                "/MANIFEST-000001: its format number is 3; this program reads 1");
}

// Bytes written once; a newer Varve must go on reading them. docs/formats/manifest.md explains them.
constexpr unsigned char kGolden[] = {
    'V',  'A',  'R',  'V',  'E',  'M',  'F',  0x01,                          // header
    'V',  'M',  'F',  'R',                                                  // magic
    0x0a, 0x00, 0x00, 0x00, 0xba, 0x62, 0xcc, 0x2a,                          // size, CRC32C
    0x01, 0x05, 0x07, 0x02, 0x03, 0x03, 0x28, 0x06, 0x09, 0x00};

TEST(Manifest, ReadsTheGoldenBytes) {
  const std::string bytes(reinterpret_cast<const char*>(kGolden), sizeof kGolden);
  const auto log = read_manifest_log(bytes);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  ASSERT_EQ(log->edits.size(), 1U);
  EXPECT_EQ(log->edits[0], (ManifestEdit{.removed = {3},
                                         .flushed = Lsn{40},
                                         .dropped_tables = {TableId{7}},
                                         .next_file_number = 9}));
  EXPECT_EQ(encode_manifest_edit(log->edits[0]), bytes.substr(20));
}

}  // namespace
}  // namespace varve::engine
