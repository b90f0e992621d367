// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/index_snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/series_index/fleet_keys.h"
#include "engine/series_index/series_keys.h"
#include "io/posix_file_system.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

constexpr SnapshotHeader kHeader{.table = TableId{7}, .mode = MergeMode::kAppend};
constexpr auto kAll = [](const SnapshotSegment&) { return true; };

struct Sample {
  SeriesIndex index{1};
  std::vector<SnapshotSegment> segments;

  // Series i lives in segment 1 when it is even, in segment 2 when three divides it.
  explicit Sample(uint32_t count) {
    segments.push_back({.id = SegmentId{1}, .range = {.begin_ns = 0, .end_ns = 5}, .files = {3, 9},
                        .series = {}});
    segments.push_back({.id = SegmentId{2}, .range = {.begin_ns = -5, .end_ns = 0}, .files = {4},
                        .series = {}});
    for (uint32_t i = 0; i < count; ++i) {
      const std::string key = i == 0 ? "" : testing::fleet_key(i);
      EXPECT_TRUE(index.add(series_key_hash(key), key));
      if (i % 2 == 0) segments[0].series.add(SeriesId{i});
      if (i % 3 == 0) segments[1].series.add(SeriesId{i});
    }
  }
};

std::string write(FileSystem& files, const Sample& sample) {
  const auto file = files.open("x.series", FileSystem::OpenMode::kCreate);
  EXPECT_TRUE(file);
  EXPECT_TRUE(write_index_snapshot(**file, kHeader, sample.index, sample.segments));
  return *read_file(files, "x.series");
}

Result<LoadedSnapshot> read(FileSystem& files,
                            const std::function<bool(const SnapshotSegment&)>& is_current) {
  const auto file = TRY(files.open("x.series", FileSystem::OpenMode::kRead));
  return read_index_snapshot(*file, kHeader, 5, is_current);
}

std::vector<std::string> keys_of(const SeriesIndex& index, const SeriesBits& series) {
  std::vector<std::string> keys;
  series.visit([&](SeriesId id) {
    keys.emplace_back();
    index.append_key(id, keys.back());
    EXPECT_EQ(index.hash(id), series_key_hash(keys.back()));
    EXPECT_EQ(index.find(index.hash(id)), id);
  });
  std::ranges::sort(keys);
  return keys;
}

TEST(IndexSnapshot, BringsBackTheSeriesThatLive) {
  for (const uint32_t count : {1u, 10u, 700u, 40'000u}) {
    const Sample sample(count);
    SimulatedFileSystem files(1);
    write(files, sample);
    const auto loaded = read(files, kAll);
    ASSERT_TRUE(loaded) << loaded.error().message;
    ASSERT_EQ(loaded->segments.size(), 2u);
    SeriesBits live;
    for (size_t i = 0; i < 2; ++i) {
      const SnapshotSegment& segment = loaded->segments[i];
      EXPECT_EQ(segment.id, sample.segments[i].id);
      EXPECT_EQ(segment.range, sample.segments[i].range);
      EXPECT_EQ(segment.files, sample.segments[i].files);
      EXPECT_EQ(keys_of(*loaded->index, segment.series),
                keys_of(sample.index, sample.segments[i].series));
      live.add_all(segment.series);
    }
    EXPECT_EQ(loaded->index->series_count(), live.count());
    // It goes on like any other.
    const std::string key = testing::fleet_key(1'000'000);
    const auto added = loaded->index->add(series_key_hash(key), key);
    ASSERT_TRUE(added);
    EXPECT_EQ(raw(*added), live.count());
  }
}

// So many that a thread of its own makes the way from texts to values.
TEST(IndexSnapshot, FindsValuesAtOnceAfterReadingVeryManySeries) {
  constexpr uint32_t kCount = 240'000;
  const Sample sample(kCount);
  SimulatedFileSystem files(1);
  write(files, sample);
  const auto loaded = read(files, kAll);
  ASSERT_TRUE(loaded) << loaded.error().message;
  SeriesIndex& index = *loaded->index;
  const TagValues& tag = *index.tag(testing::kHostname);
  const uint32_t value = tag.find("host_779");
  ASSERT_EQ(value, 0u);  // Neither two nor three divides it.
  const uint32_t known = tag.find("host_776");
  ASSERT_NE(known, 0u);
  EXPECT_EQ(tag.text(known), "host_776");
  const uint32_t before = tag.value_count();
  const std::string key = testing::fleet_key(779);
  ASSERT_TRUE(index.add(series_key_hash(key), key));
  EXPECT_EQ(tag.find("host_779"), before + 1);
  const std::string old_key = testing::fleet_key(776);
  ASSERT_TRUE(index.add(series_key_hash(old_key), old_key));
  EXPECT_EQ(index.series_count(), before + 2);  // One has no tags.
  EXPECT_EQ(tag.value_count(), before + 1);
  const auto order = index.by_hash();
  ASSERT_EQ(order->size(), before + 2);
  EXPECT_TRUE(std::ranges::is_sorted(*order, {}, [&](SeriesId id) { return index.hash(id); }));
}

TEST(IndexSnapshot, LeavesOutWhatLivedOnlyInSegmentsThatAreGone) {
  const Sample sample(1'000);
  SimulatedFileSystem files(1);
  write(files, sample);
  const auto loaded =
      read(files, [](const SnapshotSegment& segment) { return segment.id == SegmentId{2}; });
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->segments.size(), 1u);
  EXPECT_EQ(keys_of(*loaded->index, loaded->segments[0].series),
            keys_of(sample.index, sample.segments[1].series));
  EXPECT_EQ(loaded->index->series_count(), sample.segments[1].series.count());
}

TEST(IndexSnapshot, RefusesDamagedBytesWhereverTheyAre) {
  const Sample sample(20);
  SimulatedFileSystem files(1);
  const std::string bytes = write(files, sample);
  const auto file = files.open("x.series", FileSystem::OpenMode::kReadWrite);
  ASSERT_TRUE(file);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char damaged = static_cast<char>(bytes[i] ^ 4);
    ASSERT_TRUE((*file)->write_at(i, {&damaged, 1}));
    const auto loaded = read(files, kAll);
    ASSERT_FALSE(loaded) << i;
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt) << loaded.error().message;
    ASSERT_TRUE((*file)->write_at(i, {&bytes[i], 1}));
  }
  for (size_t size = bytes.size(); size > 0;) {
    ASSERT_TRUE((*file)->truncate(--size));
    EXPECT_FALSE(read(files, kAll)) << size;
  }
}

