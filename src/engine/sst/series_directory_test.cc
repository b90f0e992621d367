// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/series_directory.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/sst/directory_writer.h"
#include "io/random.h"

namespace varve::engine {
namespace {

std::string encode(const SeriesDirectory& directory) {
  std::string bytes;
  directory.encode(bytes);
  return bytes;
}

struct Series {
  std::string key;
  KeyHash hash;
};

std::vector<Series> make_series(int count) {
  std::vector<Series> series;
  for (int index = 0; index < count; ++index) {
    Series one{.key = encode_series_key({{ColumnId{1}, "host_" + std::to_string(index)}}),
               .hash = {}};
    one.hash = series_key_hash(one.key);
    series.push_back(std::move(one));
  }
  std::ranges::sort(series, {}, &Series::hash);
  return series;
}

const std::vector<FieldSummary> kSummaries = {
    {.count = 9, .min_bits = 1, .max_bits = 2, .sum_bits = 3, .first_bits = 4, .last_bits = 5},
    {}};

/// Rows 100, 200, 300, … of the file; every other run with summaries.
SeriesDirectory make_directory(const std::vector<Series>& series) {
  SeriesDirectory directory(2);
  uint32_t row = 0;
  for (const Series& one : series) {
    directory.add_rows({one.hash, one.key},
                       {.row_group = row / 1'000,
                        .row_begin = row % 1'000,
                        .row_count = 100,
                        .time_first_ns = INT64_MIN + row,
                        .time_last_ns = INT64_MAX - row},
                       row % 200 == 0 ? kSummaries : std::vector<FieldSummary>());
    row += 100;
  }
  return directory;
}

std::vector<uint64_t> row_groups(uint64_t rows) {
  std::vector<uint64_t> begins;
  for (uint64_t row = 0; row < rows; row += 1'000) begins.push_back(row);
  begins.push_back(rows);
  return begins;
}

void expect_same(const SeriesDirectory& got, const SeriesDirectory& want) {
  ASSERT_EQ(got.series_count(), want.series_count());
  for (size_t index = 0; index < want.series_count(); ++index) {
    EXPECT_EQ(got.series(index).hash, want.series(index).hash);
    EXPECT_EQ(got.series(index).key, want.series(index).key);
    ASSERT_EQ(got.rows(index).size(), want.rows(index).size());
    for (size_t run = 0; run < want.rows(index).size(); ++run) {
      const SeriesRows& a = got.rows(index)[run];
      const SeriesRows& b = want.rows(index)[run];
      EXPECT_EQ(a.row_group, b.row_group);
      EXPECT_EQ(a.row_begin, b.row_begin);
      EXPECT_EQ(a.row_count, b.row_count);
      EXPECT_EQ(a.time_first_ns, b.time_first_ns);
      EXPECT_EQ(a.time_last_ns, b.time_last_ns);
      EXPECT_TRUE(std::ranges::equal(got.summaries(a), want.summaries(b)));
    }
  }
}

TEST(SeriesDirectory, ComesBackFromItsBytes) {
  const auto series = make_series(35);
  const SeriesDirectory directory = make_directory(series);
  const auto begins = row_groups(3'500);
  const auto decoded = SeriesDirectory::decode(encode(directory), 2, begins, 0, 3'500);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  expect_same(*decoded, directory);
}

TEST(SeriesDirectory, KeepsHashesThatDoNotFollowFromTheirKeys) {
  SeriesDirectory directory(0);
  directory.add_rows({{.high = 1, .low = 2}, "key"}, {.row_count = 7}, {});
  const auto decoded =
      SeriesDirectory::decode(encode(directory), 0, std::vector<uint64_t>{0, 7}, 0, 7);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  expect_same(*decoded, directory);
}

TEST(SeriesDirectory, RefusesBytesThatAreNone) {
  const std::string bytes = encode(make_directory(make_series(30)));
  const auto begins = row_groups(3'000);
  ASSERT_TRUE(SeriesDirectory::decode(bytes, 2, begins, 0, 3'000).has_value());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(SeriesDirectory::decode(bytes.substr(0, size), 2, begins, 0, 3'000).has_value());
  }
  SeededRandom random(1);
  for (int round = 0; round < 2'000; ++round) {
    std::string damaged = bytes;
    for (int flip = 0; flip < 3; ++flip) {
      damaged[random.next_u64() % damaged.size()] = static_cast<char>(random.next_u64());
    }
    // Any answer but an access outside the bytes.
    static_cast<void>(SeriesDirectory::decode(damaged, 2, begins, 0, 3'000));
  }
}

TEST(SeriesDirectory, RefusesToCoverOtherRowsThanItsOwn) {
  const std::string bytes = encode(make_directory(make_series(30)));
  const auto begins = row_groups(4'000);
  EXPECT_TRUE(SeriesDirectory::decode(bytes, 2, begins, 0, 3'000).has_value());
  EXPECT_TRUE(SeriesDirectory::decode(bytes, 2, begins, 1'000, 4'000).has_value());
  EXPECT_FALSE(SeriesDirectory::decode(bytes, 2, begins, 0, 2'900).has_value());
  EXPECT_FALSE(SeriesDirectory::decode(bytes, 2, begins, 0, 3'100).has_value());
  EXPECT_FALSE(SeriesDirectory::decode(bytes, 2, begins, 1'100, 4'000).has_value());
  // A run may not reach over the end of a row group.
  EXPECT_FALSE(SeriesDirectory::decode(bytes, 2, begins, 50, 3'050).has_value());
}

struct Written {
  std::string file;
  DirectoryIndex index;
};

Written write_directory(const std::vector<Series>& series) {
  Written written;
  DirectoryWriter writer(0, 3);
  const auto sink = [&](std::string_view bytes) -> Result<uint64_t> {
    written.file += bytes;
    return written.file.size() - bytes.size();
  };
  uint32_t row = 0;
  for (const Series& one : series) {
    // Two runs each, in neighbouring row groups.
    writer.add_rows({one.hash, one.key}, {.row_group = row / 5, .row_count = 5}, {});
    writer.add_rows({one.hash, one.key}, {.row_group = row / 5 + 1, .row_count = 5}, {});
    row += 10;
    if (row % 1'000 == 0) {
      EXPECT_TRUE(writer.write_full(sink).has_value());
    }
  }
  EXPECT_EQ(writer.series_count(), series.size());
  auto index = writer.finish(sink);
  EXPECT_TRUE(index.has_value());
  written.index = std::move(*index);
  return written;
}

TEST(DirectoryIndex, ComesBackFromItsBytesAndRefusesOthers) {
  const auto series = make_series(3'000);
  const Written written = write_directory(series);
  std::string bytes;
  written.index.encode(bytes);
  const auto decode = [&](std::string_view from, uint64_t file_bytes, uint64_t rows) {
    ByteReader reader(from);
    return DirectoryIndex::decode(reader, file_bytes, rows);
  };
  const auto decoded = decode(bytes, written.file.size(), 30'000);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(decoded->series_count(), 3'000U);
  ASSERT_EQ(decoded->block_count(), written.index.block_count());
  EXPECT_EQ(decoded->block_count(), 3U);
  for (const Series& one : series) {
    const auto block = decoded->find(one.hash);
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(block, written.index.find(one.hash));
  }
  EXPECT_FALSE(decode(bytes, written.file.size() - 1, 30'000).has_value());
  EXPECT_FALSE(decode(bytes, written.file.size(), 20'000).has_value());
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_FALSE(decode(bytes.substr(0, size), written.file.size(), 30'000).has_value());
  }
}

TEST(DirectoryIndex, CostsLittleMoreThanAByteForEachSeries) {
  const Written written = write_directory(make_series(10'240));
  std::string bytes;
  written.index.encode(bytes);
  ByteReader reader(bytes);
  const auto index = DirectoryIndex::decode(reader, written.file.size(), 102'400);
  ASSERT_TRUE(index.has_value());
  EXPECT_LT(index->size_bytes(), 10'240U * 3 / 2);
}

}  // namespace
}  // namespace varve::engine
