// SPDX-License-Identifier: Apache-2.0
// Files as each format was written once: they must be readable for ever. Parquet's own bytes may
// differ from one library version to the next, so only what is read is compared.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "engine/sst/sst_reader.h"
#include "engine/sst/sst_writer.h"
#include "io/posix_file_system.h"

namespace varve::engine {
namespace {

constexpr ColumnId kHost{1};
const std::vector<int64_t> kTimes = {-5, 0, 1'700'000'000'000'000'000};

void write_golden(FileSystem& files, const std::string& path, SstLayout layout) {
  if (*files.exists(path)) {
    ASSERT_TRUE(files.remove(path));
  }
  auto writer = make_sst_writer(
      files, {.path = path,
              .layout = layout,
              .table = TableId{7},
              .segment = SegmentId{3},
              .table_name = "cpu",
              .columns = {{kHost, ColumnKind::kTag, ValueType::kString, "host"},
                          {ColumnId{2}, ColumnKind::kField, ValueType::kFloat64, "usage"},
                          {ColumnId{3}, ColumnKind::kField, ValueType::kString, "state"}},
              .version_first = {.clock = 10, .node = 1},
              .version_last = {.clock = 20, .node = 2}});
  ASSERT_TRUE(writer);
  const std::string key = encode_series_key({{.column = kHost, .text = "a"}});
  ColumnVector usage(ValueType::kFloat64);
  for (const double value : {-0.0, std::nan(""), 1.5}) usage.append_f64(value);
  ColumnVector state(ValueType::kString);
  state.append_string("up");
  state.pad_to(2);
  state.pad_to(3, CellState::kNull);
  const std::vector<ColumnView> fields = {usage.view(), state.view()};
  ASSERT_TRUE((*writer)->append({series_key_hash(key), key}, kTimes, fields));
  ASSERT_TRUE((*writer)->finish());
}

void expect_golden(FileSystem& files, const std::string& path) {
  const auto reader = open_sst(files, path);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->table(), TableId{7});
  EXPECT_EQ((*reader)->segment(), SegmentId{3});
  EXPECT_EQ((*reader)->version_first(), (Version{.clock = 10, .node = 1}));
  EXPECT_EQ((*reader)->version_last(), (Version{.clock = 20, .node = 2}));
  SeriesCursor cursor(**reader);
  ASSERT_TRUE(*cursor.next());
  EXPECT_EQ(key_cell(cursor.series().ref().key, kHost), "a");
  const KeyHash hash = cursor.series().ref().hash;
  ASSERT_EQ(cursor.series().rows().size(), 1u);
  EXPECT_EQ(cursor.series().rows()[0].row_count, 3u);
  EXPECT_EQ(cursor.series().rows()[0].time_first_ns, -5);
  EXPECT_EQ(cursor.series().rows()[0].time_last_ns, kTimes[2]);
  EXPECT_FALSE(*cursor.next());
  EXPECT_TRUE((*reader)->find(hash)->has_value());
  EXPECT_FALSE((*reader)->find(series_key_hash("another"))->has_value());
  const auto times = (*reader)->read_times(0);
  ASSERT_TRUE(times);
  const auto read_times = (*times)->view().as<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(read_times.begin(), read_times.end()), kTimes);
  const auto usage = (*reader)->read_field(0, 0);
  ASSERT_TRUE(usage);
  EXPECT_TRUE(std::signbit((*usage)->view().as<double>()[0]));
  EXPECT_TRUE(std::isnan((*usage)->view().as<double>()[1]));
  EXPECT_EQ((*usage)->view().at(2), Value(1.5));
  const auto state = (*reader)->read_field(0, 1);
  ASSERT_TRUE(state);
  EXPECT_EQ((*state)->view().at(0), Value(std::string("up")));
  EXPECT_EQ((*state)->view().state(1), CellState::kAbsent);
}

TEST(SstGolden, ReadsAFileOfFormatOne) {
  PosixFileSystem files;
  expect_golden(files, std::string(VARVE_TESTDATA) + "/format1.sst");
}

void expect_golden_with_null(const std::string& name, SstLayout layout) {
  PosixFileSystem files;
  const std::string path = std::string(VARVE_TESTDATA) + "/" + name;
  if (std::getenv("VARVE_UPDATE") != nullptr) write_golden(files, path, layout);
  expect_golden(files, path);
  const auto reader = open_sst(files, path);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->layout(), layout);
  const auto state = (*reader)->read_field(0, 1);
  ASSERT_TRUE(state);
  EXPECT_EQ((*state)->view().state(2), CellState::kNull);
}

TEST(SstGolden, ReadsAFileOfFormatTwo) {
  expect_golden_with_null("format2.sst", SstLayout::kColumnar);
}

TEST(SstGolden, ReadsAHybridFileOfFormatTwo) {
  expect_golden_with_null("format2_hybrid.sst", SstLayout::kHybrid);
}

TEST(SstGolden, ReadsAPackedFileOfFormatTwo) {
  expect_golden_with_null("format2_packed.sst", SstLayout::kPacked);
}

}  // namespace
}  // namespace varve::engine