TEST(IndexSnapshot, RefusesTheOneOfAnotherTable) {
  const Sample sample(20);
  SimulatedFileSystem files(1);
  write(files, sample);
  const auto file = files.open("x.series", FileSystem::OpenMode::kRead);
  ASSERT_TRUE(file);
  const auto loaded = read_index_snapshot(
      **file, {.table = TableId{8}, .mode = MergeMode::kAppend}, 5, kAll);
  EXPECT_FALSE(loaded);
}

// Of 40 series; VARVE_UPDATE=1 writes the file of today's format anew.
void expect_golden(const std::string& name, bool is_of_today) {
  const Sample sample(40);
  PosixFileSystem files;
  const std::string path = std::string(VARVE_TESTDATA) + "/" + name;
  if (is_of_today && std::getenv("VARVE_UPDATE") != nullptr) {
    static_cast<void>(files.remove(path));
    const auto file = files.open(path, FileSystem::OpenMode::kCreate);
    ASSERT_TRUE(file);
    ASSERT_TRUE(write_index_snapshot(**file, kHeader, sample.index, sample.segments));
  }
  const auto file = files.open(path, FileSystem::OpenMode::kRead);
  ASSERT_TRUE(file) << file.error().message;
  const auto loaded = read_index_snapshot(**file, kHeader, 5, kAll);
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->segments.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(keys_of(*loaded->index, loaded->segments[i].series),
              keys_of(sample.index, sample.segments[i].series));
  }
}

TEST(IndexSnapshot, ReadsTheGoldenFile) { expect_golden("format2.series", true); }
TEST(IndexSnapshot, ReadsTheGoldenFileOfFormat1) { expect_golden("format1.series", false); }

// Of three tables with 40, 1 and 7 series; VARVE_UPDATE=1 writes it anew.
TEST(IndexSnapshot, ReadsTheGoldenFileOfManyTables) {
  const Sample samples[] = {Sample(40), Sample(1), Sample(7)};
  PosixFileSystem files;
  const std::string path = std::string(VARVE_TESTDATA) + "/format3.series";
  if (std::getenv("VARVE_UPDATE") != nullptr) {
    static_cast<void>(files.remove(path));
    const auto file = files.open(path, FileSystem::OpenMode::kCreate);
    ASSERT_TRUE(file);
    SharedSnapshotWriter writer(**file, 3);
    for (uint32_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(writer.add({.table = TableId{i + 1}, .mode = MergeMode::kMerge},
                             samples[i].index, samples[i].segments));
    }
    ASSERT_TRUE(writer.finish());
  }
  const auto file = files.open(path, FileSystem::OpenMode::kRead);
  ASSERT_TRUE(file) << file.error().message;
  uint32_t count = 0;
  const auto visit = [&](const SnapshotHeader& header, const LoadedSnapshot& loaded) {
    EXPECT_EQ(raw(header.table), count + 1);
    const bool is_whole = count != 1;
    ASSERT_EQ(loaded.segments.size(), is_whole ? 2u : 1u);
    for (const SnapshotSegment& segment : loaded.segments) {
      const auto& stored = samples[count].segments[raw(segment.id) - 1];
      EXPECT_EQ(keys_of(*loaded.index, segment.series),
                keys_of(samples[count].index, stored.series));
    }
    ++count;
  };
  // Of the second table the first segment is gone.
  const auto is_current = [](TableId table, const SnapshotSegment& segment) {
    return table != TableId{2} || segment.id != SegmentId{1};
  };
  const auto read = read_shared_snapshot(**file, 5, is_current, visit);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(count, 3u);
}

TEST(IndexSnapshot, CompressesWhatIsNoHash) {
  constexpr uint32_t kCount = 30'000;
  Sample sample(kCount);
  // The series without tags: then every series has a host of its own.
  for (SnapshotSegment& segment : sample.segments) segment.series.remove(SeriesId{0});
  SimulatedFileSystem files(1);
  const std::string bytes = write(files, sample);
  EXPECT_LT(bytes.size(), kCount * 28u);
  const auto loaded = read(files, kAll);
  ASSERT_TRUE(loaded) << loaded.error().message;
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(keys_of(*loaded->index, loaded->segments[i].series),
              keys_of(sample.index, sample.segments[i].series));
  }
}

}  // namespace
}  // namespace varve::engine
