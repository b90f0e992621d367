// SPDX-License-Identifier: Apache-2.0
// Sorted files are opened when they are needed, closed when others are, and unlinked when nobody
// reads them any more.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{7};

class OpenFilesTest : public ::testing::Test {
 protected:
  void open(size_t open_files_max) {
    store.reset();
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 64 * 1024;
    options.compaction_files_min = 2;
    options.open_files_max = open_files_max;
    options.block_cache_bytes = 0;
    auto opened = LocalStore::open(options, files, clock, random, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  /// A file for each of so many segments, with the same two series.
  void write_files(int64_t segments, double usage) {
    for (int64_t segment = 0; segment < segments; ++segment) {
      const int64_t time_ns = segment * kSegmentNs;
      ASSERT_TRUE(write(*store, request_of(kTable, {{"a", time_ns, {{kUsage, usage}}},
                                                    {"b", time_ns + 1, {{kUsage, usage}}}})));
    }
    ASSERT_TRUE(store->flush());
  }
  size_t file_count() {
    const auto names = files.list("data/shard-0");
    return static_cast<size_t>(
        std::ranges::count_if(*names, [](const auto& name) { return name.ends_with(".sst"); }));
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_F(OpenFilesTest, AnswersFromManyFilesOfWhichFewAreOpen) {
  open(2);
  write_files(20, 1.5);
  EXPECT_EQ(rows_of(*store, spec_of(kTable, {kUsage})).size(), 40u);
  open(2);
  EXPECT_EQ(file_count(), 20u);
  EXPECT_EQ(rows_of(*store, spec_of(kTable, {kUsage})).size(), 40u);
  auto spec = spec_of(kTable, {kUsage});
  spec.range = {.begin_ns = 7 * kSegmentNs, .end_ns = 7 * kSegmentNs + 1};
  EXPECT_EQ(rows_of(*store, spec), std::vector<std::string>{"a@7000000 10=1.5"});
}

TEST_F(OpenFilesTest, AScanGoesOnInFilesThatWereMergedAway) {
  open(1);
  write_files(3, 1.5);
  write_files(3, 2.5);
  EXPECT_EQ(file_count(), 6u);
  auto stream = store->scan(spec_of(kTable, {kUsage}), nullptr);
  ASSERT_TRUE(stream);
  ASSERT_TRUE(store->compact());
  EXPECT_EQ(file_count(), 9u) << "the scan still needs the six";
  size_t rows = 0;
  while (true) {
    const auto batch = (*stream)->next();
    ASSERT_TRUE(batch) << batch.error().message;
    if (batch->row_count() == 0) break;
    for (const double usage : batch->columns[0].as<double>()) EXPECT_EQ(usage, 2.5);
    rows += batch->row_count();
  }
  EXPECT_EQ(rows, 6u);
  stream->reset();
  EXPECT_EQ(file_count(), 3u);
  EXPECT_TRUE(store->health().damage.empty());
}

TEST_F(OpenFilesTest, AFileThatIsMissingIsReportedOnceAndTheOthersAnswer) {
  open(1);
  write_files(3, 1.5);
  ASSERT_TRUE(files.remove("data/shard-0/2.sst"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(rows_of(*store, spec_of(kTable, {kUsage})).size(), 4u);
  }
  ASSERT_EQ(store->health().damage.size(), 1u);
  EXPECT_NE(store->health().damage[0].find("2.sst is missing"), std::string::npos);
}

}  // namespace
}  // namespace varve::engine
