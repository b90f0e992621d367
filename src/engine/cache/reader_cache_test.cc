// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/reader_cache.h"

#include <gtest/gtest.h>

#include <deque>

#include "engine/sst/sst_writer.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

std::string write_file(SimulatedFileSystem& files, int number) {
  const std::string path = "/data/" + std::to_string(number) + ".sst";
  auto writer = make_sst_writer(
      files, {.path = path,
              .table_name = "t",
              .columns = {{ColumnId{2}, ColumnKind::kField, ValueType::kInt64, "n"}}});
  EXPECT_TRUE(writer.has_value());
  ColumnVector cells(ValueType::kInt64);
  cells.append_i64(number);
  const std::vector<int64_t> times = {1};
  const std::vector<ColumnView> fields = {cells.view()};
  EXPECT_TRUE((*writer)->append({series_key_hash(""), ""}, times, fields).has_value());
  EXPECT_TRUE((*writer)->finish().has_value());
  return path;
}

class ReaderCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files.create_directories("/data").has_value());
    for (int number = 0; number < 5; ++number) paths.push_back(write_file(files, number));
  }
  bool exists(int number) { return *files.exists(paths[static_cast<size_t>(number)]); }

  SimulatedFileSystem files;
  std::vector<std::string> paths;
};

TEST_F(ReaderCacheTest, ClosesWhatWasNotUsedForTheLongestTime) {
  ReaderCache cache(files, 2, 1 << 30);
  std::deque<ReaderCache::Handle> handles;
  for (const auto& path : paths) handles.emplace_back(cache, path);
  EXPECT_EQ(cache.reader_count(), 0u);
  const auto first = handles[0].reader();
  ASSERT_TRUE(handles[1].reader().has_value());
  EXPECT_EQ(handles[0].reader()->get(), first->get());
  ASSERT_TRUE(handles[2].reader().has_value());
  EXPECT_EQ(cache.reader_count(), 2u);
  EXPECT_EQ(handles[0].reader()->get(), first->get()) << "the second one made room";
  for (auto& handle : handles) EXPECT_TRUE(handle.reader().has_value());
  EXPECT_EQ(cache.reader_count(), 2u);
  EXPECT_EQ((*first)->row_count(), 1u) << "whoever holds a reader keeps it";
  handles.clear();
  EXPECT_EQ(cache.reader_count(), 0u);
  EXPECT_EQ(cache.size_bytes(), 0u);
}

TEST_F(ReaderCacheTest, StaysWithinItsBytesButKeepsTheLatest) {
  ReaderCache cache(files, 100, 1);
  std::deque<ReaderCache::Handle> handles;
  for (const auto& path : paths) handles.emplace_back(cache, path);
  for (auto& handle : handles) {
    ASSERT_TRUE(handle.reader().has_value());
    EXPECT_EQ(cache.reader_count(), 1u);
  }
}

TEST_F(ReaderCacheTest, UnlinksAFileWhenItsLastHandleEnds) {
  ReaderCache cache(files, 1, 1 << 30);
  {
    const ReaderCache::Handle one(cache, paths[0]);
    {
      ReaderCache::Handle another(cache, paths[0]);
      cache.remove(paths[0]);
      EXPECT_TRUE(exists(0));
      EXPECT_TRUE(another.reader().has_value()) << "it can still be opened";
    }
    EXPECT_TRUE(exists(0));
  }
  EXPECT_FALSE(exists(0));
  cache.remove(paths[1]);
  EXPECT_FALSE(exists(1)) << "nobody used it";
}

}  // namespace
}  // namespace varve::engine
