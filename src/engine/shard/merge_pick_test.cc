// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/merge_pick.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace varve::engine {
namespace {

std::vector<FileFacts> files_of(const std::vector<uint64_t>& sizes) {
  std::vector<FileFacts> files;
  for (const uint64_t size : sizes) files.push_back({.size_bytes = size});
  return files;
}

// Adds files one by one and merges as it is told; gives bytes written for each byte that came, and
// the most files there ever were.
struct Outcome {
  double amplification = 0;
  size_t files_max = 0;
};
template <class SizeOf>
Outcome simulate(int count, const EngineOptions& options, const SizeOf& size_of) {
  std::vector<uint64_t> sizes;
  uint64_t came = 0;
  uint64_t written = 0;
  Outcome outcome;
  for (int i = 0; i < count; ++i) {
    sizes.push_back(size_of(i));
    came += sizes.back();
    while (const auto run = pick_run(files_of(sizes), options)) {
      uint64_t merged = 0;
      for (size_t at = run->begin; at < run->end; ++at) merged += sizes[at];
      written += merged;
      sizes.erase(sizes.begin() + static_cast<ptrdiff_t>(run->begin) + 1,
                  sizes.begin() + static_cast<ptrdiff_t>(run->end));
      sizes[run->begin] = merged;
    }
    outcome.files_max = std::max(outcome.files_max, sizes.size());
  }
  outcome.amplification = static_cast<double>(came + written) / static_cast<double>(came);
  return outcome;
}

TEST(MergePick, KeepsTheNumberOfFilesBoundedAndRewritesLittle) {
  const EngineOptions options;
  const auto equal = simulate(168, options, [](int) { return uint64_t{1} << 20; });
  EXPECT_LT(equal.files_max, options.compaction_files_min);
  EXPECT_LE(equal.amplification, 4);
  const auto late = simulate(100, options, [](int i) { return i == 0 ? 1'000'000u : 1'000u; });
  EXPECT_LT(late.files_max, options.compaction_files_min);
  EXPECT_LE(late.amplification, 1.5) << "a large old file is not copied for little late ones";
  const auto mixed = simulate(168, options, [](int i) { return uint64_t{1'000} << (i * 7 % 10); });
  EXPECT_LT(mixed.files_max, options.compaction_files_min);
  EXPECT_LE(mixed.amplification, 4);
}

TEST(MergePick, NeverMergesAcrossADamagedFileOrAWaitingDelete) {
  EngineOptions options;
  options.compaction_files_min = 2;
  auto files = files_of({1, 1, 1, 1});
  files[1].barrier = true;
  files[2].epoch = 1;
  files[3].epoch = 1;
  const auto run = pick_run(files, options);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->begin, 2u);
  EXPECT_EQ(run->end, 4u);
  files[3].epoch = 2;
  EXPECT_FALSE(pick_run(files, options));
  EXPECT_FALSE(pick_cold_run(files, options));
}

TEST(MergePick, LeavesLargeFilesAlone) {
  EngineOptions options;
  options.compaction_files_min = 2;
  options.compaction_bytes_max = 10;
  EXPECT_FALSE(pick_run(files_of({6, 6, 6}), options));
  const auto run = pick_run(files_of({6, 3, 6}), options);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->end - run->begin, 2u);
}

TEST(MergePick, TakesFilesOfLikeSizesWhereItIsToldTo) {
  EngineOptions options;
  options.compaction_strategy = CompactionStrategy::kSizeTiered;
  options.compaction_small_bytes = 10;
  const auto run = pick_run(files_of({1'000, 100, 110, 90, 100, 1'000}), options);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->begin, 1u);
  EXPECT_EQ(run->end, 5u);
  EXPECT_FALSE(pick_run(files_of({1'000, 100, 110, 90}), options)) << "fewer than min_threshold";
  EXPECT_TRUE(pick_run(files_of({1, 9, 2, 5}), options)) << "small ones are all alike";
  const auto outcome = simulate(500, options, [](int) { return uint64_t{1'000}; });
  EXPECT_LT(outcome.files_max, 32u);
}

TEST(MergePick, MakesOneFileOfAColdSegment) {
  const auto run = pick_cold_run(files_of({5, 1, 7}), EngineOptions{});
  ASSERT_TRUE(run);
  EXPECT_EQ(run->begin, 0u);
  EXPECT_EQ(run->end, 3u);
  EXPECT_FALSE(pick_cold_run(files_of({5}), EngineOptions{}));
}

}  // namespace
}  // namespace varve::engine
